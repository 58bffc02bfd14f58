package keytranstest

import (
	"fmt"
	"sync"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// secrets makes what follows from a log's keys, and remembers it: forks of a log
// share it.
type secrets struct {
	seed string
	keys *Keys

	mu       sync.Mutex // guards what follows: forks need not know of each other
	proofs   map[string]searchKey
	versions map[string]Version
}

type searchKey struct {
	output merkle.Hash
	proof  []byte
}

func newSecrets(seed string, keys *Keys) *secrets {
	return &secrets{seed: seed, keys: keys, proofs: make(map[string]searchKey), versions: make(map[string]Version)}
}

func (s *secrets) prove(label []byte, version uint32) searchKey {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := fmt.Sprintf("%d %s", version, label)
	k, ok := s.proofs[id]
	if !ok {
		output, proof := s.keys.VRF.Prove(must(keytrans.VRFInput(label, version)))
		k = searchKey{merkle.Hash(output), proof}
		s.proofs[id] = k
	}
	return k
}

// version returns a version without a position.
func (s *secrets) version(c *keytrans.Configuration, label string, number uint32, value []byte) Version {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := fmt.Sprintf("%d %d %s%s", number, len(label), label, value)
	v, ok := s.versions[id]
	if !ok {
		v = Version{Number: number, Value: keytrans.UpdateValue{Value: value}}
		copy(v.Opening[:], derive(s.seed, "opening", number, label, string(value)))
		if s.keys.Leaf != nil {
			v.Value = must(keytrans.SignUpdate(c, s.keys.Leaf, []byte(label), number, value))
		}
		v.Commitment = must(keytrans.Commit(c.Mode, v.Opening, []byte(label), number, v.Value))
		s.versions[id] = v
	}
	return v
}

// key returns the search key of a label's version.
func (l *Log) key(label string, version uint32) prefixtree.Key {
	return prefixtree.Key(l.secrets.prove([]byte(label), version).output)
}
