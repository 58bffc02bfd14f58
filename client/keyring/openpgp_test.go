package keyring

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/label"
)

func forPackets(t testing.TB, data []byte, f func(pkt)) {
	t.Helper()
	p := &packetReader{r: bufio.NewReader(bytes.NewReader(data))}
	for {
		k, err := p.next()
		if errors.Is(err, io.EOF) {
			return
		}
		fatalIfErr(t, err)
		f(k)
	}
}

// rewrite copies a ring packet by packet, through f.
func rewrite(t testing.TB, data []byte, f func(pkt) []byte) []byte {
	var out []byte
	forPackets(t, data, func(k pkt) { out = append(out, f(k)...) })
	return out
}

func TestOneLabelPerAddress(t *testing.T) {
	for name, config := range map[string]*packet.Config{
		"EdDSA": nil,
		"RSA":   {Algorithm: packet.PubKeyAlgoRSA, RSABits: 2048, Time: at(birth).Time},
		"v6":    {V6Keys: true, Algorithm: packet.PubKeyAlgoEd25519, Time: at(birth).Time},
	} {
		e := newCert(t, config, "Alice@Example.ORG", "a@example.com", "alice@b.example")
		other := newCert(t, nil, "bob@example.org")
		for id := range e.Identities {
			fatalIfErr(t, e.SignIdentity(id, other, at(birth.AddDate(0, 1, 0))))
		}
		photo := frame(nil, tagUserAttribute, []byte("\x05\x01aaaa"))
		res := mustRead(t, append(serialize(t, e), photo...), Options{})
		checkLabels(t, name, res, "a@example.com=1 alice@b.example=1 alice@example.org=1")
		if res.Items != 1 || res.UserIDs != 3 || len(res.Skipped) != 0 {
			t.Errorf("%s: %d items, %d user ids, skipped %v", name, res.Items, res.UserIDs, res.Skipped)
		}
		for _, entry := range res.Entries {
			k := entry.Set.Keys[0]
			want := "6 13 2 14 2"
			if name == "v6" {
				want = "6 2 13 2 14 2"
			}
			if got := tags(t, k.Data); got != want {
				t.Errorf("%s: packets %s, want %s", name, got, want)
			}
			m := readEntity(t, k)
			if k.Fingerprint() != fmt.Sprintf("%X", e.PrimaryKey.Fingerprint) || k.Name != "" {
				t.Errorf("%s: key %s", name, k.Describe())
			}
			if len(m.Identities) != 1 || !strings.EqualFold(identity(t, m, "@").UserId.Email, entry.Label) {
				t.Errorf("%s: label %s has user ids %v", name, entry.Label, m.Identities)
			}
			if _, ok := m.EncryptionKey(now, nil); !ok {
				t.Errorf("%s: no encryption key is left", name)
			}
			gpgShows(t, k, name)
		}
	}
}

// gpgShows checks that GnuPG reads the certificate and sees the same key.
func gpgShows(t *testing.T, k keyset.Key, name string) {
	t.Helper()
	gpg, err := exec.LookPath("gpg")
	if err != nil {
		t.Log("gpg is not installed: its reading of minimised certificates was not checked")
		return
	}
	if name == "v6" {
		return // GnuPG does not implement RFC 9580
	}
	cmd := exec.Command(gpg, "--homedir", t.TempDir(), "--batch", "--with-colons", "--show-keys")
	cmd.Stdin = bytes.NewReader(k.Data)
	out, err := cmd.Output()
	if err != nil || !strings.Contains(string(out), ":"+k.Fingerprint()+":") {
		t.Errorf("%s: gpg --show-keys: %v\n%s", name, err, out)
	}
}

