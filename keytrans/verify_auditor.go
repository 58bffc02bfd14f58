package keytrans

import (
	"fmt"

	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// verifyAuditor verifies the auditor's head that came with an updated one, in a
// log whose rightmost entry has the given timestamp: KEYTRANS, "Auditor Tree Head
// Signature". That its size is not beyond the log's has been checked.
func (s *session) verifyAuditor(result *logtree.Result, rightmost uint64) error {
	if s.cfg.Mode != ThirdPartyAuditing || s.head.TreeHead == nil || s.verifier.unaudited {
		return nil
	}
	a := s.head.AuditorTreeHead
	if err := s.checkAuditorStart(); err != nil {
		return err
	}
	if err := checkAuditorLag(s.cfg, a, rightmost); err != nil {
		return err
	}
	heads, ok := result.Subtrees(a.TreeSize)
	if !ok {
		return fmt.Errorf("%w: the root of %d entries, which the auditor signed, does not follow", ErrProof, a.TreeSize)
	}
	root, err := logtree.Root(a.TreeSize, heads)
	if err != nil {
		return err
	}
	if err := VerifyAuditorTreeHead(s.cfg, a, root); err != nil {
		return fmt.Errorf("%w: %w", ErrAuditor, err)
	}
	return nil
}

// checkAuditorStart verifies that the present auditor began where an auditor had
// been before, as far as the user knows.
func (s *session) checkAuditorStart() error {
	if s.view.Head.TreeSize == 0 {
		return nil
	}
	// SPEC: verify that the tree_size of the AuditorTreeHead structure in the
	// previous tree head (which may be from a different auditor) is greater than
	// or equal to auditor_start_pos for the current auditor.
	old := s.view.AuditorTreeHead
	if old == nil || old.TreeSize < s.cfg.AuditorStartPos {
		return fmt.Errorf("%w: it began with entry %d, and nobody has audited the entries before as far as they are known here",
			ErrAuditor, s.cfg.AuditorStartPos)
	}
	return nil
}

// checkAuditorLag verifies that an auditor's head is not too old for a log whose
// rightmost entry has the given timestamp. The error wraps ErrAuditor.
func checkAuditorLag(c *Configuration, a *AuditorTreeHead, rightmost uint64) error {
	switch {
	case a.Timestamp > rightmost:
		return fmt.Errorf("%w: its head is of a time after the rightmost entry", ErrAuditor)
	case rightmost-a.Timestamp > c.MaxAuditorLag:
		return fmt.Errorf("%w: it lags %d ms behind, more than %d", ErrAuditor, rightmost-a.Timestamp, c.MaxAuditorLag)
	}
	return nil
}
