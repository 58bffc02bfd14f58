package roster

import (
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/client/account"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
)

// sharing is a key with the labels that have it. The key is described only if that is
// asked for, which takes time.
type sharing struct {
	describe func() keyset.Description
	labels   map[string]bool
}

// sharedKeys finds keys that two labels of the roster have, in the directory or
// in the session.
func (c *checker) sharedKeys() {
	shared := make(map[string]*sharing)
	share := func(id string, label string, describe func() keyset.Description) {
		if shared[id] == nil {
			shared[id] = &sharing{describe, make(map[string]bool)}
		}
		shared[id].labels[label] = true
	}
	for _, label := range c.labels() {
		if h := c.proven[label]; h != nil && len(h.Versions) > 0 {
			for _, d := range h.Versions[0].Keys {
				share(c.ids.of(d), label, func() keyset.Description { return d })
			}
		}
	}
	for i := range c.r.Members {
		m := &c.r.Members[i]
		for j := range m.Devices {
			share(c.ids.device(&m.Devices[j]), m.Label, m.Devices[j].describe)
		}
	}
	for _, s := range shared {
		if labels := sortedKeys(s.labels); len(labels) > 1 && !c.oneOwner(labels) {
			c.sharedKey(s.describe(), labels)
		}
	}
}

// labels are those of the members and the user's own, in order.
func (c *checker) labels() []string {
	all := []string{c.r.Me}
	for i := range c.r.Members {
		all = append(all, c.r.Members[i].Label)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (c *checker) sharedKey(key keyset.Description, labels []string) {
	s := &subject{checker: c, Member: &Member{Label: labels[0]}, me: slices.Contains(labels, c.r.Me), h: c.proven[labels[0]]}
	var at []int
	if s.t = c.timelines[labels[0]]; s.t != nil {
		at = []int{len(s.t.versions) - 1}
	}
	message := fmt.Sprintf("%d labels of this conversation have the same key.", len(labels))
	s.find(SharedKey, Warning, []keyset.Description{key}, at, message).Others = labels[1:]
}

// oneOwner reports whether one account key signed the newest versions of all
// labels.
func (c *checker) oneOwner(labels []string) bool {
	var owner *account.Key
	for _, label := range labels {
		h := c.proven[label]
		if h == nil || len(h.Versions) == 0 {
			return false
		}
		v := &h.Versions[0]
		if v.Key == nil || !v.Account.Stands() || v.Account == account.Announced || owner != nil && *owner != *v.Key {
			return false
		}
		owner = v.Key
	}
	return true
}
