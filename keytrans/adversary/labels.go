package adversary

import (
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// labelAttacks lie about a label's search keys, commitments and values, in answers
// out of an honest log.
var labelAttacks = []Attack{
	{
		Name: "search keys proven with another VRF key", Operation: keytranstest.Search,
		Gain: "a second search key for a version, where the directory can have another value",
		Make: func(w *World) *Directory {
			other := keytranstest.New(keytranstest.Options{Suite: w.Log.Config.Suite, Mode: w.Log.Config.Mode, Seed: "another"})
			d := w.Serve(w.Log)
			for label := range created {
				d.Says(label, func(l *keytranstest.Label) { l.Prove = other.Label(label) })
			}
			return d
		},
		Notices: []Notice{
			{searcher(0, "alice"), Refused(keytrans.ErrProof, badVRF)},
			{fixed(10, "alice", 2), Refused(keytrans.ErrProof, badVRF)},
			{newOwner(10, "alice", 15), Refused(keytrans.ErrProof, badVRF)},
			{learner(10, "dave"), Refused(keytrans.ErrProof, badVRF)},
		},
	},
	{
		Name: "search keys of two versions in each other's place", Operation: keytranstest.Search,
		Gain: "a version that does not exist counts as one that does",
		Make: ladders(func(steps []keytrans.BinaryLadderStep) {
			steps[0].Proof, steps[1].Proof = steps[1].Proof, steps[0].Proof
		}),
		Notices: []Notice{
			{searcher(0, "alice"), Refused(keytrans.ErrProof, badVRF)},
			{fixed(10, "alice", 2), Refused(keytrans.ErrProof, badVRF)},
			{newOwner(10, "alice", 15), Refused(keytrans.ErrProof, badVRF)},
			{learner(10, "dave"), Refused(keytrans.ErrProof, badVRF)},
		},
	},
	{
		Name: "another label's answer", Operation: keytranstest.Search,
		Gain: "erin's key counts as everybody's",
		Make: func(w *World) *Directory {
			d := w.Serve(w.Log)
			d.EditRequest = func(request any) {
				switch q := request.(type) {
				case *keytrans.SearchRequest:
					q.Label = []byte("erin")
				case *keytrans.OwnerInitRequest:
					q.Label = []byte("erin")
				case *keytrans.UpdateRequest:
					q.Label = []byte("alice")
				}
			}
			return d
		},
		Notices: []Notice{
			{searcher(0, "alice"), Refused(keytrans.ErrProof, badVRF)},
			{fixed(10, "dave", 0), Refused(keytrans.ErrProof, badVRF)},
			{newOwner(10, "alice", 15), Refused(keytrans.ErrProof, badVRF)},
			{learner(10, "dave"), Refused(keytrans.ErrProof, "not to the right of")},
		},
	},
	{
		Name: "another label's proof", Operation: keytranstest.ContactMonitor,
		Gain: "what was removed counts as being there",
		Make: func(w *World) *Directory {
			d := w.Serve(w.Log)
			for label := range created {
				d.Says(label, func(l *keytranstest.Label) { l.Name = []byte("somebody") })
			}
			return d
		},
		Notices: []Notice{
			{searcher(0, "alice"), Refused(keytrans.ErrProof, badVRF)},
			{contact(9, "bob"), OtherRoot},
			{owner(10, "alice"), OtherRoot},
			{newOwner(10, "alice", 15), Refused(keytrans.ErrProof, badVRF)},
		},
	},
	{
		Name: "another version's answer", Operation: keytranstest.Search,
		Gain: "an older key counts as the one that was asked for",
		Make: func(w *World) *Directory {
			d := w.Serve(w.Log)
			d.EditRequest = func(request any) {
				if q, ok := request.(*keytrans.SearchRequest); ok && q.Version != nil {
					*q.Version--
				}
			}
			return d
		},
		Notices: []Notice{
			{fixed(0, "alice", 3), Refused(keytrans.ErrProof, "4 binary ladder steps for 6 versions")},
			{fixed(10, "alice", 4), Refused(keytrans.ErrProof, "a commitment was provided for version 4")},
			{fixed(10, "bob", 1), Refused(keytrans.ErrProof, "2 binary ladder steps for 4 versions")},
		},
	},
	{
		Name: "an older version claimed to be the greatest", Operation: keytranstest.Search,
		Gain: "alice's contacts use a key that she replaced",
		Make: func(w *World) *Directory { return w.Serve(w.Log).Upto("alice", 3).Upto("carol", 0).Upto("bob", 1) },
		Notices: []Notice{
			{searcher(0, "alice"), Refused(keytrans.ErrProof, "the commitment to version 4 is not known")},
			{searcher(Size, "alice"), Refused(keytrans.ErrProof, "the commitment to version 4 is not known")},
			{searcher(17, "carol"), Refused(keytrans.ErrProof, "the commitment to version 1 is not known")},
			{newOwner(0, "alice", 15), Refused(keytrans.ErrProof, "the commitment to version 4 is not known")},
			{newOwner(0, "bob", 15), Refused(keytrans.ErrProof, "the commitment to version 2 is not known")},
		},
	},
	{
		Name: "an older version claimed to be the greatest, with the commitments to later ones", Operation: keytranstest.Search,
		Gain: "alice's contacts use a key that she replaced",
		Make: func(w *World) *Directory {
			greatest := w.Log.Label("alice").Versions[4].Commitment
			d := w.Serve(w.Log).Upto("alice", 3)
			d.EditResponse = func(response any) {
				switch p := response.(type) {
				case *keytrans.SearchResponse:
					p.BinaryLadder[len(p.BinaryLadder)-1].Commitment = &greatest
				case *keytrans.OwnerInitResponse:
					p.BinaryLadder[len(p.BinaryLadder)-2].Commitment = &greatest
				}
			}
			return d
		},
		Notices: []Notice{
			{searcher(0, "alice"), Refused(keytrans.ErrProof, "a commitment was provided for version")},
			{newOwner(0, "alice", 15), Refused(keytrans.ErrProof, "a commitment was provided for version")},
		},
	},
	{
		Name: "a version claimed that does not exist", Operation: keytranstest.Search,
		Gain: "everybody uses the directory's key as alice's, and it is in no log",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log).Says("alice", func(l *keytranstest.Label) {
				l.Versions = append(l.Versions, w.Log.NewVersion("alice", 5, 17, "ghost"))
			})
		},
		Notices: []Notice{
			{searcher(0, "alice"), Refused(keytrans.ErrProof, "lacks the claimed greatest version 5")},
			{searcher(Size, "alice"), Refused(keytrans.ErrProof, "lacks the claimed greatest version 5")},
			{asker(10, "alice"), Refused(keytrans.ErrProof, "the greatest version in entry 17 is not 5")},
			{newOwner(0, "alice", 15), Unnoticed}, // it is said to be newer than that
		},
	},
	{
		Name: "a label said to have no versions", Operation: keytranstest.OwnerInit,
		Gain: "the new owner believes that there are no keys but the owner's",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log).Says("alice", func(l *keytranstest.Label) { l.Versions = nil })
		},
		Notices: []Notice{
			{newOwner(0, "alice", 15), Refused(keytrans.ErrProof, "the commitment to version 0 is not known")},
			{searcher(0, "alice"), Refused(errNoAnswer, "does not exist")},
		},
	},
	{
		Name: "greatest versions that rise from right to left", Operation: keytranstest.OwnerInit,
		Gain: "a version that was removed again counts as history",
		Make: func(w *World) *Directory {
			d := w.Serve(w.Log)
			d.EditResponse = func(response any) {
				if p, ok := response.(*keytrans.OwnerInitResponse); ok {
					p.GreatestVersions[1]++
				}
			}
			return d
		},
		Notices: []Notice{{newOwner(0, "carol", 11), Refused(keytrans.ErrProof, "the greatest versions rise")}},
	},
	{
		Name: "another value than was committed to", Operation: keytranstest.Search,
		Gain: "one contact uses the directory's key as alice's",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log).Says("alice", func(l *keytranstest.Label) { l.Versions[4].Value = w.Log.NewVersion("alice", 4, 6, "ghost").Value })
		},
		Notices: []Notice{
			{searcher(0, "alice"), OtherRoot},
			{searcher(Size, "alice"), OtherRoot},
			{fixed(10, "alice", 4), OtherRoot},
			{owner(10, "alice"), Unnoticed}, // owners are shown no values
		},
	},
	{
		Name: "another opening than the one of the commitment", Operation: keytranstest.Search,
		Gain: "a commitment that opens to two values",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log).Says("alice", func(l *keytranstest.Label) { l.Versions[4].Opening[0] ^= 1 })
		},
		Notices: []Notice{
			{searcher(0, "alice"), OtherRoot},
			{fixed(10, "alice", 4), OtherRoot},
		},
	},
	{
		Name: "another commitment than the log has", Operation: keytranstest.OwnerInit,
		Gain: "the owner takes an honest log for a dishonest one later",
		Make: func(w *World) *Directory {
			return w.Serve(w.Log).Says("alice", func(l *keytranstest.Label) { l.Versions[3].Commitment = merkle.Hash{1} })
		},
		Notices: []Notice{
			{newOwner(0, "alice", 15), OtherRoot},
			{searcher(0, "alice"), OtherRoot},
		},
	},
	{
		Name: "a step of the binary ladder too many", Gain: ambiguous,
		Make: func(w *World) *Directory {
			return w.Serve(w.Log).editLadders(func(s []keytrans.BinaryLadderStep) []keytrans.BinaryLadderStep { return append(s, s[0]) })
		},
		Notices: []Notice{
			{searcher(0, "alice"), Refused(keytrans.ErrProof, "binary ladder steps for")},
			{fixed(10, "alice", 2), Refused(keytrans.ErrProof, "binary ladder steps for")},
			{newOwner(10, "alice", 15), Refused(keytrans.ErrProof, "binary ladder steps for")},
			{learner(10, "dave"), Refused(keytrans.ErrProof, "binary ladder steps for")},
		},
	},
}

// badVRF is what is said of a VRF proof that does not verify.
const badVRF = "search key of version"

func ladders(change func(steps []keytrans.BinaryLadderStep)) func(w *World) *Directory {
	return func(w *World) *Directory {
		return w.Serve(w.Log).editLadders(func(s []keytrans.BinaryLadderStep) []keytrans.BinaryLadderStep {
			change(s)
			return s
		})
	}
}
