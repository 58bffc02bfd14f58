package evidence_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// walk visits every string and number in decoded JSON. set(i) makes the i-th of the
// alternatives, and set(-1) restores what was there.
func walk(v any, path string, visit func(path string, alternatives int, set func(i int))) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			leaf(v[key], path+"."+key, func(x any) { v[key] = x }, visit)
		}
	case []any:
		for i := range v {
			leaf(v[i], fmt.Sprintf("%s.%d", path, i), func(x any) { v[i] = x }, visit)
		}
	}
}

func leaf(v any, path string, put func(any), visit func(path string, alternatives int, set func(i int))) {
	switch v := v.(type) {
	case float64:
		visit(path, 1, func(i int) { put(v + float64(i+1)) })
	case string:
		change, n := alternatives(v)
		visit(path, n, func(i int) {
			if i < 0 {
				put(v)
				return
			}
			put(change(i))
		})
	default:
		walk(v, path, visit)
	}
}

// alternatives returns a function that changes a byte of what a string stands for, and
// how many there are.
func alternatives(s string) (change func(i int) string, n int) {
	flip := func(b []byte, i int) []byte {
		out := slices.Clone(b)
		out[i] ^= 1 << (i % 8)
		return out
	}
	if b, err := hex.DecodeString(s); err == nil && len(b) == 32 {
		return func(i int) string { return hex.EncodeToString(flip(b, i)) }, len(b)
	}
	if b, err := base64.StdEncoding.DecodeString(s); err == nil && !strings.Contains(s, " ") {
		return func(i int) string { return base64.StdEncoding.EncodeToString(flip(b, i)) }, len(b)
	}
	return func(i int) string { return string(flip([]byte(s), i)) }, len(s)
}
