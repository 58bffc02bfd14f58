package adversary

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// Attack is something that a directory tries.
type Attack struct {
	// Name says what the directory does.
	Name string
	// Operation is what the lie is told in: one of the names in keytranstest, or
	// Audit; empty for all user operations.
	Operation string
	// Gain is what the directory would gain if nobody noticed. It begins with
	// "nothing" if that is nothing: then there may be modes in which nobody does.
	Gain string
	// Modes are the deployment modes that it is tried in, nil for all.
	Modes []keytrans.DeploymentMode
	// Make returns the directory that from now on takes the place of the honest
	// one.
	Make func(w *World) *Directory
	// Notices say who notices by what, and who does not.
	Notices []Notice
}

// Audit is the operation in which a directory tells an auditor of its entries.
const Audit = "audit"

// Notice is what becomes of an attack in somebody's eyes.
type Notice struct {
	Who Observer
	By  Check
}

// Check is what notices an attack: the zero Check is nothing.
type Check struct {
	// Errs has one that is wrapped by the error. If there is none, the error is a
	// *keytrans.Misbehaviour, which others can verify.
	Errs []error
	// Text is in the error.
	Text string

	step int // of an AuditError, if not 0
}

// AuditStep is the check of an auditor, by the step of its algorithm that refuses.
func AuditStep(step int) Check { return Check{step: step} }

// Unnoticed is the check of who cannot notice.
var Unnoticed = Check{}

// Refused is the check of an answer from which nothing follows.
func Refused(err error, text string) Check { return Check{Errs: []error{err}, Text: text} }

// Evidence is the check of a contradiction that the log has signed.
func Evidence(text string) Check { return Check{Text: text} }

// OtherRoot is the check of a proof that leads to another root than the signed
// one, if its parts fit together: which leaves are close to each other decides
// that.
var OtherRoot = Check{Errs: []error{keytrans.ErrSignature, keytrans.ErrProof}}

func (c Check) unnoticed() bool { return len(c.Errs) == 0 && c.Text == "" && c.step == 0 }

// Verify returns an error if err is not what the check gives.
func (c Check) Verify(err error) error {
	var m *keytrans.Misbehaviour
	var a *keytrans.AuditError
	evidence := errors.As(err, &m)
	is := func(target error) bool { return errors.Is(err, target) }
	switch {
	case c.unnoticed() && err != nil:
		return fmt.Errorf("noticed: %w", err)
	case c.unnoticed():
		return nil
	case err == nil:
		return errors.New("not noticed")
	case c.step != 0 && (!errors.As(err, &a) || a.Step != c.step):
		return fmt.Errorf("not in step %d: %w", c.step, err)
	case c.step != 0:
		return nil
	case len(c.Errs) == 0 && !evidence:
		return fmt.Errorf("no evidence: %w", err)
	case len(c.Errs) > 0 && (evidence || !slices.ContainsFunc(c.Errs, is)):
		return fmt.Errorf("not one of the errors %q: %w", c.Errs, err)
	case !strings.Contains(err.Error(), c.Text):
		return fmt.Errorf("noticed by another check than %q: %w", c.Text, err)
	}
	return nil
}

// Run makes the attack and has everybody look. It returns an error for each who
// sees something else than the row says, or who notices an honest directory.
func (a *Attack) Run(w *World) error {
	d := a.Make(w)
	var errs []error
	for _, n := range a.Notices {
		if n.Who.modes != nil && !slices.Contains(n.Who.modes, w.Log.Config.Mode) {
			continue
		}
		if err := n.Who.checkHonest(w); err != nil {
			errs = append(errs, fmt.Errorf("%s of an honest directory: %w", n.Who.Name, err))
		}
		if err := n.By.Verify(n.Who.look(w, d)); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", n.Who.Name, err))
		}
	}
	return errors.Join(errs...)
}
