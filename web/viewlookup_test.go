package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/web/audit/audittest"
)

// keysOf returns a value with raw keys, named like their first byte.
func keysOf(t testing.TB, keys ...byte) string {
	t.Helper()
	var set keyset.Set
	for _, b := range keys {
		// X25519 takes almost any string.
		data := make([]byte, 32)
		data[0], data[1] = b, 9
		set.Keys = append(set.Keys, keyset.Key{Format: keyset.FormatX25519, Data: data, Name: fmt.Sprint("device ", b)})
	}
	encoded, err := set.Marshal()
	fatalIfErr(t, err)
	return string(encoded)
}

const hostileLabel = "שלום<img src=x onerror=alert(1)>\"'@example.org"

func TestViewLookup(t *testing.T) {
	w := newViewWorld(t, 2)
	w.publish("alice@example.org", nil, keysOf(t, 1), keysOf(t, 1, 2))
	w.publish(hostileLabel, nil, keysOf(t, 3))
	p := w.ask("/lookup", url.Values{"label": {"  Alice@Example.org "}})
	wantText(t, p, "result", "The operator’s claim about alice@example.org", "Version 1, the newest,", "as of 4 log entries", "The proof ends in entry 3",
		"2 keys", "device 1", "device 2", "Fingerprint", "You typed Alice@Example.org")
	p = w.ask("/lookup", url.Values{"label": {"alice@example.org"}, "version": {" 0 "}})
	wantText(t, p, "result", "Version 0 as of", "1 key")

	p = w.ask("/lookup", url.Values{"label": {hostileLabel}})
	wantText(t, p, "result", hostileLabel, "device 3")
	for _, n := range p.All(func(n *html.Node) bool { return n.Data == "img" }) {
		t.Errorf("the label became an element: %v", n.Attr)
	}
	if isolated := p.All(func(n *html.Node) bool { return n.Data == "bdi" && strings.Contains(audittest.Text(n), "שלום") }); len(isolated) == 0 {
		t.Error("the label is not isolated")
	}

	w.publish("bytes", nil, "no key set")
	wantText(t, w.ask("/lookup", url.Values{"label": {"bytes"}}), "result", "10 bytes that are not a key set")
}

func TestViewLookupProblems(t *testing.T) {
	w := newViewWorld(t, 2)
	w.publish("alice", nil, "x", "y")
	for _, c := range []struct {
		form url.Values
		want string
	}{
		{url.Values{"label": {"nobody"}}, "The directory does not know this label"},
		{url.Values{"label": {"alice"}, "version": {"2"}}, "The label does not have this version"},
		{url.Values{"label": {"alice"}, "version": {"-1"}}, "A version is a whole number"},
		{url.Values{"label": {"alice"}, "version": {"4294967296"}}, "A version is a whole number"},
		{url.Values{"label": {""}}, "This cannot be a label"},
		{url.Values{}, "This cannot be a label"},
		{url.Values{"label": {"a\x00b"}}, "This cannot be a label"},
		{url.Values{"label": {"\xff"}}, "This cannot be a label"},
		{url.Values{"label": {strings.Repeat("x", 256)}}, "This cannot be a label"},
	} {
		p := w.ask("/lookup", c.form)
		wantText(t, p, "result", c.want)
		if claims := p.All(func(n *html.Node) bool { return audittest.Attribute(n, "class") == "claim" }); len(claims) > 0 {
			t.Errorf("%v: there is a claim", c.form)
		}
		if path := "/history"; c.form.Get("version") == "" {
			wantText(t, w.ask(path, c.form), "result", c.want)
		}
	}
	_, err := w.dir.Erase(t.Context(), []byte("alice"), ptr(uint32(0)))
	fatalIfErr(t, err)
	wantText(t, w.ask("/lookup", url.Values{"label": {"alice"}, "version": {"0"}}), "result", "The value was erased")
	wantText(t, w.ask("/history", url.Values{"label": {"alice"}}), "v0", "The value was erased")
	wantText(t, w.ask("/history", url.Values{"label": {"alice"}}), "v1", "1 byte")
	w.advance(48 * time.Hour)
	for _, path := range []string{"/lookup", "/history"} {
		wantText(t, w.visit(http.StatusServiceUnavailable, "POST", path, url.Values{"label": {"alice"}}), "main", "The log is not of this time")
	}
}

