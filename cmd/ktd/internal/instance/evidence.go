package instance

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/durable"
	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// EvidenceDir is where evidence is kept.
const EvidenceDir = "evidence"

// maxEvidence is how many files of evidence are kept. Anybody can send a signature
// that is none: the first files stay, and the disk does not fill.
const maxEvidence = 16

// evidenceFolder keeps heads of the auditor that were refused. It is safe for
// concurrent use.
type evidenceFolder struct {
	dir    string
	logger *slog.Logger
	mu     sync.Mutex
}

// faultFile is what is kept of a head with a signature that does not verify. Roots
// are of the log tree of KEYTRANS, in hexadecimal, and signatures in base64.
type faultFile struct {
	SchemaVersion int `json:"schema_version"`
	// Class is that of a report (keytrans/evidence): whose fault it is does not follow.
	Class  evidence.Class `json:"class"`
	Time   time.Time      `json:"time"`
	Reason string         `json:"reason"`
	// Configuration, encoded, is what all signatures cover, beside the rest.
	Configuration []byte `json:"configuration"`

	// Auditor is the head that was refused.
	Auditor auditorStatement `json:"auditor"`
	// Log is what the log holds at the same size, and its own signed head.
	Log logStatement `json:"log"`
}

type auditorStatement struct {
	TimestampMS uint64 `json:"timestamp_ms"`
	TreeSize    uint64 `json:"tree_size"`
	Signature   []byte `json:"signature"`
}

type logStatement struct {
	TimestampMS uint64 `json:"timestamp_ms"` // of the entry before tree_size
	TreeSize    uint64 `json:"tree_size"`
	Root        string `json:"root"`

	HeadSize      uint64 `json:"head_size"`
	HeadRoot      string `json:"head_root"`
	HeadSignature []byte `json:"head_signature"`
}

const faultReason = "the signature does not verify under auditor_public_key over the log's root: " +
	"either the auditor has signed another root, or somebody else sent this"

func newFaultFile(f directory.AuditorFault) (faultFile, error) {
	configuration, err := f.Configuration.Marshal()
	return faultFile{
		SchemaVersion: 1, Class: evidence.ClassReport, Time: f.Time.UTC(), Reason: faultReason, Configuration: configuration,
		Auditor: auditorStatement{f.Refused.Timestamp, f.Refused.TreeSize, f.Refused.Signature},
		Log: logStatement{
			TimestampMS: f.Entry.Timestamp, TreeSize: f.Refused.TreeSize, Root: f.Root.String(),
			HeadSize: f.Head.TreeSize, HeadRoot: f.HeadRoot.String(), HeadSignature: f.Head.Signature,
		},
	}, err
}

// keep is a directory's OnAuditorFault.
func (e *evidenceFolder) keep(f directory.AuditorFault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	name, err := e.write(f)
	e.logger.Error("a head with a wrong auditor's signature was refused", "tree_size", f.Refused.TreeSize, "file", name, "err", err)
}

var errEvidenceFull = fmt.Errorf("there are %d files of evidence already", maxEvidence)

// write writes the file of a fault, unless there is one of the same head already.
func (e *evidenceFolder) write(f directory.AuditorFault) (name string, err error) {
	head, err := f.Refused.Marshal()
	if err != nil {
		return "", err
	}
	file, err := newFaultFile(f)
	if err != nil {
		return "", err
	}
	data, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return "", err
	}
	if err := durable.MkdirAll(e.dir, 0o700); err != nil {
		return "", err
	}
	digest := sha256.Sum256(head)
	name = fmt.Sprintf("auditor-head-%d-%x.json", f.Refused.TreeSize, digest[:8])
	path := filepath.Join(e.dir, name)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return name, err
	}
	files, err := os.ReadDir(e.dir)
	if err != nil {
		return "", err
	}
	if len(files) >= maxEvidence {
		return "", errEvidenceFull
	}
	if err := durable.Create(path, append(data, '\n'), 0o600); err != nil {
		return "", err
	}
	return name, durable.SyncDir(e.dir)
}
