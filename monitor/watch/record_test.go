package watch

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// TestNoteKeepsEvidence has a directory make as many versions as it likes after it was
// caught, and contradict itself in ways that prove nothing.
func TestNoteKeepsEvidence(t *testing.T) {
	proven := finding.Happened{Rule: "contradiction", Class: finding.Evidence, Subject: "alice", File: "1.json"}
	report := proven
	report.Class, report.File = finding.Report, "2.json"
	list := note(nil, report)
	list = note(list, proven)
	list = note(list, report)
	if len(list) != 1 || list[0] != proven {
		t.Fatalf("%+v", list)
	}
	for i := range 3 * MaxHappened {
		list = note(list, finding.Happened{Rule: finding.ChangedValue, Class: finding.Report, Subject: fmt.Sprint(i)})
	}
	if len(list) != MaxHappened || list[0] != proven || list[1].Subject != fmt.Sprint(2*MaxHappened+1) {
		t.Errorf("%+v", list)
	}
	for i := range MaxHappened {
		list = note(list, finding.Happened{Rule: "fork", Class: finding.Evidence, Subject: fmt.Sprint(i)})
	}
	list = note(list, report)
	if len(list) != MaxHappened || list[len(list)-1] != report {
		t.Errorf("what is new is not kept: %+v", list)
	}
}

// TestKnownEvidenceIsKept has the client meet, at a label that it has evidence of, what it
// has evidence of at another.
func TestKnownEvidenceIsKept(t *testing.T) {
	dir := t.TempDir()
	write := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(`{"kind": "fork"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	alices, bobs, fresh := write("alice's.json"), write("bob's.json"), write("fresh.json")
	for i := range maxEvidence {
		write(fmt.Sprint(i))
	}
	r := &round{Watcher: &Watcher{record: newRecord()}}
	for _, found := range []struct {
		label string
		err   client.Error
	}{{"alice", client.Error{Evidence: alices}}, {"bob", client.Error{Evidence: bobs}}, {"bob", client.Error{Evidence: alices, Known: true}}, {"bob", client.Error{Evidence: fresh}}} {
		found.err.Kind, found.err.Err = client.Misbehaved, errors.New("a contradiction")
		r.misbehaved(watchedKey{Contact, found.label}, &found.err)
	}
	for path, want := range map[string]bool{alices: true, bobs: true, fresh: false} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", filepath.Base(path), err == nil, want)
		}
	}
}
