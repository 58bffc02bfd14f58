package detection

import "path/filepath"

// monitor follows the public log and replays all of it.
func monitor() observer {
	return observer{
		name: "monitor", does: "`ktmon mirror --once`", policy: true,
		prepare: func(p *person) { p.must(p.monitor()) },
		look:    func(p *person) []ran { return []ran{p.monitor()} },
	}
}

// monitor runs one round of a monitor.
func (p *person) monitor() ran {
	return execute(p.T, "ktmon", "mirror", p.door.url+"/log", filepath.Join(p.dir, "mirror"), "--policy", p.policy, "--once", "--json")
}

// auditor is the directory's auditor.
func auditor() observer {
	return observer{
		name: "auditor", does: "`ktmon audit --once`",
		prepare: func(p *person) { p.must(p.audit()) },
		look:    func(p *person) []ran { return []ran{p.audit()} },
	}
}

func (p *person) audit() ran {
	return execute(p.T, "ktmon", "audit", p.door.url, p.auditorDir(), "--once", "--json")
}

func (s *scene) auditorDir() string { return filepath.Join(s.dir, "auditor") }
