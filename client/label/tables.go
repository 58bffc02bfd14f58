package label

import (
	_ "embed"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
)

//go:generate tables/generate

//go:embed tables/confusables.txt
var confusableLines string

//go:embed tables/characters.txt
var characterLines string

// A span is the code points from first to last and what the table says of them.
type span struct {
	first, last rune
	scripts     []string
	ignorable   bool
}

// prototypes has the prototype of each character that has one.
var prototypes = sync.OnceValue(func() map[rune]string {
	m := make(map[rune]string)
	for fields := range table(confusableLines) {
		var p []rune
		for _, f := range fields[1:] {
			p = append(p, point(f))
		}
		m[point(fields[0])] = string(p)
	}
	return m
})

// spans are in ascending order.
var spans = sync.OnceValue(func() []span {
	var all []span
	for fields := range table(characterLines) {
		s := span{first: point(fields[0]), last: point(fields[1])}
		if s.scripts = slices.Clone(fields[2:]); s.scripts[0] == "-" {
			s.scripts, s.ignorable = nil, true
		}
		all = append(all, s)
	}
	return all
})

// spanOf returns what is known of r; ok is false for a character that is not assigned.
func spanOf(r rune) (s span, ok bool) {
	all := spans()
	i := sort.Search(len(all), func(i int) bool { return all[i].last >= r })
	if i == len(all) || r < all[i].first {
		return span{}, false
	}
	return all[i], true
}

// table yields the fields of each line.
func table(text string) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		for line := range strings.Lines(text) {
			if fields := strings.Fields(line); !strings.HasPrefix(line, "#") && !yield(fields) {
				return
			}
		}
	}
}

func point(hex string) rune {
	n, err := strconv.ParseUint(hex, 16, 21)
	if err != nil {
		panic("bad code point in a table of package label: " + hex)
	}
	return rune(n)
}
