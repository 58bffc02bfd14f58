package roster

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// documented returns the first block of a kind in docs/roster.md.
func documented(t testing.TB, kind string) string {
	t.Helper()
	doc, err := os.ReadFile("../../docs/roster.md")
	fatalIfErr(t, err)
	_, block, found := strings.Cut(string(doc), "```"+kind+"\n")
	if !found {
		t.Fatalf("no %s block in docs/roster.md", kind)
	}
	block, _, _ = strings.Cut(block, "\n```")
	return block
}

func TestParse(t *testing.T) {
	r, err := parsed([]byte(documented(t, "json")))
	fatalIfErr(t, err)
	at := func(s string) time.Time {
		t, _ := time.Parse(time.RFC3339, s)
		return t
	}
	phone := keyset.Key{Format: keyset.FormatX25519, Data: append([]byte{9}, make([]byte, 31)...), Name: "phone"}
	want := &Roster{
		Conversation: "team-2026", Me: "alice@example.org", Started: at("2026-03-01T09:00:00Z"),
		Members: []Member{{
			Label: "bob@example.org", FirstSeen: at("2026-03-01T09:00:05Z"), VerifiedAt: at("2026-03-02T18:30:00Z"),
			Devices: []Device{
				device(phone),
				{Format: keyset.FormatOpenPGP, Fingerprint: "0123456789ABCDEF0123456789ABCDEF01234567", FirstSeen: at("2026-03-05T08:00:00Z")},
			},
			Attestation: "AQ...",
		}},
		Agreed: []string{"alice@example.org", "bob@example.org"},
	}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("got  %+v\nwant %+v", r, want)
	}
}

const (
	prologue = `{"schema":"ghostlight/roster/v1","conversation":"c","me":"a@x.org","members":[`
	epilogue = `]}`
	noDevice = `{"label":"b@x.org","first_seen":"2026-01-01T00:00:00Z","devices":[]}`
)

func withDevice(d string) string {
	return prologue + strings.Replace(noDevice, "[]", "["+d+"]", 1) + epilogue
}

