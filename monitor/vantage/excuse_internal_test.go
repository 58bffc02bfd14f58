package vantage

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

// TestOtherExcuses has a place give another excuse in each round for not being compared.
// Each takes a day to be told of: none is over before something was compared.
func TestOtherExcuses(t *testing.T) {
	silent := &client.Error{Kind: client.Undecided, Err: &client.Problem{Type: "about:blank"}}
	unaudited := &client.Error{Kind: client.Undecided, Err: fmt.Errorf("test: %w", keytrans.ErrAuditor)}
	useless := fmt.Errorf("test: %w", errPeer)
	refused := &client.Error{Kind: client.Undecided, Err: keytrans.ErrProof}
	both := []finding.Rule{finding.AuditorOverdue, finding.Unreachable}
	for name, c := range map[string]struct {
		at     place
		rounds []error
		want   []finding.Rule
	}{
		"own way":      {place{}, []error{silent, unaudited, silent}, both},
		"own way, up":  {place{}, []error{silent, nil, unaudited}, both[:1]},
		"route":        {place{name: "route 1", id: "r"}, []error{silent, unaudited, silent}, both},
		"peer":         {place{name: "peer 1", id: "p"}, []error{silent, useless}, []finding.Rule{finding.Refused, finding.Unreachable}},
		"peer refuses": {place{name: "peer 1", id: "p"}, []error{silent, refused}, []finding.Rule{finding.Refused}},
	} {
		t.Run(name, func(t *testing.T) {
			v := &Vantage{cfg: Config{Name: "test", Unreachable: time.Hour, Overdue: time.Hour}, memory: new(memory)}
			for _, excuse := range c.rounds {
				r := &round{Vantage: v, reached: make(map[string]bool)}
				if excuse != nil {
					r.down = c.at.id == ""
					r.trouble(c.at, excuse)
				}
				r.keepUnseen()
				v.last = r.conditions
			}
			var got []finding.Rule
			for i := range v.last {
				got = append(got, v.last[i].Rule)
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("conditions %v, want %v", got, c.want)
			}
		})
	}
}
