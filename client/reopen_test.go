package client

import (
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client/clienttest"
)

// TestReopenAdHoc has others add to the state while one under an ad-hoc policy has
// given it up. Every entry on the frontier must still be settled or pending.
func TestReopenAdHoc(t *testing.T) {
	for name, stored := range map[string][]byte{"no policy is stored": nil, "another one is": []byte("any"), "the same one is by then": []byte("all")} {
		t.Run(name, func(t *testing.T) {
			d := clienttest.New()
			server := httptest.NewServer(d)
			defer server.Close()
			root, cfg := t.TempDir(), Config{Now: d.Clock.Now}
			trust := func(policy []byte) {
				t.Helper()
				cfg := cfg
				cfg.Policy = policy
				if _, err := Trust(t.Context(), root, server.URL, "", cfg); err != nil {
					t.Fatal(err)
				}
			}
			trust(nil)
			cfg.Policy = d.Policy("all")
			c, err := Open(root, server.URL, cfg)
			if err != nil {
				t.Fatal(err)
			}
			s, err := c.begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer s.end()
			if _, err := s.settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			last := s.state.adHoc.last
			s.end()

			d.Insert()
			d.ShowLog(1)
			if stored != nil {
				trust(d.Policy(string(stored)))
			}
			d.Insert()
			d.Insert()
			trust(nil)
			if err := s.reopen(t.Context()); err != nil {
				t.Fatal(err)
			}
			in := s.state.inForce()
			if err := in.check(s.verifier.Configuration(), s.state.view); err != nil || len(s.state.view.Frontier) == 0 {
				t.Error(err)
			}
			if !sameNote(in.last, last) || last == nil || s.state.adHoc == nil {
				t.Error("what was retained for the operation is gone")
			}
			if stored == nil {
				return
			}
			// With the proofs, and what has left the frontier.
			for _, e := range s.state.witness.pending {
				if !slices.ContainsFunc(in.pending, func(p pendingEntry) bool { return p.Position == e.Position && p.head.TreeSize == e.head.TreeSize }) {
					t.Errorf("log entry %d is not pending", e.Position)
				}
			}
		})
	}
}

// TestReopenAfterSamePolicy has another process settle more under the same policy: the
// checkpoint that it did that under is what later ones are held against.
func TestReopenAfterSamePolicy(t *testing.T) {
	d := clienttest.New()
	server := httptest.NewServer(d)
	defer server.Close()
	root, cfg := t.TempDir(), Config{Now: d.Clock.Now}
	if _, err := Trust(t.Context(), root, server.URL, "", cfg); err != nil {
		t.Fatal(err)
	}
	cfg.Policy = d.Policy("all")
	c, err := Open(root, server.URL, cfg)
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.end()
	if _, err := s.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.end()
	for range 3 {
		d.Insert()
	}
	if _, err := c.Watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if last := s.state.inForce().last; last == nil || last.Size != d.Size() {
		t.Errorf("%+v", last)
	}
}

// TestPublicLogOfPolicy reads through one log for each policy.
func TestPublicLogOfPolicy(t *testing.T) {
	text := clienttest.New().Policy("any")
	var in []*witnessing
	for range 2 {
		p, err := parsePolicy(text, "https://keys.example.org", false)
		if err != nil {
			t.Fatal(err)
		}
		in = append(in, &witnessing{policy: p})
	}
	s := &session{cfg: Config{}.withDefaults()}
	first := s.publicLog(in[0])
	if s.publicLog(in[0]) != first || first.policy != in[0].policy {
		t.Error("what was read of the log is forgotten")
	}
	if l := s.publicLog(in[1]); l.policy != in[1].policy {
		t.Error("the log is read under the policy of before")
	}
}
