package client

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// logOfNumbers is a log tree whose entries are numbered.
type logOfNumbers struct{}

func (l logOfNumbers) entry(pos uint64) keytrans.Entry {
	return keytrans.Entry{Position: pos, LogEntry: keytrans.LogEntry{Timestamp: pos}}
}

// TestPendingBound fills the list of pending entries.
func TestPendingBound(t *testing.T) {
	var l logOfNumbers
	w := &witnessing{}
	for pos := range uint64(maxPendingEntries) {
		w.pending = append(w.pending, pendingEntry{Entry: l.entry(2 * pos)})
	}
	same, err := w.add([]pendingEntry{{Entry: l.entry(4)}, {Entry: l.entry(0)}})
	if err != nil || len(same.pending) != maxPendingEntries {
		t.Errorf("%d, %v", len(same.pending), err)
	}
	_, err = w.add([]pendingEntry{{Entry: l.entry(1)}})
	if KindOf(err) != Undecided || err.Error() != fmt.Sprintf("keeping pending log entries: they would be %d, more than %d", maxPendingEntries+1, maxPendingEntries) {
		t.Errorf("%v", err)
	}
}

// TestSettleEarly settles in the midst of an operation before the list is full.
func TestSettleEarly(t *testing.T) {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		http.NotFound(w, r)
	}))
	defer server.Close()
	signer, err := checkpoint.NewSigner("keys.example.org/log", make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	p, err := parsePolicy([]byte("log "+signer.VerifierKey()+"\nquorum none\n"), server.URL, false)
	if err != nil {
		t.Fatal(err)
	}
	var l logOfNumbers
	in := &witnessing{policy: p}
	s := &session{cfg: Config{}.withDefaults(), state: &state{witness: in}}
	for pos := range uint64(maxPendingEntries / 2) {
		if err := s.settleEarly(t.Context()); err != nil || requests != 0 {
			t.Fatalf("%d requests, %v", requests, err)
		}
		in.pending = append(in.pending, pendingEntry{Entry: l.entry(pos)})
	}
	if err := s.settleEarly(t.Context()); err != nil || requests != 1 {
		t.Errorf("%d requests, %v", requests, err)
	}
}

