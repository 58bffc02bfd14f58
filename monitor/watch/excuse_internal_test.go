package watch

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// TestOtherExcuses has a directory give another excuse in each round for not answering
// about one label. Each is a condition that takes a day to be told of: none of them is
// over before the label is checked, or nobody would ever be told.
func TestOtherExcuses(t *testing.T) {
	silent := &client.Error{Kind: client.Undecided, Err: &client.Problem{Type: "about:blank"}}
	unaudited := &client.Error{Kind: client.Undecided, Err: fmt.Errorf("test: %w", keytrans.ErrAuditor)}
	refused := &client.Error{Kind: client.Undecided, Err: keytrans.ErrProof}
	alice, bob := watchedKey{Owner, "alice@example.org"}, watchedKey{Owner, "bob@example.org"}
	type excuse struct {
		key watchedKey
		err error
	}
	for name, c := range map[string]struct {
		rounds [][]excuse
		want   []finding.Rule
	}{
		"in turn":        {[][]excuse{{{alice, silent}}, {{alice, unaudited}}}, []finding.Rule{finding.AuditorOverdue, finding.Unreachable}},
		"in turn, again": {[][]excuse{{{alice, silent}}, {{alice, unaudited}}, {{alice, silent}}}, []finding.Rule{finding.AuditorOverdue, finding.Unreachable}},
		"checked":        {[][]excuse{{{alice, silent}}, {}, {{alice, unaudited}}}, []finding.Rule{finding.AuditorOverdue}},
		"another label":  {[][]excuse{{{alice, silent}}, {{bob, unaudited}}}, []finding.Rule{finding.AuditorOverdue}},
		"refused":        {[][]excuse{{{alice, silent}}, {{alice, refused}}}, []finding.Rule{finding.Refused}},
		"nothing":        {[][]excuse{{{watchedKey{}, silent}}, {{alice, unaudited}}}, []finding.Rule{finding.AuditorOverdue, finding.Unreachable}},
		"nothing after":  {[][]excuse{{{alice, silent}}, {{watchedKey{}, unaudited}}, {{alice, unaudited}}}, []finding.Rule{finding.AuditorOverdue, finding.Unreachable}},
	} {
		t.Run(name, func(t *testing.T) {
			w := &Watcher{cfg: Config{Name: "test", Unreachable: 1, Overdue: 1, Client: new(client.Client)}, labels: map[watchedKey]*Label{alice: {}, bob: {}}, record: newRecord()}
			for _, excuses := range c.rounds {
				r := newRound(w)
				for _, x := range excuses {
					r.cannot(x.key, x.err)
					r.nothingReached = r.nothingReached || x.key == watchedKey{}
				}
				r.conclude()
				w.last, w.missed = r.conditions, r.unreached
			}
			var got []finding.Rule
			for _, f := range w.last {
				got = append(got, f.Rule)
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("conditions %v, want %v", got, c.want)
			}
		})
	}
}
