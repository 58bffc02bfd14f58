package roster

import (
	"fmt"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/count"
)

// gaps says what of the label could not be checked: where there is nothing to
// hold the session against, nothing was found.
func (s *subject) gaps() {
	newest := len(s.t.versions) - 1
	switch v := s.t.versions[newest]; {
	case v.Missing != "":
		s.find(CouldNotCheck, Warning, nil, []int{newest}, fmt.Sprintf("Version %d is the greatest, and its value could not be had: %s.", v.Number, v.Missing))
	case !v.KeySet:
		s.find(CouldNotCheck, Warning, nil, []int{newest}, fmt.Sprintf("The value of version %d, the greatest, is no key set.", v.Number))
	}
	s.unconnected()
	s.missing()
	s.truncated()
}

// missing is about older values that could not be had, and may have been shown
// to somebody since.
func (s *subject) missing() {
	var at []int
	for i, v := range s.t.versions[:len(s.t.versions)-1] {
		if v.Missing != "" && !s.t.created[i+1].hi.Before(s.Since(s.opt)) {
			at = append(at, i)
		}
	}
	if len(at) > 0 {
		s.find(CouldNotCheck, Warning, nil, at, "Values could not be had, so keys may have come and gone there: "+s.t.numbers(at)+" ("+s.t.versions[at[0]].Missing+").")
	}
}

// truncated is about a history that does not go back to what Since returns. An account key that the user knew before then, and
// that signed all since, is as good.
func (s *subject) truncated() {
	reaches := s.t.created[0].after(s.Since(s.opt))
	if s.h.Complete || reaches == no || s.signedSince() {
		return
	}
	if reaches == maybe {
		s.ask([]int{0})
	}
	s.find(CouldNotCheck, Warning, nil, []int{0}, fmt.Sprintf("Only the last %s looked at. What came before version %d, since shortly before the member was first seen, or since you verified the member, was not.", count.Of(len(s.t.versions), "version of the label was", "versions of the label were"), s.t.versions[0].Number))
}

// signedSince reports whether all versions are signed, in a chain from an
// account key that stood before the time that matters.
func (s *subject) signedSince() bool {
	b := s.h.Before
	if b == nil || b.NotAfter.After(s.Since(s.opt)) {
		return false
	}
	for i, v := range s.t.versions {
		if i == 0 && (v.Key == nil || *v.Key != b.Key) {
			return false
		}
		if v.Account != account.Signed && v.Account != account.Rotated && (i > 0 || v.Account != account.Unchecked) {
			return false
		}
	}
	return true
}
