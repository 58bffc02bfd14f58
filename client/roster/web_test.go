package roster

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

var update = flag.Bool("update", false, "write the vectors for web/client anew")

// Vectors for web/client, the second implementation of docs/roster.md: what this one says
// of the stories that its tests tell. While TestWebVectors lets them be told, they are taken
// down here.
type (
	takenDown struct {
		stories   map[string]webStory // by their JSON
		documents map[string]webDocument
		skipped   int
	}
	webStory struct {
		Roster  json.RawMessage        `json:"roster"`
		Now     int64                  `json:"now"` // times in ms since 1970
		Window  int64                  `json:"window,omitempty"`
		Proven  map[string]*webHistory `json:"proven"`
		Report  *Report                `json:"report"`
		Exit    int                    `json:"exit"`
		Unclear []Question             `json:"unclear,omitempty"`
	}
	webHistory struct {
		Absent       bool         `json:"absent,omitempty"`
		Err          string       `json:"error,omitempty"`
		Misbehaviour bool         `json:"misbehaviour,omitempty"`
		Versions     []webVersion `json:"versions"` // newest first
		Complete     bool         `json:"complete"`
		TreeSize     uint64       `json:"tree_size"`
		Root         string       `json:"root"`
		Time         *int64       `json:"time,omitempty"`
		Before       *webBefore   `json:"before,omitempty"`
	}
	webBefore struct {
		Version  uint32 `json:"version"`
		Key      webKey `json:"key"`
		NotAfter int64  `json:"not_after"`
	}
	webVersion struct {
		Number      uint32               `json:"number"`
		LogEntry    uint64               `json:"log_entry"`
		NotBefore   *int64               `json:"not_before,omitempty"`
		NotAfter    int64                `json:"not_after"`
		Unsettled   string               `json:"unsettled,omitempty"`
		Commitment  string               `json:"commitment"`
		ValueSHA256 string               `json:"value_sha256,omitempty"`
		Missing     string               `json:"missing,omitempty"`
		Set         []byte               `json:"set,omitempty"`
		Keys        []keyset.Description `json:"keys,omitempty"` // if they are other ones than the set's
		Account     account.Status       `json:"account,omitempty"`
		Key         *webKey              `json:"key,omitempty"`
		Rotated     bool                 `json:"rotated,omitempty"`
		Mine        bool                 `json:"mine,omitempty"`
	}
	// webKey need not be a valid one.
	webKey struct {
		Algorithm uint8  `json:"algorithm"`
		Public    []byte `json:"public"`
	}
	// webDocument is one that Parse reads or refuses.
	webDocument struct {
		Text   *string         `json:"text,omitempty"`
		Bytes  []byte          `json:"bytes,omitempty"` // of one that is not UTF-8
		Roster json.RawMessage `json:"roster,omitempty"`
	}
	webFile struct {
		Stories   []webStory    `json:"stories"`
		Documents []webDocument `json:"documents"`
		Materials []webMaterial `json:"materials"`
		Digests   []webDigest   `json:"digests"`
		// Said are the distinct findings of Small.
		Said  []string   `json:"said"`
		Small []webSmall `json:"small"`
	}
	webMaterial struct {
		Format keyset.Format `json:"format"`
		Data   []byte        `json:"data"`
		ID     string        `json:"id,omitempty"`
	}
	webDigest struct {
		Entries []DigestEntry `json:"entries"`
		Digits  string        `json:"digits,omitempty"` // empty: there is none
	}
)

var takingDown *takenDown

// judged is what Check says.
func judged(r *Roster, proven map[string]*History, opt Options) *Report {
	report := Check(r, proven, opt)
	if takingDown != nil {
		takingDown.story(r, proven, opt, report)
	}
	return report
}

// parsed is what Parse says.
func parsed(data []byte) (*Roster, error) {
	r, err := Parse(data)
	if takingDown != nil && len(data) < 8000 {
		takingDown.document(data, r)
	}
	return r, err
}

func (d *takenDown) document(data []byte, r *Roster) {
	var w webDocument
	if s := string(data); utf8.Valid(data) {
		w.Text = &s
	} else {
		w.Bytes = data
	}
	if r != nil {
		w.Roster = written(r)
	}
	d.documents[string(data)] = w
}

