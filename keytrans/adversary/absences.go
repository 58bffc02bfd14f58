package adversary

import (
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

var one = uint32(1)

// absenceAttacks lie in the extensions of the protocol: they deny versions, and mix
// answers.
var absenceAttacks = []Attack{
	{
		Name: "a label is denied", Operation: keytranstest.Absence,
		Gain: "alice seems to be nobody, and whoever asks takes her key from elsewhere",
		Make: func(w *World) *Directory { return w.Serve(w.Log).Says("alice", forgotten) },
		Notices: []Notice{
			{denied("a newcomer", 0, "alice", nil, nothing), Refused(keytrans.ErrProof, "the commitment to version 0 is not known")},
			{denied("a user", Size, "alice", nil, nothing), Refused(keytrans.ErrProof, "the commitment to version 0 is not known")},
			{denied("an owner", 10, "alice", nil, took("alice")), Refused(keytrans.ErrProof, "the commitment to version 0 is not known")},
			{batcher(0, "erin", "alice"), Refused(keytrans.ErrProof, "the commitment to version 0 is not known")},
		},
	},
	{
		Name: "the greatest version is denied", Operation: keytranstest.Absence,
		Gain: "carol's replaced key seems to be her latest one",
		Make: func(w *World) *Directory { return w.Serve(w.Log).Upto("carol", 0) },
		Notices: []Notice{
			{denied("a newcomer", 0, "carol", &one, nothing), Refused(keytrans.ErrProof, "the commitment to version 1 is not known")},
			{denied("a contact", 17, "carol", &one, looked("carol")), Refused(keytrans.ErrProof, "the commitment to version 1 is not known")},
		},
	},
	{
		Name: "a version is removed and denied", Operation: keytranstest.Absence,
		Gain: "carol's replaced key seems to be her latest one",
		Make: func(w *World) *Directory {
			return w.Serve(w.Change(17, keytranstest.Remove("carol", 1))).Upto("carol", 0)
		},
		Notices: []Notice{
			{denied("a newcomer", 0, "carol", &one, nothing), Unnoticed},
			{denied("a contact", 17, "carol", &one, looked("carol")), Evidence("the log proved that version 1 exists")},
			{denied("an owner", 17, "carol", &one, took("carol")), Evidence("the log proved that version 1 exists")},
			{auditor(10), AuditStep(5)},
		},
	},
	{
		Name: "a label is emptied and denied", Operation: keytranstest.Absence,
		Gain: "erin seems never to have been there",
		Make: func(w *World) *Directory {
			return w.Serve(w.Change(15, keytranstest.Remove("erin", 0))).Says("erin", forgotten)
		},
		Notices: []Notice{
			{denied("a newcomer", 0, "erin", nil, nothing), Unnoticed},
			{denied("an owner", 10, "erin", nil, took("erin")), Evidence("the log proved that version 0 exists")},
			{batcher(0, "erin"), Unnoticed},
		},
	},
	{
		Name: "a label that has no version is said to have none but the one asked for", Operation: keytranstest.Absence,
		Gain: ambiguous,
		Make: func(w *World) *Directory {
			d := w.Serve(w.Log)
			d.EditResponse = func(response any) {
				if p, ok := response.(*keytrans.AbsenceResponse); ok {
					p.Greatest = &one
				}
			}
			return d
		},
		Notices: []Notice{{absentee(0), Refused(keytrans.ErrProof, "the greatest version is said to be 1")}},
	},
	{
		Name: "the absence of another label", Operation: keytranstest.Absence,
		Gain: "alice seems to be nobody",
		Make: func(w *World) *Directory {
			d := w.Serve(w.Log)
			d.EditRequest = func(request any) {
				if q, ok := request.(*keytrans.AbsenceRequest); ok {
					q.Label = []byte("somebody")
				}
			}
			return d
		},
		Notices: []Notice{
			{absentee(0), Refused(keytrans.ErrProof, badVRF)},
			{denied("a newcomer", 0, "alice", nil, nothing), Refused(keytrans.ErrProof, badVRF)},
		},
	},
	{
		Name: "answers of a batch in each other's place", Operation: keytranstest.Batch,
		Gain: "erin's key counts as alice's",
		Make: func(w *World) *Directory {
			d := w.Serve(w.Log)
			d.EditRequest = func(request any) {
				if q, ok := request.(*keytrans.BatchRequest); ok {
					q.Queries[0], q.Queries[1] = q.Queries[1], q.Queries[0]
				}
			}
			return d
		},
		Notices: []Notice{{batcher(0, "alice", "erin"), Refused(keytrans.ErrProof, badVRF)}},
	},
	{
		Name: "answers of a batch out of two logs", Operation: keytranstest.Batch,
		Gain:    "a roster of which no log ever had all members",
		Make:    func(w *World) *Directory { return mixed(w, nil) },
		Notices: []Notice{{batcher(0, "alice", "erin"), Refused(keytrans.ErrProof, "is from another state of the log")}},
	},
	{
		Name: "answers of a batch out of two logs, under the same head", Operation: keytranstest.Batch,
		Gain: "a roster of which no log ever had all members",
		Make: func(w *World) *Directory {
			size := uint64(Size)
			return mixed(w, &size)
		},
		Notices: []Notice{{batcher(0, "alice", "erin"), Refused(keytrans.ErrProof, twoRoots)}},
	},
	{
		Name: "a value is said to be erased", Operation: keytranstest.Batch,
		Gain: "nothing: it is a claim without proof, and whoever gets it has no key",
		Make: func(w *World) *Directory {
			d := w.Serve(w.Log)
			d.EditResponse = func(response any) {
				if a, ok := response.(*keytrans.BatchAnswer); ok {
					*a = keytrans.BatchAnswer{Kind: keytrans.AnswerErased}
				}
			}
			return d
		},
		Notices: []Notice{{batcher(0, "alice", "erin"), Refused(errNoAnswer, "kind 3")}},
	},
}

// forgotten says that a label has no versions.
func forgotten(l *keytranstest.Label) { l.Versions = nil }

// mixed is a directory whose second answer in a batch is out of a fork, as if the
// user had advertised last.
func mixed(w *World, last *uint64) *Directory {
	fork := w.Serve(w.Change(17, keytranstest.Create("erin", "ghost")))
	q := &keytrans.SearchRequest{Last: last, Label: []byte("erin")}
	p := must(fork.Prover.Search(fork.State, fork.Label("erin"), q))
	d := w.Serve(w.Log)
	answers := 0
	d.EditResponse = func(response any) {
		if a, ok := response.(*keytrans.BatchAnswer); ok && answers%2 == 1 {
			*a = keytrans.BatchAnswer{Kind: keytrans.AnswerSearch, Search: p}
		}
		answers++
	}
	return d
}
