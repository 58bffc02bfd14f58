package progress

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*[mK]")

func TestBar(t *testing.T) {
	var b bytes.Buffer
	now := time.Unix(0, 0)
	width := 80
	bar := newBar(&b, "reading", 4<<20, Bytes, true, func() int { return width }, func() time.Time { return now })
	draw := func(n int64) string {
		now = now.Add(time.Second + time.Millisecond)
		b.Reset()
		bar.Set(n)
		line := escapes.ReplaceAllString(strings.TrimPrefix(b.String(), "\r"), "")
		if utf8.RuneCountInString(line) >= max(width, 1) {
			t.Errorf("the line is wider than the terminal: %q", line)
		}
		return line
	}
	for _, c := range []struct {
		n    int64
		want string
	}{
		{0, "reading [" + strings.Repeat(".", 40) + "] 0 B/4.0 MiB"},
		{1 << 20, "reading [" + strings.Repeat("#", 10) + strings.Repeat(".", 30) + "] 1.0 MiB/4.0 MiB 6s left"},
		{4 << 20, "reading [" + strings.Repeat("#", 40) + "] 4.0 MiB/4.0 MiB"},
		{5 << 20, "reading [" + strings.Repeat("#", 40) + "] 4.0 MiB/4.0 MiB"},
	} {
		if got := draw(c.n); got != c.want {
			t.Errorf("at %d: %q, want %q", c.n, got, c.want)
		}
	}
	if !strings.Contains(b.String(), "\x1b[32m") {
		t.Error("no colour")
	}
	for width = range 100 {
		draw(1 << 20)
	}
	b.Reset()
	bar.Set(1) // just drawn
	if b.Len() > 0 {
		t.Errorf("drawn again at once: %q", b.String())
	}
	bar.Clear()
	if b.String() != "\r\x1b[K" {
		t.Errorf("cleared with %q", b.String())
	}
	bar.color = false
	draw(1 << 20)
	if strings.Contains(b.String(), "\x1b[3") {
		t.Errorf("colour without leave: %q", b.String())
	}
}

func TestNoTerminal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, bar := range []*Bar{New(f, "x", 1, Count), New(new(bytes.Buffer), "x", 1, Count), nil} {
		if bar != nil {
			t.Error("a bar where there is no terminal")
		}
		bar.Set(1)
		bar.Clear()
	}
	if info, err := f.Stat(); err != nil || info.Size() != 0 {
		t.Errorf("%v %v", info, err)
	}
}

func TestFormats(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1 KiB", 3 << 19: "1.5 MiB", 5 << 30: "5.0 GiB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

// TestUnknownTotal draws a bar of which nobody knows how long it gets.
func TestUnknownTotal(t *testing.T) {
	var b strings.Builder
	width, now := 80, time.Now()
	bar := newBar(&b, "pruning", 0, Count, true, func() int { return width }, func() time.Time { return now })
	for _, c := range []struct {
		width int
		n     int64
		want  string
	}{{80, 0, "pruning 0"}, {80, 12345, "pruning 12345"}, {10, 12345, "pruning 1"}, {1, 5, ""}, {0, 5, ""}} {
		width, now = c.width, now.Add(time.Second)
		b.Reset()
		bar.Set(c.n)
		if got := "\r" + c.want + "\x1b[K"; b.String() != got {
			t.Errorf("%q, want %q", b.String(), got)
		}
	}
}
