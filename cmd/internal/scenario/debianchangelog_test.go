package scenario

import (
	"bufio"
	"compress/gzip"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// debianChangelog is where the package debian-keyring says what became of whose key.
const debianChangelog = "/usr/share/doc/debian-keyring/changelog.gz"

// A keyEvent is what a release of the keyring says of a key, by key ID: that it came
// (old is empty), went (new is empty), or took the place of another.
type keyEvent struct{ old, new string }

// A release is what one release of the keyring changed.
type release struct {
	version string
	date    time.Time
	events  []keyEvent
}

const keyID = `0x([0-9A-F]{16})`

var (
	releaseLine = regexp.MustCompile(`^debian-keyring \(([^)]+)\)`)
	dateLine    = regexp.MustCompile(`^ -- .*>  (.+?) *$`)
	addedKey    = regexp.MustCompile(`^Add new D[DMN] key ` + keyID)
	replacedKey = regexp.MustCompile(`^Replace ` + keyID + ` with ` + keyID)
	removedKey  = regexp.MustCompile(`^(?:Remov(?:e|ing)(?: revoked key)?|Move) ` + keyID)
	listedKey   = regexp.MustCompile(`^` + keyID)
)

// readReleases reads a changelog, and returns its releases from the oldest to the
// newest.
func readReleases(r io.Reader) ([]release, error) {
	var out []release
	var items []string
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		line := lines.Text()
		switch text := strings.TrimSpace(line); {
		case releaseLine.MatchString(line):
			out, items = append(out, release{version: releaseLine.FindStringSubmatch(line)[1]}), nil
		case dateLine.MatchString(line):
			last := &out[len(out)-1]
			var err error
			if last.date, err = time.Parse("Mon, _2 Jan 2006 15:04:05 -0700", dateLine.FindStringSubmatch(line)[1]); err != nil {
				return nil, err
			}
			last.events = readEvents(items)
		case strings.HasPrefix(text, "* "):
			items = append(items, text[2:])
		case text == "":
			items = append(items, "") // ends a list
		case len(items) > 0:
			items[len(items)-1] += " " + text
		}
	}
	slices.Reverse(out)
	return out, lines.Err()
}

// readEvents reads the items of one release. Of a list, the head says what it is of.
func readEvents(items []string) []keyEvent {
	var out []keyEvent
	retired := false
	for _, item := range items {
		listed := listedKey.FindStringSubmatch(item)
		if listed == nil {
			retired = strings.HasPrefix(item, "Remove retired")
		}
		switch m := []([]string){
			addedKey.FindStringSubmatch(item), replacedKey.FindStringSubmatch(item), removedKey.FindStringSubmatch(item),
		}; {
		case m[0] != nil:
			out = append(out, keyEvent{new: m[0][1]})
		case m[1] != nil:
			out = append(out, keyEvent{old: m[1][1], new: m[1][2]})
		case m[2] != nil:
			out = append(out, keyEvent{old: m[2][1]})
		case listed != nil && retired:
			out = append(out, keyEvent{old: listed[1]})
		}
	}
	return out
}

// debianReleases reads the installed changelog, or skips the test.
func debianReleases(t *testing.T) []release {
	t.Helper()
	f, err := os.Open(debianChangelog)
	if err != nil {
		t.Skipf("SKIPPED: %v (apt-get install debian-keyring; documentation must not be excluded)", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	fatalIfErr(t, err)
	out, err := readReleases(z)
	fatalIfErr(t, err)
	return out
}

func TestReadReleases(t *testing.T) {
	const text = `debian-keyring (2020.02.02) unstable; urgency=medium

  [ Somebody ]
  * Replace 0x00000000000000AA with 0x00000000000000BB (A
    B) (RT #1)
  * Remove retired DM keys post release:
    * 0x00000000000000CC C
    * 0x00000000000000DD D
  * Import changes sent to an interface:
    * 0x00000000000000EE E sig:1
  * Move 0x00000000000000FF (F) to emeritus

 -- Somebody <s@example.org>  Sun, 02 Feb 2020 10:00:00 +0100

debian-keyring (2020.01.01) unstable; urgency=medium

  * Add new DM key 0x00000000000000AA (A B)

 -- Somebody <s@example.org>  Wed, 01 Jan 2020 10:00:00 +0000
`
	got, err := readReleases(strings.NewReader(text))
	fatalIfErr(t, err)
	const zeros = "00000000000000"
	want := [][]keyEvent{
		{{new: zeros + "AA"}},
		{{zeros + "AA", zeros + "BB"}, {old: zeros + "CC"}, {old: zeros + "DD"}, {old: zeros + "FF"}},
	}
	if len(got) != 2 || got[0].version != "2020.01.01" || got[1].date.Unix() != 1580634000 {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if !slices.Equal(got[i].events, want[i]) {
			t.Errorf("release %d: %v, want %v", i, got[i].events, want[i])
		}
	}
}
