package alert

import (
	"fmt"
	"time"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// group is what the alerts of a role are counted by, lest a dishonest directory fills
// the disk, or hides among thousands. What is harmless does not use up what there is
// for what is worse, or proven.
type group struct {
	rule      finding.Rule
	class     finding.Class
	severity  finding.Severity
	directory string
	about     string // one of many, or empty for all of them
}

func (g group) parts() []string {
	return []string{string(g.rule), string(g.class), string(g.severity), g.directory, g.about}
}

// budget is the record of a group's day.
type budget struct {
	Since  int64 `json:"since_ns"` // when the day began, as observed time
	Raised int   `json:"raised"`
	Summed bool  `json:"summed"` // the alert that sums up was raised
}

const day = 24 * time.Hour

// afford takes one alert off the budget of its group, or reports that it is used up. The
// first one in a day about one of many is always told: whoever can have much found about
// his own label does not keep others from hearing of theirs.
func (d *decision) afford(f finding.Finding) (bool, error) {
	g := group{rule: f.Rule, class: f.Class, severity: f.Severity, directory: f.Directory}
	all, err := d.budget(g)
	if err != nil {
		return false, err
	}
	one := new(budget)
	if f.About != "" {
		of := g
		of.about = f.About
		if one, err = d.budget(of); err != nil {
			return false, err
		}
	}
	if all.Raised >= d.l.cfg.MaxPerDay && (f.About == "" || one.Raised > 0) {
		d.over[g]++
		return false, nil
	}
	all.Raised++
	one.Raised++
	return true, nil
}

// budget returns the budget of a group, which sumUp writes.
func (d *decision) budget(g group) (*budget, error) {
	if b := d.budgets[g]; b != nil {
		return b, nil
	}
	b := new(budget)
	found, err := d.l.store.getJSON(d.budgetKey(g), b)
	if err != nil {
		return nil, err
	}
	if since := d.observed - time.Duration(b.Since); !found || since >= day {
		*b = budget{Since: int64(d.observed)}
	}
	d.budgets[g] = b
	return b, nil
}

func (d *decision) budgetKey(g group) string {
	return "b" + d.hash + d.l.secret.hash(append([]string{"group"}, g.parts()...)...)
}

// sumUp raises one alert for each group that has more than its budget, once a day, and
// keeps the budgets.
func (d *decision) sumUp() error {
	for g, count := range d.over {
		b := d.budgets[g]
		if b.Summed {
			continue
		}
		b.Summed = true
		a, err := d.next(d.l.secret.hash(append([]string{"more", d.role}, g.parts()...)...), finding.Finding{
			Rule: g.rule, Class: finding.Report, Severity: g.severity, Directory: g.directory,
			Summary: fmt.Sprintf("%d more findings of this kind are not told one by one now", count),
			Hint:    fmt.Sprintf("at most %d a day are told; those that last or are found again will be told on the next days", d.l.cfg.MaxPerDay),
		})
		if err == nil {
			err = d.put(a)
		}
		if err != nil {
			return err
		}
	}
	for g, b := range d.budgets {
		if err := setJSON(d.batch, d.budgetKey(g), b); err != nil {
			return err
		}
	}
	return nil
}
