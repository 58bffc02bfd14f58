package client_test

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/clienttest"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// evidence returns the paths of the evidence files.
func (w *world) evidence() []string {
	w.Helper()
	files, err := filepath.Glob(filepath.Join(w.c.StateDir(), "evidence", "*"))
	if err != nil {
		w.Fatal(err)
	}
	return files
}

// TestEvidenceIsWrittenAgain has files among the evidence that are not of the same
// finding, or not intact any more.
func TestEvidenceIsWrittenAgain(t *testing.T) {
	type object = map[string]any
	for name, change := range map[string]func(e, entry object){
		"another entry":           func(_, entry object) { entry["index"] = 17 },
		"another leaf":            func(_, entry object) { entry["leaf_hash"] = base64Of(make([]byte, 32)) },
		"damaged head":            func(_, entry object) { entry["signature"] = base64Of(make([]byte, 64)) },
		"damaged checkpoint":      func(_, entry object) { entry["checkpoint"] = "" },
		"no proof under the head": func(_, entry object) { entry["tree_size"] = 0 },
		"nothing":                 func(e, _ object) { delete(e, "log_entry") },
		"another kind":            func(e, _ object) { e["kind"] = evidence.Fork },
		"another directory":       func(e, _ object) { e["directory"] = "https://other.example" },
		"another configuration":   func(e, _ object) { e["configuration"] = "" },
		"another policy":          func(e, _ object) { e["policy"] = "" },
		"no evidence":             func(e, _ object) { e["log_entry"] = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			w := witnessedWorld(t, "any")
			w.dir.ChangeLeaf(w.insert("ab"))
			_, err := w.c.Lookup(bg, alice, nil)
			e := wantKind(t, err, client.Misbehaved, "")
			edit(t, e.Evidence, func(v object) {
				entry, _ := v["log_entry"].(object)
				change(v, entry)
			})
			_, err = w.c.Lookup(bg, alice, nil)
			again := wantKind(t, err, client.Misbehaved, "")
			if again.Evidence == e.Evidence || len(w.evidence()) != 2 {
				t.Errorf("%v", w.evidence())
			}
		})
	}
}

// edit changes a file that is a JSON object.
func edit(t *testing.T, path string, change func(map[string]any)) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	change(v)
	if data, err = json.Marshal(v); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestLogOfAnotherDirectory has a policy with the line of another directory's log.
// The finding must name that possibility, and tell how to find out.
func TestLogOfAnotherDirectory(t *testing.T) {
	w := newWorld(t)
	w.insert("a")
	w.lookup(alice)
	stranger := clienttest.New()
	stranger.Tick(30, time.Second)
	server := httptest.NewServer(stranger)
	defer server.Close()
	cfg := w.config()
	cfg.Policy = bytes.Replace(stranger.Policy("any"), []byte(stranger.LogKey()), []byte(stranger.LogKey()+" "+server.URL+"/log"), 1)
	adHoc := w.with(func(c *client.Config) { c.Policy = cfg.Policy })
	for name, run := range map[string]func() error{
		"ad hoc": func() error { _, err := adHoc.Lookup(bg, alice, nil); return err },
		"trust":  func() error { _, err := client.Trust(bg, w.root, w.server.URL, "", cfg); return err },
	} {
		e := wantKind(t, run(), client.Misbehaved, "either the directory shows two histories, or the log line of the witness policy is not this directory's")
		for _, want := range []string{"compare the line's key, " + stranger.LogKey() + ",", "the verifier_key in " + w.server.URL + "/api/v1/log/publication"} {
			if !strings.Contains(e.Error(), want) {
				t.Errorf("%s: no %q in %q", name, want, e)
			}
		}
		found := readWitnessEvidence(t, e.Evidence, evidence.LogEntry)
		if err := found.Entry.Verify(w.dir.Configuration(), stranger.LogKey()); err != nil || !strings.Contains(found.Summary, "is not this directory's") {
			t.Errorf("%s: %v, %q", name, err, found.Summary)
		}
	}
	// With the right line, all is well.
	w.witnessed(w.trustPolicy(w.dir.Policy("any")).Witness, w.dir.Size(), both)
}