func TestParseNormalises(t *testing.T) {
	r, err := parsed([]byte(strings.NewReplacer("a@x.org", " A@X.org", "b@x.org", "B@X.ORG").Replace(prologue + noDevice + epilogue)))
	fatalIfErr(t, err)
	if r.Me != "a@x.org" || r.Members[0].Label != "b@x.org" {
		t.Errorf("%q, %q", r.Me, r.Members[0].Label)
	}
	for given, want := range map[string]string{
		`"OpenPGP","fingerprint":"0x0123 4567 89ab cdef 0123  4567 89ab cdef 0123 4567"`: "0123456789ABCDEF0123456789ABCDEF01234567",
		`"SSH","fingerprint":"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="`:      "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
		`"X.509","fingerprint":"` + strings.Repeat("ab", 32) + `"`:                       strings.Repeat("AB:", 31) + "AB",
		`"X.509","fingerprint":"` + strings.Repeat("ab:", 31) + `ab"`:                    strings.Repeat("AB:", 31) + "AB",
		`"JWK","fingerprint":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"`:              "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
		`"Ed25519","fingerprint":"` + strings.Repeat("AB", 32) + `"`:                     strings.Repeat("ab", 32),
		`"MLS-KeyPackage","fingerprint":"` + strings.Repeat("ab", 64) + `"`:              strings.Repeat("ab", 64),
		`"format-65280","key":"eA=="`:                                                    "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881",
	} {
		r, err := parsed([]byte(withDevice(`{"format":` + given + `}`)))
		if err != nil || r.Members[0].Devices[0].Fingerprint != want {
			t.Errorf("%s: %v, %+v", given, err, r)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	member := func(change ...string) string {
		return prologue + strings.NewReplacer(change...).Replace(noDevice) + epilogue
	}
	secret := base64.StdEncoding.EncodeToString([]byte("AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ"))
	for given, want := range map[string]string{
		"":                "the JSON ends too early",
		"[]":              "an array, and not an object",
		"null":            "null: leave out",
		"{":               "the JSON ends too early",
		`{"me":"a@x.org"`: "the JSON ends too early",
		strings.TrimSuffix(prologue, "[") + "null}":                  "members: null, and it is required",
		strings.Replace(prologue, `"a@x.org"`, `null`, 1) + epilogue: "me: null, and it is required",
		prologue + `null` + epilogue:                                 "members: number 1 null: leave out",
		"{}":                                                         `"schema" is missing`,
		prologue + noDevice:                                          "the JSON ends too early",
		prologue + "\xff" + "]}":                                     "not UTF-8",
		"\xef\xbb\xbf" + prologue + "]}":                             "byte order mark",
		prologue + epilogue + "x":                                    "something follows",
		prologue + epilogue + "{}":                                   "something follows",
		prologue + `"x"` + epilogue:                                  "members: number 1 a string, and not an object",
		prologue + noDevice + "," + noDevice + epilogue:              `members 1 and 2 have the same label "b@x.org"`,
		prologue + noDevice + "," + strings.ToUpper(noDevice[:17]) + noDevice[17:] + epilogue:     `number 2 "LABEL" is not known`,
		prologue + noDevice + "," + strings.Replace(noDevice, "b@x.org", "B@X.org", 1) + epilogue: `members 1 and 2 have the same label`,
		strings.Replace(prologue, "/v1", "/v2", 1) + epilogue:                                     `"ghostlight/roster/v2" is not known`,
		strings.Replace(prologue, `"me"`, `"Me"`, 1) + epilogue:                                   `"Me" is not known here`,
		strings.Replace(prologue, `"me":"a@x.org"`, `"me":""`, 1) + epilogue:                      "me: malformed label: empty",
		strings.Replace(prologue, `"me"`, `"conversation"`, 1) + epilogue:                         `"conversation" is there twice`,
		strings.Replace(prologue, `"c"`, `"`+strings.Repeat("c", 256)+`"`, 1) + epilogue:          "conversation: 256 bytes, at most 255",
		strings.Replace(prologue, `"c"`, `"\u202e"`, 1) + epilogue:                                "conversation: with control characters",
		strings.Replace(prologue, `"c"`, `"\ud800"`, 1) + epilogue:                                "conversation: a string that is not UTF-8",
		strings.Replace(prologue, `"c"`, `7`, 1) + epilogue:                                       "conversation: a number, and not a string",
		strings.Replace(prologue, `"c"`, `1e999999999`, 1) + epilogue:                             "conversation: a number, and not a string",
		strings.Replace(prologue, `"c"`, strings.Repeat("7", 100_000), 1) + epilogue:              "conversation: a number, and not a string",
		prologue + `],"agreed":[]}`:                                                               "agreed: empty",
		prologue + `],"agreed":["b@x.org","c","B@x.org"]}`:                                        `numbers 1 and 3 of "agreed" are the same label "b@x.org"`,
		prologue + `],"agreed":null}`:                                                             "agreed: null: leave out",
		prologue + `],"started":"yesterday"}`:                                                     `started: "yesterday" is not a time`,
		prologue + `],"started":"0001-01-01T00:00:00Z"}`:                                          "no plausible time",
		prologue + `],"started":1767225600}`:                                                      "started: a number, and not a string",
		member(`"devices"`, `"device"`):                                                           `members: number 1 ("b@x.org"): "device" is not known`,
		member(`,"devices":[]`, ``):                                                               `("b@x.org"): "devices" is missing`,
		member(`"first_seen":"2026-01-01T00:00:00Z",`, ``):                                        `("b@x.org"): "first_seen" is missing`,
		member(`"devices":[]`, `"devices":null`):                                                  `("b@x.org"): devices: null, and it is required`,
		member(`"devices":[]`, `"devices":[],"verified_at":null`):                                 `verified_at: null: leave out`,
		member(`"devices":[]`, `"devices":{}`):                                                    "devices: an object, and not an array",
		member(`"devices":[]`, `"devices":[],"attestation":"a b"`):                                "attestation: with spaces",
		member(`"devices":[]`, `"devices":[],"attestation":"`+strings.Repeat("A", 5000)+`"`):      "attestation: over 4096 characters",
		withDevice(`{}`):                  `devices: number 1 "format" is missing`,
		withDevice(`{"format":"X25519"}`): `needs either "key" or "fingerprint"`,
		withDevice(`{"format":"X25519","key":"","fingerprint":""}`):                                    `needs either "key" or "fingerprint"`,
		withDevice(`{"format":"X25519","key":"eA==","fingerprint":"` + strings.Repeat("a", 64) + `"}`): `needs either "key" or "fingerprint"`,
		withDevice(`{"format":"x25519","key":"eA=="}`):                                                 `format "x25519" is not known`,
		withDevice(`{"format":"format-6","key":"eA=="}`):                                               `format "format-6" is not known`,
		withDevice(`{"format":"format-0","key":"eA=="}`):                                               "not known",
		withDevice(`{"format":"format-65536","key":"eA=="}`):                                           "not known",
		withDevice(`{"format":"format-007","key":"eA=="}`):                                             "not known",
		withDevice(`{"format":"X25519","key":"eA"}`):                                                   "key: not base64",
		withDevice(`{"format":"X25519","key":"eB=="}`):                                                 "key: not base64",
		withDevice(`{"format":"X25519","key":"e\nA=="}`):                                               "key: with spaces",
		withDevice(`{"format":"age","key":"` + secret + `"}`):                                          "PRIVATE key",
		withDevice(`{"format":"X25519","key":"eA==","name":"\u0007"}`):                                 "name",
		withDevice(`{"format":"OpenPGP","fingerprint":"0123456789ABCDEF"}`):                            "a key id can be forged",
		withDevice(`{"format":"SSH","fingerprint":"MD5:00:11"}`):                                       "fingerprint: not one of a key of format SSH",
		withDevice(`{"format":"X25519","fingerprint":"ab"}`):                                           "fingerprint: not one of a key of format X25519",
		withDevice(`{"format":"X25519","key":"eA==","trusted":true}`):                                  `"trusted" is not known`,
	} {
		r, err := parsed([]byte(given))
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), want) || r != nil {
			t.Errorf("%.200s:\n got %v\nwant %s", given, err, want)
		}
	}
}

