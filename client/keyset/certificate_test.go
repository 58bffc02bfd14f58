package keyset

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"errors"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

var born = time.Unix(1700000000, 0).UTC()

// at is a configuration that makes keys and signatures at a time.
func at(when time.Time) *packet.Config {
	return &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return when }}
}

func newEntity(t testing.TB, config *packet.Config) *openpgp.Entity {
	t.Helper()
	e, err := openpgp.NewEntity("", "", "alice@example.org", config)
	fatalIfErr(t, err)
	return e
}

func certificateKey(t testing.TB, e *openpgp.Entity) Key {
	t.Helper()
	var b bytes.Buffer
	fatalIfErr(t, e.Serialize(&b))
	return Key{Format: FormatOpenPGP, Data: b.Bytes()}
}

// packets takes a certificate apart.
func packets(t testing.TB, cert []byte) (tags []byte, bodies [][]byte) {
	t.Helper()
	for len(cert) > 0 {
		tag, body, rest, err := cutPacket(cert)
		fatalIfErr(t, err)
		tags, bodies, cert = append(tags, tag), append(bodies, body), rest
	}
	return tags, bodies
}

func framed(tag byte, body []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0xc0 | tag, 0xff}, uint32(len(body))), body...)
}

// assemble is the reverse of packets.
func assemble(tags []byte, bodies [][]byte) Key {
	var data []byte
	for i, body := range bodies {
		data = append(data, framed(tags[i], body)...)
	}
	return Key{Format: FormatOpenPGP, Data: data}
}

func TestCertificateExpiry(t *testing.T) {
	config := at(born)
	config.KeyLifetimeSecs = 86400
	e := newEntity(t, config)
	d := certificateKey(t, e).Summary()
	if d.Expires == nil || !d.Expires.Equal(born.Add(24*time.Hour)) || d.Weak != nil {
		t.Fatalf("%+v", d)
	}
	if d.Status(born.Add(time.Hour)) != "" || d.Status(born.Add(25*time.Hour)) != "expired" {
		t.Error("status")
	}
	later := at(born.Add(time.Hour))
	later.KeyLifetimeSecs = 7 * 86400
	for _, id := range e.Identities {
		sig := *id.SelfCertifications[0].Packet
		sig.CreationTime = born.Add(time.Hour)
		lifetime := uint32(7 * 86400)
		sig.KeyLifetimeSecs = &lifetime
		fatalIfErr(t, sig.SignUserId(id.UserId.Id, e.PrimaryKey, e.PrivateKey, later))
		id.SelfCertifications = append(id.SelfCertifications, packet.NewVerifiableSig(&sig))
	}
	extended := certificateKey(t, e)
	now := extended.Summary()
	if now.Expires == nil || !now.Expires.Equal(born.Add(7*24*time.Hour)) {
		t.Fatalf("extended: %v", now.Expires)
	}
	changes := Diff([]Description{d}, []Description{now})
	if len(changes.Updated) != 1 || !changes.Updated[0].New.Expires.After(*changes.Updated[0].Old.Expires) {
		t.Errorf("%+v", changes)
	}
}

func TestCertificateRevoked(t *testing.T) {
	e := newEntity(t, at(born))
	before := certificateKey(t, e).Summary()
	fatalIfErr(t, e.Revoke(packet.KeySuperseded, "", at(born.Add(time.Hour))))
	d := certificateKey(t, e).Summary()
	if before.Revoked || !d.Revoked || d.Status(time.Time{}) != "revoked" || d.Weak != nil {
		t.Errorf("%+v", d)
	}
	other := newEntity(t, at(born))
	fatalIfErr(t, other.Revoke(packet.KeyCompromised, "", at(born)))
	_, bodies := packets(t, certificateKey(t, other).Data)
	mine := certificateKey(t, newEntity(t, at(born)))
	tags, own := packets(t, mine.Data)
	forged := assemble(slices.Insert(tags, 1, tagSignature), slices.Insert(own, 1, bodies[1]))
	if d := forged.Summary(); d.Revoked || d.Weak != nil {
		t.Errorf("another key's revocation: %+v", d)
	}
}

