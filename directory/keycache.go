package directory

import (
	"sync"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/vrf"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// keyCache computes search keys and their VRF proofs, which never change, and
// keeps the proofs in memory. It is safe for concurrent use.
//
// It holds two generations: a full young one becomes the old one, whose
// remainder is dropped. What is in use moves back into the young one.
type keyCache struct {
	key   vrf.PrivateKey
	limit int // bytes of one generation

	mu         sync.Mutex
	young, old map[string]provenKey
	size       int // bytes of the young generation
}

type provenKey struct {
	searchKey merkle.Hash
	proof     []byte
}

// entryOverhead is what an entry of the cache takes beside its label: the map's
// slot, the proof and the headers.
const entryOverhead = 256

func newKeyCache(key vrf.PrivateKey, bytes int) *keyCache {
	return &keyCache{key: key, limit: bytes / 2, young: make(map[string]provenKey)}
}

// searchKey computes a search key without a proof.
func (c *keyCache) searchKey(label []byte, version uint32) (merkle.Hash, error) {
	alpha, err := keytrans.VRFInput(label, version)
	if err != nil {
		return merkle.Hash{}, err
	}
	return merkle.Hash(c.key.Evaluate(alpha)), nil
}

// prove returns a search key with its proof. The proof must not be modified.
func (c *keyCache) prove(label []byte, version uint32) (merkle.Hash, []byte, error) {
	alpha, err := keytrans.VRFInput(label, version)
	if err != nil {
		return merkle.Hash{}, nil, err
	}
	if k, ok := c.get(string(alpha)); ok {
		return k.searchKey, k.proof, nil
	}
	output, proof := c.key.Prove(alpha)
	k := provenKey{searchKey: merkle.Hash(output), proof: proof}
	c.mu.Lock()
	c.put(string(alpha), k)
	c.mu.Unlock()
	return k.searchKey, k.proof, nil
}

func (c *keyCache) get(alpha string) (provenKey, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.young[alpha]; ok {
		return k, true
	}
	k, ok := c.old[alpha]
	if ok {
		c.put(alpha, k)
	}
	return k, ok
}

// put adds to the young generation. Requires c.mu.
func (c *keyCache) put(alpha string, k provenKey) {
	if c.size >= c.limit {
		c.old, c.young, c.size = c.young, make(map[string]provenKey), 0
	}
	if _, ok := c.young[alpha]; !ok {
		c.size += len(alpha) + entryOverhead
	}
	c.young[alpha] = k
}
