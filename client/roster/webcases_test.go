package roster

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// tamper reads documents with one byte changed, or cut.
func tamper(t *testing.T) {
	doc := []byte(documented(t, "json"))
	for i := range doc {
		switch c := []byte{'"', '{', ']', ',', 'x', '0', 0, 0xff, doc[i] ^ 0x20}[i%9]; i % 8 {
		case 0:
			changed := bytes.Clone(doc)
			changed[i] = c
			_, _ = parsed(changed)
		case 1:
			if i%3 == 0 {
				_, _ = parsed(doc[:i])
			}
		}
	}
	for _, s := range []string{
		`{"a":1}`, `[]]`, " \t\r\n" + prologue + epilogue + " \n", prologue + noDevice + "," + epilogue, prologue + "," + noDevice + epilogue, prologue + epilogue + "\x0b",
		strings.Replace(prologue, ",", ",,", 1) + epilogue, strings.Replace(prologue, ":", "::", 1) + epilogue, strings.Replace(prologue, ":", " : ", 1) + epilogue,
		prologue + `],}`, `{,` + prologue[1:] + epilogue, prologue + `]` + "\x00}", strings.Replace(prologue, `"c"`, `"\u0041\/\n"`, 1) + epilogue,
		strings.Replace(prologue, `"c"`, `"\u0041\/\ud83d\ude00"`, 1) + epilogue, strings.Replace(prologue, `"c"`, `"\ude00\ud83d"`, 1) + epilogue, strings.Replace(prologue, `"c"`, `"\ufffd"`, 1) + epilogue,
		strings.Replace(prologue, `"c"`, `"\x41"`, 1) + epilogue, strings.Replace(prologue, `"c"`, `"\u00g0"`, 1) + epilogue, strings.Replace(prologue, `"c"`, `'c'`, 1) + epilogue,
		strings.Replace(prologue, `"me"`, `"m\u0065"`, 1) + epilogue, strings.Replace(prologue, `"me"`, `"conv\u0065rsation"`, 1) + epilogue, strings.Replace(prologue, `"me"`, `"__proto__"`, 1) + epilogue,
		strings.Replace(prologue, `"c"`, `"`+strings.Repeat("é", 127)+`"`, 1) + epilogue, strings.Replace(prologue, `"c"`, `"`+strings.Repeat("é", 128)+`"`, 1) + epilogue,
		strings.Replace(prologue, `"c"`, `"a`+"\t"+`b"`, 1) + epilogue, prologue + `/* */` + epilogue, "\ufeff" + prologue + epilogue, `{"schema":"ghostlight/roster/v1"}`, `"x"`, "7", "true", "\"", "\"\\",
	} {
		_, _ = parsed([]byte(s))
	}
	for _, at := range []string{
		"2026-01-01T00:00:00.123Z", "2026-01-01T00:00:00.1234567Z", "2026-01-01T00:00:00.0000001Z", "2026-01-01T02:30:00+02:30", "2026-01-01T00:00:00-23:59", "2026-01-01t00:00:00Z", "2026-01-01T00:00:00z",
		"2026-02-29T00:00:00Z", "2028-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z",
		"1989-12-31T23:59:59Z", "1990-01-01T00:00:00Z", "1989-12-31T23:59:59-00:01", "9998-12-31T23:59:59Z", "9999-01-01T00:00:00Z", "2026-01-01T00:00Z", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z",
		"2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+0100", "20260101T000000Z", "+2026-01-01T00:00:00Z", " 2026-01-01T00:00:00Z", "٢٠٢٦-01-01T00:00:00Z", "0000-01-01T00:00:00Z",
	} {
		_, _ = parsed([]byte(prologue + `],"started":"` + at + `"}`))
	}
	for _, device := range []string{
		`{"format":"OpenPGP","fingerprint":"` + strings.Repeat("ﬀ", 20) + `"}`, `{"format":"OpenPGP","fingerprint":"` + strings.Repeat("aB", 32) + `"}`, `{"format":"OpenPGP","fingerprint":"` + strings.Repeat("a", 41) + `"}`,
		`{"format":"age","fingerprint":"AGE1QQQQQQQQQQQQQQQQQQ"}`, `{"format":"age","fingerprint":"age1qq"}`, `{"format":"JWK","fingerprint":"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU="}`,
		`{"format":"SSH","fingerprint":"sha256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"}`, `{"format":"X.509","fingerprint":"` + strings.Repeat("a:b", 21) + `a"}`, `{"format":"X.509","fingerprint":"` + strings.Repeat("a", 63) + `"}`,
		`{"format":"format-14","fingerprint":"` + strings.Repeat("a", 64) + `"}`, `{"format":"format-+14","key":"eA=="}`, `{"format":"","key":"eA=="}`, `{"format":"P-256","key":"eA=="}`, `{"format":"X25519","key":"eA===="}`,
		`{"format":"SSH","key":"AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","name":"x","first_seen":"2026-01-02T03:04:05.5Z"}`,
	} {
		_, _ = parsed([]byte(withDevice(device)))
	}
}

