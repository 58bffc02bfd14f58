package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/client/roster"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/bench"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/progress"
)

// rosterOutput is what bench roster --json prints.
type rosterOutput struct {
	SchemaVersion int `json:"schema_version"`
	*bench.RosterResult
}

func newBenchRoster() *cobra.Command {
	var (
		c     bench.RosterConfig
		batch bool
		json  *bool
	)
	cmd := &cobra.Command{
		Use:   "roster URL",
		Short: "Measure how a client checks a conversation's roster",
		Long: `Check the roster of a conversation between random labels, as 'kt roster' does, with
the directory at URL, which has the labels of 'ktd bench publish --dir' and is run by
'ktd serve'. The time is that of both; the memory and the bytes are the client's.`,
		Example: "  ktd bench publish --labels 1000000 --dir /tmp/bench\n  ktd serve /tmp/bench --listen 127.0.0.1:8480\n  ktd bench roster http://127.0.0.1:8480 --labels 1000000 --members 10000",
		Args:    arguments(1, 1),
	}
	f := cmd.Flags()
	f.IntVar(&c.Labels, "labels", 200_000, "labels that the directory has")
	f.IntVar(&c.Members, "members", 10_000, "members of the roster")
	f.BoolVar(&batch, "batch", true, "ask for many labels at once")
	json = addJSON(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case c.Members < 1 || c.Members > roster.MaxMembers:
			return cli.Usage(cmd, "--members: %d is not from 1 to %d", c.Members, roster.MaxMembers)
		case c.Labels < c.Members || c.Labels > 100_000_000:
			return cli.Usage(cmd, "--labels: %d is not from the number of members to 100000000", c.Labels)
		}
		c.URL, c.OneByOne = args[0], !batch
		r, err := bench.Roster(cmd.Context(), c)
		if err != nil {
			return err
		}
		if *json {
			return printJSON(cmd.OutOrStdout(), rosterOutput{schemaVersion, r})
		}
		return printBenchRoster(cmd.OutOrStdout(), r)
	}
	return cmd
}

func printBenchRoster(w io.Writer, r *bench.RosterResult) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "members\t%d\tof %d labels, in %d log entries\n", r.Members, r.Labels, r.TreeSize)
	fmt.Fprintf(t, "seconds\t%.2f\t%d cores, %s\n", r.Seconds, r.CPUs, r.GoVersion)
	fmt.Fprintf(t, "requests\t%d\t\n", r.Requests)
	fmt.Fprintf(t, "bytes_sent\t%d\t\n", r.BytesSent)
	fmt.Fprintf(t, "bytes_received\t%d\t%.0f for a member\n", r.BytesReceived, float64(r.BytesReceived)/float64(r.Members))
	fmt.Fprintf(t, "rss_bytes\t%d\tpeak, %s\n", r.RSSBytes, progress.Bytes(r.RSSBytes))
	return t.Flush()
}
