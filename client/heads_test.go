package client_test

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

func (w *world) export(signed bool) *client.HeadsExport {
	w.Helper()
	x, err := w.c.ExportHeads(w.Context(), signed)
	if err != nil {
		w.Fatal(err)
	}
	return x
}

// TestHeads checks that what is retained is of the log's present state, and that
// each command that brings the view up to date brings it up to date, too.
func TestHeads(t *testing.T) {
	w := newWorld(t)
	w.settle()
	before, err := w.offline().Heads(bg, true)
	if err != nil || len(before.Heads) == 0 || before.Head.TreeSize == w.dir.Size() {
		t.Fatalf("%+v, %v", before, err)
	}
	now, err := w.c.Heads(bg, false)
	if err != nil || len(now.Heads) <= len(before.Heads) || now.Head.TreeSize != w.dir.Size() {
		t.Fatalf("%+v, %v", now, err)
	}
	for _, h := range now.Heads {
		entry := w.dir.Entries()[h.Position]
		if uint64(h.Time.UnixMilli()) != entry.Timestamp || len(h.Root) != 64 {
			t.Errorf("%+v", h)
		}
	}
	w.dir.Tick(40, clienttest.Window)
	w.watch()
	later, err := w.offline().Heads(bg, true)
	if err != nil || len(later.Heads) != 10 || later.Heads[0].Position <= now.Heads[len(now.Heads)-1].Position {
		t.Errorf("%+v, %v", later, err)
	}
}

