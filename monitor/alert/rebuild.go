package alert

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// alertFiles returns the IDs of the alerts that are files and can be read. What
// cannot is moved aside if the database does not have it; see checkFiles.
func (r *repair) alertFiles() ([]string, error) {
	ids, err := r.l.folder.ids(alertsFolder)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(ids, func(id string) bool {
		_, err := r.readAlert(id)
		return err != nil
	}), nil
}

func (r *repair) readAlert(id string) (*Alert, error) {
	data, err := r.l.folder.read(alertName(id), MaxSize)
	if err != nil {
		return nil, err
	}
	a, err := Parse(data)
	if err == nil && a.ID != id {
		err = fmt.Errorf("%w: it is that of %s", errMalformed, a.ID)
	}
	return a, err
}

// rebuild fills a new database from the files of alerts, in one batch. How long
// conditions have lasted that nobody was told of is lost, and the budgets are.
func (r *repair) rebuild(files []string) error {
	var alerts []*Alert
	for _, id := range files {
		a, err := r.readAlert(id)
		if err != nil {
			return err
		}
		alerts = append(alerts, a)
	}
	slices.SortFunc(alerts, func(a, b *Alert) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.ID, b.ID))
	})
	if err := r.moveUnreadable(files); err != nil {
		return err
	}
	b := r.l.store.db.NewBatch()
	return r.l.store.commit(b, r.fill(b, alerts))
}

// moveUnreadable moves aside the files of alerts that cannot be read.
func (r *repair) moveUnreadable(readable []string) error {
	all, err := r.l.folder.ids(alertsFolder)
	if err != nil {
		return err
	}
	for _, id := range all {
		if slices.Contains(readable, id) {
			continue
		}
		aside, err := r.l.folder.aside(alertName(id))
		if err != nil {
			return err
		}
		r.say(aside, "the file of an alert is damaged, and the ledger does not have it: if it is found again, it is told again", diskHint)
	}
	return nil
}

// fill writes the records of alerts, which are sorted by number.
func (r *repair) fill(b *pebble.Batch, alerts []*Alert) (err error) {
	raised := make(map[string]*Alert) // by ID, not resolved
	seqs := make(map[string]uint64)
	var last uint64
	for _, a := range alerts {
		if a.Number <= last {
			return fmt.Errorf("the files of two alerts have the number %d: move one of them out of %s", a.Number, r.l.folder.path(alertsFolder))
		}
		last = a.Number
		n := formatNumber(a.Number)
		scope, seq, _ := splitID(a.ID)
		seqs[scope] = max(seq, seqs[scope])
		err = errors.Join(err, b.Set([]byte("a"+string(n)), a.Marshal(), nil),
			b.Set([]byte("i"+a.ID), n, nil))
		if a.State == Raised {
			raised[a.ID] = a
		}
		delete(raised, a.Resolves)
	}
	for scope, seq := range seqs {
		err = errors.Join(err, b.Set([]byte("q"+scope), formatNumber(seq), nil))
	}
	for id, a := range raised {
		scope, _, _ := splitID(id)
		err = errors.Join(err, b.Set([]byte("o"+string(formatNumber(a.Number))), nil, nil))
		if a.Condition {
			err = errors.Join(err, setJSON(b, "c"+r.l.secret.hash("role", a.Role)+scope, &lasting{FoundAt: a.FoundAt, Alert: id}))
		}
	}
	return errors.Join(err, b.Set([]byte(filedName), formatNumber(last), nil))
}
