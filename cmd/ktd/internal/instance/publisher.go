package instance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

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

// mismatchFile is what is kept of a replica that holds another log.
type mismatchFile struct {
	SchemaVersion int       `json:"schema_version"`
	Time          time.Time `json:"time"`
	Reason        string    `json:"reason"`
	TreeSize      uint64    `json:"tree_size,omitempty"`
	ReplicaRoot   string    `json:"replica_root,omitempty"`   // RFC 6962, hexadecimal
	DirectoryRoot string    `json:"directory_root,omitempty"` // the same
}

func (i *Instance) keepMismatch(m publisher.Mismatch) {
	f := mismatchFile{SchemaVersion: 1, Time: m.Time.UTC(), Reason: m.Err.Error()}
	if m.Size > 0 {
		f.TreeSize, f.ReplicaRoot, f.DirectoryRoot = m.Size, m.Root.String(), m.Own.String()
	}
	data, err := json.MarshalIndent(f, "", "  ")
	name := "replica-mismatch-" + f.Time.Format("20060102T150405.000Z") + ".json"
	if err == nil {
		err = writeNew(filepath.Join(i.Dir, name), append(data, '\n'), 0o600)
	}
	i.logger.Error("the replica holds another log; no checkpoint is signed any more", "file", name, "reason", f.Reason, "err", err)
}