// TestUserIDRevoked has the only user id be revoked, and certified again.
func TestUserIDRevoked(t *testing.T) {
	e := newEntity(t, at(born))
	for _, id := range e.Identities {
		revocation := &packet.Signature{
			Version: 4, SigType: packet.SigTypeCertificationRevocation, PubKeyAlgo: e.PrimaryKey.PubKeyAlgo,
			Hash: crypto.SHA256, CreationTime: born.Add(time.Hour), IssuerKeyId: &e.PrimaryKey.KeyId,
		}
		fatalIfErr(t, revocation.SignUserId(id.UserId.Id, e.PrimaryKey, e.PrivateKey, at(born.Add(time.Hour))))
		id.Revocations = append(id.Revocations, packet.NewVerifiableSig(revocation))
	}
	if d := certificateKey(t, e).Summary(); !d.Revoked {
		t.Errorf("%+v", d)
	}
	for _, id := range e.Identities {
		again := *id.SelfCertifications[0].Packet
		again.CreationTime = born.Add(2 * time.Hour)
		fatalIfErr(t, again.SignUserId(id.UserId.Id, e.PrimaryKey, e.PrivateKey, at(born.Add(2*time.Hour))))
		id.SelfCertifications = append(id.SelfCertifications, packet.NewVerifiableSig(&again))
	}
	if d := certificateKey(t, e).Summary(); d.Revoked || d.Weak != nil {
		t.Errorf("certified again: %+v", d)
	}
}

// TestStrangersParts adds to a certificate what its owner did not sign.
func TestStrangersParts(t *testing.T) {
	mine := certificateKey(t, newEntity(t, at(born)))
	tags, theirs := packets(t, certificateKey(t, newEntity(t, at(born))).Data)
	at := slices.Index(tags, tagPublicSubkey)
	subkey := append(framed(tagPublicSubkey, theirs[at]), framed(tagSignature, theirs[at+1])...)
	user := append(framed(tagUserID, []byte("mallory@example.org")), framed(tagSignature, theirs[2])...)
	_, _, afterPrimary, err := cutPacket(mine.Data)
	fatalIfErr(t, err)
	with := func(parts ...[]byte) Key {
		return Key{Format: FormatOpenPGP, Data: slices.Concat(append([][]byte{mine.Data}, parts...)...)}
	}
	for name, tt := range map[string]struct {
		key  Key
		weak string
		err  error
	}{
		"a subkey":                        {with(subkey), "unbound-subkey", nil},
		"a user id":                       {with(user), "", nil},
		"a subkey without binding":        {with(framed(tagPublicSubkey, theirs[at])), "unbound-subkey", nil},
		"a trust packet":                  {with(framed(tagTrust, []byte{1})), "", nil},
		"padding":                         {with(framed(tagPadding, make([]byte, 10))), "", nil},
		"a photo":                         {with(framed(tagUserAttribute, []byte("photo"))), "", nil},
		"an unknown packet":               {with(framed(60, []byte("later"))), "", nil},
		"a critical packet":               {with(framed(30, []byte("later"))), "malformed", errKey},
		"a message":                       {with(framed(11, []byte("text"))), "malformed", errKey},
		"another certificate":             {with(framed(tagPublicKey, theirs[0])), "malformed", errKey},
		"a private subkey":                {with(framed(tagSecretSubkey, theirs[at])), "private-key", ErrPrivateKey},
		"garbage":                         {with([]byte("garbage")), "malformed", errKey},
		"a broken subkey":                 {with(framed(tagPublicSubkey, theirs[at][:20])), "malformed", errKey},
		"a false signature at the subkey": {with(framed(tagSignature, append(theirs[at+1][:len(theirs[at+1])-1:len(theirs[at+1])-1], 0))), "", nil},
		"only the primary key":            {Key{Format: FormatOpenPGP, Data: framed(tagPublicKey, theirs[0])}, "unbound", nil},
		"another's user id only":          {Key{Format: FormatOpenPGP, Data: append(framed(tagPublicKey, theirs[0]), afterPrimary...)}, "unbound unbound-subkey", nil},
	} {
		if err := tt.key.Check(); !errors.Is(err, tt.err) {
			t.Errorf("%s: %v", name, err)
		}
		if weak := strings.Join(tt.key.Summary().Weak, " "); weak != tt.weak {
			t.Errorf("%s: weak %q", name, weak)
		}
	}
}

// TestLongUserID has a user id be ignored that would be hashed for ever.
func TestLongUserID(t *testing.T) {
	for extra, want := range map[int]string{0: "", 1: "unbound"} {
		name := strings.Repeat("n", maxUserID-len(" <a@example.org>")+extra)
		e, err := openpgp.NewEntity(name, "", "a@example.org", at(born))
		fatalIfErr(t, err)
		if weak := strings.Join(certificateKey(t, e).Summary().Weak, " "); weak != want {
			t.Errorf("%d bytes too long: weak %q", extra, weak)
		}
	}
}

