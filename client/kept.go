package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// The exchanges from which the client learned what it knows are kept in a folder
// beside the state, one file for each label and one for the recent distinguished
// heads. They are for evidence only: what the client verifies next does not depend
// on them. So they are lost without harm, and old ones are removed.
const (
	keptName     = "exchanges"
	keptFormat   = "ghostlight-kept-exchange"
	keptVersion  = 1
	maxKept      = 4096    // files
	maxKeptBytes = 1 << 20 // of a response that is kept
	maxKeptFile  = 4 << 20
)

// errNotKept says that there is no exchange to keep.
var errNotKept = errors.New("the exchange is too large to be kept")

// keptExchange is an exchange that proved a version of a label, or the recent
// distinguished heads.
type keptExchange struct {
	Label      string             `json:"label,omitempty"`
	Version    uint32             `json:"version"`
	Commitment evidence.Hash      `json:"commitment"`
	Greatest   bool               `json:"greatest"` // Version was the greatest
	At         time.Time          `json:"at"`
	Exchange   *evidence.Exchange `json:"exchange"`
}

// keptPath returns the path of a label's file, or that of the recent distinguished
// heads. The names tell nothing to who lists the folder.
func (s *session) keptPath(label string) string {
	name := operationDistinguished
	if label != "" {
		h := sha256.New()
		fmt.Fprintf(h, "ghostlight exchange\n%s\n", s.state.directory)
		h.Write([]byte(label))
		name = hex.EncodeToString(h.Sum(nil)[:16])
	}
	return filepath.Join(s.dir, keptName, name+".json")
}

// kept returns what is kept of a label, or of the recent distinguished heads. It is
// nil if that is nothing.
func (s *session) kept(label string) (*keptExchange, error) {
	data, err := durable.ReadFile(s.keptPath(label), maxKeptFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	k := new(keptExchange)
	if _, err := unseal(data, keptFormat, keptVersion, keptVersion, k); err != nil {
		return nil, err
	}
	if k.Label != label || k.Exchange == nil || k.Exchange.RetainedView == nil {
		return nil, errors.New("it is of another label, or a part is missing")
	}
	return k, nil
}

// keep stores an exchange. That it cannot be stored makes reports of what would be
// evidence, and is no error.
func (s *session) keep(ctx context.Context, k *keptExchange, x exchange) {
	k.Label, k.At = x.label, stamp(s.cfg.Now())
	k.Exchange = &evidence.Exchange{
		Configuration: s.state.configuration, RetainedConfiguration: s.retainedConfiguration(x.view),
		RetainedView: evidence.NewView(x.view, x.proofs), Operation: x.operation, Request: x.request, Response: x.response,
	}
	if err := s.writeKept(k); err != nil {
		s.cfg.Logger.DebugContext(ctx, "keeping an exchange", "err", err)
	}
}

func (s *session) writeKept(k *keptExchange) error {
	path := s.keptPath(k.Label)
	if len(k.Exchange.Response) > maxKeptBytes {
		// What is kept is of another version then.
		return errors.Join(errNotKept, os.Remove(path))
	}
	data, err := seal(keptFormat, keptVersion, k)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := s.makeRoom(path); err != nil {
		return err
	}
	// Not forced to the disk, which would take most of the time of an operation on many
	// labels: what a crash damages does not have the checksum that it says.
	temporary := path + ".new"
	if err := os.WriteFile(temporary, data, 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// makeRoom removes old files if another one would be too many: many of them, since it
// takes a time that grows with their number.
func (s *session) makeRoom(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	list, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(list) < maxKept {
		return err
	}
	var files []fs.FileInfo
	for _, f := range list {
		if info, err := f.Info(); err == nil && !strings.HasPrefix(f.Name(), operationDistinguished) {
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return cmp.Compare(a.ModTime().UnixNano(), b.ModTime().UnixNano()) })
	for _, f := range files[:(len(files)+7)/8] {
		if err := os.Remove(filepath.Join(filepath.Dir(path), f.Name())); err != nil {
			return err
		}
	}
	return nil
}

// keepFound keeps a verified search if it tells more of the label than what is kept.
func (s *session) keepFound(ctx context.Context, f *found) {
	if s.contactsOnly && s.state.contacts[f.label] == nil {
		return
	}
	commitment, err := f.commitment()
	if err != nil {
		return
	}
	k := &keptExchange{Version: f.Version, Commitment: evidence.Hash(commitment), Greatest: f.greatest}
	// What cannot be read is replaced.
	if old, err := s.kept(f.label); err != nil || old == nil || k.supersedes(old, s.keptFor(), f.at) {
		s.keep(ctx, k, f.exchange)
	}
}

// keptFor returns how long an exchange is good, 0 for ever: after the maximum lifetime
// it proves nothing any more.
func (s *session) keptFor() time.Duration {
	lifetime := s.verifier.Configuration().MaximumLifetime
	if lifetime == nil {
		return 0
	}
	return milliseconds(*lifetime) / 4
}

// supersedes reports whether k tells more than what was kept before. Both are true.
func (k *keptExchange) supersedes(old *keptExchange, keptFor time.Duration, now time.Time) bool {
	switch {
	case k.Version != old.Version:
		return k.Version > old.Version
	case k.Greatest != old.Greatest:
		return k.Greatest
	}
	return k.Commitment != old.Commitment || keptFor > 0 && now.Sub(old.At) > keptFor
}

const operationDistinguished = "distinguished"

// keepDistinguished keeps the exchange that the recent distinguished heads follow
// from, if these are not those from before.
func (s *session) keepDistinguished(ctx context.Context, x exchange, before keytrans.Recent) {
	if old, err := s.kept(""); err == nil && old != nil && reflect.DeepEqual(before, s.state.recent) {
		return
	}
	s.keep(ctx, &keptExchange{}, x)
}

// present returns a kept exchange for evidence under the pinned Configuration.
func (s *session) present(x *evidence.Exchange) *evidence.Exchange {
	out := *x
	if bytes.Equal(out.Configuration, s.state.configuration) {
		out.Configuration = nil
	}
	return &out
}
