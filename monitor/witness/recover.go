package witness

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ghostlight-kt/ghostlight/client/durable"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// recover opens the store again if it has stopped, and reads what is stored of the
// logs that are refused: somebody may have given it back.
func (w *Witness) recover() []finding.Finding {
	if err := w.reopen(); err != nil {
		return []finding.Finding{failed("", "", err)}
	}
	var found []finding.Finding
	for _, l := range w.order {
		if err := w.reload(l); err != nil {
			found = append(found, failed(l.directory, l.origin, err))
		}
	}
	return found
}

// reopen replaces a store that has stopped.
func (w *Witness) reopen() error {
	w.storeMu.Lock()
	defer w.storeMu.Unlock()
	switch {
	case w.store == nil:
		return errClosed
	case w.store.guard.Err() == nil:
		return nil
	}
	// A store that stops leaves behind what waits for the disk, for as long as the
	// process runs: the disk has to work first.
	if w.reopened == maxReopened {
		return fmt.Errorf("the witness's database has stopped %d times; restart the program", maxReopened+1)
	}
	if err := probe(w.cfg.Dir); err != nil {
		return err
	}
	w.reopened++
	_ = w.store.close() // why it has stopped was told
	fresh, lost, err := openStore(w.cfg.Dir, w.cfg.Logger)
	if err != nil {
		return err
	}
	fresh.hook = w.store.hook
	w.store = fresh
	if lost != nil {
		w.noteLoss(lost)
	}
	return nil
}

// reload loads a log that is refused.
func (w *Witness) reload(l *witnessed) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.damage == nil || errors.Is(l.damage, errClosed) {
		return nil
	}
	w.storeMu.RLock()
	defer w.storeMu.RUnlock()
	if w.store == nil {
		return errClosed
	}
	return w.load(l)
}

// maxReopened is how often a store is opened again.
const maxReopened = 16

// probe returns nil if the disk takes what a database needs.
func probe(dir string) error {
	const size = 8 << 20
	path := filepath.Join(dir, "probe")
	err := writeFile(path, bytes.Repeat([]byte{1}, size))
	return errors.Join(err, removeAll(path, path+durable.Suffix))
}

func removeAll(paths ...string) (err error) {
	for _, p := range paths {
		err = errors.Join(err, os.RemoveAll(p))
	}
	return err
}

// damaged says why a log is refused, nil if it is not.
func (w *Witness) damaged(l *witnessed) *finding.Finding {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.damage == nil {
		return nil
	}
	return &finding.Finding{
		Rule: finding.StateDamaged, Class: finding.Report, Severity: finding.Critical, Condition: true,
		Directory: l.directory, Subject: l.origin + " refused",
		Summary: fmt.Sprintf("The witness cannot tell what it has cosigned of the log %s, and cosigns no more of it.", l.origin),
		Detail:  l.damage.Error(),
		Hint: fmt.Sprintf("get the latest checkpoint of this log with this witness's cosignature, from the log or a backup, and put it at %s: "+
			"the next round takes it. With one that is not the latest, the witness may vouch for two histories. "+
			"If it never cosigned this log, let the file be the line %q.", w.path(l, checkpointName), nothingYet[:len(nothingYet)-1]),
	}
}

func (r *repair) finding() finding.Finding {
	f := finding.Finding{
		Rule: finding.StateDamaged, Class: finding.Report, Severity: finding.Warning, Subject: "witness " + r.id,
		Summary: "Part of the witness's state was damaged, and what is left of it says the same.",
		Detail:  r.what, Hint: "look after this machine's disk",
	}
	if r.log != nil {
		f.Directory, f.Subject = r.log.directory, r.log.origin+" "+r.id
	}
	return f
}
