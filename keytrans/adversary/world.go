package adversary

import (
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// World is an honest log of Size entries, one every second, that everybody has
// seen a part of. It is not safe for concurrent use, nor are the directories made
// from it.
type World struct {
	Log *keytranstest.Log

	later  uint64           // milliseconds that have passed since the last entry
	honest map[string]error // what observers have noticed of the honest directory
}

// Size is the size of a World's log. Of its entries, 0, 1, 3, 7, 11 and 15 are
// distinguished, and 0 and 1 expired; a search for a greatest version inspects 15,
// 17 and 18.
const Size = 19

const (
	firstTimestamp = 1_700_000_000_000 // in milliseconds, of entry 0
	interval       = 1000              // between entries
	window         = 6 * interval      // the reasonable monitoring window
	tolerance      = 60 * interval     // max_ahead and max_behind
	lag            = 10 * interval     // max_auditor_lag
	lifetime       = 17 * interval     // maximum_lifetime
)

// created are the entries that create a version of each label in an honest log.
var created = map[string][]uint64{
	"alice": {1, 2, 3, 4, 6},
	"bob":   {2, 8, 9},
	"carol": {3, 16},
	"dave":  {5, 6, 12, 12},
	"erin":  {4},
}

// NewWorld returns a World for a suite and mode.
func NewWorld(suite keytrans.CipherSuite, mode keytrans.DeploymentMode) *World {
	maximum := uint64(lifetime)
	l := keytranstest.New(keytranstest.Options{
		Lifetime: &maximum,
		Suite:    suite, Mode: mode, Window: window,
		MaxAhead: tolerance, MaxBehind: tolerance, MaxAuditorLag: lag,
	})
	for pos := range uint64(Size) {
		changes := []keytranstest.Change{keytranstest.Pad(2)}
		for _, label := range []string{"alice", "bob", "carol", "dave", "erin"} {
			for v, at := range created[label] {
				if at == pos {
					changes = append(changes, keytranstest.Create(label, valueOf(label, v)))
				}
			}
		}
		l.Append(timestampOf(pos), changes...)
	}
	return &World{Log: l, honest: make(map[string]error)}
}

func valueOf(label string, version int) string { return fmt.Sprintf("key %d of %s", version, label) }

func timestampOf(pos uint64) uint64 { return firstTimestamp + interval*pos }

// Now is everybody's time when the directory turns out to be dishonest.
func (w *World) Now() time.Time { return time.UnixMilli(int64(timestampOf(Size-1) + w.later)) }

// Honest returns the honest directory.
func (w *World) Honest() *Directory { return w.Serve(w.Log) }

// Serve returns a directory that answers out of all of a log with the keys of
// w.Log.
func (w *World) Serve(l *keytranstest.Log) *Directory { return w.ServeAt(l, l.Size()) }

// ServeAt is Serve of the log's state with size entries.
func (w *World) ServeAt(l *keytranstest.Log, size uint64) *Directory {
	d := &Directory{Directory: l.Directory(size), Log: l, Tell: l.AuditorUpdate}
	d.Prover.Unchecked, d.Label = true, d.label
	return d
}

// Create returns a directory whose log, after its first size entries, has one that
// was made for a creator's request, by the given changes. Its log has some more
// entries that are not served yet.
func (w *World) Create(size uint64, changes ...keytranstest.Change) *Directory {
	l := w.Log.Fork(size)
	l.Append(timestampOf(size), append(changes, keytranstest.Pad(2))...)
	for range 4 {
		l.Append(timestampOf(l.Size()), keytranstest.Pad(2))
	}
	d := w.ServeAt(l, size+1)
	d.Created = 1
	return d
}

// Change returns the log with more changes in the entry at pos, and other than
// that the same history.
func (w *World) Change(pos uint64, changes ...keytranstest.Change) *keytranstest.Log {
	return w.Log.Rewrite(func(p uint64, e *keytranstest.Entry) {
		if p == pos {
			e.Changes = append(e.Changes[:len(e.Changes):len(e.Changes)], changes...)
		}
	})
}

// Retime returns the log with another timestamp of the entry at pos.
func (w *World) Retime(pos, timestamp uint64) *keytranstest.Log {
	return w.Log.Rewrite(func(p uint64, e *keytranstest.Entry) {
		if p == pos {
			e.Timestamp = timestamp
		}
	})
}

// Directory answers users and tells auditors, dishonestly.
type Directory struct {
	*keytranstest.Directory
	// Log is what is served, in all of its states.
	Log *keytranstest.Log
	// Tell returns what an auditor is told of the entry at pos.
	Tell func(pos uint64) *keytrans.AuditorUpdate

	sayings []saying
	asked   string // the operation that is being answered
}

// saying is a lie about a label in one operation, or in all.
type saying struct {
	operation, label string
	edit             func(*keytranstest.Label)
}

// Answer returns the encoded response to an encoded request.
func (d *Directory) Answer(operation string, request []byte) ([]byte, error) {
	d.asked = operation
	return d.Directory.Answer(operation, request)
}

// At returns the directory as it was when its log had size entries.
func (d *Directory) At(size uint64) *Directory {
	then, answers := *d, *d.Directory
	then.Directory = &answers
	then.State, then.Label = d.Log.At(size), then.label
	return &then
}

func (d *Directory) label(name string) keytrans.Label {
	l := d.Log.Label(name)
	for _, s := range d.sayings {
		if s.label == name && (s.operation == "" || s.operation == d.asked) {
			s.edit(l)
		}
	}
	return l
}

// Says changes what the directory says of a label.
func (d *Directory) Says(label string, edit func(*keytranstest.Label)) *Directory {
	return d.SaysTo("", label, edit)
}

// SaysTo is Says in answers to one operation.
func (d *Directory) SaysTo(operation, label string, edit func(*keytranstest.Label)) *Directory {
	d.sayings = append(d.sayings, saying{operation, label, edit})
	return d
}

// Upto has the directory say that a label has no versions beyond the given one.
func (d *Directory) Upto(label string, greatest uint32) *Directory {
	return d.Says(label, upto(greatest))
}

func upto(greatest uint32) func(*keytranstest.Label) {
	return func(l *keytranstest.Label) { l.Versions = l.Versions[:greatest+1] }
}

// editHeads changes the heads of all answers that have one of their own, not the
// user's.
func (d *Directory) editHeads(change func(h *keytrans.FullTreeHead)) *Directory {
	d.EditResponse = func(response any) {
		if h := headOf(response); h.TreeHead != nil {
			change(h)
		}
	}
	return d
}

// editProofs changes the proofs of all answers.
func (d *Directory) editProofs(change func(p *keytrans.CombinedTreeProof)) *Directory {
	d.EditResponse = func(response any) { change(proofOf(response)) }
	return d
}

// editLookups changes the first prefix proof of each answer that has one.
func (d *Directory) editLookups(change func(p *prefixtree.Proof)) *Directory {
	return d.editProofs(func(p *keytrans.CombinedTreeProof) {
		if len(p.PrefixProofs) > 0 {
			change(&p.PrefixProofs[0])
		}
	})
}

// editLadders changes the binary ladders of all answers that have one.
func (d *Directory) editLadders(change func([]keytrans.BinaryLadderStep) []keytrans.BinaryLadderStep) *Directory {
	d.EditResponse = func(response any) {
		switch p := response.(type) {
		case *keytrans.SearchResponse:
			p.BinaryLadder = change(p.BinaryLadder)
		case *keytrans.OwnerInitResponse:
			p.BinaryLadder = change(p.BinaryLadder)
		case *keytrans.UpdateResponse:
			p.BinaryLadder = change(p.BinaryLadder)
		case *keytrans.AbsenceResponse:
			p.BinaryLadder = change(p.BinaryLadder)
		}
	}
	return d
}

// headOf returns the head of a response.
func headOf(response any) *keytrans.FullTreeHead {
	switch p := response.(type) {
	case *keytrans.SearchResponse:
		return &p.FullTreeHead
	case *keytrans.ContactMonitorResponse:
		return &p.FullTreeHead
	case *keytrans.OwnerInitResponse:
		return &p.FullTreeHead
	case *keytrans.OwnerMonitorResponse:
		return &p.FullTreeHead
	case *keytrans.UpdateResponse:
		return &p.FullTreeHead
	case *keytrans.AbsenceResponse:
		return &p.FullTreeHead
	case *keytrans.BatchAnswer:
		return headOf(answerOf(p))
	}
	return &response.(*keytrans.DistinguishedResponse).FullTreeHead
}

// answerOf returns what is in an answer of a batch.
func answerOf(a *keytrans.BatchAnswer) any {
	if a.Kind == keytrans.AnswerSearch {
		return a.Search
	}
	return a.Absence
}

// proofOf returns the proof of a response.
func proofOf(response any) *keytrans.CombinedTreeProof {
	switch p := response.(type) {
	case *keytrans.SearchResponse:
		return &p.Search
	case *keytrans.ContactMonitorResponse:
		return &p.Monitor
	case *keytrans.OwnerInitResponse:
		return &p.Init
	case *keytrans.OwnerMonitorResponse:
		return &p.Monitor
	case *keytrans.UpdateResponse:
		return &p.Update
	case *keytrans.AbsenceResponse:
		return &p.Absence
	case *keytrans.BatchAnswer:
		return proofOf(answerOf(p))
	}
	return &response.(*keytrans.DistinguishedResponse).Distinguished
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("adversary: %v", err))
	}
	return v
}

// Forget has the directory answer everybody as if they had seen nothing.
func (d *Directory) Forget() *Directory {
	d.EditRequest = func(request any) {
		switch q := request.(type) {
		case *keytrans.SearchRequest:
			q.Last = nil
		case *keytrans.ContactMonitorRequest:
			q.Last = nil
		case *keytrans.OwnerInitRequest:
			q.Last = nil
		case *keytrans.OwnerMonitorRequest:
			q.Last = nil
		case *keytrans.UpdateRequest:
			q.Last = nil
		case *keytrans.DistinguishedRequest:
			q.Last = nil
		case *keytrans.AbsenceRequest:
			q.Last = nil
		case *keytrans.BatchRequest:
			q.Last = nil
		}
	}
	return d
}
