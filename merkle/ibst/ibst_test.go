package ibst

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// refNode is a node of the tree that the draft defines inductively: the tree
// of n entries from offset on.
type refNode struct{ offset, n uint64 }

func (r refNode) pos() uint64 {
	power := uint64(1)
	for power <= r.n/2 {
		power *= 2
	}
	return r.offset + power - 1
}

func (r refNode) left() refNode { return refNode{r.offset, r.pos() - r.offset} }

func (r refNode) right() refNode { return refNode{r.pos() + 1, r.n - (r.pos() - r.offset) - 1} }

// refPath is the way from the root to x; refNodes are all nodes by position.
func refPath(x, n uint64) (path []refNode) {
	r := refNode{0, n}
	for {
		path = append(path, r)
		switch {
		case x < r.pos():
			r = r.left()
		case x > r.pos():
			r = r.right()
		default:
			return path
		}
	}
}

func positions(path []refNode) (out []uint64) {
	for _, r := range path {
		out = append(out, r.pos())
	}
	return out
}

func checkChild(t *testing.T, what string, x, n uint64, got uint64, ok bool, want refNode) {
	t.Helper()
	if ok != (want.n > 0) || ok && got != want.pos() {
		t.Errorf("%s child of %d in %d: %d, %v", what, x, n, got, ok)
	}
}

// checkEntry holds everything that is said of one entry against the reference.
func checkEntry(t *testing.T, x, n uint64) {
	t.Helper()
	path := refPath(x, n)
	if got := Path(x, n); !slices.Equal(got, positions(path)) {
		t.Errorf("path of %d in %d: %v", x, n, got)
	}
	r := path[len(path)-1]
	left, ok := Left(x)
	checkChild(t, "left", x, n, left, ok, r.left())
	right, ok := Right(x, n)
	checkChild(t, "right", x, n, right, ok, r.right())
}

// refUpdateView is the draft's two bullets.
func refUpdateView(old, n uint64) (list []uint64) {
	if old == 0 {
		return positions(refPath(n-1, n))
	}
	path := positions(refPath(old-1, n))
	slices.Reverse(path)
	from := old - 1
	for _, p := range path[1:] {
		if p >= old {
			list = append(list, p)
			from = p
		}
	}
	frontier := positions(refPath(n-1, n))
	for _, p := range frontier {
		if p > from {
			list = append(list, p)
		}
	}
	return list
}

func checkSize(t *testing.T, n uint64) {
	t.Helper()
	frontier := positions(refPath(n-1, n))
	if Root(n) != frontier[0] || !slices.Equal(Frontier(n), frontier) {
		t.Errorf("frontier of %d: %v", n, Frontier(n))
	}
	for i, x := range frontier {
		if got := FrontierFrom(x, n); !slices.Equal(got, frontier[i:]) {
			t.Errorf("frontier of %d from %d: %v", n, x, got)
		}
	}
}

func TestSmallTrees(t *testing.T) {
	if Frontier(0) != nil || len(UpdateView(0, 0)) != 0 {
		t.Error("an empty log has a frontier")
	}
	for n := uint64(1); n <= 130; n++ {
		checkSize(t, n)
		for x := range n {
			checkEntry(t, x, n)
		}
		for old := range n + 1 {
			if got := UpdateView(old, n); !slices.Equal(got, refUpdateView(old, n)) {
				t.Errorf("view update from %d to %d: %v", old, n, got)
			}
		}
	}
}

// TestLargeTrees looks at logs around powers of two up to the greatest size.
func TestLargeTrees(t *testing.T) {
	var sizes []uint64
	for _, k := range []int{31, 32, 33, 61, 62, 63} {
		for d := range uint64(3) {
			sizes = append(sizes, 1<<k-1+d, 1<<k+1<<(k-1)+d)
		}
	}
	sizes = append(sizes, 1<<64-2, 1<<64-1)
	for _, n := range sizes {
		checkSize(t, n)
		for _, x := range []uint64{0, 1, 2, n / 3, n/2 - 1, n / 2, n/2 + 1, n - n/5, n - 3, n - 2, n - 1} {
			checkEntry(t, x, n)
		}
		for _, old := range []uint64{1, 2, n / 3, n / 2, n/2 + 1, n - 1, n} {
			if got := UpdateView(old, n); !slices.Equal(got, refUpdateView(old, n)) {
				t.Errorf("view update from %d to %d: %v", old, n, got)
			}
		}
	}
}

