package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/ghostlight-kt/ghostlight/directory"
)

// top is above all keys of at most 1024 bytes.
var top = strings.Repeat("\xff", 1025)

func testEmpty(h *harness) {
	s := h.snapshot()
	s.wantSize(0)
	s.wantAbsent("a")
	s.wantNoLast("", top)
	s.wantScan("", top, "")
	s.close()
	h.reopen()
	h.snapshot().wantSize(0)
}

func testConflict(h *harness) {
	h.wantConflict(1, 2)
	h.snapshot().wantScan("", top, "")
	h.commit(set("a", "1"), set("b", "2"))
	h.wantConflict(0, 1)
	h.wantConflict(0, 2)
	h.wantConflict(2, 2)
	h.wantConflict(math.MaxUint64, math.MaxUint64)
	s := h.snapshot()
	s.wantSize(1)
	s.wantScan("", top, `"a"="1" "b"="2" `)
	h.commit(set("c", "3")) // a conflict does no harm
}

func testEqualSizes(h *harness) {
	// The size need not grow, and it can be any number.
	fatalIfErr(h, h.store.Commit(&directory.Batch{Writes: []directory.Write{set("a", "1")}}))
	fatalIfErr(h, h.store.Commit(&directory.Batch{}))
	fatalIfErr(h, h.store.Commit(&directory.Batch{Size: 1 << 40}))
	h.wantConflict(0, 0)
	fatalIfErr(h, h.store.Commit(&directory.Batch{Base: 1 << 40, Size: 1 << 40}))
	fatalIfErr(h, h.store.Commit(&directory.Batch{Base: 1 << 40, Size: 1<<63 - 1}))
	s := h.snapshot()
	s.wantSize(1<<63 - 1)
	s.wantScan("", top, `"a"="1" `)
}

func testMalformed(h *harness) {
	h.commit(set("a", "1"))
	for _, b := range []*directory.Batch{
		{Base: 1, Size: 0, Writes: []directory.Write{set("b", "2")}},
		{Base: 1, Size: 2, Writes: []directory.Write{set("b", "2"), set("", "x")}},
		{Base: 1, Size: 2, Writes: []directory.Write{set("b", "2"), set("\x00x", "x")}},
		{Base: 1, Size: 2, Writes: []directory.Write{set("b", "2"), add("\x00", "x")}},
		{Base: 1, Size: 2, Writes: []directory.Write{set("b", "2"), del("\x00size")}},
		{Base: 1, Size: 2, Writes: []directory.Write{set("b", "2"), set(strings.Repeat("k", 1025), "x")}},
		{Base: 1, Size: 2, Writes: []directory.Write{set("b", "2"), {Kind: 9, Key: []byte("k")}}},
	} {
		if err := h.store.Commit(b); err == nil || errors.Is(err, directory.ErrConflict) {
			h.Errorf("commit of %+v: %v, want an error that is no conflict", b, err)
		}
	}
	s := h.snapshot()
	s.wantSize(1)
	s.wantScan("", top, `"a"="1" `)
	s.wantAbsent("")
	s.wantAbsent("\x00size")
	h.commit(set(strings.Repeat("k", 1024), "long"))
	h.snapshot().wantLast("k", "l", strings.Repeat("k", 1024), "long")
}

func testOrder(h *harness) {
	h.commit(set("old", "0"), set("gone", "0"))
	h.commit(
		set("a", "1"), add("a", "2"), add("a", "3"),
		add("b", "1"), set("b", "2"), add("b", "3"),
		add("c", "1"), del("c"), add("c", "2"), add("c", "3"),
		set("d", "1"), del("d"),
		del("e"), set("e", "1"), set("e", "2"),
		add("old", "1"), del("old"), add("old", "2"),
		add("gone", "1"), del("gone"), del("never"),
	)
	check := func() {
		s := h.snapshot()
		s.wantScan("", top, `"a"="123" "b"="23" "c"="23" "e"="2" "old"="2" `)
		for _, key := range []string{"d", "gone", "never"} {
			s.wantAbsent(key)
		}
		s.close()
	}
	check()
	h.reopen()
	check()
	// The same key may be deleted in one batch and appended to in the next.
	h.commit(del("a"))
	h.snapshot().wantAbsent("a")
	h.commit(add("a", "9"))
	h.snapshot().want("a", "9")
}

