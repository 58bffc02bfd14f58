package pebblestore

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ghostlight-kt/ghostlight/monitor/pebbleguard"
)

// TestDiscreet prints keys the ways Pebble's messages and errors do: what the
// keys hold must not be in them.
func TestDiscreet(t *testing.T) {
	options := Options{}.withDefaults().pebble(&pebbleguard.Guard{})
	options.EnsureDefaults()
	key := pebble.InternalKey{UserKey: []byte("lsecret@example.org")}
	for _, text := range []string{
		fmt.Sprint(options.Comparer.FormatKey(key.UserKey)),
		fmt.Sprintf("%s", key.Pretty(options.Comparer.FormatKey)),
		fmt.Sprintf("%v", options.Comparer.FormatKey(nil)),
	} {
		if strings.Contains(text, "secret") || strings.Contains(text, "736563726574") || text == "" {
			t.Errorf("a key prints as %s", text)
		}
	}
}
