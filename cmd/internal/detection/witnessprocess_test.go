package detection

import (
	"fmt"
	"path/filepath"
	"strings"
)

// newWitness starts a witness.
func (s *scene) newWitness(name string) *witness {
	s.Helper()
	w := &witness{
		name: name, door: s.d.open(s.T, &view{history: s.d.honest}), old: make(map[string]uint64), cosigned: make(map[string][]byte),
		resident: resident{dir: filepath.Join(s.dir, name), address: freeAddress(s), role: "witness"},
	}
	fatalIfErr(s.T, makeDir(w.dir))
	key := execute(s.T, "ktmon", "keygen", "--witness", name+".example/witness", filepath.Join(w.dir, "key"))
	w.vkey = strings.TrimSpace(key.stdout)
	policy := fmt.Sprintf("log %s %s/log\nquorum none\n", s.d.signer.VerifierKey(), w.door.url)
	writeFile(s.T, filepath.Join(w.dir, "policy"), []byte(policy))
	w.start(s, "witness: {key: key, logs: [policy]}\n")
	return w
}

// theWitness is a witness, of which the status is read after each of its rounds.
func theWitness(name string) observer {
	return observer{
		name: "witness", does: "`ktmon run`, as a witness",
		prepare: func(p *person) { p.dir = p.witness(name).dir },
		look:    func(p *person) []ran { return []ran{p.witness(name).look(p.scene)} },
	}
}

func (s *scene) witness(name string) *witness {
	for _, w := range s.witnesses {
		if w.name == name {
			return w
		}
	}
	s.Fatalf("there is no witness %s", name)
	return nil
}
