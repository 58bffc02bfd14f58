package main

import (
	"github.com/ghostlight-kt/ghostlight/keytrans/internal/vectors"
	"github.com/ghostlight-kt/ghostlight/keytrans/keytranstest"
)

func init() { files["auditor"] = auditors }

// auditors has an auditor follow logs that remove what they may and what they may
// not.
func auditors() file {
	f := &vectors.File[vectors.AuditorRun]{
		Notes: []string{
			"What a Third-Party Auditor does with a log from its first entry on. auditor_updates are the AuditorUpdates of its entries, in order. log names the Configuration, for which see logs.",
			"tree_size, timestamp and root are what the auditor signs after the last update. refused_in_step is the step of the auditor's algorithm that refuses the last update; tree_size, timestamp and root are then those of the log before it.",
			"A leaf can be removed only if a distinguished entry had it (step 5). Which entries are distinguished is decided with the new entry as the rightmost.",
		},
		Logs: make(map[string]vectors.Hex),
	}
	remove := func(version uint32) []keytranstest.Change {
		return []keytranstest.Change{keytranstest.Remove("bob", version)}
	}
	for _, run := range []struct {
		name string
		step int
		edit func(p *plan)
	}{
		{"an honest log", 0, func(*plan) {}},
		{"time stands still", 0, func(p *plan) { p.timestamps[10] = p.timestamps[9] }},
		{"time goes backwards", 1, func(p *plan) { p.timestamps[10] = p.timestamps[9] - 1 }},
		{"a leaf is removed that was never in a distinguished entry", 5, func(p *plan) { p.lies[10] = remove(1) }},
		{"a leaf is removed when no time has passed", 5, func(p *plan) {
			p.timestamps[9], p.timestamps[10] = p.timestamps[8], p.timestamps[8]
			p.lies[10] = remove(1)
		}},
		{"a leaf is replaced that was never in a distinguished entry", 5, func(p *plan) {
			p.lies[10] = []keytranstest.Change{keytranstest.PutValue("bob", 1, "another value")}
		}},
		{"a leaf is replaced that a distinguished entry had", 0, func(p *plan) {
			p.lies[10] = []keytranstest.Change{keytranstest.PutValue("alice", 0, "another value")}
		}},
	} {
		d := deployments[2]
		p := sparse(d, 11)
		p.window = 5000
		run.edit(&p)
		h := p.make()
		c := vectors.AuditorRun{Name: run.name, Log: d.name, Step: run.step}
		for pos := range h.Size() {
			c.Updates = append(c.Updates, must(h.AuditorUpdate(pos).Marshal()))
		}
		f.Logs[d.name] = must(h.Config.Marshal())
		a, step, err := c.Audit(f.Logs[d.name])
		require(err == nil && step == run.step, "%s: step %d, %v", run.name, step, err)
		c.Size, c.Timestamp, c.Root = a.Size(), a.Timestamp(), ptr(vectors.Hash(must(a.Root())))
		require(*c.Root == vectors.Hash(h.Root(c.Size)), "%s: root", run.name)
		f.Cases = append(f.Cases, c)
	}
	return f
}