func testAppendAcross(h *harness) {
	want := ""
	for i := range 150 {
		part := fmt.Sprintf("<%d>", i)
		h.commit(add("x", part), add("x", ""), set(fmt.Sprintf("x%03d", i), part))
		want += part
		if i%50 == 20 {
			h.reopen()
		}
		s := h.snapshot()
		s.want("x", want)
		s.wantLast("x", "x\x00", "x", want)
		s.wantScan("x", "x\x00", fmt.Sprintf("%q=%q ", "x", want))
		s.close()
	}
}

func testAbsentOrEmpty(h *harness) {
	empty := []string{"append", "appendnil", "set", "setnil"}
	h.commit(set("set", ""), add("append", ""),
		directory.Write{Kind: directory.WriteSet, Key: []byte("setnil")},
		directory.Write{Kind: directory.WriteAppend, Key: []byte("appendnil")})
	check := func() {
		s := h.snapshot()
		for _, key := range empty {
			s.want(key, "")
			s.wantLast(key, key+"\x00", key, "")
		}
		s.wantAbsent("none")
		s.wantScan("", top, `"append"="" "appendnil"="" "set"="" "setnil"="" `)
		s.close()
	}
	check()
	h.reopen()
	check()
	for _, key := range empty {
		h.commit(add(key, "1"))
		h.commit(add(key, ""))
		h.snapshot().want(key, "1")
	}
}

func testBinaryKeys(h *harness) {
	keys := []string{"\x01", "\x01\x00", "\x01\x00\x00", "\x01\x00\xff", "\x01\x01", "\x7f", "\x80",
		"a", "a\x00", "a\xff", "a\xff\xff", "b", "\xc3\x28", "\xfe\xff", "\xff", "\xff\x00", "\xff\xff", "\xff\xff\xff"}
	for i, key := range keys {
		h.commit(add(key, fmt.Sprint(i)))
	}
	for range 2 {
		s := h.snapshot()
		for i, key := range keys {
			s.want(key, fmt.Sprint(i))
			s.wantLast(key, key+"\x00", key, fmt.Sprint(i))
		}
		s.wantLast("\x01", "\xff", "\xfe\xff", "13")
		s.wantLast("\x01", top, "\xff\xff\xff", "17")
		s.wantLast("a", "a\xff\xff", "a\xff", "9")
		s.wantScan("\xff", "\xff\xff\xff", `"\xff"="14" "\xff\x00"="15" "\xff\xff"="16" `)
		s.wantScan("\x01", "\x01\x01", `"\x01"="0" "\x01\x00"="1" "\x01\x00\x00"="2" "\x01\x00\xff"="3" `)
		s.close()
		h.reopen()
	}
}

// noise returns n bytes that do not compress.
func noise(seed uint64, n int) string {
	rng := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return string(b)
}

func testLargeValues(h *harness) {
	one, two, three := noise(1, 1<<20), noise(2, 1<<20), strings.Repeat("three", 1<<18)
	h.commit(set("a", one), add("b", two), add("c", three))
	h.commit(add("a", two), add("b", ""), set("c", one))
	for range 2 {
		s := h.snapshot()
		s.want("a", one+two)
		s.want("b", two)
		s.want("c", one)
		s.wantLast("a", "b", "a", one+two)
		s.close()
		h.reopen()
	}
}

func testLargeBatch(h *harness) {
	var writes []directory.Write
	value := noise(3, 1000)
	for i := range 20000 {
		writes = append(writes, set(fmt.Sprintf("k%06d", i), value), add(fmt.Sprintf("k%06d", i), "+"))
	}
	h.commit(writes...)
	for range 2 {
		s, n := h.snapshot(), 0
		fatalIfErr(h, s.Scan([]byte("k"), []byte("l"), func(k, v []byte) error {
			if string(k) != fmt.Sprintf("k%06d", n) || len(v) != 1001 || v[1000] != '+' {
				return fmt.Errorf("record %d is %q, %d bytes", n, k, len(v))
			}
			n++
			return nil
		}))
		if n != 20000 {
			h.Fatalf("%d records", n)
		}
		s.close()
		h.reopen()
	}
}