// TestSettleEarlySlowLog does not ask a log again, after each response, that took too
// long.
func TestSettleEarlySlowLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		signer, err := checkpoint.NewSigner("keys.example.org/log", make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		p, err := parsePolicy([]byte("log "+signer.VerifierKey()+"\nquorum none\n"), "http://localhost", false)
		if err != nil {
			t.Fatal(err)
		}
		var l logOfNumbers
		in := &witnessing{policy: p}
		for pos := range uint64(maxPendingEntries / 2) {
			in.pending = append(in.pending, pendingEntry{Entry: l.entry(pos)})
		}
		s := &session{cfg: Config{HTTP: &http.Client{Transport: hang}}.withDefaults(), state: &state{witness: in}}
		start := time.Now()
		for range 100 {
			if err := s.settleEarly(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took > longestSettle {
			t.Errorf("it took %v", took)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestPendingAndFrontier has a full list, to which the frontier is added when a policy
// begins to be kept: what is stored then can be read again.
func TestPendingAndFrontier(t *testing.T) {
	var l logOfNumbers
	before, view := &witnessing{}, &keytrans.View{Head: keytrans.TreeHead{TreeSize: 2*maxPendingEntries + 64}}
	for pos := range uint64(maxPendingEntries) {
		before.pending = append(before.pending, pendingEntry{Entry: l.entry(pos)})
	}
	for pos := range uint64(20) {
		view.Frontier = append(view.Frontier, l.entry(maxPendingEntries+pos))
	}
	w := newWitnessing(&policy{}, before, view, time.Time{})
	if err := w.check(nil, view); err != nil || len(w.pending) != maxPendingEntries+20 {
		t.Errorf("%d, %v", len(w.pending), err)
	}
}

// TestMergePending keeps the proofs.
func TestMergePending(t *testing.T) {
	var l logOfNumbers
	bare := func(pos uint64) pendingEntry { return pendingEntry{Entry: l.entry(pos)} }
	proven := func(pos, size uint64) pendingEntry {
		return pendingEntry{Entry: l.entry(pos), head: keytrans.TreeHead{TreeSize: size}}
	}
	got := mergePending([]pendingEntry{bare(1), proven(2, 9), bare(5)}, []pendingEntry{proven(1, 10), bare(2), proven(3, 10), bare(5)})
	var text []string
	for _, e := range got {
		text = append(text, fmt.Sprintf("%d/%d", e.Position, e.head.TreeSize))
	}
	early, late := time.Unix(1, 0), time.Unix(2, 0)
	seen := func(e pendingEntry, t time.Time) pendingEntry { e.firstSeen = t; return e }
	for _, list := range [][2]pendingEntry{
		{seen(bare(1), early), seen(proven(1, 9), late)}, {seen(proven(1, 9), late), seen(bare(1), early)},
		{seen(bare(1), late), seen(proven(1, 9), early)}, {seen(proven(1, 9), early), seen(bare(1), late)},
	} {
		if m := mergePending(list[:1], list[1:]); len(m) != 1 || m[0].firstSeen != early || m[0].head.TreeSize != 9 {
			t.Errorf("%+v", m)
		}
	}
	if want := []string{"1/10", "2/9", "3/10", "5/0"}; !slices.Equal(text, want) {
		t.Errorf("%v, want %v", text, want)
	}
}

// TestReason words why entries are pending.
func TestReason(t *testing.T) {
	why := fmt.Errorf("why")
	for want, w := range map[string]*Witnessed{
		"log entry 7 is newer than what the witnesses have seen":                                              {CheckpointSize: 7, Pending: []uint64{7}},
		"log entries 7, 8 are newer than what the witnesses have seen (why)":                                  {CheckpointSize: 7, Pending: []uint64{7, 8}, why: why},
		"log entry 6 is not known to be in the log that the witnesses have seen (why)":                        {CheckpointSize: 7, Pending: []uint64{6}, why: why},
		"log entries 1, 2, 3, 4, 5 and 2 more are not known to have been seen by the witnesses":               {Pending: []uint64{1, 2, 3, 4, 5, 6, 7}},
		"log entry 7 is newer than the log's checkpoint":                                                      {CheckpointSize: 7, Pending: []uint64{7}, Quorum: "none"},
		"log entry 6 is not known to be in the log's checkpoint":                                              {CheckpointSize: 7, Pending: []uint64{6}, Quorum: "none"},
		"log entry 6 is not known to be in any checkpoint of the log":                                         {Pending: []uint64{6}, Quorum: "none"},
		"log entries 1, 2, 3, 4, 5 are not known to be in the log that the witnesses have seen (why, really)": {CheckpointSize: 2, Pending: []uint64{1, 2, 3, 4, 5}, why: fmt.Errorf("%w, really", why)},
	} {
		if got := w.reason(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestLogOf chooses the directory's log among those of a policy.
func TestLogOf(t *testing.T) {
	seed := make([]byte, 32)
	line := func(origin, url string) string {
		seed[0]++
		s, err := checkpoint.NewSigner(origin, seed)
		if err != nil {
			t.Fatal(err)
		}
		return "log " + s.VerifierKey() + " " + url + "\n"
	}
	const directory = "https://keys.example.org/kt"
	for name, c := range map[string]struct {
		lines []string
		want  int
		text  string // of the error, if it is none of them
	}{
		"the only one, whatever it is":    {[]string{line("other.example", "https://other.example")}, 0, ""},
		"none":                            {nil, 0, "the policy names no log: "},
		"by its URL":                      {[]string{line("a.example", ""), line("b.example", "https://Keys.example.org:443/kt/log/")}, 1, ""},
		"by its origin":                   {[]string{line("keys.example.org/kt/log", "https://cdn.example"), line("b.example", "")}, 0, ""},
		"no hint":                         {[]string{line("a.example", ""), line("b.example", "https://keys.example.org/log")}, 0, "names 2 logs, and 0 of them have"},
		"two hints":                       {[]string{line("keys.example.org/kt/log", ""), line("b.example", "https://keys.example.org/kt/log")}, 0, "names 2 logs, and 2 of them have"},
		"two keys of one origin":          {[]string{line("keys.example.org/kt/log", ""), line("keys.example.org/kt/log", "")}, 0, "names 2 logs, and 2 of them have"},
		"another port is another machine": {[]string{line("a.example", "https://keys.example.org:8443/kt/log"), line("b.example", "")}, 0, "names 2 logs, and 0 of them have"},
	} {
		text := "quorum none\n"
		for _, l := range c.lines {
			text += l
		}
		p, err := parsePolicy([]byte(text), directory, false)
		if c.text != "" {
			if err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s: %v, want %q", name, err, c.text)
			}
			continue
		}
		if err != nil || p.log != &p.Logs[c.want] {
			t.Errorf("%s: %v", name, err)
		}
	}
}
