package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/monitor"
)

// damageFile is the list of what was damaged, which outlives the repair.
type damageFile struct {
	path   string
	Damage []damaged `json:"damage"`
}

// damaged is one thing that was damaged.
type damaged struct {
	FoundAt time.Time `json:"found_at"`
	What    string    `json:"what"`
}

// mostDamage is how many are kept: the last ones.
const mostDamage = 100

// openDamage reads the list in a folder, and makes the folder if there is none.
func openDamage(dir string, now time.Time) (damageFile, error) {
	d := damageFile{path: filepath.Join(dir, "damage.json")}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return d, &monitor.Error{Kind: monitor.Operational, Err: err}
	}
	data, err := durable.ReadFile(d.path, 1<<20)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return d, nil
	case err == nil:
		err = json.Unmarshal(data, &d)
	case !errors.Is(err, durable.ErrNotSmallFile):
		return d, &monitor.Error{Kind: monitor.Operational, Err: err}
	}
	if err != nil { // it only tells of damage; this is one more
		d.Damage = nil
		err = d.note(now, []string{fmt.Sprintf("damage.json: what had been damaged before is forgotten: %v", err)})
	}
	return d, err
}

// note adds to the list, durably.
func (d *damageFile) note(now time.Time, what []string) error {
	if len(what) == 0 {
		return nil
	}
	for _, w := range what {
		d.Damage = append(d.Damage, damaged{now.UTC(), w})
	}
	d.Damage = d.Damage[max(0, len(d.Damage)-mostDamage):]
	data, err := json.MarshalIndent(d, "", "  ")
	if err == nil {
		err = durable.Replace(d.path, append(data, '\n'))
	}
	if err != nil {
		return &monitor.Error{Kind: monitor.Operational, Err: fmt.Errorf("noting what was damaged: %w", err)}
	}
	return nil
}

// mostRoots is how many roots of the log tree are kept.
const mostRoots = 64

// note keeps the root of the log tree at a size.
func (r *Role) note(size uint64, root merkle.Hash) {
	if size == 0 {
		return
	}
	for len(r.roots) >= mostRoots {
		least := size
		for s := range r.roots {
			least = min(least, s)
		}
		if least == size {
			break
		}
		delete(r.roots, least)
	}
	r.roots[size] = root
}
