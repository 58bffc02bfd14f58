package keyring

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// A Collector unites the entries of several files: all keys of one label in
// one set. The same key from two files is one key; of two states of one
// OpenPGP certificate the newest self-signatures of both are kept; a
// certificate that one file shows to be revoked is left out, whatever the
// others say. The outcome does not depend on the order of the files, except
// for an SSH or age key's name, where the first in alphabetical order stands.
//
// An expiry date or a revoked user id is not carried over like that: the file
// in which it was found may be the older one.
//
// A Collector is not safe for concurrent use. It holds every key in memory.
type Collector struct {
	opt     Options
	labels  map[string]map[string]keyset.Key // label, then keyID
	revoked map[string]bool                  // OpenPGP fingerprints
}

// NewCollector returns an empty Collector. Of opt it uses Now, Expired and
// MaxSetBytes.
func NewCollector(opt Options) *Collector {
	return &Collector{
		opt:     opt.withDefaults(),
		labels:  make(map[string]map[string]keyset.Key),
		revoked: make(map[string]bool),
	}
}

// Add adds the entries of one file.
func (c *Collector) Add(r Result) {
	for _, f := range r.Revoked {
		c.revoke(f)
	}
	for _, e := range r.Entries {
		for _, k := range e.Set.Keys {
			c.add(e.Label, k)
		}
	}
}

// Entries returns what was collected, sorted by label, and the labels whose
// set is over the limits. Revoked certificates are left out.
func (c *Collector) Entries() ([]Entry, []Skipped) {
	var entries []Entry
	var skipped []Skipped
	for _, label := range slices.Sorted(maps.Keys(c.labels)) {
		e := Entry{Label: label}
		for _, k := range c.labels[label] {
			if k.Data == nil || k.Format == keyset.FormatOpenPGP && c.revoked[k.Fingerprint()] {
				continue
			}
			e.Set.Keys = append(e.Set.Keys, k)
		}
		if len(e.Set.Keys) == 0 {
			continue
		}
		slices.SortFunc(e.Set.Keys, keyset.Compare)
		enc, err := e.Set.Marshal()
		if err == nil && len(enc) > c.opt.MaxSetBytes {
			err = fmt.Errorf("%w: the label's keys take %d bytes, at most %d", ErrTooLarge, len(enc), c.opt.MaxSetBytes)
		}
		if err != nil {
			skipped = append(skipped, Skipped{Item: "label " + label, Reason: err.Error()})
			continue
		}
		entries = append(entries, e)
	}
	return entries, skipped
}

func (c *Collector) revoke(fingerprint string) { c.revoked[fingerprint] = true }

// keyID is what makes two keys the same: for OpenPGP the primary key.
func keyID(k keyset.Key) string {
	if k.Format == keyset.FormatOpenPGP {
		return "p" + k.Fingerprint()
	}
	return fmt.Sprintf("%d:%s", k.Format, k.Data)
}

func (c *Collector) add(label string, k keyset.Key) {
	keys := c.labels[label]
	if keys == nil {
		keys = make(map[string]keyset.Key)
		c.labels[label] = keys
	}
	id := keyID(k) // of the new key: that of a tombstone says nothing
	have, ok := keys[id]
	switch {
	case !ok:
	case k.Format != keyset.FormatOpenPGP:
		if k.Name == "" || have.Name != "" && have.Name < k.Name {
			k.Name = have.Name
		}
	case string(have.Data) != string(k.Data):
		if have.Data != nil { // nil: ended before, and stays so
			have.Data = mergeCerts(label, have.Data, k.Data, c.opt.Now, c.opt.Expired)
		}
		k = have
	}
	keys[id] = k
}