func (d *takenDown) story(r *Roster, proven map[string]*History, opt Options, report *Report) {
	document := written(r)
	if again, err := Parse(document); err != nil || !reflect.DeepEqual(again, r) {
		d.skipped++ // it cannot come from a document
		return
	}
	s := webStory{Roster: document, Now: opt.Now.UnixMilli(), Window: opt.Window.Milliseconds(), Report: report, Exit: report.Exit(), Unclear: report.Unclear, Proven: make(map[string]*webHistory)}
	for label, h := range proven {
		s.Proven[label] = webHistoryOf(h)
	}
	d.stories[string(must(json.Marshal(s)))] = s
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func webHistoryOf(h *History) *webHistory {
	w := &webHistory{Absent: h.Absent, Misbehaviour: h.Misbehaviour, Versions: []webVersion{}, Complete: h.Complete, TreeSize: h.Head.TreeSize, Root: h.Head.Root, Time: ms(h.Head.Time)}
	if h.Err != nil {
		w.Err = h.Err.Error()
	}
	if b := h.Before; b != nil {
		w.Before = &webBefore{b.Version, *webKeyOf(&b.Key), b.NotAfter.UnixMilli()}
	}
	for _, v := range h.Versions {
		out := webVersion{
			Number: v.Number, LogEntry: v.LogEntry, NotBefore: ms(v.NotBefore), NotAfter: v.NotAfter.UnixMilli(), Unsettled: v.Unsettled,
			Commitment: hex.EncodeToString(v.Commitment[:]), ValueSHA256: v.ValueSHA256, Missing: v.Missing,
			Account: v.Account, Key: webKeyOf(v.Key), Rotated: v.Rotated, Mine: v.Mine,
		}
		if v.KeySet {
			out.Set = must(v.Set.Marshal())
		}
		if !reflect.DeepEqual(v.Keys, v.Set.Summary()) {
			out.Keys = v.Keys
		}
		w.Versions = append(w.Versions, out)
	}
	return w
}

func webKeyOf(k *account.Key) *webKey {
	if k == nil {
		return nil
	}
	return &webKey{uint8(k.Algorithm), []byte(k.Public)}
}

func ms(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	n := t.UnixMilli()
	return &n
}

// written is the document of a roster.
func written(r *Roster) []byte {
	at := func(t time.Time) *string {
		if t.IsZero() {
			return nil
		}
		s := t.UTC().Format(time.RFC3339Nano)
		return &s
	}
	type device struct {
		Format      string  `json:"format"`
		Key         []byte  `json:"key,omitempty"`
		Fingerprint string  `json:"fingerprint,omitempty"`
		Name        string  `json:"name,omitempty"`
		FirstSeen   *string `json:"first_seen,omitempty"`
	}
	type member struct {
		Label       string   `json:"label"`
		FirstSeen   *string  `json:"first_seen,omitempty"`
		VerifiedAt  *string  `json:"verified_at,omitempty"`
		Devices     []device `json:"devices"`
		Attestation string   `json:"attestation,omitempty"`
	}
	members := []member{}
	for _, m := range r.Members {
		devices := []device{}
		for _, d := range m.Devices {
			w := device{Format: d.Format.String(), Key: d.Data, Name: d.Name, FirstSeen: at(d.FirstSeen)}
			if d.Data == nil {
				w.Fingerprint = d.Fingerprint
			}
			devices = append(devices, w)
		}
		members = append(members, member{m.Label, at(m.FirstSeen), at(m.VerifiedAt), devices, m.Attestation})
	}
	return must(json.Marshal(struct {
		Schema       string   `json:"schema"`
		Conversation string   `json:"conversation"`
		Me           string   `json:"me"`
		Started      *string  `json:"started,omitempty"`
		Members      []member `json:"members"`
		Agreed       []string `json:"agreed,omitempty"`
	}{Schema, r.Conversation, r.Me, at(r.Started), members, r.Agreed}))
}

// TestWebVectors writes testdata/web.json, one vector a line.
func TestWebVectors(t *testing.T) {
	takingDown = &takenDown{stories: make(map[string]webStory), documents: make(map[string]webDocument)}
	defer func() { takingDown = nil }()
	for _, test := range []func(*testing.T){
		TestInnocent, TestNotes, TestAttacks, TestUnsettled, TestUnsettledSignature, TestSignedChain, TestMine, TestWindow,
		TestEvasions, TestUnrevoked, TestReinstalledTwice, TestVerifiedBefore, TestMembers, TestFailures, TestOtherFormats,
		TestDormant, TestStatus, TestExtended, TestAttestations, TestReport, TestParse, TestParseNormalises, TestParseRefuses,
	} {
		test(t)
	}
	tamper(t)
	told := takingDown
	takingDown = nil
	file := webFile{
		Stories: inOrder(told.stories), Documents: inOrder(told.documents),
		Materials: webMaterials(t), Digests: webDigests(),
	}
	file.Said, file.Small = webSmalls()
	if len(file.Stories) < 120 || len(file.Documents) < 230 || len(file.Small) < 3000 || len(file.Materials) < 150 || told.skipped > 2 {
		t.Fatalf("%d stories, without %d; %d documents, %d small histories, %d keys",
			len(file.Stories), told.skipped, len(file.Documents), len(file.Small), len(file.Materials))
	}
	const path = "testdata/web.json"
	content := file.lines()
	if *update {
		fatalIfErr(t, os.WriteFile(path, content, 0o644))
	}
	data, err := os.ReadFile(path)
	fatalIfErr(t, err)
	if !bytes.Equal(data, content) {
		t.Errorf("%s is not up to date: go test ./client/roster -run WebVectors -update", path)
	}
}

func inOrder[V any](m map[string]V) (list []V) {
	for _, key := range sortedKeys(m) {
		list = append(list, m[key])
	}
	return list
}

// lines is JSON with one vector a line.
func (f webFile) lines() []byte {
	b := must(json.Marshal(f))
	var out bytes.Buffer
	depth, quoted := 0, false
	for i, c := range b {
		out.WriteByte(c)
		switch {
		case c == '"' && !escaped(b[:i]):
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		}
		if !quoted && (c == ',' && depth <= 2 || c == '[' && depth == 2) {
			out.WriteByte('\n')
		}
	}
	out.WriteByte('\n')
	return out.Bytes()
}

func escaped(before []byte) bool { return (len(before)-len(bytes.TrimRight(before, `\`)))%2 == 1 }

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
