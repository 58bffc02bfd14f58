package count

import "testing"

func TestOf(t *testing.T) {
	for n, want := range []string{"0 entries", "1 entry", "2 entries"} {
		if got := Of(n, "entry", "entries"); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
	if got := Of(uint64(1)<<63, "label is", "labels are"); got != "9223372036854775808 labels are" {
		t.Errorf("%q", got)
	}
}
