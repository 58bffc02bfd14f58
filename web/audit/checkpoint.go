package audit

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

type checkpointData struct {
	Head        Head
	Publication *Publication
	Summary     *checkpointSummary
	Note        string
	Root        string
	Signatures  []signatureLine
	Policy      string
	History     []historyLine
	Newer       uint64 // entries in the signed checkpoint that waits for its quorum, 0 if none does
}

// signatureLine is one signature of a note.
type signatureLine struct {
	Name, KeyID string // as the note has them
	Role        string // "log", "witness", or "unknown key"
	PolicyName  string // of a witness
	URL         string // where the policy says that it is
	Time        time.Time
	Lag         string // from when the checkpoint was signed, or its newest entry, to the cosignature
}

// historyLine is a checkpoint in the history.
type historyLine struct {
	Size      uint64
	SignedAt  time.Time
	QuorumMet bool
	Wait      string // until the quorum
	Witnesses []string
}

// checkpointPage shows the served checkpoint and what the policy says of its signatures.
func checkpointPage(v *View, r *http.Request) (any, error) {
	ctx := r.Context()
	head, err := v.cfg.Source.Head(ctx)
	if err != nil {
		return nil, err
	}
	p, err := v.cfg.Source.Publication(ctx)
	if err != nil || p == nil {
		return checkpointData{Head: head}, err
	}
	d := checkpointData{Head: head, Publication: p, Summary: newCheckpointSummary(p, head.Size, v.cfg.Now()), Policy: p.PolicyText}
	for _, h := range p.History {
		d.History = append(d.History, newHistoryLine(h))
	}
	if p.Signed != nil && p.Served != nil && p.Signed.Size > p.Served.Size {
		d.Newer = p.Signed.Size
	}
	if p.Served == nil {
		return d, nil
	}
	d.Note, d.Root = string(p.Served.Note), p.Served.Root.String()
	began := servedAt(p)
	if began.IsZero() || began.Equal(firstCosignature(p.Served)) {
		began = v.newestTime(ctx, head, p.Served.Size)
	}
	d.Signatures = signaturesOf(p, began)
	return d, nil
}

// newestTime returns the time of the newest entry in a checkpoint, zero if it cannot be
// had.
func (v *View) newestTime(ctx context.Context, head Head, size uint64) time.Time {
	if size == 0 || size > head.Size || size <= head.FirstEntry {
		return time.Time{}
	}
	ms, err := v.timeOf(ctx, size-1)
	if err != nil || ms > maxTime {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms))
}

func newHistoryLine(h Published) historyLine {
	l := historyLine{Size: h.Size, SignedAt: h.SignedAt, QuorumMet: h.Witnessed() == nil}
	for _, c := range h.Cosignatures {
		l.Witnesses = append(l.Witnesses, c.Witness)
	}
	if !h.QuorumAt.IsZero() && !h.SignedAt.IsZero() {
		l.Wait = took(h.QuorumAt.Sub(h.SignedAt))
	}
	return l
}

// signaturesOf lists the signatures of the served checkpoint, in the note's order. Those
// of keys that the policy knows were verified when the checkpoint was opened.
func signaturesOf(p *Publication, began time.Time) []signatureLine {
	times := make(map[string]time.Time)
	for _, c := range p.Served.Cosignatures {
		times[c.Witness] = c.Time
	}
	_, list, _ := strings.Cut(string(p.Served.Note), "\n\n")
	var out []signatureLine
	for line := range strings.SplitSeq(strings.TrimSuffix(list, "\n"), "\n") {
		name, blob, ok := strings.Cut(strings.TrimPrefix(line, "— "), " ")
		raw, err := base64.StdEncoding.DecodeString(blob)
		if !ok || err != nil || len(raw) < 4 {
			continue
		}
		s := signatureLine{Name: name, KeyID: hex.EncodeToString(raw[:4]), Role: "unknown key"}
		s.identify(p, times, began)
		out = append(out, s)
	}
	return out
}

// identify finds the key of a signature in the policy.
func (s *signatureLine) identify(p *Publication, times map[string]time.Time, began time.Time) {
	vkey := s.Name + "+" + s.KeyID + "+"
	for i := range p.Policy.Logs {
		if strings.HasPrefix(p.Policy.Logs[i].VerifierKey, vkey) {
			s.Role = "log"
		}
	}
	for i := range p.Policy.Witnesses {
		w := &p.Policy.Witnesses[i]
		if !strings.HasPrefix(w.VerifierKey, vkey) {
			continue
		}
		s.Role, s.PolicyName, s.Time = "witness", w.Name, times[w.Name]
		if w.URL != nil {
			s.URL = w.URL.String()
		}
		// Cosignatures have whole seconds, and another clock.
		if d := s.Time.Sub(began); !s.Time.IsZero() && !began.IsZero() && d > -time.Minute {
			s.Lag = took(max(d, 0))
		}
	}
}

// firstCosignature returns the time of the first cosignature, zero if there is none.
func firstCosignature(c *checkpoint.Signed) time.Time {
	var first time.Time
	for _, cosignature := range c.Cosignatures {
		if first.IsZero() || cosignature.Time.Before(first) {
			first = cosignature.Time
		}
	}
	return first
}
