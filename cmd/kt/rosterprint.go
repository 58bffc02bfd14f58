package main

import (
	"fmt"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/count"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	"github.com/ghostlight-kt/ghostlight/client/roster"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
)

// printRoster prints a check for people: the verdict first, then what was found, the
// worst first. Notes are summed up by their codes.
func (a *app) printRoster(r *client.RosterResult) {
	a.printf("conversation %s: %s\n", cli.Printable(r.Conversation), count.Of(r.Members, "member", "members"))
	a.printVerdict(r.Verdict)
	var notes []roster.Finding
	for i := range r.Findings {
		if f := &r.Findings[i]; f.Severity == roster.Note {
			notes = append(notes, *f)
		} else {
			a.printFinding(f, r.Head)
		}
	}
	a.printNotes(notes)
	a.printf("\n")
	if r.Digest != "" {
		a.printf("digest, to compare with other members: %s\n", r.Digest)
	} else {
		a.printf("no digest: %s\n", cli.Printable(r.NoDigest))
	}
	a.printWitnessed(r.Witness)
	a.printHead(r.Head)
	a.printf("%s, %d bytes sent, %d received\n", count.Of(r.Stats.Requests, "request", "requests"), r.Stats.BytesSent, r.Stats.BytesReceived)
}

// printFinding prints an error or a warning: about whom, what, the proof, and what to
// do. newest is the head that most findings rest on.
func (a *app) printFinding(f *roster.Finding, newest client.Head) {
	a.printf("\n%s %s: %s\n", strings.ToUpper(string(f.Severity)), f.Code, cli.Printable(strings.Join(append([]string{f.Label}, f.Others...), ", ")))
	a.printf("  %s\n", cli.Printable(f.Message))
	for _, k := range f.Keys {
		a.printf("  key: %s\n", deviceLine(k))
	}
	for _, v := range f.Proof.Versions {
		a.printf("  proof: %s\n", versionLine(v))
	}
	if h := f.Proof.Head; h != nil && (h.Root != newest.Root || h.TreeSize != newest.TreeSize) {
		a.printf("  proof: under the head of %s of %s, root %s\n", entries(h.TreeSize), moment(h.Time), h.Root)
	}
	a.printf("  do: %s\n", cli.Printable(f.Advice))
}

func deviceLine(k keyset.Description) string {
	line := k.Format + " " + k.Fingerprint
	if k.Name != "" {
		line += fmt.Sprintf(" (%s)", k.Name)
	}
	return cli.Printable(line)
}

func versionLine(v roster.VersionProof) string {
	line := fmt.Sprintf("version %d, in log entry %d, created ", v.Version, v.LogEntry)
	switch {
	case v.NotBefore.Equal(v.NotAfter):
		line += "at " + moment(v.NotAfter)
	case v.NotBefore.IsZero():
		line += "by " + moment(v.NotAfter)
	default:
		line += "from " + moment(v.NotBefore) + " to " + moment(v.NotAfter)
	}
	if v.Account != "" {
		line += ", " + string(v.Account)
	}
	return line
}

// maxNoted is how many labels a summary of notes names.
const maxNoted = 8

// printNotes prints notes: those of one code that say the same in one line.
func (a *app) printNotes(notes []roster.Finding) {
	type group struct {
		code    roster.Code
		message string
	}
	labels := make(map[group][]string)
	var order []group
	for _, f := range notes {
		g := group{f.Code, f.Message}
		if len(labels[g]) == 0 {
			order = append(order, g)
		}
		labels[g] = append(labels[g], f.Label)
	}
	for _, g := range order {
		list := labels[g]
		about := list[0]
		if n := len(list); n > 1 {
			about = fmt.Sprintf("%d labels, %s", n, strings.Join(list[:min(n, maxNoted)], ", "))
			if n > maxNoted {
				about += ", ..."
			}
		}
		a.printf("\nnote %s: %s\n  %s\n", g.code, cli.Printable(about), cli.Printable(g.message))
	}
}