// webMaterials are keys of all formats, and what identifies them.
func webMaterials(t *testing.T) (list []webMaterial) {
	add := func(f keyset.Format, data []byte) {
		list = append(list, webMaterial{f, data, material(keyset.Key{Format: f, Data: data})})
	}
	doc, err := os.ReadFile("../keyset/testdata/keys.txt")
	fatalIfErr(t, err)
	for _, vector := range strings.Split(string(doc), "\n\n") {
		_, name, hasFormat := strings.Cut(vector, "\nformat: ")
		name, _, _ = strings.Cut(name, "\n")
		_, text, hasData := strings.Cut(vector, "\ndata: ")
		f, formatErr := parseFormat(name)
		data, dataErr := hex.DecodeString(strings.TrimSpace(text))
		if !hasFormat || !hasData || formatErr != nil || dataErr != nil || f == keyset.FormatOpenPGP || len(data) > 3000 {
			continue
		}
		add(f, data)
		if f != keyset.FormatX509 && f != keyset.FormatMLSKeyPackage {
			add(f, data[:len(data)-1])
			add(f, append(bytes.Clone(data), 0))
		}
	}
	x := raw25519('b')
	for _, crv := range []string{"X25519", "Ed25519", "P-256", "x25519"} {
		// The last character has bits that do not count.
		for _, last := range []string{"w", "x"} {
			u := base64.RawURLEncoding.EncodeToString(x)[:42] + last
			add(keyset.FormatJWK, fmt.Appendf(nil, `{"crv":"%s","kty":"OKP","x":"%s"}`, crv, u))
			add(keyset.FormatJWK, fmt.Appendf(nil, `{"crv":"%s","kty":"EC","x":"%s","y":"%s"}`, crv, u, u))
		}
	}
	for suite := range byte(10) {
		for _, size := range []int{0, 32, 57, 65, 97, 133} {
			add(keyset.FormatMLSSignature, append([]byte{0, suite}, bytes.Repeat([]byte{4}, size)...))
		}
	}
	for _, typ := range []byte{4, 5} {
		add(keyset.FormatSignal, append([]byte{typ}, x...))
	}
	return list
}

func webDigests() (list []webDigest) {
	with := func(change func(e []DigestEntry) []DigestEntry) {
		e := change(entries())
		d, _ := Digest(e)
		list = append(list, webDigest{e, string(d)})
	}
	with(func(e []DigestEntry) []DigestEntry { return e })
	with(func(e []DigestEntry) []DigestEntry { return e[:1] })
	with(func(e []DigestEntry) []DigestEntry { return nil })
	with(func(e []DigestEntry) []DigestEntry { return append(e, e[0]) })
	with(func(e []DigestEntry) []DigestEntry { e[0].ValueSHA256 = ""; return e })
	with(func(e []DigestEntry) []DigestEntry { e[0].ValueSHA256 += "00"; return e })
	with(func(e []DigestEntry) []DigestEntry { e[0].Version = 1<<32 - 1; return e })
	// Sorted by octets of UTF-8, and not by those of UTF-16.
	with(func(e []DigestEntry) []DigestEntry { e[0].Label, e[1].Label = "\U0001f600", "\uff41"; return e })
	with(func(e []DigestEntry) []DigestEntry { e[0].Label, e[1].Label = "\ue000a", "\ud7ff\U0010ffff"; return e })
	return list
}

// webSmall is a small history, as in TestExhaustive, with bounds of times: the
// members of small in order, how wide the bounds are in hours, and which of the texts
// says what is found.
type webSmall [9]any

func webSmalls() (texts []string, list []webSmall) {
	at := make(map[string]int)
	for versions := 1; versions <= 4; versions++ {
		stride := []int{0, 31, 241, 1499, 7001}[versions]
		for gaps := range 1 << (versions - 1) {
			n := 0
			eachSmall(versions, gaps, func(s *small, _ func() *timeline) {
				if n++; n%stride == 0 {
					slack := []float64{0, 0, 0.4, 3, 29, 500}[n/stride%6]
					said := s.said(slack)
					if _, ok := at[said]; !ok {
						at[said] = len(texts)
						texts = append(texts, said)
					}
					list = append(list, s.web(slack, at[said]))
				}
			})
		}
	}
	return texts, list
}

// said is what is found, the exit code, and the versions of which better times are asked.
func (s *small) said(slack float64) string {
	r := s.told(slack)
	var unclear []uint32
	for _, q := range r.Unclear {
		unclear = append(unclear, q.Version)
	}
	return strings.Join(slices.Concat(found(r), []string{fmt.Sprint(r.Exit()), fmt.Sprint(unclear)}), "; ")
}

func (s *small) web(slack float64, said int) webSmall {
	sets := make([]int, len(s.sets)) // JSON has bytes in base64
	for i, set := range s.sets {
		sets[i] = int(set)
	}
	return webSmall{sets, s.times, strings.Join(statusNames(s.statuses), ","), s.first, s.session, s.seen, s.verified, slack, said}
}

func statusNames(list []account.Status) (names []string) {
	for _, s := range list {
		names = append(names, string(s))
	}
	return names
}
