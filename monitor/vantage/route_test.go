package vantage

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// TestRouteTrouble has ways on which there is nothing to be had.
func TestRouteTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		route Route
		rules string
		text  string
	}{
		"no such name":        {Route{URL: "http://keys.invalid"}, "unreachable", "not reached"},
		"a proxy that is off": {Route{Proxy: "socks5h://127.0.0.1:1"}, "unreachable", "not reached"},
		"another directory":   {Route{URL: "stranger"}, "refused", "not verify"},
		"a web site":          {Route{URL: "site"}, "refused unreachable", "no checkpoint"},
		"garbage":             {Route{URL: "garbage"}, "refused", "not verify"},
		"the log only":        {Route{URL: "garbage", LogURL: "own"}, "refused", "not verify"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			switch c.route.URL {
			case "stranger":
				c.route.URL = newHost(t, newWorld(t).dir).URL
			case "site":
				c.route.URL = newHost(t, http.NotFoundHandler()).URL
			case "garbage":
				c.route.URL = newHost(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Type", "application/octet-stream")
					_, _ = w.Write([]byte("garbage"))
				})).URL
			}
			if c.route.LogURL == "own" {
				c.route.LogURL = w.server.URL + "/log"
			}
			w.cfg.Routes = []Route{c.route}
			r := w.round()
			f := w.named(r, finding.Rule(strings.Fields(c.rules)[0]), c.text)
			if f.Class != finding.Report || !f.Condition || r.Verdict() != finding.Unchecked || !strings.Contains(f.Summary, "route 1") {
				t.Errorf("%+v", f)
			}
			if (f.Rule == finding.Unreachable) != (f.After > 0) {
				t.Errorf("told after %v", f.After)
			}
			if rules(r) != c.rules {
				t.Errorf("%s: %+v", rules(r), r.Findings)
			}
		})
	}
}

// TestEvilRoute has ways that do not end.
func TestEvilRoute(t *testing.T) {
	for name, h := range evil() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.impatient()
			w.cfg.Routes = []Route{{URL: newHost(t, h).URL}}
			r := w.round()
			for _, f := range r.Findings {
				if f.Class != finding.Report || !strings.Contains(f.Summary, "route 1") || len(f.Detail) > 2*maxText {
					t.Errorf("%+v", f)
				}
			}
			if len(r.Findings) == 0 || !strings.Contains(r.Checked, "heads by 0 of 1") {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestRefusedConfig(t *testing.T) {
	w := newWorld(t)
	w.open()
	for name, c := range map[string]struct {
		change func(*Config)
		text   string
	}{
		"no name":           {func(c *Config) { c.Name = "" }, "takes a name"},
		"no client":         {func(c *Config) { c.Client = nil }, "takes a name"},
		"no folder":         {func(c *Config) { c.Dir = "" }, "takes a name"},
		"a bad policy":      {func(c *Config) { c.Policy = []byte("log\n") }, "witness policy"},
		"a policy of none":  {func(c *Config) { c.Policy = []byte("quorum none\n") }, "names 0 logs"},
		"a bad log":         {func(c *Config) { c.LogURL = "ftp://keys.example.org" }, "http or https"},
		"a bad route":       {func(c *Config) { c.Routes = []Route{{URL: "keys.example.org"}} }, "route 1"},
		"an odd proxy":      {func(c *Config) { c.Routes = []Route{{Proxy: "socks4://127.0.0.1:9050"}} }, `scheme "socks4"`},
		"no proxy's host":   {func(c *Config) { c.Routes = []Route{{}, {Proxy: "127.0.0.1:9050"}} }, "route 2"},
		"a proxy's secret":  {func(c *Config) { c.Routes = []Route{{Proxy: "http://me:secret@h/%zz"}} }, "should look like"},
		"a proxy's path":    {func(c *Config) { c.Routes = []Route{{Proxy: "http://h/path"}} }, "should look like"},
		"a bad peer":        {func(c *Config) { c.Peers = []string{"https://monitor.example.net?x=1"} }, "peer 1"},
		"another policy":    {func(c *Config) { c.Policy = newWorld(t).dir.Policy("any") }, "give it the policy that it had"},
		"a file, no folder": {func(c *Config) { c.Dir += "/state.json" }, "not a directory"},
	} {
		w.want(w.round())
		cfg := w.cfg
		c.change(&cfg)
		_, err := Open(cfg)
		if err == nil || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPolicyOfSeveralLogs finds the directory's log by its URL.
func TestPolicyOfSeveralLogs(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	lines := func(d string) string { return strings.SplitN(d, "\n", 2)[0] }
	two := lines(string(w.dir.Policy("none"))) + " " + w.server.URL + "/log\n" + lines(string(other.dir.Policy("none"))) + " https://other.example.net/log\nquorum none\n"
	w.cfg.Policy = []byte(two)
	w.want(w.round())
	w.server.become(other.dir)
	w.named(w.round(), finding.Refused, "before")
	w.cfg.Policy = []byte(strings.ReplaceAll(two, " "+w.server.URL+"/log", ""))
	if _, err := Open(w.cfg); err == nil || !strings.Contains(err.Error(), "names 2 logs") {
		t.Error(err)
	}
}

// TestOtherLogOfPolicy shows a checkpoint of another log that the policy names, before
// there is one to hold it against, on the monitor's own way and of a peer.
func TestOtherLogOfPolicy(t *testing.T) {
	w, other := newWorld(t), newWorld(t)
	line := func(d string) string { return strings.SplitN(d, "\n", 2)[0] }
	w.cfg.Policy = []byte(line(string(w.dir.Policy("none"))) + " " + w.server.URL + "/log\n" +
		line(string(other.dir.Policy("none"))) + " https://other.example.net/log\nquorum none\n")
	d := w.document()
	d["checkpoint"] = string(other.dir.Checkpoint())
	w.cfg.Peers = []string{newHost(t, tell(encode(t, d))).URL}
	w.server.become(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/log/") {
			other.dir.ServeHTTP(rw, r)
			return
		}
		w.dir.ServeHTTP(rw, r)
	}))
	w.cfg.Dir = t.TempDir() + "/new"
	w.open()
	r := w.round()
	w.want(r, "refused", "refused")
	w.named(r, finding.Refused, "an answer seen before")
	w.named(r, finding.Refused, "what peer 1 answers")
	if w.v.believed != nil || w.v.memory.Checkpoint != "" {
		t.Errorf("believed %+v", w.v.believed)
	}
}