// TestViewPaste sends more than a form takes.
func TestViewPaste(t *testing.T) {
	w := newViewWorld(t, 2)
	for _, size := range []int{maxSmallBody, 10 << 20} {
		body := []byte("label=" + strings.Repeat("x", size))
		for _, path := range []string{"/lookup", "/history"} {
			rec := w.do("POST", ViewPath+path, body, header{"Content-Type", formType})
			if rec.Code != http.StatusRequestEntityTooLarge || !strings.Contains(rec.Body.String(), "<h1>Too much was sent</h1>") || rec.Body.Len() > 8000 {
				t.Errorf("%d bytes: status %d, %d bytes back", size, rec.Code, rec.Body.Len())
			}
		}
		rec := w.do("POST", ViewPath+"/roster", body, header{"Content-Type", formType})
		if rec.Code != http.StatusMethodNotAllowed {
			t.Errorf("the roster page takes a body: status %d", rec.Code)
		}
	}
	wantText(t, w.ask("/lookup", url.Values{"label": {strings.Repeat("ab", 20<<10)}}), "result", "This cannot be a label")
	rec := w.do("POST", ViewPath+"/lookup", []byte("%zz=%"), header{"Content-Type", formType})
	if rec.Code != http.StatusBadRequest {
		t.Errorf("status %d for what is no form", rec.Code)
	}
	for _, mediaType := range []string{"", ";", "text/plain", jsonType, "multipart/form-data; boundary=x"} {
		rec := w.do("POST", ViewPath+"/lookup", []byte("label=alice"), header{"Content-Type", mediaType})
		if rec.Code != http.StatusUnsupportedMediaType || rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%q: status %d", mediaType, rec.Code)
		}
	}
}

// TestViewPrivacy looks for a label, which was asked for in every way, where it must not
// be.
func TestViewPrivacy(t *testing.T) {
	const secret = "secretlabel@example.org"
	w := newViewWorld(t, 2)
	w.publish(secret, nil, "x")
	for _, path := range []string{"/lookup", "/history", "/roster", "/nothing"} {
		for _, body := range []string{url.Values{"label": {secret}}.Encode(), "label=" + secret + "&version=7", secret + "=%"} {
			rec := w.do("POST", ViewPath+path, []byte(body), header{"Content-Type", formType})
			if headers := fmt.Sprint(rec.Header()); strings.Contains(headers, "secret") {
				t.Errorf("headers %s", headers)
			}
			if rec.Code == http.StatusOK && rec.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s is stored", path)
			}
			page, err := audittest.Parse(rec.Body.String())
			fatalIfErr(t, err)
			for _, a := range page.All(func(*html.Node) bool { return true }) {
				if strings.Contains(audittest.Attribute(a, "href")+audittest.Attribute(a, "action"), "secret") {
					t.Errorf("%s has the label in a URL: %v", path, a.Attr)
				}
			}
		}
	}
	for _, path := range []string{"/lookup?label=" + secret, "/" + secret, "/log/" + secret, "/log?position=" + secret} {
		w.do("GET", ViewPath+path, nil)
	}
	if log := w.log.String(); strings.Contains(log, "secret") || !strings.Contains(log, `"route":"`+ViewPath+`/*"`) {
		t.Errorf("the log is %s", log)
	}
}

