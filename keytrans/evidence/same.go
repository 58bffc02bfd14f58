package evidence

import (
	"bytes"
	"reflect"
)

// Same reports whether other is intact, and evidence of the same as e: misbehaviour
// is met again at every contact, under another head each time. Of two reports of one
// kind about one label, or none, it compares what they found.
func (e *Evidence) Same(other *Evidence) bool {
	if e.Kind != other.Kind || e.Class != other.Class || e.Directory != other.Directory || e.Log != other.Log ||
		!bytes.Equal(e.Configuration, other.Configuration) || !bytes.Equal(e.Policy, other.Policy) || other.check() != nil {
		return false
	}
	switch e.Kind {
	case LogEntry:
		l, err := openLog(e.Configuration)
		return err == nil && e.LogEntry.same(other.LogEntry, l.cfg, e.Log)
	case Inconsistency:
		policy, err := logPolicy(e.Log)
		return err == nil && sameInconsistency(e.Inconsistency, other.Inconsistency, policy)
	}
	if e.Class != ClassReport {
		if _, err := other.Verify(Expected{}); err != nil {
			return false
		}
	}
	switch e.Kind {
	case Credential:
		return e.Summary == other.Summary && e.Credential.same(other.Credential)
	case Contradiction:
		return e.Summary == other.Summary && e.Operation == other.Operation && e.label() == other.label()
	case Fork: // nothing is retained of the second log
		return reflect.DeepEqual(e.RetainedView, other.RetainedView)
	case TreesDiffer:
		return e.Trees.Head.Root == other.Trees.Head.Root
	case PrefixTree:
		return e.PrefixTree.SearchKey == other.PrefixTree.SearchKey
	case TreeHeads:
		return e.Heads[0].Root == other.Heads[0].Root && e.Heads[1].Root == other.Heads[1].Root
	}
	return reflect.DeepEqual(e.Entries, other.Entries)
}

// Private reports whether e has, or may have, a label or a value in it: then it is
// not for everybody to see.
func (e *Evidence) Private() bool {
	return e.Credential != nil || e.Earlier != nil || len(e.RetainedContact) > 0 || len(e.RetainedOwner) > 0 ||
		e.Operation != "" && e.Operation != operationDistinguished
}
