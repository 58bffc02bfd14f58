package keytrans

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans/internal/naive"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// credentialCodecs are those of what people exchange beside the log.
func credentialCodecs() []codec {
	out := []codec{
		{"DistinguishedHead", recoder(ParseDistinguishedHead, (*DistinguishedHead).Marshal),
			must((&DistinguishedHead{[]merkle.Hash{{1}, {2}}}).Marshal()), nil},
		{"CredentialUpdate", recoder(ParseCredentialUpdate, func(u *CredentialUpdate) ([]byte, error) { return u.Marshal(nil) }),
			must((&CredentialUpdate{codecProof()}).Marshal(nil)), nil},
		{"CredentialUpdateRequest", recoder(ParseCredentialUpdateRequest, (*CredentialUpdateRequest).Marshal),
			must((&CredentialUpdateRequest{[]byte("label"), 7, MonitorMapEntry{5, 1}, 9}).Marshal()), nil},
	}
	for _, cfg := range codecConfigurations() {
		p := must(cfg.Suite.params())
		c := &Credential{
			Label: []byte("label"), Version: 1, Opening: Opening{2}, Value: UpdateValue{Value: []byte("value")}, Position: 3,
			BinaryLadder: []BinaryLadderStep{{make([]byte, p.proofSize), &merkle.Hash{15}}, {make([]byte, p.proofSize), nil}},
		}
		commitment := 6 + 4 + OpeningSize + 4 + 5 + 1 + p.proofSize
		if cfg.Mode == ThirdPartyManagement {
			c.Value.Signature = []byte("s")
			commitment += 3
		}
		for _, c.Type = range []CredentialType{StandardCredential, ProvisionalCredential} {
			c.Distinguished, c.TreeHead, c.Search = codecProof().PrefixProofs[0], TreeHead{4, []byte("signature")}, codecProof()
			out = append(out, codec{fmt.Sprint("Credential/", cfg.Suite, cfg.Mode, c.Type), recoder(
				func(data []byte) (*Credential, error) { return ParseCredential(cfg, data) },
				func(c *Credential) ([]byte, error) { return c.Marshal(cfg) }), must(c.Marshal(cfg)), []int{commitment}})
		}
	}
	return out
}

// TestCredentialType checks that no other types are encoded or decoded.
func TestCredentialType(t *testing.T) {
	cfg := codecConfigurations()[0]
	c := &Credential{Type: StandardCredential}
	data := must(c.Marshal(cfg))
	at := len(data) - 1 - 3 // behind it is an empty prefix proof
	for b := range 256 {
		data[at] = byte(b)
		_, err := ParseCredential(cfg, data)
		if b != 1 && !errors.Is(err, ErrMalformed) || b == 1 && err != nil {
			t.Errorf("type %d: %v", b, err)
		}
	}
	for _, c.Type = range []CredentialType{0, 3, 255} {
		if _, err := c.Marshal(cfg); err == nil {
			t.Errorf("%v was encoded", c.Type)
		}
	}
}

func TestCompareHeads(t *testing.T) {
	list := func(s string) *DistinguishedHead {
		h := &DistinguishedHead{}
		for _, b := range []byte(s) {
			h.Heads = append(h.Heads, merkle.Hash{b})
		}
		return h
	}
	for _, c := range []struct {
		a, b   string
		common int
		err    error
	}{
		{"abcd", "abcd", 4, nil}, {"abcd", "bcde", 3, nil}, {"abcd", "defg", 1, nil}, {"a", "a", 1, nil},
		{"", "", 0, ErrHeadsLength}, {"", "a", 0, ErrHeadsLength}, {"ab", "abc", 0, ErrHeadsLength},
		{"abcd", "efgh", 0, ErrHeadsDisjoint}, {"a", "b", 0, ErrHeadsDisjoint},
		{"abcd", "abce", 0, ErrHeadsConflict}, {"abcd", "xbcd", 0, ErrHeadsConflict}, {"abcd", "bcxe", 0, ErrHeadsConflict},
		{"abcd", "axyz", 0, ErrHeadsConflict}, {"abcd", "badc", 0, ErrHeadsConflict}, {"abcd", "dcba", 1, nil},
	} {
		for range 2 {
			common, err := CompareHeads(list(c.a), list(c.b))
			if common != c.common || !errors.Is(err, c.err) {
				t.Errorf("%s and %s: %d, %v, want %d, %v", c.a, c.b, common, err, c.common, c.err)
			}
			c.a, c.b = c.b, c.a
		}
	}
}

// laterSize is when updates lead bob's version in entry 12 to entry 13, which is
// distinguished by then, in the longer worlds of these tests.
const laterSize = 20

func longerWorld() naive.World {
	n := tamperWorld(KT_128_SHA256_Ed25519).World
	for i := len(n.Timestamps); i < laterSize; i++ {
		n.Timestamps = append(n.Timestamps, 1_000_000+1000*uint64(i))
	}
	return n
}

