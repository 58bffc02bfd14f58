package label

import (
	"fmt"
	"slices"
	"strings"
)

// together are the scripts of which each member is written with the first (UTS 39,
// Section 5.1: the augmented script set; and Section 5.2: Highly Restrictive).
var together = map[string][]string{
	"Japanese": {"Han", "Hiragana", "Katakana", "Latin"},
	"Korean":   {"Han", "Hangul", "Latin"},
	"Chinese":  {"Han", "Bopomofo", "Latin"},
}

// mixedScripts tells of a part with letters of scripts that are not written together.
func mixedScripts(part string) *Warning {
	var sets [][]string // one for each character that has a script of its own
	for _, r := range part {
		s, ok := spanOf(r)
		if !ok || s.ignorable || slices.Contains(s.scripts, "Common") || slices.Contains(s.scripts, "Inherited") {
			continue
		}
		sets = append(sets, s.scripts)
	}
	if len(sets) == 0 || fits(sets, sets[0]) {
		return nil
	}
	for _, scripts := range together {
		if fitsAll(sets, scripts) {
			return nil
		}
	}
	return &Warning{MixedScripts, fmt.Sprintf("%s mixes letters of %s", quote(part), strings.Join(limit(names(sets)), " and "))}
}

// fits reports whether all characters can be of one of the candidates.
func fits(sets [][]string, candidates []string) bool {
	return slices.ContainsFunc(candidates, func(script string) bool { return fitsAll(sets, []string{script}) })
}

// fitsAll reports whether each character can be of one of the scripts.
func fitsAll(sets [][]string, scripts []string) bool {
	for _, set := range sets {
		if !slices.ContainsFunc(set, func(s string) bool { return slices.Contains(scripts, s) }) {
			return false
		}
	}
	return true
}

// names returns the scripts that the characters are of, each once.
func names(sets [][]string) []string {
	var all []string
	for _, set := range sets {
		if len(set) == 1 && !slices.Contains(all, set[0]) {
			all = append(all, set[0])
		}
	}
	if len(all) < 2 {
		return append(all, "another script")
	}
	return all
}
