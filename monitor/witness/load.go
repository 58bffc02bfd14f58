package witness

import (
	"bytes"
	"errors"
	"fmt"
)

// repair is damage that the witness got over.
type repair struct {
	log  *witnessed // nil for the database
	what string
	id   string
}

// noteLoss notes that the database was lost.
func (w *Witness) noteLoss(lost error) {
	w.cfg.Logger.Error("the witness's database was lost", "err", lost)
	w.repaired(nil, fmt.Sprintf("the witness's database was lost (%v); what the files beside it say counts", lost))
}

func (w *Witness) repaired(l *witnessed, what string) {
	const most = 64
	if len(w.repairs) == most {
		w.repairs = w.repairs[1:]
	}
	w.repairs = append(w.repairs, repair{l, what, w.cfg.Now().UTC().Format("2006-01-02T15:04:05.000Z")})
}

// copied is one of the two copies of a log's latest note.
type copied struct {
	name   string
	data   []byte // nil if there is none
	anchor *anchor
	err    error // why it is no good
}

func (c *copied) good() bool { return c.data != nil && c.err == nil }

// readCopies returns the two copies.
func (w *Witness) readCopies(l *witnessed) (db, file *copied) {
	db, file = &copied{name: "the database's record"}, &copied{name: "the file " + w.store.path(l.hash, checkpointName)}
	db.data, db.err = w.store.get([]byte(l.hash))
	file.data, file.err = w.store.readFile(l.hash)
	for _, c := range []*copied{db, file} {
		if c.good() {
			c.anchor, c.err = l.openAnchor(w.key, c.data)
		}
	}
	return db, file
}

// load sets what a log's latest checkpoint is, and makes both copies of it good. The
// error is of writing: neither copy is worse than before. Requires that l.mu is held,
// or nobody else knows l.
func (w *Witness) load(l *witnessed) error {
	db, file := w.readCopies(l)
	best, err := newest(db, file)
	switch {
	case err != nil:
		l.damage = err
		return nil
	// The folder of a log is made after its first record.
	case best == nil && (w.store.rebuilt || db.err != nil || file.err != nil || exists(w.path(l))):
		l.damage = fmt.Errorf("the latest checkpoint that was cosigned is lost: %s %s, %s %s", db.name, db.state(), file.name, file.state())
		return nil
	case best == nil: // a new log
		best = &copied{data: []byte(nothingYet)}
	case l.latest != nil && (best.anchor == nil || best.anchor.Size < l.latest.Size):
		l.damage = fmt.Errorf("what is stored is older than the checkpoint of %d entries that was cosigned", l.latest.Size)
		return nil
	default:
		w.tellRepair(l, best, db, file)
	}
	if !bytes.Equal(db.data, best.data) || !bytes.Equal(file.data, best.data) {
		if err := w.store.put(l.hash, best.data); err != nil {
			return err
		}
	}
	l.damage = nil
	l.set(best.anchor)
	w.metrics.latest(l)
	return nil
}

// newest returns the good copy that says the most, nil if there is none. The error
// says that they contradict each other.
func newest(db, file *copied) (*copied, error) {
	switch {
	case !db.good() && !file.good():
		return nil, nil
	case !db.good():
		return file, nil
	case !file.good() || file.anchor == nil:
		return db, nil
	case db.anchor == nil:
		return file, nil
	}
	a, b := db.anchor, file.anchor
	switch {
	case a.Size == b.Size && a.Root != b.Root:
		return nil, fmt.Errorf("this witness's key has cosigned two checkpoints of %d entries: it was used by somebody else", a.Size)
	case a.Size > b.Size || a.Size == b.Size && a.at >= b.at:
		return db, nil
	}
	return file, nil
}

// state says what is wrong with a copy.
func (c *copied) state() string {
	switch {
	case c.err != nil:
		return fmt.Sprintf("is damaged (%v)", c.err)
	case c.data == nil:
		return "is missing"
	}
	return "is older"
}

// tellRepair tells that a copy was no good. That the file is older than the record is
// no damage: the process ended between writing them.
func (w *Witness) tellRepair(l *witnessed, best, db, file *copied) {
	for _, c := range []*copied{db, file} {
		older := c == db && best == file && !bytes.Equal(db.data, file.data)
		if !c.good() || older {
			w.cfg.Logger.Error("part of the witness's state was damaged", "origin", l.origin, "err", errors.New(c.name+" "+c.state()))
			w.repaired(l, fmt.Sprintf("of the latest checkpoint that was cosigned, %s %s; %s counts", c.name, c.state(), best.name))
		}
	}
}

// set makes an anchor the latest one. Requires that l.mu is held.
func (l *witnessed) set(a *anchor) {
	l.latest = a
	l.published.Store(a)
}
