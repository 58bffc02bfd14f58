package directory

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// ErrOtherConfiguration says that a stored head was not signed under a
// Configuration.
var ErrOtherConfiguration = errors.New("the stored tree head was not signed under this configuration")

// CheckHead verifies that the head of a log that is stored was signed under a
// Configuration. The error wraps ErrOtherConfiguration if it was not, and is
// ErrNoLog if there is none.
func CheckHead(store Store, cfg *keytrans.Configuration) error {
	snap, err := store.Snapshot()
	if err != nil {
		return err
	}
	s, err := loadState(snap, nil, keytrans.ThirdPartyAuditing)
	if s == nil {
		return errors.Join(orNoLog(err), snap.Close())
	}
	defer s.release()
	return s.checkHead(cfg)
}

func orNoLog(err error) error {
	if err == nil {
		return ErrNoLog
	}
	return err
}

func (s *state) checkHead(cfg *keytrans.Configuration) error {
	root, err := s.root()
	if err != nil {
		return err
	}
	if err := keytrans.VerifyTreeHead(cfg, &s.head, root); err != nil {
		return fmt.Errorf("%w: %w", ErrOtherConfiguration, err)
	}
	return nil
}

// ErrAuditorStart says that an auditor cannot begin where it should.
var ErrAuditorStart = errors.New("auditor_start_pos")

// ChangeAuditor makes the log that is stored one with another auditor, or with
// other terms for the same one: the head, which was signed under the Configuration
// from, is signed again under to, and the auditor's head, which means nothing any
// more, is removed, in one commit. If that was done before, nothing changes. No
// Directory may be open on the store. The two configurations differ in what is
// about the auditor, and in nothing else.
//
// The error wraps ErrAuditorStart if to's auditor_start_pos is beyond what the
// previous auditor has signed: users refuse a new auditor that leaves a gap; or if
// it is among what was pruned, which no new auditor can process.
func ChangeAuditor(store Store, from, to *keytrans.Configuration, key keytrans.SigningKey) error {
	snap, err := store.Snapshot()
	if err != nil {
		return err
	}
	s, err := loadState(snap, nil, keytrans.ThirdPartyAuditing)
	if s == nil {
		return errors.Join(orNoLog(err), snap.Close())
	}
	defer s.release()
	if s.checkHead(to) == nil {
		return nil
	}
	if err := errors.Join(s.checkHead(from), s.checkAuditor(from)); err != nil {
		return err
	}
	audited := uint64(0)
	if s.auditor != nil {
		audited = s.auditor.TreeSize
	}
	if to.AuditorStartPos > audited {
		return fmt.Errorf("%w: %d is more than the %d entries that the previous auditor's head has", ErrAuditorStart, to.AuditorStartPos, audited)
	}
	if first := s.minimum.versions + 1; first > 1 && to.AuditorStartPos < first && !bytes.Equal(to.AuditorPublicKey, from.AuditorPublicKey) {
		return fmt.Errorf("%w: earlier entries than %d were pruned, and cannot be audited any more", ErrAuditorStart, first)
	}
	size := s.head.TreeSize
	root, err := logtree.Root(size, s.subtrees)
	if err != nil {
		return err
	}
	head, err := keytrans.SignTreeHead(to, key, size, root)
	if err != nil {
		return err
	}
	record := headRecord{counts: s.counts, signature: head.Signature}
	b := Batch{Base: size, Size: size}
	_ = b.Set(headKey(), record.marshal())
	b.Delete(auditorKey())
	return store.Commit(&b)
}
