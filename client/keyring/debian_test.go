package keyring

import (
	"bytes"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"
)

// Debian's keyrings, from the packages debian-keyring and
// debian-archive-keyring. They are real people's keys: loaded from where the
// package manager put them, never copied into the repository.
const debianDir = "/usr/share/keyrings/"

// readDebian reads a keyring as of the day it was packaged, or skips the test.
func readDebian(t testing.TB, name string, opt Options) Result {
	t.Helper()
	info, err := os.Stat(debianDir + name)
	if err != nil {
		t.Skipf("SKIPPED: %v (apt-get install debian-keyring debian-archive-keyring)", err)
	}
	if opt.Now.IsZero() {
		opt.Now = info.ModTime()
	}
	start := time.Now()
	res, err := ReadFile(debianDir+name, opt)
	fatalIfErr(t, err)
	t.Logf("%s: %d bytes, %d certificates, %d user ids, %d labels, %d skipped, in %v",
		name, info.Size(), res.Items, res.UserIDs, len(res.Entries), len(res.Skipped), time.Since(start).Round(time.Millisecond))
	return res
}

func TestDebianKeyring(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: verifies some 10,000 signatures; not with -short")
	}
	res := readDebian(t, "debian-keyring.gpg", Options{})
	if res.Items < 880 || res.UserIDs < 3000 || len(res.Entries) < 2700 {
		t.Errorf("%d certificates, %d user ids, %d labels: fewer than there are", res.Items, res.UserIDs, len(res.Entries))
	}
	reasons := map[string]int{}
	fingerprints := map[string]bool{}
	for _, s := range res.Skipped {
		reasons[s.Reason]++
		if bytes.ContainsAny([]byte(s.Item), "@<") {
			t.Fatalf("a report quotes a user id: %s", s.Item)
		}
	}
	for reason, n := range reasons {
		t.Logf("%5d skipped: %s", n, reason)
	}
	total := 0
	for _, e := range res.Entries {
		for _, k := range e.Set.Keys {
			fatalIfErr(t, k.Check())
			fingerprints[k.Fingerprint()] = true
			total += len(k.Data)
		}
	}
	t.Logf("%d keys under the labels, %d bytes", len(fingerprints), total)
	if len(fingerprints) < 850 {
		t.Errorf("only %d certificates were imported", len(fingerprints))
	}

	// The same ring gives the same bytes, whatever the workers.
	again := readDebian(t, "debian-keyring.gpg", Options{Workers: 1 + runtime.GOMAXPROCS(0)})
	if !bytes.Equal(encode(t, res.Entries), encode(t, again.Entries)) || !slices.Equal(res.Skipped, again.Skipped) {
		t.Error("two readings differ")
	}
	// Read back with the OpenPGP library and, for a few, with GnuPG.
	for i, e := range res.Entries {
		m := readEntity(t, e.Set.Keys[0])
		if len(m.Identities) != 1 {
			t.Errorf("entry %d has %d user ids", i, len(m.Identities))
		}
		if i%500 == 0 {
			gpgShows(t, e.Set.Keys[0], "Debian")
		}
	}
}

func TestDebianOtherRings(t *testing.T) {
	for name, min := range map[string]struct{ items, labels int }{
		"debian-maintainers.gpg": {200, 400},
		"debian-nonupload.gpg":   {30, 80},
		"debian-role-keys.gpg":   {5, 4},
	} {
		res := readDebian(t, name, Options{})
		if res.Items < min.items || len(res.Entries) < min.labels {
			t.Errorf("%s: %d certificates, %d labels: fewer than there are", name, res.Items, len(res.Entries))
		}
	}
	res := readDebian(t, "debian-archive-keyring.gpg", Options{Expired: true})
	if res.Items < 6 || len(res.Entries) < 1 {
		t.Errorf("archive: %d certificates, %d labels", res.Items, len(res.Entries))
	}
}

// TestDebianMerged reads the ring after itself: nothing changes.
func TestDebianMerged(t *testing.T) {
	ring, err := os.ReadFile(debianDir + "debian-nonupload.gpg")
	if err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	when := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	once := mustRead(t, ring, Options{Now: when})
	twice := mustRead(t, slices.Concat(ring, ring), Options{Now: when})
	text := mustRead(t, []byte(armored(armorPublic, ring)), Options{Now: when})
	if !bytes.Equal(encode(t, once.Entries), encode(t, twice.Entries)) || !bytes.Equal(encode(t, once.Entries), encode(t, text.Entries)) {
		t.Error("the same certificates give other sets")
	}
}