func TestUserIDs(t *testing.T) {
	long := strings.Repeat("l", 250) + "@example.org"
	for id, want := range map[string]struct{ label, reason string }{
		"carol@example.org":                           {"carol@example.org", ""},
		"<Carol@Example.org>":                         {"carol@example.org", ""},
		"Carol (work) <carol@example.org>":            {"carol@example.org", ""},
		"C <carol@example.org> (old)":                 {"carol@example.org", ""},
		"Carol":                                       {"", "no e-mail address"},
		"":                                            {"", "no e-mail address"},
		"Carol <carol>":                               {"", "no e-mail address"},
		"Carol <carol@laptop>":                        {"", "no e-mail address"},
		"Carol <@example.org>":                        {"", "no e-mail address"},
		"Carol <carol@.org>":                          {"", "no e-mail address"},
		"Carol <ca rol@example.org>":                  {"", "no e-mail address"},
		"Carol <a@b@example.org>":                     {"", "no e-mail address"},
		"Carol <carol@example.org":                    {"", "unbalanced"},
		"Carol carol@example.org>":                    {"", "unbalanced"},
		"C <carol@example.org> <mallory@example.org>": {"", "more than one address"},
		"C <carol@example.org> mallory@example.org":   {"", "more than one address"},
		"C <carol\u202e@example.org>":                 {"", "control characters"},
		"C <carol@exam\nple.org>":                     {"", "no e-mail address"},
		"C <\xff@example.org>":                        {"", "no e-mail address"},
		"C <" + long + ">":                            {"", "262 bytes, at most 255"},
	} {
		label, reason := userIDAddress(id)
		if label != want.label || !strings.Contains(reason, want.reason) || (reason == "") != (want.reason == "") {
			t.Errorf("%q: label %q, reason %q, want %v", id, label, reason, want)
		}
	}
}

func TestSkippedUserIDs(t *testing.T) {
	e := newCert(t, nil, "one@example.org", "gone@example.org", "back@example.org")
	addUserID(t, e, "No Address", at(birth))
	addUserID(t, e, "Other Name <one@example.org>", at(birth.Add(time.Hour)))
	revokeUserID(t, e, "gone@example.org", birth.Add(time.Hour))
	revokeUserID(t, e, "back@example.org", birth.Add(-time.Hour)) // before its certification
	res := mustRead(t, serialize(t, e), Options{})
	checkLabels(t, "user ids", res, "back@example.org=1 one@example.org=1")
	count := map[string]int{}
	for _, s := range res.Skipped {
		count[s.Reason]++
		if !strings.Contains(s.Item, "certificate 1 (") || !strings.Contains(s.Item, ", user id ") {
			t.Errorf("item %q", s.Item)
		}
		if strings.ContainsAny(s.String(), "@<") {
			t.Errorf("a report quotes a user id: %s", s)
		}
	}
	if count[reasonRevoked] != 1 || count[reasonDuplicate] != 1 || count["the user id has no e-mail address"] != 1 || len(res.Skipped) != 3 {
		t.Errorf("skipped %v", res.Skipped)
	}
	if id := identity(t, readEntity(t, onlyKey(t, res, "one@example.org")), "@"); id.UserId.Name != "Some Body" {
		t.Errorf("kept %q, not the primary one", id.Name) // the library marks the first as primary
	}
}

// TestForged changes a signature, moves a user id to another certificate and
// binds a stranger's subkey.
func TestForged(t *testing.T) {
	alice, mallory := newCert(t, nil, "alice@example.org"), newCert(t, nil, "mallory@example.org")
	ring := serialize(t, alice)
	n := 0
	broken := rewrite(t, ring, func(k pkt) []byte {
		if k.tag == tagSignature && n == 0 {
			k.body[len(k.body)-1] ^= 1
			n++
		}
		return frame(nil, k.tag, k.body)
	})
	res := mustRead(t, broken, Options{})
	checkLabels(t, "broken self-signature", res, "")
	checkSkipped(t, "broken self-signature", res, reasonNoSelfSig)

	// Mallory's certificate, then Alice's user id with Alice's signature.
	foreign := serialize(t, mallory)
	foreign = append(foreign, rewrite(t, ring, func(k pkt) []byte {
		if k.tag == tagPublicKey || k.tag == tagPublicSubkey {
			return nil
		}
		return frame(nil, k.tag, k.body)
	})...)
	res = mustRead(t, foreign, Options{})
	checkLabels(t, "stolen user id", res, "mallory@example.org=1")
	checkSkipped(t, "stolen user id", res, reasonNoSelfSig)

	var sub []byte // Mallory's subkey and its binding after Alice's certificate
	seen := false
	forPackets(t, serialize(t, mallory), func(k pkt) {
		if seen = seen || k.tag == tagPublicSubkey; seen {
			sub = frame(sub, k.tag, k.body)
		}
	})
	res = mustRead(t, append(bytes.Clone(ring), sub...), Options{})
	if m := readEntity(t, onlyKey(t, res, "alice@example.org")); len(m.Subkeys) != 1 {
		t.Errorf("%d subkeys: a stranger's was taken in", len(m.Subkeys))
	}
	if !bytes.Equal(encode(t, res.Entries), encode(t, mustRead(t, ring, Options{}).Entries)) {
		t.Error("a stranger's subkey changed the set")
	}
}

