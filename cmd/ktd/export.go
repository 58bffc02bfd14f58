package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/exporter"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/progress"
)

func newExportLog() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export-log DIR OUT",
		Short: "Write the public log as files",
		Long: `Write the public log of the directory in DIR, up to the last checkpoint that was
served, as files into the folder OUT, for any web server or CDN: the same names
and contents as below /log when 'ktd serve' serves them. What is in OUT from an
earlier export stays; only what is new is written, the checkpoint last.

The directory must not be running: 'ktmon mirror URL/log OUT --policy FILE' makes the
same files of one that is, and verifies them.`,
		Example: "  ktd export-log /var/lib/ghostlight /srv/www/log",
		Args:    arguments(2, 2),
	}
	asJSON := addJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		out, err := exportLog(cmd.Context(), args[0], args[1], cmd.ErrOrStderr())
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(cmd.OutOrStdout(), out)
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s has the log up to %d entries: %d files, %d bytes were written\n",
			args[1], out.TreeSize, out.Files, out.Bytes)
		if out.Pruned > 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "ktd: %d more bundles were not written: the directory was pruned\n", out.Pruned)
		}
		return err
	}
	return cmd
}

// exportOutput is what export-log --json prints.
type exportOutput struct {
	SchemaVersion int    `json:"schema_version"`
	From          uint64 `json:"from"` // entries that the folder had
	TreeSize      uint64 `json:"tree_size"`
	Files         int    `json:"files"` // written
	Bytes         int64  `json:"bytes"`
	Pruned        int    `json:"pruned"` // files that the directory no longer has
}

// errNoCheckpoint says that no checkpoint has been signed yet.
var errNoCheckpoint = errors.New("no checkpoint has been signed yet")

func exportLog(ctx context.Context, dir, out string, stderr io.Writer) (_ *exportOutput, err error) {
	inst, err := instance.Open(dir, instance.Options{Heartbeat: offlineHeartbeat})
	if err != nil {
		return nil, fmt.Errorf("%w (of a directory that runs, ktmon mirror URL/log %s --policy FILE makes the same files)", err, out)
	}
	defer func() { err = errors.Join(err, inst.Close()) }()
	pub, err := inst.OpenPublisher(nil)
	if err != nil {
		return nil, err
	}
	served := pub.Status().Served
	if served == nil {
		return nil, errNoCheckpoint
	}
	var bar *progress.Bar
	defer func() { bar.Clear() }()
	r, err := exporter.Export(ctx, inst.Directory, served.Note, out, func(done, total int) {
		if bar == nil {
			bar = progress.New(stderr, "exporting", int64(total), progress.Count)
		}
		bar.Set(int64(done))
	})
	if err != nil {
		return nil, err
	}
	return &exportOutput{SchemaVersion: schemaVersion, From: r.From, TreeSize: r.Size, Files: r.Files, Bytes: r.Bytes, Pruned: r.Pruned}, nil
}
