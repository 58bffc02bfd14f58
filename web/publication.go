package web

import (
	"encoding/hex"
	"net/http"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory/publisher"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// quorumPatience is how long a checkpoint may wait for its quorum until that is
// told as something that is wrong.
const quorumPatience = time.Minute

// publicationObject is the answer of GET /api/v1/log/publication: how checkpoints
// of the public log get signed and witnessed.
type publicationObject struct {
	SchemaVersion int    `json:"schema_version"`
	Origin        string `json:"origin"`
	VerifierKey   string `json:"verifier_key"` // the vkey of the log, for a policy

	// Signed is the newest checkpoint, with the cosignatures so far, and Served
	// the one at /log/checkpoint; null if there is none.
	Signed *checkpointObject `json:"signed"`
	Served *checkpointObject `json:"served"`

	Quorum string `json:"quorum"` // its name in the directory's policy
	// QuorumMissingSince is null if the newest checkpoint has the quorum.
	QuorumMissingSince *time.Time `json:"quorum_missing_since"`
	// SigningStopped tells that no checkpoints are signed at present.
	SigningStopped bool `json:"signing_stopped"`

	Witnesses []witnessObject `json:"witnesses"`
	// ReplicaSize is how many entries the replica has, null without one or as long
	// as it has not said.
	ReplicaSize *uint64 `json:"replica_size"`
}

type checkpointObject struct {
	TreeSize   uint64   `json:"tree_size"`
	Root       string   `json:"root"` // of the RFC 6962 tree, hexadecimal
	QuorumMet  bool     `json:"quorum_met"`
	CosignedBy []string `json:"cosigned_by"` // names of the directory's policy
	Note       string   `json:"note"`
}

// witnessObject is the state of one witness that the directory asks. What is
// wrong is in the directory's own log.
type witnessObject struct {
	Name         string     `json:"name"`
	TreeSize     uint64     `json:"tree_size"` // that it cosigned last; 0: none since the start
	CosignedAt   *time.Time `json:"cosigned_at"`
	FailingSince *time.Time `json:"failing_since"`
}

func (s *server) answerPublication(*http.Request) (any, error) {
	if s.cfg.Publisher == nil {
		return nil, problemNotFound.because("this directory does not publish its log")
	}
	st := s.cfg.Publisher.Status()
	answer := publicationObject{
		SchemaVersion: schemaVersion, Origin: st.Origin, VerifierKey: st.VerifierKey,
		Signed: newCheckpointObject(st.Signed), Served: newCheckpointObject(st.Served),
		Quorum: st.Quorum, QuorumMissingSince: timeOrNull(st.QuorumMissingSince), SigningStopped: st.SigningErr != nil,
		Witnesses: []witnessObject{}, ReplicaSize: st.ReplicaSize,
	}
	for _, w := range st.Witnesses {
		answer.Witnesses = append(answer.Witnesses, witnessObject{
			Name: w.Name, TreeSize: w.Size, CosignedAt: timeOrNull(w.Time), FailingSince: timeOrNull(w.Since),
		})
	}
	return answer, nil
}

func newCheckpointObject(c *checkpoint.Signed) *checkpointObject {
	if c == nil {
		return nil
	}
	o := &checkpointObject{
		TreeSize: c.Size, Root: hex.EncodeToString(c.Root[:]), QuorumMet: c.Witnessed() == nil,
		CosignedBy: []string{}, Note: string(c.Note),
	}
	for _, cosignature := range c.Cosignatures {
		o.CosignedBy = append(o.CosignedBy, cosignature.Witness)
	}
	return o
}

// timeOrNull returns nil for the zero time.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Round(time.Second)
	return &t
}

// The warnings of /readyz about the public log. They are stable.
const (
	warningQuorum  = "quorum-missing"
	warningSigning = "checkpoints-not-signed"
)

// publicationWarnings returns what is wrong with the public log. It keeps the
// directory from nothing else, so that it is no reason not to be ready.
func publicationWarnings(st publisher.Status) []string {
	out := []string{}
	if !st.QuorumMissingSince.IsZero() && time.Since(st.QuorumMissingSince) > quorumPatience {
		out = append(out, warningQuorum)
	}
	if st.SigningErr != nil {
		out = append(out, warningSigning)
	}
	return out
}
