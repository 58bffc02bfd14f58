package instance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/durable"
	"github.com/ghostlight-kt/ghostlight/directory/publisher"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// OpenPublisher returns the publisher of the instance's log, which asks the
// witnesses of the policy file if there is one. replica may be nil. If the
// replica is found to hold another log, what the two hold is kept in a file named
// replica-mismatch-TIME.json.
func (i *Instance) OpenPublisher(replica publisher.Replica) (*publisher.Publisher, error) {
	signer, err := checkpoint.NewSigner(i.Config.Origin, i.keys.checkpoint)
	if err != nil {
		return nil, err
	}
	cfg := publisher.Config{
		Directory: i.Directory, Signer: signer, Replica: replica,
		OnMismatch: i.keepMismatch, Logger: i.logger,
	}
	path := filepath.Join(i.Dir, PolicyFile)
	policy, err := os.ReadFile(path)
	switch {
	case err == nil:
		if cfg.Policy, err = publisher.ParsePolicy(policy, signer); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	p, err := publisher.Open(cfg)
	if err != nil {
		return nil, fmt.Errorf("publishing the log in %s: %w", i.Dir, err)
	}
	return p, nil
}

// mismatchFile is what is kept of a replica that holds another log. Roots are of
// RFC 6962 trees, in hexadecimal; entries are in base64.
type mismatchFile struct {
	SchemaVersion int       `json:"schema_version"`
	Time          time.Time `json:"time"`
	Reason        string    `json:"reason"`

	// The replica's size and root, and the directory's root at that size, unless
	// it has fewer entries.
	ReplicaSize   uint64 `json:"replica_size,omitempty"`
	ReplicaRoot   string `json:"replica_root,omitempty"`
	DirectorySize uint64 `json:"directory_size,omitempty"`
	DirectoryRoot string `json:"directory_root,omitempty"`

	// The entry that differs, if that is known.
	Entry          *uint64 `json:"entry,omitempty"`
	ReplicaEntry   []byte  `json:"replica_entry,omitempty"`
	DirectoryEntry []byte  `json:"directory_entry,omitempty"`
}

func newMismatchFile(m publisher.Mismatch) mismatchFile {
	f := mismatchFile{SchemaVersion: 1, Time: m.Time.UTC(), Reason: m.Err.Error()}
	if m.ReplicaSize > 0 {
		f.ReplicaSize, f.ReplicaRoot, f.DirectorySize = m.ReplicaSize, m.ReplicaRoot.String(), m.Size
	}
	if m.Root != nil {
		f.DirectoryRoot = m.Root.String()
	}
	if c := (*publisher.Conflict)(nil); errors.As(m.Err, &c) {
		f.Entry, f.ReplicaEntry, f.DirectoryEntry = &c.Index, c.Theirs, c.Own
	}
	return f
}

func (i *Instance) keepMismatch(m publisher.Mismatch) {
	f := newMismatchFile(m)
	data, err := json.MarshalIndent(f, "", "  ")
	name := "replica-mismatch-" + f.Time.Format("20060102T150405.000Z") + ".json"
	if err == nil {
		err = durable.Create(filepath.Join(i.Dir, name), append(data, '\n'), 0o600)
	}
	i.logger.Error("the replica holds another log; no checkpoint is signed any more", "file", name, "reason", f.Reason, "err", err)
}
