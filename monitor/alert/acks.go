package alert

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Ack says that somebody has seen an alert. It is JSON in acks/ID.json.
type Ack struct {
	ID   string    `json:"id"`
	By   string    `json:"by"`
	Note string    `json:"note,omitempty"`
	At   time.Time `json:"at"`
}

// ErrUnknown is returned for an alert that there is not.
var ErrUnknown = errors.New("there is no such alert")

// ErrAcknowledged is returned for an alert that somebody has acknowledged before.
var ErrAcknowledged = errors.New("the alert is acknowledged already")

// WriteAck acknowledges an alert in the folder of a monitor, which may be running. It
// refuses an alert that is not a file there with ErrUnknown, and the second
// acknowledgement of an alert with ErrAcknowledged.
func WriteAck(dir, id, who, note string) error {
	if _, _, err := splitID(id); err != nil {
		return err
	}
	f := &folder{dir: dir}
	if _, err := os.Stat(f.path(alertName(id))); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w in %s", id, ErrUnknown, f.path(alertsFolder))
	} else if err != nil {
		return err
	}
	if err := os.MkdirAll(f.path(acksFolder), 0o700); err != nil {
		return err
	}
	ack := &Ack{ID: id, By: OneLine(who, maxName), Note: OneLine(note, maxSummary), At: stamp(time.Now())}
	err := f.place(ackName(id), encode(ack), func(temp, path string) error { return os.Link(temp, path) })
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w: see %s", id, ErrAcknowledged, f.path(ackName(id)))
	}
	return err
}

// encode returns a small record as a file has it.
func encode(record any) []byte {
	data, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		panic("alert: a record of strings, numbers and dates has no encoding: " + err.Error())
	}
	return append(data, '\n')
}

// takeAcks takes in the acknowledgements that WriteAck has written since.
func (l *Ledger) takeAcks() error {
	ids, err := l.folder.ids(acksFolder)
	if err != nil {
		return err
	}
	b := l.store.db.NewBatch()
	for _, id := range ids {
		if err = l.takeAck(b, id); err != nil {
			break
		}
	}
	if b.Empty() && err == nil {
		return b.Close()
	}
	return l.store.commit(b, err)
}

// takeAck adds an acknowledgement to a batch, unless it is known, or of no alert.
func (l *Ledger) takeAck(b *pebble.Batch, id string) error {
	if known, err := l.store.get("k" + id); err != nil || known != nil {
		return err
	}
	a, err := l.store.byID(id)
	if err != nil || a == nil {
		return err
	}
	var ack Ack
	if err := l.folder.readJSON(ackName(id), &ack); err != nil || ack.ID != id {
		aside, err2 := l.folder.aside(ackName(id))
		l.cfg.Logger.Warn("an acknowledgement is damaged: acknowledge the alert again", "id", id, "moved_to", aside, "err", err)
		return err2
	}
	if !a.Condition {
		// A condition stays open until it is over.
		if err := b.Delete([]byte("o"+string(formatNumber(a.Number))), nil); err != nil {
			return err
		}
	}
	ack.By, ack.Note = OneLine(ack.By, maxName), OneLine(ack.Note, maxSummary)
	return setJSON(b, "k"+id, &ack)
}