func TestCompareHeads(t *testing.T) {
	w := newWorld(t)
	w.settle()
	old, err := w.c.ExportHeads(bg, true)
	if err != nil {
		t.Fatal(err)
	}
	w.dir.Tick(3, clienttest.Window)
	o := w.another()
	text := old.Text
	if strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 $%*+-./:") != "" {
		t.Errorf("the text %q does not fit the alphanumeric set", text)
	}
	wrapped := strings.ToLower(text[:50]) + "\n" + text[50:100] + " \r\n\t" + text[100:] + "\n"
	for name, file := range map[string]string{
		"file": string(w.export(false).File), "signed": string(w.export(true).File), "text": w.export(false).Text,
		"older file": string(old.File), "older text": text, "wrapped text": wrapped,
	} {
		before := o.readState()
		r, err := o.offline().CompareHeads(bg, []byte(file))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		o.outcome(r.Verdict, client.OutcomeVerified)
		common := len(r.Own)
		if strings.HasPrefix(name, "older") || name == "wrapped text" {
			common = 0
			for _, h := range old.Heads {
				if h.Position >= r.Own[0].Position {
					common++
				}
			}
		}
		if common < 2 || r.Result != client.HeadsConsistent || r.Common != common || r.Kind() != 0 || r.Signed != strings.Contains(file, "response") {
			t.Errorf("%s: %+v", name, r)
		}
		if o.readState() != before {
			t.Errorf("%s: the comparison changed the state", name)
		}
	}
	w.dir.Tick(40, clienttest.Window)
	o.watch()
	r, err := o.c.CompareHeads(bg, []byte(text))
	if err != nil || r.Kind() != client.Undecided || r.Result != client.HeadsDisjoint || r.Hint == "" {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestHeadsDisplaced has a list with a root of one's own at another log entry, where
// one's own list has nothing: no head is the same.
func TestHeadsDisplaced(t *testing.T) {
	w := newWorld(t)
	w.settle()
	x := w.export(false)
	for i := 0; ; i++ {
		last := len(x.Heads) - 1
		if x.Heads[last].Position-x.Heads[last-1].Position > 1 {
			break
		}
		if i == 40 {
			t.Fatalf("there is never room before the last head: %+v", x.Heads)
		}
		w.dir.Tick(1, clienttest.Window/3)
		x = w.export(false)
	}
	last := x.Heads[len(x.Heads)-1]
	list := fmt.Sprintf(`"heads": [{"position": %d, "root": %q}, {"position": %d, "root": %q}]`, last.Position-1, last.Root, last.Position+1, last.Root)
	r, err := w.offline().CompareHeads(bg, []byte(cut(string(x.File), `"heads": [`, "]", list)))
	if err != nil || r.Result != client.HeadsDiffer || r.Common != 0 || r.Kind() != client.Attention {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestHeadsRefused(t *testing.T) {
	w := newWorld(t)
	w.settle()
	x := w.export(true)
	file, text := string(x.File), x.Text
	other := clienttest.New()
	other.Tick(9, clienttest.Window)
	stranger := &world{T: t, dir: other, server: httptest.NewServer(other), root: t.TempDir()}
	t.Cleanup(stranger.server.Close)
	stranger.http = stranger.server.Client()
	stranger.c = stranger.trust()
	for name, c := range map[string]struct {
		data string
		kind client.Kind
		text string
	}{
		"empty":              {"", client.Undecided, "not a list"},
		"cut text":           {text[:len(text)-9], client.Undecided, "check sum"},
		"very short text":    {text[:25], client.Undecided, "cut off"},
		"mistyped text":      {flip(text, 60), client.Undecided, "check sum"},
		"digits of no text":  {text[:60] + "1" + text[61:], client.Undecided, "damaged"},
		"later text":         {strings.Replace(text, "HEADS-1", "HEADS-2", 1), client.Undecided, "not a list"},
		"later file":         {strings.Replace(file, `"version": 1`, `"version": 2`, 1), client.Undecided, "version 2"},
		"more":               {strings.Replace(file, `"version": 1`, `"version": 1, "more": 2`, 1), client.Undecided, "unknown field"},
		"something else":     {strings.Replace(file, "ghostlight-heads", "ghostlight-tails", 1), client.Undecided, "not a list"},
		"half an exchange":   {strings.Replace(file, `"request": "AAA="`, `"request": null`, 1), client.Undecided, "not a list"},
		"another request":    {strings.Replace(file, `"request": "AAA="`, `"request": "AAAA"`, 1), client.Undecided, "the request in the file"},
		"a forged response":  {cut(file, `"response": "`, `"`, `"response": "AgAA"`), client.Undecided, "the response in the file"},
		"another directory":  {string(stranger.export(false).File), client.Usage, "of another directory"},
		"text of another":    {stranger.export(false).Text, client.Usage, "of another directory"},
		"no heads":           {cut(string(w.export(false).File), `"heads": [`, "]", `"heads": []`), client.Undecided, "empty"},
		"descending heads":   {strings.Replace(file, `"position": 0`, `"position": 99`, 1), client.Undecided, "ascend"},
		"too large":          {strings.Repeat(" ", client.MaxHeadsSize+1), client.Undecided, "larger"},
		"a credential":       {`{"format":"ghostlight-credential"}`, client.Undecided, "not a list"},
		"upper-case root":    {strings.ToUpper(file), client.Undecided, "not a list"},
		"signed by a friend": {cut(file, `"response": "`, `"`, `"response": "`+"AgAAAAAAAAAKAAA="+`"`), client.Undecided, "the response in the file"},
	} {
		if c.data == file {
			t.Fatalf("%s: nothing was replaced", name)
		}
		_, err := w.offline().CompareHeads(bg, []byte(c.data))
		t.Log(name)
		wantKind(t, err, c.kind, c.text)
	}
}

// flip replaces a character of a text by another one of base32.
func flip(text string, i int) string {
	with := "A"
	if text[i] == 'A' {
		with = "B"
	}
	return text[:i] + with + text[i+1:]
}

// forkedWorld has two people who are shown two logs from some entry on, in both of
// which there are new distinguished entries.
func forkedWorld(t *testing.T) (w, o *world) {
	w = newWorld(t)
	w.settle()
	o = w.another()
	o.dir = w.dir.Fork()
	o.server = httptest.NewServer(o.dir)
	t.Cleanup(o.server.Close)
	w.dir.Tick(3, clienttest.Window)
	w.dir.Insert()
	o.dir.Tick(5, time.Second) // the clock is the same
	return w, o
}

func TestHeadsOfFork(t *testing.T) {
	w, o := forkedWorld(t)
	w.watch()
	x := w.export(false)
	// o's client goes on with the other log.
	o.become(o.dir)
	signed := func() *client.HeadsExport {
		c, err := client.Trust(bg, t.TempDir(), o.server.URL, "", o.config())
		if err != nil {
			t.Fatal(err)
		}
		other, err := client.Open(strings.TrimSuffix(c.StateDir, "/"+lastElement(c.StateDir)), o.server.URL, o.config())
		if err != nil {
			t.Fatal(err)
		}
		y, err := other.ExportHeads(bg, true)
		if err != nil {
			t.Fatal(err)
		}
		return y
	}()
	if bytes.Equal(x.File, signed.File) {
		t.Fatal("the lists are the same")
	}
	// An unsigned list proves nothing.
	for _, list := range []string{signed.Text, cut(string(signed.File), ",\n  \"request\"", "\"\n}", "\n}")} {
		r, err := w.offline().CompareHeads(bg, []byte(list))
		if err != nil {
			t.Fatal(err)
		}
		w.outcome(r.Verdict, client.OutcomeChanged)
		if r.Result != client.HeadsDiffer || r.Kind() != client.Attention || !strings.Contains(r.Verdict.Reason, "no proof") {
			t.Errorf("%+v", r)
		}
	}
	// A signed one does, and so does another way to the directory.
	_, err := w.c.CompareHeads(bg, signed.File)
	e := wantKind(t, err, client.Misbehaved, "two logs")
	data, err := os.ReadFile(e.Evidence)
	if err != nil || !strings.Contains(string(data), `"kind": "fork"`) || !strings.Contains(string(data), `"response"`) {
		t.Errorf("%v, %.200s", err, data)
	}
	_, err = w.c.CompareRoute(bg, client.Route{URL: o.server.URL})
	wantKind(t, err, client.Misbehaved, "two logs")
}

func lastElement(path string) string { return path[strings.LastIndex(path, "/")+1:] }

func TestCompareSecondURL(t *testing.T) {
	w := newWorld(t)
	w.settle()
	second := httptest.NewServer(w.dir)
	t.Cleanup(second.Close)
	r, err := w.c.CompareRoute(bg, client.Route{URL: second.URL})
	if err != nil || r.Kind() != 0 || !r.Signed || r.Common != len(r.Own) {
		t.Errorf("%+v, %v", r, err)
	}
	stranger := clienttest.New()
	second.Config.Handler = stranger
	_, err = w.c.CompareRoute(bg, client.Route{URL: second.URL})
	e := wantKind(t, err, client.Undecided, "")
	if e.Evidence != "" {
		t.Error("evidence against a directory that is another one")
	}
	_, err = w.c.CompareRoute(bg, client.Route{URL: "http://keys.example.org"})
	wantKind(t, err, client.Usage, "use https")
	second.Close()
	_, err = w.c.CompareRoute(bg, client.Route{URL: second.URL})
	wantKind(t, err, client.Undecided, "not reached")
}
