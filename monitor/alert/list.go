package alert

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// Listed is an alert and what became of it.
type Listed struct {
	Alert
	// Open tells that a condition lasts, or that what happened is not acknowledged.
	Open bool
	// Ack is nil if nobody has acknowledged it.
	Ack *Ack
}

// Filter says which alerts List returns. The zero value is all of them.
type Filter struct {
	Directory string // "" is any
	Open      bool   // only those that are open
	State     State  // "" is any
	// Limit is the most that are returned, 1000 if it is 0.
	Limit int
}

// List returns alerts, the latest first.
func (l *Ledger) List(f Filter) (out []Listed, err error) {
	if f.Limit <= 0 {
		f.Limit = 1000
	}
	prefix := "a"
	if f.Open {
		prefix = "o"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.store.ready(); err != nil {
		return nil, err
	}
	it, err := l.store.db.NewIter(&pebble.IterOptions{LowerBound: []byte(prefix), UpperBound: after(prefix)})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.Last(); ok && len(out) < f.Limit; ok = it.Prev() {
		n, err := parseNumber(it.Key()[1:])
		if err != nil {
			return nil, err
		}
		a, err := l.listed(n)
		if err != nil {
			return nil, err
		}
		if (f.Directory == "" || f.Directory == a.Directory) && (f.State == "" || f.State == a.State) {
			out = append(out, *a)
		}
	}
	return out, it.Error()
}

func (l *Ledger) listed(n uint64) (*Listed, error) {
	a, err := l.store.alert(n)
	if err == nil && a == nil {
		err = errDamaged
	}
	if err != nil {
		return nil, err
	}
	out := &Listed{Alert: *a}
	open, err := l.store.get("o" + string(formatNumber(n)))
	if err != nil {
		return nil, err
	}
	out.Open = open != nil
	ack := new(Ack)
	if found, err := l.store.getJSON("k"+a.ID, ack); err != nil {
		return nil, err
	} else if found {
		out.Ack = ack
	}
	return out, nil
}

// Get returns one alert, or ErrUnknown.
func (l *Ledger) Get(id string) (*Listed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.store.ready(); err != nil {
		return nil, err
	}
	n, err := l.store.number("i" + id)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, ErrUnknown
	}
	return l.listed(n)
}

// Latest returns the newest alerts in public form, the latest first.
func (l *Ledger) Latest(n int) ([]Alert, error) {
	list, err := l.List(Filter{Limit: n})
	var out []Alert
	for _, a := range list {
		out = append(out, a.Public())
	}
	return out, err
}

// Counts is how many alerts are open and not acknowledged, by severity.
type Counts map[finding.Severity]int

// Counts counts the open alerts of a directory, of all if it is "".
func (l *Ledger) Counts(directory string) (Counts, error) {
	out := make(Counts)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.store.ready(); err != nil {
		return nil, err
	}
	err := l.store.scan("o", func(n string, _ []byte) error {
		number, err := parseNumber([]byte(n))
		if err != nil {
			return err
		}
		a, err := l.listed(number)
		if err == nil && a.Ack == nil && (directory == "" || directory == a.Directory) {
			out[a.Severity]++
		}
		return err
	})
	return out, err
}
