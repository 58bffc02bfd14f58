package evidence

import (
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

func (e *Evidence) verifyFork() (*Proof, error) {
	l, err := openLog(e.Configuration)
	if err != nil {
		return nil, err
	}
	var first []*keytrans.View
	if e.RetainedView.TreeSize > 0 {
		retained, err := l.signedView(e.RetainedView, e.RetainedConfiguration)
		if err != nil {
			return nil, err
		}
		first = append(first, retained)
	}
	if e.Own != nil {
		own, err := l.newcomer(e.Own)
		if p := broken(err); p != nil {
			return p, nil
		}
		if err != nil {
			return nil, err
		}
		first = append(first, own...)
	}
	second, err := l.newcomer(e.Fork)
	if p := broken(err); p != nil {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	found := contradicting(first, second)
	if found == nil {
		return nil, errors.New("the heads can be of one log")
	}
	return &Proof{Rule: ruleAppendOnly, Found: fmt.Sprintf("two heads were both signed, and %v", found)}, nil
}

// newcomer returns the views that follow from what somebody without a view was
// shown: that of the log, and those at its recent distinguished entries.
func (l *log) newcomer(n *Newcomer) ([]*keytrans.View, error) {
	r, err := l.replayDistinguished(&keytrans.View{}, n.Request, n.Response)
	if err != nil {
		return nil, err
	}
	return append([]*keytrans.View{r.View}, r.Recent...), nil
}

func (e *Evidence) verifyTreeHeads() (*Proof, error) {
	l, err := openLog(e.Configuration)
	if err != nil {
		return nil, err
	}
	a, b := &e.Heads[0], &e.Heads[1]
	if a.TreeSize != b.TreeSize || a.Root == b.Root {
		return nil, errors.New("it has no two roots of one size")
	}
	if err := errors.Join(a.Verify(l.cfg), b.Verify(l.cfg)); err != nil {
		return nil, err
	}
	return &Proof{Rule: ruleOneHead, Found: fmt.Sprintf("two roots were signed for the log of %d entries: %x and %x", a.TreeSize, a.Root, b.Root)}, nil
}

// Verify verifies the signature under a Configuration.
func (h *Head) Verify(cfg *keytrans.Configuration) error {
	return keytrans.VerifyTreeHead(cfg, &keytrans.TreeHead{TreeSize: h.TreeSize, Signature: h.Signature}, merkle.Hash(h.Root))
}
