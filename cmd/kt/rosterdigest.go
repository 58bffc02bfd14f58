package main

import (
	"errors"

	"github.com/spf13/cobra"
	"rsc.io/qr"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/client/roster"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
)

// digestOutput is what kt roster digest prints in JSON.
type digestOutput struct {
	Conversation string         `json:"conversation"`
	Digest       roster.Digits  `json:"digest"`
	Same         *bool          `json:"same,omitempty"`
	Head         client.Head    `json:"head"`
	Verdict      client.Verdict `json:"verdict"`
}

func (a *app) rosterDigestCommand() *cobra.Command {
	var (
		f           rosterFlags
		image, with string
	)
	cmd := &cobra.Command{
		Use:   "digest FILE",
		Short: "Print sixty digits that members of a conversation compare",
		Long: `Check a roster, and print the digest of what the directory shows of its labels: the
greatest version of each, and the hash of its value. All members must have the same
digits, whoever of them asks: compare them by reading them out, or by the QR code. It
does not cover the keys in the session: kt roster does.

The exit code is 5 if a label is not proven, so that there is no digest, and 6 if the
digest that --compare gives is another one. Other findings do not change it, but are
told on standard error.`,
		Example: `  kt roster digest team.json
  kt roster digest team.json --qr digest.png
  kt roster digest team.json --compare "01234 ..."`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var other roster.Digits
			if with != "" {
				var err error
				if other, err = roster.ParseDigits(with); err != nil {
					return usageError("--compare: %w", err)
				}
			}
			r, err := a.checkRoster(cmd, args[0], &f)
			if err != nil {
				return err
			}
			return a.printDigest(r, other, image)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&image, "qr", "", "write the QR code to this new `file`, as PNG, instead of printing it")
	cmd.Flags().StringVar(&with, "compare", "", "compare with another member's `digits`, or the text of their QR code")
	return cmd
}

// printDigest prints the digest of a check. other is another member's, or empty, and
// image the name of a file for the QR code.
func (a *app) printDigest(r *client.RosterResult, other roster.Digits, image string) error {
	a.printLabelEvidence(r.Evidence)
	if r.Kind() == client.Misbehaved {
		a.finding = client.Misbehaved
	}
	if r.Digest == "" {
		if a.finding == client.Misbehaved {
			return nil
		}
		return &client.Error{
			Kind: client.Undecided, Step: "making the digest", Err: errors.New(r.NoDigest),
			Hint: "kt roster tells which labels, and why",
		}
	}
	out := digestOutput{Conversation: r.Conversation, Digest: r.Digest, Head: r.Head, Verdict: r.Verdict}
	if other != "" {
		same := r.Digest == other
		out.Same = &same
		if !same {
			a.finding = client.Worse(a.finding, client.Attention)
		}
	}
	if r.Kind() != 0 {
		a.printErrf("%s: kt roster tells more", cli.Printable(r.Verdict.String()))
	}
	if image != "" {
		if err := writeQR(image, r.Digest.QRText()); err != nil {
			return err
		}
	}
	if a.json {
		a.printJSON(out, true)
		return nil
	}
	a.printf("%s\n", r.Digest)
	switch {
	case out.Same == nil:
	case *out.Same:
		a.printf("the same: both of you are shown the same keys\n")
	default:
		a.printf("NOT the same: one of you is shown another roster, or checked at another time; check again at the same time, and if it stays so, compare with kt heads compare\n")
	}
	if image == "" && other == "" {
		return a.printQR(r.Digest.QRText())
	}
	return nil
}

// writeQR writes a QR code of a text as an image, to a file that must not exist.
func writeQR(path, text string) error {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return operationalError("making the QR code", err)
	}
	return writeNew("the QR code", path, code.PNG())
}
