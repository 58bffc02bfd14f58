package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"rsc.io/qr"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/count"
)

func (a *app) headsCommand() *cobra.Command {
	var offline bool
	cmd := &cobra.Command{
		Use:   "heads",
		Short: "Show the log's recent distinguished heads, to compare them with other people's",
		Long: `Show the root of the log at each of its recent distinguished log entries, after asking
the directory for what is new. All users are shown the same ones, unless the directory
shows them different logs: kt heads export and kt heads compare find that out.
Credentials are verified against these heads, too.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.open()
			if err != nil {
				return err
			}
			r, err := c.Heads(cmd.Context(), offline)
			if err != nil {
				return err
			}
			a.finding = r.Kind()
			if a.json {
				a.printJSON(r, true)
				return nil
			}
			a.printHeads(r.Heads)
			a.printVerdict(r.Verdict)
			a.printWitnessed(r.Witness)
			a.printHead(r.Head)
			return nil
		},
	}
	cmd.Flags().BoolVar(&offline, "offline", false, "show what is retained, and ask nobody")
	cmd.AddCommand(a.headsExportCommand(), a.headsCompareCommand())
	return cmd
}

func (a *app) printHeads(heads []client.DistinguishedHead) {
	if len(heads) == 0 {
		a.printErrf("there are no distinguished log entries yet")
	}
	for _, h := range heads {
		a.printf("log entry %d of %s, root %s\n", h.Position, moment(h.Time), h.Root)
	}
}

// printErrf writes a remark to standard error.
func (a *app) printErrf(format string, args ...any) {
	fmt.Fprintf(a.stderr, "kt: "+format+"\n", args...)
}

func (a *app) headsExportCommand() *cobra.Command {
	var (
		out                  string
		signed, asQR, asText bool
	)
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the recent distinguished heads for others to compare",
		Long: `Write the recent distinguished heads to standard output, or to a new file with
--output. With --text they are one line of characters that fit a QR code, and with --qr
they are such a code. With --signed, a response that the directory signed goes along:
if somebody was shown something else, that is evidence which anybody can check.`,
		Example: `  kt heads export --qr
  kt heads export --signed --output heads.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case signed && (asQR || asText):
				return usageError("a signed response is too large for a text: --signed is for a file")
			case asQR && (asText || a.json || out != ""):
				return usageError("--qr is for the screen: leave out --text, --json and --output")
			}
			c, err := a.open()
			if err != nil {
				return err
			}
			r, err := c.ExportHeads(cmd.Context(), signed)
			if err != nil {
				return err
			}
			a.finding = r.Kind()
			if asQR {
				return a.printQR(r.Text)
			}
			file := r.File
			if asText {
				file = []byte(r.Text + "\n")
			}
			return a.handOut("the heads", out, file, r, func() { a.printHeads(r.Heads) })
		},
	}
	cmd.Flags().StringVar(&out, "output", "", "write to this `file`, which must not exist")
	cmd.Flags().BoolVar(&signed, "signed", false, "add a response that the directory signed")
	cmd.Flags().BoolVar(&asText, "text", false, "write one line of text")
	cmd.Flags().BoolVar(&asQR, "qr", false, "print a QR code")
	return cmd
}

// printQR prints a QR code of a text, two rows of modules in a line: dark modules
// are spaces, since most terminals are dark.
func (a *app) printQR(text string) error {
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return operationalError("making the QR code", err)
	}
	const quiet = 4 // modules around the code
	light := func(x, y int) bool { return !code.Black(x, y) }
	var b strings.Builder
	for y := -quiet; y < code.Size+quiet; y += 2 {
		for x := -quiet; x < code.Size+quiet; x++ {
			switch upper, lower := light(x, y), light(x, y+1); {
			case upper && lower:
				b.WriteString("█")
			case upper:
				b.WriteString("▀")
			case lower:
				b.WriteString("▄")
			default:
				b.WriteString(" ")
			}
		}
		b.WriteString("\n")
	}
	a.printf("%s", b.String())
	return nil
}

func (a *app) headsCompareCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "compare FILE|URL",
		Short: "Compare your recent distinguished heads with somebody else's",
		Long: `Compare the recent distinguished heads with what kt heads export wrote for somebody
else: a file with it, or with the text of a QR code, or standard input (-). Or compare
them with what the directory shows a newcomer at another URL, which is another way to
it. Lists are consistent if they have a head in common and agree as far as both reach.

The exit code is 5 if they have none in common. If they contradict each other, it is 3
if the directory signed both, and otherwise 6: a list that is not signed is no proof,
because it can have been made up.`,
		Example: `  kt heads compare bob-heads.json
  kt heads compare https://keys-mirror.example.net`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.open()
			if err != nil {
				return err
			}
			var r *client.HeadsComparison
			if strings.HasPrefix(args[0], "https://") || strings.HasPrefix(args[0], "http://") {
				r, err = c.CompareRoute(cmd.Context(), client.Route{URL: args[0]})
			} else {
				var data []byte
				if data, err = a.readInput("the heads", args[0], client.MaxHeadsSize); err != nil {
					return err
				}
				r, err = c.CompareHeads(cmd.Context(), data)
			}
			if err != nil {
				return err
			}
			a.finding = r.Kind()
			if a.json {
				a.printJSON(r, true)
				return nil
			}
			a.printf("%s: %s in common\n", r.Result, count.Of(r.Common, "head", "heads"))
			a.printVerdict(r.Verdict)
			if r.Hint != "" {
				a.printErrf("hint: %s", r.Hint)
			}
			return nil
		},
	}
}
