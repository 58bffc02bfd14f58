package evidence_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
)

// TestMemory parses files that are small to send and large to hold.
func TestMemory(t *testing.T) {
	const size = 16 << 20
	for name, c := range map[string]struct{ before, element, after string }{
		"heads":    {`{"heads":[`, `{},`, `{}]}`},
		"views":    {`{"credential":{"recent_distinguished":[`, `{},`, `{}]}}`},
		"frontier": {`{"retained_view":{"frontier":[`, `{},`, `{}]}}`},
		"hashes":   {`{"trees":{"before":[`, `null,`, `null]}}`},
		"strings":  {`{"summary":"\\\"[{","entries":[`, `"",`, `""]}`},
		"deep":     {``, `{"earlier":`, ``},
		"arrays":   {`{"retained_contact":`, `[`, ``},
	} {
		data := []byte(c.before + strings.Repeat(c.element, size/len(c.element)) + c.after)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := evidence.Parse(data)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, keytrans.ErrMalformed) || used > 4*size {
			t.Errorf("%s: %d bytes for %d, error %v", name, used, size, err)
		}
	}
}