func testLast(h *harness) {
	h.commit(set("b", "1"), set("b1", "2"), set("b2", "3"), set("d", "4"), set("gone", "5"))
	h.commit(del("gone"))
	s := h.snapshot()
	for _, test := range []struct{ lo, hi, key, value string }{
		{"b", "c", "b2", "3"},
		{"b", "b\x00", "b", "1"}, // one key
		{"b", "b1", "b", "1"},    // hi is excluded
		{"b1", "b2", "b1", "2"},  // lo is included
		{"a", "b3", "b2", "3"},
		{"", "b1", "b", "1"},
		{"", top, "d", "4"},
		{"\x00", "z", "d", "4"},
		{"e", top, "", ""},
		{"a", "b", "", ""},
		{"b\x00", "b1", "", ""},
		{"b20", "d", "", ""},
		{"gone", "gonf", "", ""},
		{"b", "b", "", ""},
		{"d", "b", "", ""}, // reversed
		{"b", "", "", ""},
		{"", "", "", ""},
		{"", "\x01", "", ""}, // the store's own keys do not show
	} {
		if test.key == "" {
			s.wantNoLast(test.lo, test.hi)
		} else {
			s.wantLast(test.lo, test.hi, test.key, test.value)
		}
	}
}

func testScan(h *harness) {
	h.commit(set("b", "1"), set("b1", "2"), set("c", "3"), set("gone", "4"))
	h.commit(del("gone"), add("c", "3"))
	s := h.snapshot()
	for _, test := range []struct{ lo, hi, want string }{
		{"b", "c", `"b"="1" "b1"="2" `},
		{"b", "c\x00", `"b"="1" "b1"="2" "c"="33" `},
		{"b\x00", "c", `"b1"="2" `},
		{"", "b1", `"b"="1" `},
		{"\x00", top, `"b"="1" "b1"="2" "c"="33" `},
		{"b", "b", ""},
		{"c", "b", ""},
		{"b", "", ""},
		{"", "", ""},
		{"d", top, ""},
		{"", "\x01", ""},
	} {
		s.wantScan(test.lo, test.hi, test.want)
	}
}

func testScanError(h *harness) {
	h.commit(set("a", "1"), set("b", "2"), set("c", "3"))
	s := h.snapshot()
	stop, calls := errors.New("stop"), 0
	err := s.Scan([]byte("a"), []byte("z"), func(key, value []byte) error {
		if calls++; calls == 2 {
			return stop
		}
		return nil
	})
	if err != stop || calls != 2 {
		h.Fatalf("Scan returned %v after %d calls, want the error of the second", err, calls)
	}
	// fn may read the same snapshot.
	fatalIfErr(h, s.Scan([]byte("a"), []byte("z"), func(key, value []byte) error {
		s.want(string(key), string(value))
		s.wantLast("a", "z", "c", "3")
		return nil
	}))
}

func testValuesStay(h *harness) {
	h.commit(set("a", "one"), add("b", "x"), add("b", "y"))
	s := h.snapshot()
	a, err := s.Get([]byte("a"))
	fatalIfErr(h, err)
	k, v, err := s.Last([]byte("a"), []byte("c"))
	fatalIfErr(h, err)
	for i := range 50 {
		s.want("a", "one")
		s.wantLast("a", "b", "a", "one")
		h.commit(set("a", fmt.Sprint(i)), add("b", "z"), set(fmt.Sprint("c", i), noise(uint64(i), 1000)))
	}
	s.close()
	h.reopen()
	h.snapshot()
	if string(a) != "one" || string(k) != "b" || string(v) != "xy" {
		h.Fatalf("the values became %q, %q, %q", a, k, v)
	}
	// What the store returns does not share memory with what it keeps, or with
	// each other.
	got, err := h.snapshot().Get([]byte("b"))
	fatalIfErr(h, err)
	want := bytes.Clone(got)
	clear(got)
	h.snapshot().want("b", string(want))
}

func testReopen(h *harness) {
	want := ""
	for i := range 10 {
		h.commit(set(fmt.Sprint(i), "v"), add("log", fmt.Sprint(i)), del(fmt.Sprint(i-2)))
		want += fmt.Sprint(i)
		h.reopen()
		s := h.snapshot()
		s.wantSize(uint64(i) + 1)
		s.want("log", want)
		s.want(fmt.Sprint(i), "v")
		if i >= 2 {
			s.wantAbsent(fmt.Sprint(i - 2))
		}
		s.close()
		h.wantConflict(h.size-1, h.size)
	}
}