// TestRevokedWeakSubkey has a weak subkey not count once it is revoked.
func TestRevokedWeakSubkey(t *testing.T) {
	e := newEntity(t, at(born))
	weak := at(born)
	weak.Algorithm, weak.RSABits = packet.PubKeyAlgoRSA, 1024
	fatalIfErr(t, e.AddEncryptionSubkey(weak))
	if d := certificateKey(t, e).Summary(); strings.Join(d.Weak, " ") != "rsa-1024" {
		t.Errorf("%+v", d)
	}
	sub := &e.Subkeys[len(e.Subkeys)-1]
	fatalIfErr(t, sub.Revoke(packet.KeySuperseded, "", at(born.Add(time.Hour))))
	if d := certificateKey(t, e).Summary(); d.Weak != nil || d.Revoked {
		t.Errorf("revoked: %+v", d)
	}
}

// TestManySignatures has a certificate with more signatures than are verified: what
// they would say is not known, so nothing of it is said.
func TestManySignatures(t *testing.T) {
	tags, bodies := packets(t, certificateKey(t, newEntity(t, at(born))).Data)
	for n := range budgetOfKey + 1 { // behind the user id
		bad := slices.Clone(bodies[len(bodies)-1])
		bad[1] = byte(packet.SigTypeGenericCert)
		bad[len(bad)-1] ^= byte(n)
		tags, bodies = slices.Insert(tags, 2, tagSignature), slices.Insert(bodies, 2, bad)
	}
	k := assemble(tags, bodies)
	fatalIfErr(t, k.Check())
	if d := k.Summary(); strings.Join(d.Weak, " ") != "unchecked" {
		t.Errorf("%+v", d)
	}
}

// TestBudgetOfSet has the keys of a set share what may be spent.
func TestBudgetOfSet(t *testing.T) {
	slow := vectorKey(t, "mls-key-package-suite-5")
	const fit = budgetOfSet / (2 * costP521)
	for i, d := range (Set{Keys: slices.Repeat([]Key{slow}, fit+3)}).Summary() {
		if weak := strings.Join(d.Weak, " "); (weak == "unchecked") != (i >= fit) {
			t.Fatalf("key %d of %d that fit: %q", i, fit, weak)
		}
	}
	good := vectorKey(t, "openpgp-subkeys-expire")
	want := good.Summary()
	for left := range 10 {
		b := budget{left: left}
		d := good.summary(&b)
		if (d.Weak == nil) != reflect.DeepEqual(d, want) || d.Weak != nil && strings.Join(d.Weak, " ") != "unchecked" {
			t.Errorf("with %d: %+v", left, d)
		}
	}
}

// TestHugeNumbers refuses keys whose arithmetic would take for ever, before any
// is done.
func TestHugeNumbers(t *testing.T) {
	huge := new(big.Int).Lsh(big.NewInt(1), 65000)
	huge.Add(huge, big.NewInt(1))
	rsaBody := append([]byte{4, 0, 0, 0, 0, 1}, mpis(huge, big.NewInt(65537))...)
	dsaBody := append([]byte{4, 0, 0, 0, 0, 17}, mpis(huge, new(big.Int).Rsh(huge, 1), big.NewInt(2), big.NewInt(3))...)
	elgamal := append([]byte{4, 0, 0, 0, 0, 16}, mpis(huge, big.NewInt(2), big.NewInt(3))...)
	for name, body := range map[string][]byte{"RSA": rsaBody, "DSA": dsaBody, "ElGamal": elgamal} {
		if err := (Key{Format: FormatOpenPGP, Data: framed(tagPublicKey, body)}).Check(); !errors.Is(err, errKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := checkDSA(huge, big.NewInt(3), big.NewInt(2), big.NewInt(2)); !errors.Is(err, errKey) {
		t.Error(err)
	}
}

func mpis(numbers ...*big.Int) []byte {
	var b []byte
	for _, n := range numbers {
		b = append(binary.BigEndian.AppendUint16(b, uint16(n.BitLen())), n.Bytes()...)
	}
	return b
}

// TestCertificateTampered flips bits of a certificate. Its fingerprint changes,
// it is refused, or a signature fails, unless the bit was in a part of a
// signature that is not signed.
func TestCertificateTampered(t *testing.T) {
	for _, name := range []string{"openpgp-ed25519", "openpgp-v6"} {
		good := vectorKey(t, name)
		want := good.Summary()
		same := 0
		for at := range good.Data {
			bad := Key{Format: good.Format, Data: slices.Clone(good.Data)}
			bad.Data[at] ^= 1 << (at % 8)
			d := bad.Summary()
			if d.Fingerprint == want.Fingerprint && d.Weak == nil {
				same++
			}
		}
		if same > 16 {
			t.Errorf("%s: %d of %d bits may be flipped", name, same, len(good.Data))
		}
	}
}
