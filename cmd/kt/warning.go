package main

import (
	"fmt"
	"strings"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/keyset"
	labels "github.com/ghostlight-kt/ghostlight/client/label"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
)

// warnOfLabel tells of what in a label may deceive the eye, before anything is done with it.
func (a *app) warnOfLabel(name string) {
	for _, w := range labels.Warnings(name) {
		fmt.Fprintf(a.stderr, "kt: warning: the label %s: %s\n", cli.Printable(name), cli.Printable(w.Text))
	}
}

// warnOfKeys names the weak keys of a value that is about to be published. A value that
// is no key set has none.
func (a *app) warnOfKeys(value []byte) {
	set, err := keyset.Parse(value)
	if err != nil {
		return
	}
	for _, k := range set.Summary() {
		if len(k.Weak) > 0 {
			fmt.Fprintf(a.stderr, "kt: warning: weak key (%s): %s\n", strings.Join(k.Weak, ", "), cli.Printable(k.Description))
		}
	}
}

// labelWarnings are a field of what a command prints in JSON.
type labelWarnings struct {
	LabelWarnings []labels.Warning `json:"label_warnings,omitempty"`
}

func warningsOf(name string) labelWarnings { return labelWarnings{labels.Warnings(name)} }

// lookupOutput, publishOutput and ownOutput are results with what is to be said of their
// label.
type (
	lookupOutput struct {
		*client.LookupResult
		labelWarnings
	}
	publishOutput struct {
		*client.PublishResult
		labelWarnings
	}
	ownOutput struct {
		*client.OwnResult
		labelWarnings
	}
)
