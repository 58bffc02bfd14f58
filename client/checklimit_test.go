package client

import (
	"strings"
	"testing"
	"time"
)

// TestTooMuchToHold checks that labels are not looked at any more when values or keys
// beyond what is held were found.
func TestTooMuchToHold(t *testing.T) {
	for _, over := range []func(*check){
		func(k *check) { k.held = k.cfg.maxHeld + 1 },
		func(k *check) { k.heldKeys = maxHeldKeys + 1 },
	} {
		k := newCheck(RosterOptions{})
		k.session = &session{cfg: Config{}.withDefaults()}
		k.add("one", time.Time{})
		over(k)
		k.takeNewest(question{label: "one"}, outcome{found: &found{}})
		if f := k.facts["one"]; f.Err == nil || !strings.Contains(f.Err.Error(), "check the conversation in parts") || len(f.Versions) != 0 {
			t.Errorf("%v, %d versions", f.Err, len(f.Versions))
		}
	}
}
