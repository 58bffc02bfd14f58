package operator

import (
	"context"
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// newEvidence begins the evidence of the manager's misbehaviour that an exchange is,
// or led to.
func (o *Operator) newEvidence(kind evidence.Kind, cause error, x *inquiry) *evidence.Evidence {
	configuration, err := o.cfg.Configuration.Marshal()
	if err != nil {
		panic("operator: the configuration has no encoding any more: " + err.Error())
	}
	return &evidence.Evidence{
		Schema: evidence.Schema, Summary: cause.Error(), Kind: kind, Directory: o.cfg.Link.base,
		FoundAt: o.cfg.Now().UTC().Truncate(time.Millisecond), Configuration: configuration,
		RetainedView: evidence.NewView(x.view, x.proofs), Operation: operationDistinguished, Request: x.request, Response: x.response,
	}
}

// accuse keeps evidence and stops all forwarding. The error wraps ErrDistrusted.
func (o *Operator) accuse(e *evidence.Evidence) error {
	e.Classify()
	err := fmt.Errorf("%w: %s", ErrDistrusted, e.Summary)
	o.log.refuse(err)
	o.cfg.Logger.Error("misbehaviour of the manager is proven; nothing is forwarded any more", "reason", e.Summary)
	if o.cfg.KeepEvidence != nil {
		if err := o.cfg.KeepEvidence(e); err != nil {
			o.cfg.Logger.Error("keeping the evidence", "err", err)
		}
	}
	return err
}

// checkFork is called for an answer that does not continue the view, for which
// failed is the error. It asks for the head that is shown to somebody without a
// view. If that verifies, and cannot be of a log that continues the view, there
// are two signed heads of two logs. It returns failed if nothing is proven: an
// answer may have been broken on the way, and a smaller log may be an old copy.
func (o *Operator) checkFork(ctx context.Context, x *inquiry, failed error) error {
	if x.view.Head.TreeSize == 0 {
		return failed
	}
	y := &inquiry{view: &keytrans.View{}, anyTime: true}
	r, err := o.askHead(ctx, y)
	if err != nil {
		return failed
	}
	what := x.view.Contradicts(r.View)
	if what == nil {
		return failed
	}
	e := o.newEvidence(evidence.Fork, fmt.Errorf("two heads were both signed, and %w", what), x)
	e.Fork = &evidence.Newcomer{View: evidence.NewView(r.View, nil), Request: y.request, Response: y.response}
	return o.accuse(e)
}
