package web

import (
	"testing"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// FuzzEndpoints throws bytes at every endpoint that takes a body: whatever they
// are, it is never the directory that is in trouble.
func FuzzEndpoints(f *testing.F) {
	paths := []string{"/v1/search", "/v1/contact-monitor", "/v1/owner-init", "/v1/owner-monitor", "/v1/update", "/v1/distinguished", "/api/v1/lookup", "/v1/absence", "/v1/batch"}
	w := newWorld(f, func(c *Config, d *directory.Config) { c.Logger, d.Logger = nil, nil })
	w.advance(2 * window)
	w.publish("alice", nil, "one", "two")
	w.advance(2 * window)
	w.publish("alice", ptr(uint32(1)), "three")
	label := []byte("alice")
	for i, q := range []marshaler{
		&keytrans.SearchRequest{Last: ptr(uint64(1)), Label: label, Version: ptr(uint32(1))},
		&keytrans.ContactMonitorRequest{Label: label, Entries: []keytrans.MonitorMapEntry{{Position: 1, Version: 1}}},
		&keytrans.OwnerInitRequest{Label: label, Start: 1},
		&keytrans.OwnerMonitorRequest{Label: label, Start: 1, GreatestVersion: ptr(uint32(1))},
		&keytrans.UpdateRequest{Label: label, GreatestVersion: ptr(uint32(2)), Values: [][]byte{{1}, {2}}},
		&keytrans.DistinguishedRequest{Last: ptr(uint64(1)), Stop: ptr(uint64(1))},
	} {
		f.Add(byte(i), encode(f, q))
		f.Add(byte(i), []byte{})
	}
	f.Add(byte(1), encode(f, &keytrans.ContactMonitorRequest{Last: ptr(uint64(2)), Label: []byte("x")}))
	f.Add(byte(3), encode(f, &keytrans.OwnerMonitorRequest{Label: []byte("x"), Start: 0}))
	f.Add(byte(4), encode(f, &keytrans.UpdateRequest{Label: label, GreatestVersion: ptr(uint32(0))}))
	f.Add(byte(4), encode(f, &keytrans.UpdateRequest{Last: ptr(uint64(2)), Label: []byte("new"), Values: [][]byte{{}}}))
	f.Add(byte(6), []byte(`{"label":"alice","version":2}`))
	f.Add(byte(7), encode(f, &keytrans.AbsenceRequest{Label: label, Version: ptr(uint32(3))}))
	f.Add(byte(7), encode(f, &keytrans.AbsenceRequest{Last: ptr(uint64(1)), Label: []byte("x")}))
	f.Add(byte(8), encode(f, &keytrans.BatchRequest{Queries: []keytrans.BatchQuery{{Label: label}, {Label: []byte("x")}, {}}}))
	f.Add(byte(6), []byte(`{"label":"\ud800"}`))
	f.Fuzz(func(t *testing.T, endpoint byte, body []byte) {
		path := paths[int(endpoint)%len(paths)]
		rec := w.post(path, body, bearer(aliceToken))
		if rec.Code >= 500 || rec.Code == 200 && rec.Body.Len() == 0 {
			t.Errorf("%s: status %d: %s", path, rec.Code, rec.Body)
		}
		if rec.Code >= 400 && rec.Header().Get("Content-Type") != problemJSON {
			t.Errorf("%s: status %d: %v", path, rec.Code, rec.Header())
		}
	})
}
