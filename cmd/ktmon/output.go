package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/monitor"
)

// The outcomes of a verification. Their texts are stable.
const (
	outcomeVerified     = "verified"
	outcomeUnchecked    = "could not check"
	outcomeMisbehaviour = "misbehaviour proven"
)

// outcomeOf returns the outcome that an error stands for.
func outcomeOf(err error) string {
	switch {
	case err == nil:
		return outcomeVerified
	case monitor.KindOf(err) == monitor.Misbehaved:
		return outcomeMisbehaviour
	}
	return outcomeUnchecked
}

// schemaVersion is that of every JSON object ktmon prints. It changes if a field
// changes its meaning or goes; fields can be added at any time.
const schemaVersion = 1

// mirrorJSON is what ktmon mirror found out, in JSON.
type mirrorJSON struct {
	SchemaVersion int    `json:"schema_version"`
	Verdict       string `json:"verdict"`
	CheckedBy     string `json:"checked_by"`
	Reason        string `json:"reason,omitempty"`
	Evidence      string `json:"evidence,omitempty"`
	// Origin, Size and Root are of the last checkpoint up to which the mirror is
	// complete, whatever the verdict; they are missing if there is none.
	Origin string `json:"origin,omitempty"`
	Size   uint64 `json:"size,omitempty"`
	Root   string `json:"root,omitempty"`
	// Entries and Changes were verified, in Seconds.
	Entries         uint64  `json:"entries"`
	Changes         uint64  `json:"changes"`
	Seconds         float64 `json:"seconds"`
	EntriesPerSec   float64 `json:"entries_per_s"`
	ChangesPerSec   float64 `json:"changes_per_s"`
	Bytes           int64   `json:"bytes"`              // read from the log
	PeakMemoryBytes int64   `json:"peak_rss,omitempty"` // of this process
}

// printResult prints what a mirror has, and why it has not more.
func printResult(w io.Writer, s monitor.Status, found error, asJSON bool) error {
	if !asJSON {
		if s.Checkpoint == nil {
			return nil
		}
		_, err := fmt.Fprintf(w, "verified %d entries, %d changes, up to the checkpoint of %d entries, root %s, in %.1f s: %.0f entries/s, %.0f changes/s\n",
			s.Entries, s.Changes, s.Checkpoint.Size, s.Checkpoint.Root, s.Took.Seconds(), rate(s.Entries, s.Took), rate(s.Changes, s.Took))
		return err
	}
	out := mirrorJSON{
		SchemaVersion: schemaVersion, Verdict: outcomeOf(found), CheckedBy: "this monitor",
		Entries: s.Entries, Changes: s.Changes, Seconds: s.Took.Seconds(),
		EntriesPerSec: rate(s.Entries, s.Took), ChangesPerSec: rate(s.Changes, s.Took),
		Bytes: s.Bytes, PeakMemoryBytes: peakMemory(),
	}
	if c := s.Checkpoint; c != nil {
		out.Origin, out.Size, out.Root = c.Origin, c.Size, c.Root.String()
	}
	if found != nil {
		out.Reason, out.Evidence = found.Error(), evidenceOf(found)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

// printDamage says which files of a folder were damaged.
func printDamage(w io.Writer, damage []string) {
	for _, what := range damage {
		fmt.Fprintf(w, "ktmon: a file was damaged: %s\n", cli.Printable(what))
	}
}

// rate returns how many of n there were in a second.
func rate(n uint64, took time.Duration) float64 {
	return float64(n) / max(took.Seconds(), 1e-3)
}
