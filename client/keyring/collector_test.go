package keyring

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

func collect(t testing.TB, results ...Result) []Entry {
	t.Helper()
	c := NewCollector(Options{Now: now})
	for _, r := range results {
		c.Add(r)
	}
	entries, skipped := c.Entries()
	if len(skipped) != 0 {
		t.Errorf("skipped %v", skipped)
	}
	return entries
}

// TestCollectorMerges brings an old and a new state of a certificate together.
func TestCollectorMerges(t *testing.T) {
	e := newCert(t, nil, "a@example.org")
	old := serialize(t, e)
	fatalIfErr(t, e.AddEncryptionSubkey(at(birth.Add(time.Hour))))
	withSubkey := serialize(t, e)
	alone, err := openpgp.ReadEntity(packet.NewReader(bytes.NewReader(old)))
	fatalIfErr(t, err)
	id := identity(t, alone, "@")
	sig := newSig(packet.SigTypePositiveCert, e, at(birth.AddDate(0, 2, 0)))
	life := uint32(10 * 365 * 86400)
	sig.KeyLifetimeSecs = &life
	fatalIfErr(t, sig.SignUserId(id.Name, e.PrimaryKey, e.PrivateKey, at(birth)))
	id.SelfCertifications = append(id.SelfCertifications, packet.NewVerifiableSig(sig))
	resigned := serialize(t, alone)

	res := []Result{mustRead(t, old, Options{}), mustRead(t, withSubkey, Options{}), mustRead(t, resigned, Options{})}
	var want []byte
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1, 0, 2}} {
		var in []Result
		for _, i := range order {
			in = append(in, res[i])
		}
		entries := collect(t, in...)
		got := encode(t, entries)
		if want == nil {
			want = got
		}
		if !bytes.Equal(got, want) {
			t.Errorf("order %v gives other bytes", order)
		}
		m := readEntity(t, onlyKey(t, Result{Entries: entries}, "a@example.org"))
		self, err := m.VerifyPrimaryKey(now, nil)
		fatalIfErr(t, err)
		if len(m.Subkeys) != 2 || self.KeyLifetimeSecs == nil {
			t.Errorf("order %v: %d subkeys, lifetime %v", order, len(m.Subkeys), self.KeyLifetimeSecs)
		}
	}
}

func TestCollectorRevoked(t *testing.T) {
	e, other := newCert(t, nil, "a@example.org", "b@example.org"), newCert(t, nil, "b@example.org")
	before := mustRead(t, serialize(t, e, other), Options{})
	checkLabels(t, "before", before, "a@example.org=1 b@example.org=2")
	fatalIfErr(t, e.Revoke(packet.KeyCompromised, "", at(birth)))
	after := mustRead(t, serialize(t, e), Options{})
	for _, in := range [][]Result{{before, after}, {after, before}} {
		if got := listed(collect(t, in...)); got != "b@example.org=1" {
			t.Errorf("labels %s", got)
		}
	}
	// Within one file, too.
	alive := before.Entries[0].Set.Keys[0].Data
	checkLabels(t, "one file", mustRead(t, append(serialize(t, e), alive...), Options{}), "")
}

func TestCollectorNames(t *testing.T) {
	line, _ := sshLine(t, nil, "")
	var in []Result
	for _, name := range []string{"", "phone", "laptop"} {
		in = append(in, mustRead(t, []byte(line+name+"\n"), Options{Label: "x"}))
	}
	for range 3 {
		if k := onlyKey(t, Result{Entries: collect(t, in...)}, "x"); k.Name != "laptop" {
			t.Errorf("name %q", k.Name)
		}
		in = append(in[1:], in[0])
	}
}

func TestSetLimits(t *testing.T) {
	var file strings.Builder
	for range 40 {
		line, _ := sshLine(t, nil, "")
		file.WriteString(line + "\n")
	}
	res := mustRead(t, []byte(file.String()), Options{Label: "x", MaxSetBytes: 2000})
	checkLabels(t, "too large", res, "")
	checkSkipped(t, "too large", res, "at most 2000")
	if res.Skipped[0].Item != "label x" || res.Skipped[0].Source != "ring" {
		t.Errorf("skipped %v", res.Skipped)
	}
}

func TestCleanName(t *testing.T) {
	for in, want := range map[string]string{
		" laptop ":                "laptop",
		"a\x1b[2Jb":               "",
		"\xff":                    "",
		strings.Repeat("é", 200):  strings.Repeat("é", 127),
		strings.Repeat("x", 1000): strings.Repeat("x", 255),
	} {
		if got := cleanName(in); got != want {
			t.Errorf("%q becomes %q", in, got)
		}
	}
}

// TestSkippedOrder checks that reports come in the order of the file.
func TestSkippedOrder(t *testing.T) {
	var ring []byte
	for range 30 {
		ring = append(ring, serialize(t, newCert(t, shortLived(), "a@example.org"))...)
	}
	res := mustRead(t, ring, Options{Workers: 4})
	for i, s := range res.Skipped {
		if !strings.HasPrefix(s.Item, fmt.Sprintf("certificate %d (", i+1)) {
			t.Errorf("item %d is %s", i, s.Item)
		}
	}
	again := mustRead(t, ring, Options{Workers: 1})
	if !slices.Equal(res.Skipped, again.Skipped) {
		t.Error("another report with one worker")
	}
}
