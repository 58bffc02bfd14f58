package vantage

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// get makes a request, with headers as pairs.
func get(t *testing.T, method, url string, headers ...string) (*http.Response, []byte) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	fatalIfErr(t, err)
	for pair := range slices.Chunk(headers, 2) {
		q.Header.Set(pair[0], pair[1])
	}
	r, err := http.DefaultClient.Do(q)
	fatalIfErr(t, err)
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	fatalIfErr(t, err)
	return r, body
}

func configurationOf(t *testing.T, w *world) string {
	t.Helper()
	c, err := w.dir.Configuration().Marshal()
	fatalIfErr(t, err)
	sum := sha256.Sum256(c)
	return hex.EncodeToString(sum[:])
}

func TestGossip(t *testing.T) {
	w, other, silent := newWorld(t), newWorld(t), newWorld(t)
	w.want(w.round())
	other.want(other.round())
	silent.open()
	s := newHost(t, NewGossip(w.v, other.v, silent.v))
	r, body := get(t, http.MethodGet, s.URL+"/gossip/")
	var index Index
	fatalIfErr(t, json.Unmarshal(body, &index))
	want := []string{configurationOf(t, w), configurationOf(t, other)}
	slices.Sort(want)
	if r.StatusCode != http.StatusOK || index.Schema != IndexSchema || !slices.Equal(index.ConfigurationSHA256, want) {
		t.Errorf("%d, %s", r.StatusCode, body)
	}
	url := s.URL + "/gossip/" + configurationOf(t, w)
	r, body = get(t, http.MethodGet, url)
	d, err := ParseDocument(body)
	fatalIfErr(t, err)
	tag := r.Header.Get("ETag")
	if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "application/json" || tag == "" || !strings.Contains(r.Header.Get("Cache-Control"), "max-age") {
		t.Errorf("%d, %v", r.StatusCode, r.Header)
	}
	if !d.ObservedAt.Equal(w.dir.Clock.Now()) || d.Checkpoint != string(w.dir.Checkpoint()) || !bytes.Contains(d.Heads, []byte(`"response"`)) {
		t.Errorf("%s", body)
	}
	if bytes.Contains(body, []byte(alice)) || strings.Contains(string(body), "keys") && strings.Contains(string(body), `"label"`) {
		t.Error("a label is shown")
	}
	for name, c := range map[string]struct {
		method, url string
		headers     []string
		status      int
	}{
		"not modified":    {http.MethodGet, url, []string{"If-None-Match", tag}, http.StatusNotModified},
		"HEAD":            {http.MethodHead, url, nil, http.StatusOK},
		"POST":            {http.MethodPost, url, nil, http.StatusMethodNotAllowed},
		"upper case":      {http.MethodGet, strings.ToUpper(url[len(url)-64:]), nil, http.StatusNotFound},
		"another":         {http.MethodGet, strings.Repeat("0", 64), nil, http.StatusNotFound},
		"silent":          {http.MethodGet, configurationOf(t, silent), nil, http.StatusNotFound},
		"below":           {http.MethodGet, url + "/more", nil, http.StatusNotFound},
		"POST to the top": {http.MethodPost, s.URL + "/gossip/", nil, http.StatusMethodNotAllowed},
	} {
		if !strings.HasPrefix(c.url, "http") {
			c.url = s.URL + "/gossip/" + c.url
		}
		if r, _ := get(t, c.method, c.url, c.headers...); r.StatusCode != c.status {
			t.Errorf("%s: %d", name, r.StatusCode)
		}
	}
	// What is served follows what is verified.
	w.dir.Tick(2, time.Hour)
	w.want(w.round())
	if r, _ = get(t, http.MethodGet, url, "If-None-Match", tag); r.StatusCode != http.StatusOK {
		t.Errorf("%d", r.StatusCode)
	}
	// Nothing unverified is shown: what was last verified stays.
	_, before := get(t, http.MethodGet, url)
	w.server.become(other.dir)
	w.dir.Clock.Add(time.Minute)
	w.round()
	if _, after := get(t, http.MethodGet, url); !bytes.Equal(before, after) {
		t.Error("what is shown has changed")
	}
}

// TestTwoRolesForOneDirectory serves what was verified last.
func TestTwoRolesForOneDirectory(t *testing.T) {
	a := newWorld(t)
	b := worldOf(t, a.dir)
	a.want(a.round())
	a.dir.Tick(1, time.Hour)
	b.want(b.round())
	for _, g := range []*Gossip{NewGossip(a.v, b.v), NewGossip(b.v, a.v)} {
		_, body := get(t, http.MethodGet, newHost(t, g).URL+"/gossip/"+configurationOf(t, a))
		if !bytes.Equal(body, b.v.published.Load().body) {
			t.Errorf("%s", body)
		}
		_, body = get(t, http.MethodGet, newHost(t, g).URL+"/gossip/")
		if strings.Count(string(body), configurationOf(t, a)) != 1 {
			t.Errorf("%s", body)
		}
	}
}

func TestParseDocument(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	good := `{"schema":"ghostlight/gossip/v1","configuration_sha256":"` + hash + `","heads":{},"checkpoint":"","observed_at":"2026-11-24T12:00:00Z"}`
	d, err := ParseDocument([]byte(good + "\n "))
	fatalIfErr(t, err)
	data, err := d.Marshal()
	if err != nil || string(data) != good+"\n" {
		t.Errorf("%s, %v", data, err)
	}
	for name, text := range map[string]string{
		"empty":              "",
		"something after it": good + good,
		"a large one":        good + strings.Repeat(" ", MaxDocumentSize),
		"upper case":         strings.Replace(good, hash, strings.ToUpper(hash), 1),
		"a short hash":       strings.Replace(good, hash, hash[2:], 1),
		"a list of heads":    strings.Replace(good, "{},", "[],", 1),
		"null heads":         strings.Replace(good, "{},", "null,", 1),
		"a large checkpoint": strings.Replace(good, `"checkpoint":"`, `"checkpoint":"`+strings.Repeat("x", 1<<20), 1),
		"no time":            strings.Replace(good, "2026", "year", 1),
		"large heads":        strings.Replace(good, "{}", `{"a":"`+strings.Repeat("x", 1<<20)+`"}`, 1),
		"an unknown field":   strings.Replace(good, "{", `{"label":"",`, 1),
	} {
		if _, err := ParseDocument([]byte(text)); !errors.Is(err, keytrans.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseDocument(f *testing.F) {
	hash := strings.Repeat("ab", 32)
	f.Add([]byte(`{"schema":"ghostlight/gossip/v1","configuration_sha256":"` + hash + `","heads":{"a":[1,"\u2028<"]},"checkpoint":"a\n\nb","observed_at":"2026-11-24T12:00:00.5+02:00"}`))
	f.Add([]byte(`{"heads":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ParseDocument(data)
		if err != nil {
			if !errors.Is(err, keytrans.ErrMalformed) {
				t.Errorf("%v", err)
			}
			return
		}
		again, err := d.Marshal()
		if err != nil {
			return // as of a time that has no encoding
		}
		twice, err := ParseDocument(again)
		if err != nil {
			t.Fatalf("%q: %v", again, err)
		}
		third, err := twice.Marshal()
		if err != nil || !bytes.Equal(again, third) {
			t.Errorf("%q became %q, %v", again, third, err)
		}
	})
}