// TestMalleable adds to the unhashed areas, reorders and repeats packets: the
// set stays the same, to the byte.
func TestMalleable(t *testing.T) {
	e := newCert(t, nil, "alice@example.org", "a@example.com")
	fatalIfErr(t, e.AddSigningSubkey(at(birth)))
	ring := serialize(t, e)
	want := encode(t, mustRead(t, ring, Options{}).Entries)
	junk := rewrite(t, ring, func(k pkt) []byte {
		if k.tag != tagSignature {
			return frame(nil, k.tag, k.body)
		}
		l, err := parseLayout(k.body)
		fatalIfErr(t, err)
		l.unhashed = append(append([]byte{}, l.unhashed...), 5, 100, 'j', 'u', 'n', 'k')
		return frame(nil, k.tag, l.encode())
	})
	old := rewrite(t, ring, func(k pkt) []byte { // old framing, four-octet lengths
		n := len(k.body)
		return append([]byte{0x80 | k.tag<<2 | 2, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, k.body...)
	})
	marked := rewrite(t, ring, func(k pkt) []byte {
		out := frame(frame(nil, k.tag, k.body), tagTrust, []byte{6, 0})
		if k.tag == tagSignature { // not between a user id and its signature
			out = frame(out, 60, []byte("private"))
		}
		return out
	})
	for name, data := range map[string][]byte{
		"junk in unhashed areas": junk, "old framing": old, "trust packets": marked,
		"serialised again": serialize(t, e), "twice": append(bytes.Clone(ring), junk...),
		"armored": []byte(armored(armorPublic, ring)),
	} {
		res := mustRead(t, data, Options{})
		if got := encode(t, res.Entries); !bytes.Equal(got, want) {
			t.Errorf("%s: other bytes", name)
		}
	}
}

func TestTimes(t *testing.T) {
	short := shortLived()
	expired, later := newCert(t, short, "old@example.org"), newCert(t, at(now.AddDate(1, 0, 0)), "later@example.org")
	res := mustRead(t, serialize(t, expired), Options{})
	checkLabels(t, "expired", res, "")
	checkSkipped(t, "expired", res, reasonExpired)
	res = mustRead(t, serialize(t, expired), Options{Expired: true})
	checkLabels(t, "expired, wanted", res, "old@example.org=1")
	res = mustRead(t, serialize(t, expired), Options{Now: birth.Add(time.Hour)})
	checkLabels(t, "before it expired", res, "old@example.org=1")
	for _, opt := range []Options{{}, {Expired: true}} {
		res = mustRead(t, serialize(t, later), opt)
		checkLabels(t, "future", res, "")
		checkSkipped(t, "future", res, reasonNoSelfSig)
	}
	// The primary user id says expired; another one's older signature does not.
	two := newCert(t, short, "primary@example.org")
	addUserID(t, two, "S <second@example.org>", at(birth))
	checkLabels(t, "one user id without a date", mustRead(t, serialize(t, two), Options{}), "")
	// A user id whose own signature says expired, in a living certificate.
	two = newCert(t, nil, "primary@example.org")
	fatalIfErr(t, two.AddUserId("S", "", "second@example.org", short))
	res = mustRead(t, serialize(t, two), Options{})
	checkLabels(t, "one user id expired", res, "primary@example.org=1")
	checkSkipped(t, "one user id expired", res, reasonExpired)
}

func TestRevokedCertificate(t *testing.T) {
	for _, reason := range []packet.ReasonForRevocation{packet.NoReason, packet.KeyCompromised, packet.KeyRetired} {
		e := newCert(t, nil, "alice@example.org")
		fatalIfErr(t, e.Revoke(reason, "", at(birth.AddDate(0, 1, 0))))
		for _, opt := range []Options{{}, {Expired: true}, {Label: "x"}} {
			res := mustRead(t, serialize(t, e), opt)
			checkLabels(t, "revoked", res, "")
			checkSkipped(t, "revoked", res, reasonRevoked)
			if len(res.Revoked) != 1 || res.Revoked[0] != fmt.Sprintf("%X", e.PrimaryKey.Fingerprint) {
				t.Errorf("revoked: %v", res.Revoked)
			}
		}
	}
	// Somebody else's revocation is nothing.
	e, other := newCert(t, nil, "alice@example.org"), newCert(t, nil, "mallory@example.org")
	fatalIfErr(t, other.Revoke(packet.KeyCompromised, "", at(birth)))
	e.Revocations = other.Revocations
	checkLabels(t, "revoked by another", mustRead(t, serialize(t, e), Options{}), "alice@example.org=1")
}

func TestRevokedSubkey(t *testing.T) {
	e := newCert(t, nil, "alice@example.org")
	fatalIfErr(t, e.AddEncryptionSubkey(at(birth.Add(time.Hour))))
	fatalIfErr(t, e.Subkeys[0].Revoke(packet.KeyCompromised, "", at(birth.AddDate(0, 1, 0))))
	m := readEntity(t, onlyKey(t, mustRead(t, serialize(t, e), Options{}), "alice@example.org"))
	revoked := 0
	for _, s := range m.Subkeys {
		if _, err := s.Verify(now, nil); err != nil {
			revoked++
		}
	}
	if len(m.Subkeys) != 2 || revoked != 1 {
		t.Errorf("%d subkeys, %d revoked, want 2 and 1", len(m.Subkeys), revoked)
	}
}

func TestLabelOption(t *testing.T) {
	e := newCert(t, nil, "one@example.org", "two@example.org")
	res := mustRead(t, serialize(t, e), Options{Label: "Two@Example.org"})
	checkLabels(t, "one of its addresses", res, "two@example.org=1")
	if id := identity(t, readEntity(t, onlyKey(t, res, "two@example.org")), "@"); id.UserId.Email != "two@example.org" {
		t.Errorf("kept %s", id.Name)
	}
	res = mustRead(t, serialize(t, e), Options{Label: " Somebody "})
	checkLabels(t, "another label", res, "Somebody=1")
	if id := identity(t, readEntity(t, onlyKey(t, res, "Somebody")), "@"); id.UserId.Email != "one@example.org" {
		t.Errorf("kept %s, not the primary", id.Name)
	}
	bare, err := openpgp.NewEntityWithoutId(&packet.Config{V6Keys: true, Algorithm: packet.PubKeyAlgoEd25519, Time: at(birth).Time})
	fatalIfErr(t, err)
	checkSkipped(t, "no user id", mustRead(t, serialize(t, bare), Options{}), reasonNoUserID)
	checkLabels(t, "no user id, label given", mustRead(t, serialize(t, bare), Options{Label: "bare"}), "bare=1")
	for _, bad := range []string{strings.Repeat("x", 256), "a\nb", " ", "\xff"} {
		checkFails(t, "label "+bad, serialize(t, e), Options{Label: bad}, label.ErrMalformed, "label")
	}
}

func TestArmor(t *testing.T) {
	a, b := newCert(t, nil, "a@example.org"), newCert(t, nil, "b@example.org")
	blockA, blockB := armored(armorPublic, serialize(t, a)), armored(armorPublic, serialize(t, b))
	secret := new(bytes.Buffer)
	fatalIfErr(t, a.SerializePrivateWithoutSigning(secret, nil))
	for name, text := range map[string]string{
		"two blocks":      blockA + blockB,
		"text around":     "From: a, with love\n\n" + blockA + "\nand\n" + blockB + "bye\n",
		"CRLF":            strings.ReplaceAll(blockA+blockB, "\n", "\r\n"),
		"one block":       armored(armorPublic, serialize(t, a, b)),
		"no checksum":     strings.ReplaceAll(blockA+blockB, "=AAAA\n", ""),
		"byte order mark": "\ufeff" + blockA + blockB,
	} {
		checkLabels(t, name, mustRead(t, []byte(text), Options{}), "a@example.org=1 b@example.org=1")
	}
	res := mustRead(t, []byte(armored("PGP SIGNATURE", []byte("x"))+blockA), Options{})
	checkLabels(t, "signature first", res, "a@example.org=1")
	checkSkipped(t, "signature first", res, "not a public key")

	half := blockA[:len(blockA)/2]
	for name, tt := range map[string]struct {
		text string
		want error
		msg  string
	}{
		"no END":                {blockA + half, errMalformed, "armor block 2"},
		"no data":               {armorBegin + armorPublic + armorDashes + "\n", errMalformed, "without data"},
		"no empty line":         {strings.Replace(blockA, "\n\n", "\n", 1), errMalformed, "line 3"},
		"not base64":            {strings.Replace(blockA, "\n\n", "\n\n****\n", 1), errMalformed, "not base64"},
		"base64 cut":            {strings.Replace(blockA, "\n\n", "\n\nA", 1), errMalformed, ""},
		"data after padding":    {strings.Replace(blockA, "\n\n", "\n\nmQ==\n", 1), errMalformed, "padding"},
		"packet cut":            {armored(armorPublic, serialize(t, a)[:40]) + blockB, errMalformed, "ends within a packet"},
		"a private block":       {armored("PGP PRIVATE KEY BLOCK", secret.Bytes()), ErrPrivateKey, ""},
		"a private block later": {blockA + strings.Repeat("text\n", 20000) + armored("PGP PRIVATE KEY BLOCK", secret.Bytes()), ErrPrivateKey, "line 2"},
		"private as public":     {blockB + armored(armorPublic, secret.Bytes()), ErrPrivateKey, "OpenPGP"},
		"private in signature":  {armored("PGP SIGNATURE", []byte("x")) + blockA + "AGE-SECRET-KEY-1\n", ErrPrivateKey, ""},
		"a long line":           {blockA + strings.Repeat("x", MaxLine+1), ErrTooLarge, "line"},
		"a message inside":      {armored(armorPublic, frame(nil, 11, []byte("b"))), ErrUnrecognized, "packet type 11"},
	} {
		checkFails(t, name, []byte(tt.text), Options{}, tt.want, tt.msg)
	}
}

func TestBrokenRings(t *testing.T) {
	a, b := newCert(t, nil, "a@example.org"), newCert(t, nil, "b@example.org")
	ringA, ring := serialize(t, a), serialize(t, a, b)
	secret := new(bytes.Buffer)
	fatalIfErr(t, a.SerializePrivateWithoutSigning(secret, nil))
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, tt := range map[string]struct {
		data []byte
		want error
		msg  string
	}{
		"empty":                {nil, ErrUnrecognized, "empty"},
		"only a mark":          {[]byte("\xef\xbb\xbf"), ErrUnrecognized, "empty"},
		"zeros":                {make([]byte, 100), ErrUnrecognized, "neither"},
		"keybox":               {[]byte("\x00\x00\x00\x20\x01\x01\x00\x02KBXf\x00\x00"), ErrUnrecognized, "gpg --export"},
		"a message":            {frame(nil, 1, []byte("\x03\xff\x00")), ErrUnrecognized, "packet type 1"},
		"marker, message":      {frame(frame(nil, tagMarker, []byte("PGP")), 11, []byte("b")), ErrUnrecognized, "packet type 11"},
		"secret key":           {secret.Bytes(), ErrPrivateKey, ""},
		"secret key later":     {join(ring, secret.Bytes()), ErrPrivateKey, ""},
		"secret subkey later":  {join(ring, frame(nil, tagSecretSubkey, nil)), ErrPrivateKey, ""},
		"text after":           {join(ring, []byte("hello")), errMalformed, fmt.Sprintf("byte %d", len(ring))},
		"huge length":          {join(ring, []byte{0xc6, 0xff, 0xff, 0xff, 0xff, 0xff, 1}), errMalformed, "packet of 4294967295 bytes"},
		"huge, kept size":      {join(ring, []byte{0xc6, 0xff, 0, 3, 0xff, 0xff, 1}), errMalformed, "packet of 262143 bytes"},
		"huge, dropped":        {join(ring, []byte{0xd1, 0xff, 0xff, 0xff, 0xff, 0xff, 1}), errMalformed, "packet of 4294967295 bytes"},
		"header cut":           {join(ring, []byte{0xc6, 0xff, 0, 0}), errMalformed, "packet header"},
		"header only":          {join(ring, []byte{0xc6}), errMalformed, "packet header"},
		"two-octet length cut": {join(ring, []byte{0xc6, 200}), errMalformed, "packet header"},
		"partial length":       {join(ring, []byte{0xc2, 0xe1, 1, 2}), errMalformed, "partial length"},
		"indeterminate length": {join(ring, []byte{0x9b, 1, 2}), errMalformed, "indeterminate length"},
	} {
		checkFails(t, name, tt.data, Options{}, tt.want, tt.msg)
	}
	checkFails(t, "too large", ring, Options{MaxBytes: int64(len(ring) - 1)}, ErrTooLarge, "")
	checkLabels(t, "just fits", mustRead(t, ring, Options{MaxBytes: int64(len(ring))}), "a@example.org=1 b@example.org=1")
	for name, tt := range map[string]struct {
		data []byte
		msg  string
	}{
		"critical packet":  {frame(nil, 33, nil), "type 33"},
		"large user id":    {frame(nil, tagUserID, make([]byte, MaxPacket+1)), "a packet of more than"},
		"large primary":    {frame(nil, tagPublicKey, make([]byte, MaxPacket+1)), "primary key has more"},
		"version 3":        {frame(nil, tagPublicKey, []byte("\x03\x00\x00\x00\x00\x00\x00\x01")), "version 3"},
		"empty primary":    {frame(nil, tagPublicKey, nil), "truncated"},
		"unknown key type": {frame(nil, tagPublicKey, []byte("\x04\x00\x00\x00\x00\x63")), "cannot be parsed"},
		"many user ids":    {bytes.Repeat(frame(nil, tagUserID, []byte("x")), MaxUserIDs), "user ids"},
		"many subkeys":     {bytes.Repeat(frame(nil, tagPublicSubkey, []byte("x")), MaxSubkeys), "subkeys"},
		"many bytes":       {bytes.Repeat(frame(nil, tagUserID, make([]byte, 100_000)), 11), "of its own"},
	} {
		// Whatever is wrong with one certificate, the other comes through.
		res := mustRead(t, join(ringA, tt.data, serialize(t, b)), Options{})
		if !strings.Contains(listed(res.Entries), "b@example.org=1") {
			t.Errorf("%s: labels %s", name, listed(res.Entries))
		}
		if len(res.Skipped) == 0 || !strings.Contains(res.Skipped[0].Reason, tt.msg) {
			t.Errorf("%s: skipped %v, want %q", name, res.Skipped, tt.msg)
		}
	}
}

// TestTruncated cuts a ring everywhere: between packets it is a shorter ring,
// elsewhere an error.
func TestTruncated(t *testing.T) {
	ring := serialize(t, newCert(t, nil, "a@example.org"))
	borders := map[int]bool{}
	n := 0
	forPackets(t, ring, func(k pkt) {
		n += len(frame(nil, k.tag, k.body))
		borders[n] = true
	})
	if !borders[len(ring)] {
		t.Fatal("the library frames packets in another way: this test has to learn it")
	}
	for i := 1; i < len(ring); i++ {
		_, err := readBytes(ring[:i], Options{})
		if borders[i] && err != nil || !borders[i] && !errors.Is(err, errMalformed) {
			t.Errorf("cut at %d of %d: %v", i, len(ring), err)
		}
	}
}

// TestFlipped changes every byte of a ring: no error but the known ones, and
// never a key with another label.
func TestFlipped(t *testing.T) {
	ring := serialize(t, newCert(t, nil, "a@example.org"))
	for i := range ring {
		bad := bytes.Clone(ring)
		bad[i] ^= 0x55
		res, err := readBytes(bad, Options{Workers: 1})
		if err != nil && !errors.Is(err, errMalformed) && !errors.Is(err, ErrUnrecognized) && !errors.Is(err, ErrPrivateKey) {
			t.Errorf("byte %d: %v", i, err)
		}
		if got := listed(res.Entries); got != "" && got != "a@example.org=1" {
			t.Errorf("byte %d: labels %s", i, got)
		}
	}
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "ring.txt") // the name says nothing
	fatalIfErr(t, os.WriteFile(file, serialize(t, newCert(t, nil, "a@example.org")), 0o600))
	calls := 0
	res, err := ReadFile(file, Options{Now: now, Progress: func(int64, int) { calls++ }})
	fatalIfErr(t, err)
	checkLabels(t, "file", res, "a@example.org=1")
	if calls < 2 {
		t.Errorf("progress was called %d times", calls)
	}
	if _, err := ReadFile(dir, Options{}); !errors.Is(err, ErrUnrecognized) {
		t.Errorf("a directory: %v", err)
	}
	if _, err := ReadFile(filepath.Join(dir, "none"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
