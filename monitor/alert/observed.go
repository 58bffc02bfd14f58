package alert

import (
	"time"
)

// observed is the record of how long a role has observed: the sum of the times between
// its rounds, of each of which at most Config.MaxGap counts.
type observed struct {
	Total int64     `json:"total_ns"`
	At    time.Time `json:"at"` // the date of the last round
}

// observe sets how long the role has observed. Within one process, time passes by
// the clock that nobody can set. From one process to the next there is only the date.
func (d *decision) observe() error {
	var o observed
	found, err := d.l.store.getJSON("r"+d.hash, &o)
	if err != nil {
		return err
	}
	var gap time.Duration
	if last, ok := d.l.rounds[d.role]; ok {
		gap = d.tick.Sub(last)
	} else if found {
		gap = d.now.Sub(o.At)
	}
	o.Total += int64(min(max(gap, 0), d.l.cfg.MaxGap))
	o.At = d.now
	d.observed = time.Duration(o.Total)
	return setJSON(d.batch, "r"+d.hash, &o)
}
