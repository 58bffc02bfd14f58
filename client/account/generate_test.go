package account

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/hex"
	"math/big"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

func generate(t *testing.T) vectors {
	return vectors{
		Comment:    "Test vectors of docs/account.md. Written by go test ./client/account -update.",
		Keys:       generateKeys(t),
		BadKeys:    append(generateBadKeys(t), generateMixedKeys(t)...),
		Statements: append(generateStatements(t), generateOddSignatures(t)...),
		Histories:  append(generateHistories(t), generateOddHistories(t)...),
		Attested:   generateAttested(t),
	}
}

func generateKeys(t *testing.T) []vectorKey {
	var list []vectorKey
	for _, a := range []Algorithm{Ed25519, P256} {
		for _, name := range []string{"one", "two"} {
			private := signer(t, a, name)
			var secret []byte
			switch p := private.(type) {
			case ed25519.PrivateKey:
				secret = p.Seed()
			case *ecdsa.PrivateKey:
				var err error
				secret, err = p.Bytes()
				fatalIfErr(t, err)
			}
			k := keyOf(t, private)
			list = append(list, vectorKey{a.String() + " " + name, hex.EncodeToString(secret), hex.EncodeToString(k.encode()), k.String(), k.Fingerprint()})
		}
	}
	return list
}

func generateBadKeys(t *testing.T) []vectorKey {
	var list []vectorKey
	add := func(name string, k Key) {
		list = append(list, vectorKey{Name: name, Encoded: hex.EncodeToString(k.encode())})
	}
	for _, s := range smallOrder {
		add("Ed25519, small order", Key{Ed25519, string(unhex(t, s))})
	}
	good := []byte(keyOf(t, signer(t, P256, "one")).Public)
	add("Ed25519, 33 bytes", Key{Ed25519, string(good)})
	add("P-256, x is p + 5", Key{P256, "\x02" + string(new(big.Int).Add(elliptic.P256().Params().P, big.NewInt(5)).Bytes())})
	add("P-256, not on the curve", Key{P256, "\x03" + string(append(make([]byte, 31), 1))})
	add("P-256, infinity", Key{P256, "\x00"})
	whole, err := signer(t, P256, "one").(*ecdsa.PrivateKey).PublicKey.Bytes()
	fatalIfErr(t, err)
	add("P-256, not compressed", Key{P256, string(whole)})
	add("algorithm 0", Key{0, string(good)})
	add("algorithm 3", Key{3, string(good)})
	add("empty", Key{Ed25519, ""})
	encoded := Key{P256, string(good)}.encode()
	list = append(list, vectorKey{Name: "a byte after it", Encoded: hex.EncodeToString(append(encoded, 0))})
	return list
}

func generateStatements(t *testing.T) []vectorStatement {
	var list []vectorStatement
	for _, a := range []Algorithm{Ed25519, P256} {
		private := signer(t, a, "one")
		key := keyOf(t, private)
		add := func(name string, message, signature []byte, valid bool) {
			list = append(list, vectorStatement{a.String() + ": " + name, key.String(), hex.EncodeToString(message), hex.EncodeToString(signature), valid})
		}
		var message, signature []byte
		for _, k := range []Kind{KindAddition, KindGroup, KindVersion} {
			var err error
			message, err = testStatement(k).encode()
			fatalIfErr(t, err)
			signature, err = testStatement(k).Sign(private)
			fatalIfErr(t, err)
			add("kind "+string('0'+rune(k)), message, signature, true)
		}
		other, err := testStatement(KindGroup).encode()
		fatalIfErr(t, err)
		add("another kind", other, signature, false)
		add("a byte after the signature", message, append(bytes.Clone(signature), 0), false)
		if a == P256 {
			r, s, _ := parseECDSA(signature)
			add("the other s", message, encodeECDSA(r, s.Sub(elliptic.P256().Params().N, s)), false)
			add("a longer form of the length", message, append([]byte{0x30, 0x81, signature[1]}, signature[2:]...), false)
		}
	}
	return list
}

func generateHistories(t *testing.T) []vectorHistory {
	one, two, three := signer(t, Ed25519, "one"), signer(t, P256, "two"), signer(t, Ed25519, "three")
	life := record(t, "an ordinary life").by("phone", one, nil).by("new phone", one, nil).by("laptop", two, one).by("desk", two, nil)

	reset := record(t, "a reset").by("phone", one, nil)
	last := reset.sign(keys("phone"), one, nil)
	reset.set(last)
	reset.set(reset.announce(last, two)).by("laptop", two, nil).by("desk", two, nil).by("old", one, nil)

	cancelled := record(t, "a reset that is cancelled").by("phone", one, nil)
	last = cancelled.sign(keys("phone"), one, nil)
	cancelled.set(cancelled.announce(last, two)).by("phone", one, nil).by("laptop", two, nil)

	later := record(t, "a key that is established later").set(keys("phone")).value([]byte("no key set")).by("phone", one, nil).by("laptop", one, nil)

	inserted := record(t, "inserted by the directory").by("phone", one, nil).set(keys("ghost")).value([]byte("no key set")).by("ghost", three, nil)
	ghost := with(keys("ghost"), keyset.ExtensionAccountKey, keyOf(t, one).encode())
	inserted.set(ghost)
	inserted.set(inserted.announce(ghost, three)).by("ghost", three, nil).by("phone", one, nil)

	replay := record(t, "replayed").by("phone", one, nil)
	last = replay.sign(keys("laptop"), one, nil)
	replay.set(last).set(last)

	kept := record(t, "a version is kept back").by("phone", one, nil).value(nil).by("laptop", two, nil).by("desk", one, nil).by("pad", one, nil)

	unknown := record(t, "begun in the middle")
	unknown.next, unknown.last = 5, [HashSize]byte{0xc0, 4}
	unknown.by("phone", one, nil).by("laptop", two, one)

	stripped := record(t, "a rotation made into a reset").by("phone", one, nil)
	last = stripped.sign(keys("phone"), one, nil)
	stripped.set(stripped.announce(last, two))
	stripped.set(respell(t, stripped.sign(keys("laptop"), two, one), func(v *Version) { v.byPrevious = nil }))

	var list []vectorHistory
	for _, r := range []*recorder{life, reset, cancelled, later, inserted, replay, kept, unknown, stripped} {
		list = append(list, r.history)
	}
	return list
}

func generateAttested(t *testing.T) []vectorAttested {
	var list []vectorAttested
	a := testAttestation()
	for _, algorithm := range []Algorithm{Ed25519, P256} {
		private := signer(t, algorithm, "one")
		line, err := Attest(private, a)
		fatalIfErr(t, err)
		key := keyOf(t, private).String()
		list = append(list, vectorAttested{
			Name: algorithm.String(), Label: a.Label, Key: key, Line: line, Valid: true,
			Version: a.Version, Commitment: a.Commitment, TreeSize: a.TreeSize, Root: a.Root, Time: a.Time.UnixMilli(),
		}, vectorAttested{Name: algorithm.String() + ", another label", Label: "bob@example.org", Key: key, Line: line},
			vectorAttested{Name: algorithm.String() + ", another key", Label: a.Label, Key: keyOf(t, signer(t, algorithm, "two")).String(), Line: line})
	}
	return list
}
