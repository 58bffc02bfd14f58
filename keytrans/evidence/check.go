package evidence

import (
	"errors"
	"fmt"
)

// kind is what the package knows of a kind of evidence.
type kind struct {
	configuration, log, view bool // what it has to have
	verify                   func(e *Evidence) (*Proof, error)
}

var kinds = map[Kind]kind{
	Contradiction: {configuration: true, view: true, verify: (*Evidence).verifyContradiction},
	Fork:          {configuration: true, view: true, verify: (*Evidence).verifyFork},
	Inconsistency: {log: true, verify: (*Evidence).verifyInconsistency},
	LogEntry:      {configuration: true, log: true, verify: (*Evidence).verifyLogEntry},
	Credential:    {configuration: true, view: true, verify: (*Evidence).verifyCredential},
	TreeHeads:     {configuration: true, verify: (*Evidence).verifyTreeHeads},
	Timestamps:    {log: true, verify: (*Evidence).verifyTimestamps},
	TreesDiffer:   {configuration: true, log: true, verify: (*Evidence).verifyTrees},
	PrefixTree:    {configuration: true, log: true, verify: (*Evidence).verifyPrefixTree},
}

// maxEntries bounds the frontier of a view, and what else has one element for each
// level of a log. Sizes have 63 bits.
const maxEntries = 64

// maxViews bounds the views in one file: the recent distinguished heads are few.
const maxViews = 4096

// maxValues bounds the values in one file. In memory a value takes up to some hundred
// bytes, and in JSON two are enough; most files have a few hundred values.
const maxValues = 1 << 18

// checkValues verifies that JSON does not have too many values, before it is parsed.
func checkValues(data []byte) error {
	values, quoted, escaped := 0, false, false
	for _, c := range data {
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped, quoted = c == '\\', c != '"'
		case c == '"':
			quoted = true
		case c == ',' || c == '{' || c == '[':
			values++
		}
	}
	if values > maxValues {
		return fmt.Errorf("it has more than %d values", maxValues)
	}
	return nil
}

// check verifies that e has the parts that its kind requires, and these theirs.
func (e *Evidence) check() error {
	if e.Schema != Schema {
		return fmt.Errorf("its schema is %q, not %q", e.Schema, Schema)
	}
	if e.Class != "" && e.Class != ClassEvidence && e.Class != ClassReport {
		return fmt.Errorf("its class is %q", e.Class)
	}
	k, ok := kinds[e.Kind]
	switch {
	case !ok:
		return fmt.Errorf("its kind is %q", e.Kind)
	case k.configuration && len(e.Configuration) == 0:
		return errors.New("it has no configuration")
	case k.log && e.Log == "":
		return errors.New("it has no key of a log")
	case k.view && e.RetainedView == nil:
		return errors.New("it has no retained view")
	}
	if err := e.checkParts(); err != nil {
		return err
	}
	return e.checkViews()
}

// checkParts verifies that e has what its kind is about, and nothing that another
// kind is about.
func (e *Evidence) checkParts() error {
	has := map[Kind]bool{
		Fork: e.Fork != nil, Inconsistency: e.Inconsistency != nil, LogEntry: e.LogEntry != nil,
		Credential: e.Credential != nil, TreeHeads: len(e.Heads) == 2, Timestamps: len(e.Entries) == 2, TreesDiffer: e.Trees != nil, PrefixTree: e.PrefixTree != nil,
		Contradiction: e.Kind == Contradiction && e.Operation != "" && len(e.Request) > 0 && len(e.Response) > 0,
	}
	for k := range kinds {
		if has[k] != (k == e.Kind) {
			return fmt.Errorf("its kind is %q, which does not have what it has", e.Kind)
		}
	}
	switch {
	case e.Own != nil && e.Fork == nil,
		e.Heads != nil && len(e.Heads) != 2,
		e.Entries != nil && len(e.Entries) != 2,
		e.Earlier != nil && e.Kind != Contradiction && e.Kind != Credential:
		return fmt.Errorf("its kind is %q, which does not have what it has", e.Kind)
	}
	return nil
}

// checkViews verifies that the views in e are there and not too large.
func (e *Evidence) checkViews() error {
	views := []*View{e.RetainedView}
	for _, n := range []*Newcomer{e.Fork, e.Own} {
		if n != nil {
			views = append(views, n.View)
		}
	}
	if e.Earlier != nil {
		if e.Earlier.RetainedView == nil {
			return errors.New("the earlier exchange has no retained view")
		}
		views = append(views, e.Earlier.RetainedView)
	}
	if c := e.Credential; c != nil {
		if c.Base == nil || c.Distinguished != nil && c.Distinguished.RetainedView == nil || len(c.Recent) > maxViews {
			return errors.New("a view of the credential is missing, or there are too many")
		}
		views = append(append(views, c.Base), c.Recent...)
		if c.Distinguished != nil {
			views = append(views, c.Distinguished.RetainedView)
		}
	}
	for _, v := range views {
		if v != nil && (len(v.Frontier) > maxEntries || len(v.Subtrees) > maxEntries) {
			return errors.New("a view has too many parts")
		}
	}
	return nil
}
