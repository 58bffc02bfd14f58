package evidence

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/ibst"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
)

// log is the log that has a Configuration.
type log struct {
	cfg     *keytrans.Configuration
	encoded []byte
	// verifier verifies what the log has signed, whenever that was and whoever vouches
	// for it.
	verifier *keytrans.Verifier
}

func openLog(configuration []byte) (*log, error) {
	cfg, err := keytrans.ParseConfiguration(configuration)
	if err != nil {
		return nil, fmt.Errorf("the configuration: %w", err)
	}
	v, err := keytrans.NewVerifier(cfg)
	if err != nil {
		return nil, err
	}
	return &log{cfg, configuration, v.Unaudited().Timeless()}, nil
}

// under returns the same log under the Configuration of a time when it had another
// auditor, which may be nil for the present one.
func (l *log) under(configuration []byte) (*log, error) {
	if configuration == nil || bytes.Equal(configuration, l.encoded) {
		return l, nil
	}
	other, err := openLog(configuration)
	if err != nil {
		return nil, err
	}
	same := *other.cfg
	same.MaxAuditorLag, same.AuditorStartPos, same.AuditorPublicKey = l.cfg.MaxAuditorLag, l.cfg.AuditorStartPos, l.cfg.AuditorPublicKey
	encoded, err := same.Marshal()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(encoded, l.encoded) {
		return nil, errors.New("a second configuration differs in more than its auditor")
	}
	return other, nil
}

// signedView returns a view whose head is signed: its full subtrees are what the log
// has, and not necessarily its frontier. configuration is what it is signed under, if
// that is another one.
func (l *log) signedView(v *View, configuration []byte) (*keytrans.View, error) {
	signer, err := l.under(configuration)
	if err != nil {
		return nil, err
	}
	out := v.Keytrans()
	n := out.Head.TreeSize
	if n == 0 || n > logtree.MaxSize || len(out.Subtrees) != len(logtree.FullSubtrees(n)) {
		return nil, fmt.Errorf("the retained view does not have the parts of a log of %d entries", n)
	}
	root, err := out.Root()
	if err != nil {
		return nil, err
	}
	if err := keytrans.VerifyTreeHead(signer.cfg, &out.Head, root); err != nil {
		return nil, fmt.Errorf("the head of the retained view: %w", err)
	}
	return out, nil
}

// view returns a view of which every part is proven to be the log's. The error wraps
// ErrReport if there is no proof of the frontier.
func (l *log) view(v *View, configuration []byte) (*keytrans.View, error) {
	if v.TreeSize == 0 {
		if len(v.Subtrees) > 0 || len(v.Frontier) > 0 {
			return nil, errors.New("the view of an empty log has parts")
		}
		return &keytrans.View{}, nil
	}
	out, err := l.signedView(v, configuration)
	if err != nil {
		return nil, err
	}
	if len(v.Frontier) != len(ibst.Frontier(v.TreeSize)) {
		return nil, fmt.Errorf("the retained view does not have the frontier of a log of %d entries", v.TreeSize)
	}
	for i, e := range out.Frontier {
		proof := v.Frontier[i].Proof
		if proof == nil {
			return nil, fmt.Errorf("%w: nothing proves log entry %d, which was retained", ErrReport, e.Position)
		}
		if err := l.verifyEntry(e, proof); err != nil {
			return nil, fmt.Errorf("the retained log entry %d: %w", e.Position, err)
		}
	}
	return out, nil
}

// verifyEntry verifies that a signed head covers a log entry.
func (l *log) verifyEntry(e keytrans.Entry, p *EntryProof) error {
	signer, err := l.under(p.Configuration)
	if err != nil {
		return err
	}
	root, err := p.root(e)
	if err != nil {
		return err
	}
	return keytrans.VerifyTreeHead(signer.cfg, &keytrans.TreeHead{TreeSize: p.TreeSize, Signature: p.Signature}, root)
}

// root returns the root of the log that the proof of an entry leads to.
func (p *EntryProof) root(e keytrans.Entry) (merkle.Hash, error) {
	if p.TreeSize > logtree.MaxSize || e.Position >= p.TreeSize || len(p.Path) > maxEntries {
		return merkle.Hash{}, fmt.Errorf("no log of %d entries proves it", p.TreeSize)
	}
	leaf := logtree.Leaf{Pos: e.Position, Value: e.Hash()}
	r, err := logtree.Evaluate(p.TreeSize, 0, nil, []logtree.Leaf{leaf}, MerkleHashes(p.Path))
	return r.Root, err
}

// contradicting returns what two lists of views cannot both say of one log, nil if
// there is nothing.
func contradicting(a, b []*keytrans.View) error {
	for _, v := range a {
		for _, w := range b {
			if err := v.Contradicts(w); err != nil {
				return err
			}
		}
	}
	return nil
}