// TestViewHistory goes through a history that is longer than a page.
func TestViewHistory(t *testing.T) {
	w := newViewWorld(t, 2)
	values := []string{keysOf(t, 1), keysOf(t, 1, 2), keysOf(t, 2), "no key set", keysOf(t, 2)}
	for len(values) < 20 {
		values = append(values, keysOf(t, byte(len(values))))
	}
	w.publish("alice", nil, values...)
	p := w.ask("/history", url.Values{"label": {"alice"}})
	wantText(t, p, "result", "Versions 12 to 19 of 19, the newest")
	wantText(t, p, "v19", "added", "device 19", "removed", "device 18")
	if p.ID("v11") != nil || p.ID("v20") != nil {
		t.Error("a page has too many versions")
	}
	p = w.ask("/history", url.Values{"label": {"alice"}, "to": {"4"}})
	wantText(t, p, "result", "Versions 0 to 4 of 19", "Newer versions")
	wantText(t, p, "v0", "In the log since entry 2 of 2027-01-15 08:00:00 UTC", "What came before is not shown here.")
	wantText(t, p, "v1", "added", "device 2", "1 key is as before")
	wantText(t, p, "v2", "removed", "device 1")
	wantText(t, p, "v3", "10 bytes that are no key set")
	wantText(t, p, "v4", "The version before is not known, or no key set.")
	if strings.Contains(audittest.Text(p.ID("result")), "Older versions") {
		t.Error("there are versions before the first")
	}
	wantText(t, w.ask("/history", url.Values{"label": {"alice"}, "to": {"4000000000"}}), "result", "Versions 12 to 19")
}

// TestViewAccount shows what an account key signed and what not.
func TestViewAccount(t *testing.T) {
	w := newViewWorld(t, 2)
	signer, err := account.NewSigner(account.Ed25519)
	fatalIfErr(t, err)
	set, err := keyset.Parse([]byte(keysOf(t, 1)))
	fatalIfErr(t, err)
	signed, err := account.Sign(set, account.Link{Label: "alice"}, signer, nil)
	fatalIfErr(t, err)
	value, err := signed.Marshal()
	fatalIfErr(t, err)
	w.publish("alice", nil, string(value))
	w.publish("alice", ptr(uint32(0)), keysOf(t, 1, 2)) // the ghost
	p := w.ask("/history", url.Values{"label": {"alice"}})
	wantText(t, p, "v0", "the first with an account key, and signed by it")
	wantText(t, p, "v1", "not signed by the account key", "added", "device 2")
	key, err := account.KeyOf(signer)
	fatalIfErr(t, err)
	wantText(t, w.ask("/lookup", url.Values{"label": {"alice"}, "version": {"0"}}), "result", "names the account key "+key.Fingerprint())
	wantText(t, w.ask("/lookup", url.Values{"label": {"alice"}}), "result", "The version has none")
}

// TestViewPruned shows a log of which the beginning is gone.
func TestViewPruned(t *testing.T) {
	w := newWorld(t, func(_ *Config, d *directory.Config) {
		d.Configuration.MaximumLifetime = ptr(uint64((10 * time.Minute).Milliseconds()))
	})
	w.publish("old", nil, "x")
	w.insertMany(300, 1)
	w.advance(time.Hour)
	for i := range 4 {
		w.publish(fmt.Sprint("new", i), nil, "x")
	}
	w.publishLog()
	pruned, err := w.dir.Prune(t.Context(), directory.PruneOptions{PublicLog: true}, func(directory.Pruned) {})
	fatalIfErr(t, err)
	head, err := w.dir.Head()
	fatalIfErr(t, err)
	if head.FirstEntry != 256 {
		t.Fatalf("pruned %+v", pruned)
	}
	w.see("/")
	p := w.see("/log?from=256")
	wantText(t, p, "main", "those before 256 have expired and were removed", "of 306")
	if older := p.All(func(n *html.Node) bool { return audittest.Attribute(n, "rel") == "prev" }); len(older) > 0 {
		t.Error("there is a page before the first entry")
	}
	for _, path := range []string{"/log/255", "/log/0", "/log?from=255", "/log?position=3"} {
		wantText(t, w.visit(http.StatusGone, "GET", path, nil), "main", "The log has no entries before 256 any more")
	}
	wantText(t, w.see("/log/256"), "proof", "what comes out is the root.")
	wantText(t, w.see("/log?date=1999-12-31"), "e256", "256")
	w.see("/consistency?old=3&new=300") // hashes are never pruned
	// The greatest version of a label is kept.
	wantText(t, w.ask("/history", url.Values{"label": {"old"}}), "v0", "no later than")
}
