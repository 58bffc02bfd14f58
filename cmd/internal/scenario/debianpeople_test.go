package scenario

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/ghostlight-kt/ghostlight/client/keyring"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// A maintainer is a person whose keys, one after the other, were in the keyring.
type maintainer struct {
	label string
	keys  []string // key IDs, in their order
	// certificates are those of keys. Of a key that has left the keyring, nobody has the
	// bytes any more: then it is one made for the test, under the same label.
	certificates [][]byte
	// turns are the releases in which something changed, in order.
	turns []turn
}

// A turn is what a maintainer's key is from a release on; -1 for none.
type turn struct {
	release int
	key     int
}

// holds returns the certificate that the maintainer has as of a release, nil if none.
func (m *maintainer) holds(release int) []byte {
	var current []byte
	for _, t := range m.turns {
		if t.release > release {
			break
		}
		current = nil
		if t.key >= 0 {
			current = m.certificates[t.key]
		}
	}
	return current
}

// maintainers follows the keys through the releases. Who is there from the
// beginning has a turn at release -1.
func maintainers(releases []release, present map[string]keyring.Entry) []*maintainer {
	var all []*maintainer
	holder := make(map[string]*maintainer)
	join := func(id string, release int) *maintainer {
		m := holder[id]
		if m == nil {
			m = &maintainer{keys: []string{id}}
			holder[id] = m
			all = append(all, m)
		}
		m.turns = append(m.turns, turn{release, slices.Index(m.keys, id)})
		return m
	}
	for i, r := range releases {
		for _, e := range r.events {
			switch {
			case e.old == "":
				join(e.new, i)
				continue
			case holder[e.old] == nil:
				join(e.old, -1)
			}
			m := holder[e.old]
			if e.new == "" {
				m.turns = append(m.turns, turn{i, -1})
				continue
			}
			if holder[e.new] == nil {
				m.keys, holder[e.new] = append(m.keys, e.new), m
			}
			m.turns = append(m.turns, turn{i, slices.Index(m.keys, e.new)})
		}
	}
	for _, id := range sortedKeys(present) {
		if holder[id] == nil {
			join(id, -1)
		}
	}
	return all
}

// name gives a maintainer a label and certificates.
func (m *maintainer) name(t *testing.T, n int, present map[string]keyring.Entry) {
	t.Helper()
	m.label = fmt.Sprintf("maintainer%d@left.example", n)
	for _, id := range m.keys {
		if e, ok := present[id]; ok {
			m.label = e.Label
		}
	}
	for _, id := range m.keys {
		if e, ok := present[id]; ok {
			m.certificates = append(m.certificates, e.Set.Keys[0].Data)
			continue
		}
		m.certificates = append(m.certificates, standIn(t, m.label))
	}
}

// standIn makes a certificate.
func standIn(t *testing.T, label string) []byte {
	t.Helper()
	created := time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)
	e, err := openpgp.NewEntity("", "", label, &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return created }})
	fatalIfErr(t, err)
	var b bytes.Buffer
	fatalIfErr(t, e.Serialize(&b))
	return b.Bytes()
}

// debianKeys reads the installed keyrings, by key ID: one label of each key, that at
// debian.org if it has one.
func debianKeys(t *testing.T) map[string]keyring.Entry {
	t.Helper()
	out := make(map[string]keyring.Entry)
	for _, ring := range []string{"debian-keyring", "debian-maintainers", "debian-nonupload"} {
		path := "/usr/share/keyrings/" + ring + ".gpg"
		info, err := os.Stat(path)
		if err != nil {
			t.Skipf("SKIPPED: %v (apt-get install debian-keyring)", err)
		}
		read, err := keyring.ReadFile(path, keyring.Options{Now: info.ModTime(), Expired: true})
		fatalIfErr(t, err)
		for _, e := range read.Entries {
			for _, k := range e.Set.Keys {
				id := k.Fingerprint()[max(0, len(k.Fingerprint())-16):]
				if _, ok := out[id]; !ok || strings.HasSuffix(e.Label, "@debian.org") {
					out[id] = keyring.Entry{Label: e.Label, Set: keyset.Set{Keys: []keyset.Key{k}}}
				}
			}
		}
	}
	return out
}
