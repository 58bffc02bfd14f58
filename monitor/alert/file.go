package alert

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// file writes the files of the alerts that have none yet, and lets the sinks have
// these alerts. An alert without its file is delivered to nobody.
func (l *Ledger) file() error {
	filed, err := l.store.number(filedName)
	if err != nil {
		return err
	}
	last, err := l.store.last()
	if err != nil {
		return err
	}
	for n := filed + 1; n <= last; n++ {
		a, err := l.store.alert(n)
		if err != nil {
			return err
		}
		if a == nil {
			continue // of a ledger that was rebuilt
		}
		if aside, err := l.folder.keep(alertName(a.ID), a.Marshal()); err != nil {
			return fmt.Errorf("writing %s: %w", alertName(a.ID), err)
		} else if aside != "" {
			l.cfg.Logger.Warn("the file of an alert was there with another content", "id", a.ID, "moved_to", aside)
		}
	}
	if err := l.cfg.fail("filed"); err != nil {
		return err
	}
	if last > filed {
		b := l.store.db.NewBatch()
		if err := l.store.commit(b, b.Set([]byte(filedName), formatNumber(last), pebble.Sync)); err != nil {
			return err
		}
	}
	for _, q := range l.queues {
		q.filed.Store(max(last, filed))
		q.wake()
	}
	return nil
}
