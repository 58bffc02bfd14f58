package web

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// TestPrivacy performs every operation, well and badly, on one label, and looks
// for the label, the value and the token in the log and in response headers.
func TestPrivacy(t *testing.T) {
	const label, value = "secretlabel", "secretvalue"
	w := newWorld(t, nil)
	w.advance(2 * window)
	name := []byte(label)
	headers := &strings.Builder{}
	statuses := map[int]bool{}
	try := func(method, path string, body []byte, h ...header) {
		rec := w.do(method, path, body, h...)
		fmt.Fprintln(headers, rec.Header())
		statuses[rec.Code] = true
	}
	create := &keytrans.UpdateRequest{Label: name, Values: [][]byte{[]byte(value)}}
	requests := []marshaler{
		create, create,
		&keytrans.SearchRequest{Label: name},
		&keytrans.SearchRequest{Label: name, Version: ptr(uint32(9))},
		&keytrans.SearchRequest{Label: name, Last: ptr(uint64(99))},
		&keytrans.ContactMonitorRequest{Label: name},
		&keytrans.OwnerInitRequest{Label: name, Start: 1},
		&keytrans.OwnerInitRequest{Label: name, Start: 9},
		&keytrans.OwnerMonitorRequest{Label: name, Start: 1, GreatestVersion: ptr(uint32(0))},
		&keytrans.OwnerMonitorRequest{Label: name, Start: 1, GreatestVersion: ptr(uint32(5))},
		&keytrans.DistinguishedRequest{},
		&keytrans.AbsenceRequest{Label: name},
		&keytrans.AbsenceRequest{Label: name, Version: ptr(uint32(9))},
		&keytrans.BatchRequest{Queries: []keytrans.BatchQuery{{Label: name}, {Label: name, Version: ptr(uint32(9))}}},
	}
	everything := func() {
		for _, q := range requests {
			for _, token := range []string{aliceToken, bobToken, badToken} {
				body := encode(t, q)
				try("POST", pathOf(q), body, bearer(token))
				try("POST", pathOf(q), body[:len(body)-1], bearer(token))
				try("POST", pathOf(q), body, header{"Content-Type", label})
			}
		}
		for _, body := range []string{`{"label":%q}`, `{"label":%q,"version":7}`, `{"label":%q`, `{%q:1}`, `{"label":"x","version":%q}`} {
			try("POST", "/api/v1/lookup", fmt.Appendf(nil, body, label))
		}
		for _, method := range []string{"GET", "POST", "HEAD", "OPTIONS", "SECRETLABEL"} {
			for _, path := range []string{
				"/" + label, "/v1/search/" + label, "/v1/search?label=" + label, "/api/v1/log/entries?from=" + label,
				"/v1/configuration?" + label,
			} {
				try(method, path, nil, header{"X-Label", label}, header{"If-None-Match", label}, header{"Origin", label})
			}
		}
	}
	everything()
	w.store.onGet.Store(ptr(func() error { return errors.New("the disk is gone") }))
	everything()
	w.store.onGet.Store(ptr(func() error { panic("broken invariant") }))
	everything()
	w.store.onGet.Store(nil)
	w.advance(time.Hour)
	for _, status := range []int{200, 400, 401, 403, 404, 405, 409, 415, 500} {
		if !statuses[status] {
			t.Errorf("no request had status %d", status)
		}
	}

	log := w.log.String()
	for line := range strings.Lines(log) {
		if !json.Valid([]byte(line)) {
			t.Fatalf("not JSON: %s", line)
		}
	}
	if !strings.Contains(log, `"route":"/v1/search"`) || !strings.Contains(log, "the disk is gone") {
		t.Fatal("the log is not what it should be")
	}
	for _, secret := range []string{label, value, aliceToken, bobToken, badToken} {
		for _, form := range []string{secret, hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret))[:len(secret)]} {
			if strings.Contains(strings.ToLower(log), strings.ToLower(form)) {
				t.Errorf("the log has %q", form)
			}
			if strings.Contains(headers.String(), form) {
				t.Errorf("a response header has %q", form)
			}
		}
	}
}

// TestAccessLog checks the record of one request.
func TestAccessLog(t *testing.T) {
	w := newWorld(t, nil)
	before := len(w.log.String())
	rec := w.do("GET", "/api/v1/log/entries?from=1", nil)
	var record struct {
		Level, Msg, Method, Route string
		Status, Bytes, MS         int
	}
	fatalIfErr(t, json.Unmarshal([]byte(w.log.String()[before:]), &record))
	if record.Level != "DEBUG" || record.Method != "GET" || record.Route != "/api/v1/log/entries" ||
		record.Status != 200 || record.Bytes != rec.Body.Len() {
		t.Errorf("record %+v", record)
	}
}
