package watch

import (
	"fmt"
	"testing"

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
