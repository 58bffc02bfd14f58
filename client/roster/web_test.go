package roster

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"reflect"
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
