package client_test

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

func TestProve(t *testing.T) {
	w := witnessedWorld(t, "all")
	w.dir.Clock.Add(time.Minute)
	pos := w.insert("ab")
	w.dir.Tick(5, time.Second)
	policy := w.dir.Policy("all")
	for version, least := range map[*uint32]uint64{nil: pos, ptr[uint32](0): 0} {
		r, err := w.c.Prove(bg, alice, version)
		if err != nil {
			t.Fatal(err)
		}
		entry := w.dir.Entries()[r.LogEntry]
		if r.LogEntry < least || r.Lookup.LogEntry != r.LogEntry || r.Label != alice || r.Lookup.Witness == nil {
			t.Errorf("%+v", r)
		}
		p, err := client.VerifyProof(r.Proof, policy)
		if err != nil {
			t.Fatal(err)
		}
		if p.Origin != clienttest.Origin || p.Index != r.LogEntry || p.Size != w.dir.Size() || p.Quorum != "both-all" || len(p.Cosignatures) != 2 ||
			p.Time.UnixMilli() != int64(entry.Timestamp) || p.PrefixTree != hex.EncodeToString(entry.PrefixTree[:]) {
			t.Errorf("%+v", p)
		}
		if c := p.Cosignatures[1]; c.Witness != clienttest.Witness2 || time.Since(c.Time) > time.Minute {
			t.Errorf("%+v", c)
		}
		raw, err := checkpoint.ParseProof(r.Proof)
		if err != nil || !bytes.Equal(raw.Extra, entry.Marshal()) {
			t.Errorf("%+v, %v", raw, err)
		}
	}
	// A first lookup that is a proof is a lookup: the label is a contact.
	if contacts, _, err := w.c.Contacts(bg); err != nil || len(contacts) != 1 {
		t.Errorf("%q, %v", contacts, err)
	}
}

func TestNothingToProve(t *testing.T) {
	w := freshWorld(t)
	w.dir.ShowLog(w.dir.Size())
	pos := w.insert("ab")
	_, err := w.c.Prove(bg, alice, nil)
	e := wantKind(t, err, client.Undecided, "the witnesses have not seen log entry 4 yet")
	if !strings.Contains(e.Hint, "--wait-witnessed") || pos != 4 {
		t.Errorf("%q", e.Hint)
	}
	_, err = w.c.Prove(bg, "bob@example.org", nil)
	wantKind(t, err, client.Absent, "no version of the label")
	_, err = w.c.Prove(bg, "", nil)
	wantKind(t, err, client.Usage, "label")
	// An older version is in an entry that they have seen.
	if _, err := w.c.Prove(bg, alice, ptr[uint32](0)); err != nil {
		t.Error(err)
	}
}

// TestProofTampering damages each byte of a proof: it is refused, or means the
// same.
func TestProofTampering(t *testing.T) {
	w := witnessedWorld(t, "any")
	policy := w.dir.Policy("any")
	r, err := w.c.Prove(bg, alice, nil)
	if err != nil {
		t.Fatal(err)
	}
	good, err := client.VerifyProof(r.Proof, policy)
	if err != nil {
		t.Fatal(err)
	}
	same := 0
	for i := range r.Proof {
		for _, flip := range []byte{1, 0x20, 0x80} {
			bad := bytes.Clone(r.Proof)
			bad[i] ^= flip
			got, err := client.VerifyProof(bad, policy)
			if err != nil {
				if got != nil {
					t.Fatalf("byte %d: %+v with an error", i, got)
				}
				wantKind(t, err, client.Undecided, "verifying the proof")
				continue
			}
			same++
			if got.Origin != good.Origin || got.Index != good.Index || got.Size != good.Size || got.Time != good.Time || got.PrefixTree != good.PrefixTree || len(got.Cosignatures) == 0 {
				t.Fatalf("byte %d: %+v", i, got)
			}
		}
	}
	// Only the names and key IDs of cosignatures can be damaged without harm.
	if same > 3*60 {
		t.Errorf("%d damaged proofs were accepted", same)
	}
	t.Logf("%d damaged proofs verify to the same", same)
}

func TestProofRefused(t *testing.T) {
	w := witnessedWorld(t, "all")
	r, err := w.c.Prove(bg, alice, nil)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := checkpoint.ParseProof(r.Proof)
	if err != nil {
		t.Fatal(err)
	}
	edit := func(change func(*checkpoint.Proof)) []byte {
		p := *parsed
		change(&p)
		return p.Marshal()
	}
	policy := w.dir.Policy("all")
	stranger := clienttest.New()
	for name, c := range map[string]struct {
		proof, policy []byte
		kind          client.Kind
		text          string
	}{
		"no policy":        {r.Proof, nil, client.Usage, "no quorum line"},
		"no proof":         {nil, policy, client.Undecided, "malformed proof"},
		"no entry":         {edit(func(p *checkpoint.Proof) { p.Extra = nil }), policy, client.Undecided, "not a log entry"},
		"long entry":       {edit(func(p *checkpoint.Proof) { p.Extra = make([]byte, 41) }), policy, client.Undecided, "not a log entry"},
		"other entry":      {edit(func(p *checkpoint.Proof) { p.Extra = make([]byte, 40) }), policy, client.Undecided, "does not verify"},
		"other index":      {edit(func(p *checkpoint.Proof) { p.Index-- }), policy, client.Undecided, "does not verify"},
		"beyond the log":   {edit(func(p *checkpoint.Proof) { p.Index = 1 << 20 }), policy, client.Undecided, "is not in a log of"},
		"fewer hashes":     {edit(func(p *checkpoint.Proof) { p.Hashes = p.Hashes[1:] }), policy, client.Undecided, "does not verify"},
		"no log signature": {edit(func(p *checkpoint.Proof) { p.Note = withoutLogSignature(p.Note) }), policy, client.Undecided, "no log of the policy"},
		"no quorum": {edit(func(p *checkpoint.Proof) {
			w.dir.Sleep(both[:1]...)
			p.Note = w.dir.Checkpoint()
		}), policy, client.Undecided, "too few"},
		"another directory": {r.Proof, stranger.Policy("all"), client.Undecided, "no log of the policy"},
		"trailing data":     {append(bytes.Clone(r.Proof), "x"...), policy, client.Undecided, ""},
	} {
		got, err := client.VerifyProof(c.proof, c.policy)
		wantKind(t, err, c.kind, c.text)
		if got != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