// refDistinguished is the recursion of the draft.
func refDistinguished(r refNode, left, right, window uint64, ts []uint64, out *[]uint64) {
	if r.n == 0 || right-left < window {
		return
	}
	refDistinguished(r.left(), left, ts[r.pos()], window, ts, out)
	*out = append(*out, r.pos())
	refDistinguished(r.right(), ts[r.pos()], right, window, ts, out)
}

func TestDistinguished(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := uint64(1); n <= 130; n++ {
		ts := make([]uint64, n)
		now := rng.Uint64N(50)
		for i := range ts {
			now += rng.Uint64N(12) * rng.Uint64N(2)
			ts[i] = now
		}
		for _, window := range []uint64{0, 1, 10, 60, 300, 1 << 40} {
			var want []uint64
			refDistinguished(refNode{0, n}, 0, ts[n-1], window, ts, &want)
			checkDistinguished(t, n, window, ts, want)
		}
	}
}

func checkDistinguished(t *testing.T, n, window uint64, ts, want []uint64) {
	t.Helper()
	for x := range n {
		var expected []uint64
		for _, p := range positions(refPath(x, n)) {
			if slices.Contains(want, p) {
				expected = append(expected, p)
			}
		}
		seen := make(map[uint64]bool)
		got, err := DistinguishedPath(x, n, ts[n-1], window, func(pos uint64) (uint64, error) {
			if seen[pos] || pos == x {
				t.Errorf("timestamp of %d asked for twice, or without need", pos)
			}
			seen[pos] = true
			return ts[pos], nil
		})
		if err != nil || !slices.Equal(got, expected) {
			t.Errorf("n=%d window=%d: path to %d: %v, %v, want %v", n, window, x, got, err, expected)
		}
	}
	pos, ok, err := RightmostDistinguished(n, window, func(pos uint64) (uint64, error) { return ts[pos], nil })
	if err != nil || ok != (len(want) > 0) || ok && pos != want[len(want)-1] {
		t.Errorf("n=%d window=%d: rightmost %d, %v, %v, want %v", n, window, pos, ok, err, want)
	}
}

// TestSpans walks down with brackets that run backwards, and with failures.
func TestSpans(t *testing.T) {
	if (Span{Left: 2, Right: 1}).Distinguished(0) {
		t.Error("a span that runs backwards is distinguished")
	}
	if !(Span{Left: 0, Right: 1<<64 - 1}).Distinguished(1<<64 - 1) {
		t.Error("the widest span is not distinguished")
	}
	root := RootSpan(8, 100)
	if got := root.Toward(2, 50, 8); got != (Span{Pos: 3, Left: 0, Right: 50}) {
		t.Errorf("left of the root: %v", got)
	}
	root = RootSpan(10, 100)
	if got := root.Toward(9, 50, 10); got != (Span{Pos: 9, Left: 50, Right: 100}) {
		t.Errorf("right of the root: %v", got)
	}
	failure := errors.New("no timestamp")
	fail := func(uint64) (uint64, error) { return 0, failure }
	if _, err := DistinguishedPath(5, 8, 100, 1, fail); err != failure {
		t.Errorf("path: %v", err)
	}
	if _, _, err := RightmostDistinguished(8, 1, fail); err != failure {
		t.Errorf("rightmost: %v", err)
	}
	calls := 0
	failLater := func(uint64) (uint64, error) {
		if calls++; calls > 1 {
			return 0, failure
		}
		return 100, nil
	}
	if _, _, err := RightmostDistinguished(9, 1, failLater); err != failure {
		t.Errorf("rightmost, later: %v", err)
	}
}

// TestRequirements checks that broken invariants panic.
func TestRequirements(t *testing.T) {
	for name, f := range map[string]func(){
		"root of nothing":      func() { Root(0) },
		"right beyond":         func() { Right(5, 5) },
		"path beyond":          func() { Path(7, 7) },
		"view update backward": func() { UpdateView(6, 5) },
		"distinguished beyond": func() { _, _ = DistinguishedPath(1, 1, 0, 0, nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error(fmt.Sprint(name, " does not panic"))
				}
			}()
			f()
		}()
	}
}
