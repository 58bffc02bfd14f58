package checkpoint

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

// The example of C2SP signed-note.
const (
	specVKey   = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
	specSigned = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)

func TestVKeySpec(t *testing.T) {
	k, err := parseLogKey(specVKey)
	fatalIfErr(t, err)
	n, err := openNote([]byte(specSigned), []note.Verifier{k.Verifier})
	fatalIfErr(t, err)
	if n.Text != "This is an example message.\n" || signatureOf(n, k) == nil {
		t.Errorf("%+v", n)
	}
	_, err = openNote([]byte(strings.Replace(specSigned, "This", "That", 1)), []note.Verifier{k.Verifier})
	wantInvalid(t, err, "example.com/foo")
}

func TestVKeys(t *testing.T) {
	ed := make([]byte, 32)
	ed[0] = 9
	_, mldsa := mldsaVKeys()
	long := strings.Repeat("n", 300)
	for _, vkey := range []string{
		vkeyOf("a", 1, ed),
		vkeyOf("a", 4, ed),
		vkeyOf(long, 1, ed),
		vkeyOf(long, 4, ed),
		vkeyOf("ü—#/\u200b", 4, ed),
		mldsa[0],
		vkeyOf(long[:255], 6, make([]byte, 1312)),
	} {
		k, err := parseVKey(vkey)
		fatalIfErr(t, err)
		if encodeVKey(k) != vkey {
			t.Errorf("%.80s re-encodes to %.80s", vkey, encodeVKey(k))
		}
		_, errLog := parseLogKey(vkey)
		_, errWitness := parseWitnessKey(vkey)
		if (errLog == nil) != (k.algorithm == 1) || (errWitness == nil) != (k.algorithm != 1) {
			t.Errorf("%.80s: %v, %v", vkey, errLog, errWitness)
		}
	}
}

// encodeVKey is the inverse of parseVKey.
func encodeVKey(k verifierKey) string {
	return fmt.Sprintf("%s+%08x+%s", k.Name(), k.KeyHash(), base64.StdEncoding.EncodeToString([]byte(string(k.algorithm)+k.public)))
}

