package keytrans

import (
	"errors"
	"slices"
	"testing"
)

func TestAddMapEntry(t *testing.T) {
	type entry = MonitorMapEntry
	for name, c := range map[string]struct {
		entries []entry
		add     entry
		want    []entry // nil: refused
	}{
		"first":                        {nil, entry{5, 2}, []entry{{5, 2}}},
		"later":                        {[]entry{{5, 2}}, entry{9, 3}, []entry{{5, 2}, {9, 3}}},
		"earlier":                      {[]entry{{9, 3}}, entry{5, 2}, []entry{{5, 2}, {9, 3}}},
		"between":                      {[]entry{{5, 2}, {12, 7}}, entry{9, 3}, []entry{{5, 2}, {9, 3}, {12, 7}}},
		"the same":                     {[]entry{{5, 2}}, entry{5, 2}, []entry{{5, 2}}},
		"same version, to the right":   {[]entry{{5, 2}}, entry{9, 2}, []entry{{5, 2}}},
		"same version, to the left":    {[]entry{{9, 2}}, entry{5, 2}, []entry{{5, 2}}},
		"same position, lesser":        {[]entry{{9, 3}}, entry{9, 2}, []entry{{9, 3}}},
		"same position, greater":       {[]entry{{9, 2}}, entry{9, 3}, []entry{{9, 3}}},
		"greater below an ancestor":    {[]entry{{11, 3}}, entry{8, 5}, []entry{{8, 5}}},
		"greater, not below it":        {[]entry{{13, 3}}, entry{8, 5}, nil},
		"lesser to the right":          {[]entry{{8, 5}}, entry{9, 3}, nil},
		"lesser far to the right":      {[]entry{{8, 5}}, entry{13, 3}, nil},
		"one fits, one contradicts it": {[]entry{{3, 1}, {8, 5}}, entry{13, 3}, nil},
	} {
		got, err := addMapEntry(c.entries, c.add, 15)
		if (c.want == nil) != errors.Is(err, ErrProof) || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if err == nil && checkMapEntries(got, 15) != nil {
			t.Errorf("%s: %v is not a map", name, got)
		}
	}
}