// credentialWorlds are such worlds in every mode and suite.
func credentialWorlds() map[string]*world {
	n := longerWorld()
	out := map[string]*world{"P-256": suiteWorld(n, KT_128_SHA256_P256)}
	for _, mode := range []DeploymentMode{ContactMonitoring, ThirdPartyManagement, ThirdPartyAuditing} {
		out[fmt.Sprint("mode ", mode)] = newModeWorld(n, testVRFKey, mode)
	}
	return out
}

// credentialMaker makes credentials in the log of a world.
type credentialMaker struct {
	*credentialExplorer
	t testing.TB
}

func newMaker(t testing.TB, w *world) *credentialMaker {
	x := &explorer{world: w, expected: make(map[string]expected), roots: make(map[uint64]merkle.Hash)}
	x.verify, x.prove = rememberingVerifier(w), &Prover{Config: w.cfg}
	return &credentialMaker{&credentialExplorer{explorer: x}, t}
}

// make returns a credential that somebody makes who has seen n entries:
// a provisional one at the recent entry at pos, or a standard one if there is none.
func (x *credentialMaker) make(n uint64, pos *uint64, label string) *Credential {
	x.t.Helper()
	l := x.at(n)
	q := &SearchRequest{Label: []byte(label)}
	if pos != nil {
		base := *x.view(x.t, *pos+1)
		q.Last = base.Last()
		p := must(x.prove.Search(l, l.label(label), q))
		auditor := base.AuditorTreeHead
		base.Head.Signature, base.AuditorTreeHead = nil, nil
		c, _, err := x.verify.ProvisionalCredential(&base, auditor, q, p, l.now())
		fatalIfErr(x.t, err)
		return c
	}
	p := must(x.prove.Search(l, l.label(label), q))
	r, err := x.verify.Search(&View{}, q, p, l.now())
	fatalIfErr(x.t, err)
	c, err := NewStandardCredential(q.Label, r, p)
	fatalIfErr(x.t, err)
	return c
}

// credentialOutcome is everything that a credential gives.
type credentialOutcome struct {
	Result CredentialResult
	Final  bool
}

func (x *credentialMaker) tamperCases(recent Recent) []*tamperCase {
	var out []*tamperCase
	for _, c := range []*Credential{
		x.make(tamperSize, nil, "alice"), x.make(tamperSize, ptr(uint64(11)), "bob"), x.make(tamperSize, ptr(uint64(7)), "alice"),
	} {
		out = append(out, &tamperCase{
			name: fmt.Sprintf("%v credential of %s", c.Type, c.Label), response: c,
			marshal: func() ([]byte, error) { return c.Marshal(x.cfg) },
			verify: func(data []byte) (any, error) {
				c, err := ParseCredential(x.cfg, data)
				if err != nil {
					return nil, err
				}
				r, err := x.verify.Credential(recent, c)
				if err != nil {
					return nil, err
				}
				out := credentialOutcome{Result: *r}
				if r.Provisional != nil {
					out.Final, err = r.Provisional.Final(recent)
				}
				return out, err
			},
		})
	}
	return out
}

func (x *credentialMaker) updateCase(recent, later Recent, n uint64) *tamperCase {
	c := x.make(tamperSize-1, ptr(uint64(11)), "bob")
	r, err := x.verify.Credential(recent, c)
	fatalIfErr(x.t, err)
	q, err := r.Provisional.UpdateRequest(c.Label, later)
	fatalIfErr(x.t, err)
	l := x.at(n)
	u := must(x.prove.CredentialUpdate(l, l.label("bob"), q))
	return &tamperCase{
		name: "update", response: u,
		marshal: func() ([]byte, error) { return u.Marshal(x.cfg) },
		verify: func(data []byte) (any, error) {
			u, err := ParseCredentialUpdate(data)
			if err != nil {
				return nil, err
			}
			at, err := x.verify.CredentialUpdate(r.Provisional, later, u)
			return at, err
		},
	}
}

// TestTamperCredentials changes every byte and every element of credentials and
// of their updates.
func TestTamperCredentials(t *testing.T) {
	for name, w := range credentialWorlds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newMaker(t, w)
			recent := x.recentAt(t, tamperSize)
			for _, c := range append(x.tamperCases(recent), x.updateCase(recent, x.recentAt(t, laterSize), laterSize)) {
				data := c.prepare(t)
				for i := range data {
					tampered := bytes.Clone(data)
					tampered[i] = byteChanges[i%len(byteChanges)](data[i])
					if tampered[i] != data[i] {
						c.tryCredential(t, fmt.Sprintf("byte %d of %d", i, len(data)), tampered)
					}
					c.tryCredential(t, fmt.Sprintf("cut after %d of %d bytes", i, len(data)), data[:i])
				}
				(&elementTamperer{t, c}).visit("credential", reflect.ValueOf(c.response).Elem())
				t.Logf("%s: %d tampered", c.name, c.tried)
			}
		})
	}
}

// tryCredential is try with one more documented error.
func (c *tamperCase) tryCredential(t testing.TB, how string, data []byte) {
	t.Helper()
	if _, err := c.verify(data); errors.Is(err, ErrNotRecent) {
		c.tried++
		return
	}
	c.try(t, how, data)
}

