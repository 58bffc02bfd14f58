package main

import (
	"fmt"

	"github.com/ghostlight-kt/ghostlight/client"
	labels "github.com/ghostlight-kt/ghostlight/client/label"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
)

// warnOfLabel tells of what in a label may deceive the eye, before anything is done with it.
func (a *app) warnOfLabel(name string) {
	for _, w := range labels.Warnings(name) {
		fmt.Fprintf(a.stderr, "kt: warning: the label %s: %s\n", cli.Printable(name), cli.Printable(w.Text))
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