func TestVKeysRefused(t *testing.T) {
	const shape, id = "NAME+KEYID+KEY", "does not fit"
	ed := make([]byte, 32)
	good := vkeyOf("name", 1, ed) // the last character has two bits that count
	cosign := vkeyOf("name", 4, ed)
	_, mldsa := mldsaVKeys()
	_, key64, _ := strings.Cut(strings.TrimPrefix(good, "name+"), "+")
	hash := good[5:13]
	// otherID has the ID of another algorithm.
	otherID := func(algorithm byte) string {
		return fmt.Sprintf("name+%08x+%s", keyID("name", algorithm, ed), key64)
	}
	for name, test := range map[string]struct{ vkey, want string }{
		"empty":                 {"", shape},
		"a name":                {"name", shape},
		"a name and a plus":     {"name+", shape},
		"pluses":                {"++", shape},
		"no key":                {"name+" + hash, shape},
		"an empty key":          {"name+" + hash + "+", shape},
		"no ID":                 {"name+" + key64, shape},
		"an empty ID":           {"name++" + key64, shape},
		"a short ID":            {"name+" + hash[:7] + "+" + key64, shape},
		"a long ID":             {"name+0" + hash + "+" + key64, shape},
		"an ID with a sign":     {"name+-" + hash[:7] + "+" + key64, shape},
		"an ID with 0x":         {"name+0x" + hash[:6] + "+" + key64, shape},
		"an ID in upper case":   {"name+ABCDEF01+" + key64, shape},
		"an ID with one":        {"name+abcdeF01+" + key64, shape},
		"not hexadecimal":       {"name+0123456g+" + key64, shape},
		"not base64":            {"name+" + hash + "+????", shape},
		"base64 not padded":     {strings.TrimRight(mldsa[0], "="), shape},
		"another part":          {good + "+x", shape},
		"a space after it":      {good + " ", shape},
		"a space before it":     {" " + good, "malformed"},
		"a return in the key":   {cosign[:30] + "\r" + cosign[30:], shape},
		"a newline in the key":  {cosign[:30] + "\n" + cosign[30:], shape},
		"a newline at the end":  {cosign + "\n", shape},
		"a secret key":          {"PRIVATE+KEY+" + good, shape},
		"no name":               {"+" + hash + "+" + key64, "malformed"},
		"a space in the name":   {vkeyOf("na me", 1, ed), "malformed"},
		"a no-break space":      {vkeyOf("na\u00a0me", 1, ed), "malformed"},
		"the same, a witness":   {vkeyOf("na\u00a0me", 4, ed), "malformed"},
		"invalid UTF-8":         {vkeyOf("na\xffme", 1, ed), "malformed"},
		"the same, as witness":  {vkeyOf("na\xffme", 4, ed), "malformed"},
		"no name, a witness":    {vkeyOf("", 4, ed), "malformed"},
		"the ID of none":        {"name+00000000+" + key64, "invalid verifier hash"},
		"of type 4":             {otherID(4), "invalid verifier hash"},
		"another name":          {strings.Replace(good, "name", "nume", 1), "invalid verifier hash"},
		"another name, witness": {strings.Replace(cosign, "name", "nume", 1), id},
		"another ID, witness":   {"name+00000000+" + cosign[14:], id},
		"type 1's ID for 4":     {"name+" + hash + "+" + cosign[14:], id},
		"another ID, ML-DSA":    {strings.Replace(mldsa[0], "mldsa+", "mldsb+", 1), id},
		"31 bytes":              {vkeyOf("name", 1, ed[1:]), "malformed"},
		"33 bytes":              {vkeyOf("name", 1, append(ed[:32:32], 0)), "malformed"},
		"no bytes":              {vkeyOf("name", 1, nil), "malformed"},
		"31 bytes, type 4":      {vkeyOf("name", 4, ed[1:]), "malformed"},
		"33 bytes, type 4":      {vkeyOf("name", 4, append(ed[:32:32], 0)), "malformed"},
		"no bytes, type 4":      {vkeyOf("name", 4, nil), "malformed"},
		"32 bytes, type 6":      {vkeyOf("name", 6, ed), "malformed"},
		"1311 bytes, type 6":    {vkeyOf("name", 6, make([]byte, 1311)), "malformed"},
		"1313 bytes, type 6":    {vkeyOf("name", 6, make([]byte, 1313)), "malformed"},
		"1312 bytes, type 4":    {vkeyOf("name", 4, make([]byte, 1312)), "malformed"},
		"a long name, type 6":   {vkeyOf(strings.Repeat("n", 256), 6, make([]byte, 1312)), "255 bytes"},
		"type 0":                {vkeyOf("name", 0, ed), "type 0 is not supported"},
		"type 2":                {vkeyOf("name", 2, ed), "type 2 is not supported"},
		"type 3":                {vkeyOf("name", 3, ed), "type 3 is not supported"},
		"type 5":                {vkeyOf("name", 5, ed), "type 5 is not supported"},
		"type 7":                {vkeyOf("name", 7, ed), "type 7 is not supported"},
		"type 255":              {vkeyOf("name", 255, ed), "type 255 is not supported"},
	} {
		for _, parse := range []func(string) (verifierKey, error){parseVKey, parseLogKey, parseWitnessKey} {
			if _, err := parse(test.vkey); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s: %v, want an error that mentions %q", name, err, test.want)
			}
		}
	}
	_, err := parseLogKey(cosign)
	wantErr(t, err, err, "a log's key must be an Ed25519 key (signature type 1), this one has type 4")
	_, err = parseLogKey(mldsa[0])
	wantErr(t, err, err, "this one has type 6")
	_, err = parseWitnessKey(good)
	wantErr(t, err, err, "this one is for plain signatures")
}

// TestVKeyBits changes the last bits of base64 that encode nothing.
func TestVKeyBits(t *testing.T) {
	// 1 + 1312 bytes end in two padding characters, and 4 bits that do not count.
	_, mldsa := mldsaVKeys()
	at := len(mldsa[0]) - 3
	n := 0
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		vkey := mldsa[0][:at] + string(c) + "=="
		_, err := parseVKey(vkey)
		if vkey == mldsa[0] {
			fatalIfErr(t, err)
			continue
		}
		if err == nil {
			t.Errorf("%c at the end is accepted", c)
			continue
		}
		if strings.Contains(err.Error(), "NAME+KEYID+KEY") {
			n++
		}
	}
	if n != 60 {
		t.Errorf("%d of 64 have other bits that do not count", n)
	}
}

func FuzzParseVKey(f *testing.F) {
	_, mldsa := mldsaVKeys()
	for _, s := range []string{specVKey, vkeyOf("a", 4, make([]byte, 32)), mldsa[0], "name+01234567+AAAA", "++", vkeyOf("a", 4, make([]byte, 32))[:20] + "\r" + vkeyOf("a", 4, make([]byte, 32))[20:]} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, vkey string) {
		k, err := parseVKey(vkey)
		if err == nil && encodeVKey(k) != vkey {
			t.Fatalf("%q re-encodes to %q", vkey, encodeVKey(k))
		}
	})
}