// TestLimits checks that as much as the limits permit is read, and no more.
func TestLimits(t *testing.T) {
	doc := func(members, devices int) []byte {
		var b bytes.Buffer
		b.WriteString(prologue)
		for i := range members {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, `{"label":"m%d@x.org","first_seen":"2026-01-01T00:00:00Z","devices":[`, i)
			for j := range devices {
				if j > 0 {
					b.WriteByte(',')
				}
				fmt.Fprintf(&b, `{"format":"format-65280","key":"%s"}`, base64.StdEncoding.EncodeToString([]byte{byte(i), byte(j)}))
			}
			b.WriteString("]}")
		}
		b.WriteString(epilogue)
		return b.Bytes()
	}
	r, err := Parse(doc(MaxMembers, 1))
	fatalIfErr(t, err)
	if len(r.Members) != MaxMembers {
		t.Errorf("%d members", len(r.Members))
	}
	if _, err = Parse(doc(1, MaxDevices)); err != nil {
		t.Error(err)
	}
	for want, data := range map[string][]byte{
		"members: more than 20000 members":          doc(MaxMembers+1, 0),
		"devices: more than 64 devices":             doc(1, MaxDevices+1),
		"over 67108864 bytes":                       make([]byte, MaxSize+1),
		"key: over":                                 []byte(withDevice(`{"format":"age","key":"` + strings.Repeat("AAAA", 100_000) + `"}`)),
		"members: number 1 an array, and not":       []byte(prologue + strings.Repeat("[", 100_000)),
		"(\"b@x.org\"): devices: number 1 an array": []byte(withDevice(strings.Repeat("[", 100_000))),
	} {
		if _, err := Parse(data); !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestTampered cuts the document of docs/roster.md everywhere, and changes each
// byte: it is refused, or read as something of the right shape.
func TestTampered(t *testing.T) {
	doc := []byte(documented(t, "json"))
	for i := range doc {
		if _, err := Parse(doc[:i]); !errors.Is(err, ErrMalformed) {
			t.Fatalf("cut at %d: %v", i, err)
		}
		for _, c := range []byte{'"', '{', ']', ',', 'x', '0', 0, 0xff, doc[i] ^ 0x20} {
			changed := bytes.Clone(doc)
			changed[i] = c
			checkParsed(t, changed)
		}
	}
}

func checkParsed(t *testing.T, data []byte) {
	r, err := Parse(data)
	if err != nil {
		if !errors.Is(err, ErrMalformed) || r != nil {
			t.Fatalf("%q: %v, %v", data, r, err)
		}
		return
	}
	if r.Me == "" || len(r.Members) > MaxMembers {
		t.Fatalf("%q: %+v", data, r)
	}
	for _, m := range r.Members {
		if m.Label == "" || m.FirstSeen.IsZero() || len(m.Devices) > MaxDevices {
			t.Fatalf("%q: %+v", data, m)
		}
		for _, d := range m.Devices {
			if d.Format == 0 || d.Fingerprint == "" || len(d.Data) > 0 && d.Key().Fingerprint() != d.Fingerprint {
				t.Fatalf("%q: %+v", data, d)
			}
		}
	}
}

// FuzzRoster checks that whatever is read has the right shape, and that it can be
// judged.
func FuzzRoster(f *testing.F) {
	f.Add([]byte(documented(f, "json")))
	f.Add([]byte(prologue + noDevice + epilogue))
	f.Add([]byte(withDevice(`{"format":"SSH","key":"AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`)))
	f.Add([]byte(withDevice(`{"format":"JWK","key":"eyJjcnYiOiJFZDI1NTE5Iiwia3R5IjoiT0tQIiwieCI6IkFBIn0="}`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		checkParsed(t, data)
		r, err := Parse(data)
		if err != nil {
			return
		}
		proven := make(map[string]*History)
		for _, m := range r.Members {
			v := version(0, 0, none)
			for _, d := range m.Devices[:len(m.Devices)/2] {
				v.Set.Keys = append(v.Set.Keys, d.Key())
			}
			v.Keys = v.Set.Summary()
			proven[m.Label] = history(m.Label, v)
		}
		opt := Options{Now: hours(0)}
		if one, two := Check(r, proven, opt), Check(r, proven, opt); !reflect.DeepEqual(one, two) {
			t.Fatalf("two reports of %q:\n%+v\n%+v", data, one, two)
		}
	})
}