// TestOtherCredentials checks what is refused although nobody tampered with it.
func TestOtherCredentials(t *testing.T) {
	w := newWorld(tamperWorld(KT_128_SHA256_Ed25519).World, testVRFKey)
	x := newMaker(t, w)
	recent := x.recentAt(t, tamperSize)
	refuse := func(what string, recent Recent, c *Credential, want error) {
		t.Helper()
		if _, err := x.verify.Credential(recent, c); !errors.Is(err, want) || errors.As(err, new(*Misbehaviour)) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	standard := *x.make(tamperSize, nil, "alice")
	refuse("expired", Recent{recent.At(7)}, &standard, ErrNotRecent)
	refuse("without any head", nil, &standard, ErrNotRecent)
	other := standard
	other.Label = []byte("bob")
	refuse("another's label", recent, &other, ErrProof)
	other = standard
	other.Position = 7
	refuse("another entry", recent, &other, ErrProof)
	other = standard
	other.Type = ProvisionalCredential
	refuse("standard as provisional", recent, &other, ErrProof)
	other.Type = 9
	refuse("of no type", recent, &other, ErrProof)

	provisional := *x.make(tamperSize, ptr(uint64(7)), "alice")
	other = provisional
	other.Type = StandardCredential
	refuse("provisional as standard", recent, &other, ErrProof)
	other = provisional
	other.TreeHead.TreeSize = provisional.Position + 1
	refuse("a head no larger than position", recent, &other, ErrProof)

	// Where the label's greatest version is in the rightmost distinguished entry.
	base := recent.At(11)
	q := &SearchRequest{Last: base.Last(), Label: []byte("alice")}
	p := must(x.prove.Search(x.at(tamperSize), x.at(tamperSize).label("alice"), q))
	other = Credential{
		Label: q.Label, Version: *p.Version, Opening: p.Opening, Value: p.Value, BinaryLadder: p.BinaryLadder,
		Position: 11, Type: ProvisionalCredential, TreeHead: *p.FullTreeHead.TreeHead, Search: p.Search,
	}
	refuse("provisional where standard was possible", recent, &other, ErrProof)
	if _, _, err := x.verify.ProvisionalCredential(base, nil, q, p, x.at(tamperSize).now()); !errors.Is(err, ErrNoCredential) {
		t.Errorf("making such a credential: %v", err)
	}
}

// TestCredentialUpdateRequests checks what the log does not answer.
func TestCredentialUpdateRequests(t *testing.T) {
	x := newMaker(t, newWorld(longerWorld(), testVRFKey))
	l := x.at(laterSize)
	good := CredentialUpdateRequest{Label: []byte("bob"), TreeSize: 13, Terminal: MonitorMapEntry{12, 0}, Distinguished: 13}
	bad := func(change func(q *CredentialUpdateRequest)) {
		t.Helper()
		q := good
		change(&q)
		if _, err := x.prove.CredentialUpdate(l, l.label("bob"), &q); !errors.Is(err, ErrRequest) {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if _, err := x.prove.CredentialUpdate(l, l.label("bob"), &good); err != nil {
		t.Errorf("%+v: %v", good, err)
	}
	for _, pos := range []uint64{0, 11, 12, 14, 18, 20, 1<<64 - 1} {
		bad(func(q *CredentialUpdateRequest) { q.Distinguished = pos })
	}
	for _, size := range []uint64{0, 11, 12, 15, 1<<64 - 1} {
		bad(func(q *CredentialUpdateRequest) { q.TreeSize = size })
	}
	for _, e := range []MonitorMapEntry{{12, 1}, {12, 9}, {13, 0}, {10, 0}, {1<<64 - 1, 0}} {
		bad(func(q *CredentialUpdateRequest) { q.Terminal = e })
	}
}

// TestCredentialOfUnsignedValue has a manager's log hold a value that the operator
// did not sign.
func TestCredentialOfUnsignedValue(t *testing.T) {
	n := naive.World{RMW: 3000, Timestamps: tamperWorld(KT_128_SHA256_Ed25519).Timestamps, Inserted: map[string][]uint64{"alice": {1}, "bob": {12}}}
	w := newModeWorld(n, fakeVRF{}, ThirdPartyManagement)
	x := newMaker(t, w)
	standard, provisional := x.make(tamperSize, nil, "alice"), x.make(tamperSize-1, ptr(uint64(11)), "bob")
	w = newModeWorld(n, fakeVRF{}, ThirdPartyManagement)
	w.cfg.LeafPublicKey = testSigningKey.Public() // not the key that signed
	x = newMaker(t, w)
	recent := x.recentAt(t, tamperSize)
	_, err := x.verify.Credential(recent, standard)
	expectMisbehaviour(t, err)
	provisional.TreeHead = x.at(provisional.TreeHead.TreeSize).head
	_, err = x.verify.Credential(recent, provisional)
	expectMisbehaviour(t, err)
	standard.Value.Signature = standard.Value.Signature[1:]
	_, err = x.verify.Credential(recent, standard)
	expectRefused(t, err, ErrProof)
}
