package main

import (
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

func (a *app) proofCommand() *cobra.Command {
	var (
		number      uint32
		out, verify string
	)
	cmd := &cobra.Command{
		Use:   "proof LABEL | proof --verify FILE",
		Short: "Prove to others that the witnesses have seen a log entry",
		Long: `Look up a label, and write a proof (C2SP tlog-proof) that the log entry in which its
version was found is in the log that the witnesses have seen. It takes a witness
policy. With --verify, check such a proof against the policy of --policy, without
any network: the exit code is 5 if it does not verify.

The proof shows that this log entry, its time and the root of its prefix tree, is in
the witnessed log. It does not show which versions of which labels the prefix tree
holds: that is what a lookup proves, to the one who looks up. Under a policy with
quorum none, the log alone has signed, and others may be shown another log.`,
		Example: `  kt proof alice@example.org --out alice.proof --wait-witnessed=30s
  kt proof --verify alice.proof --policy witnesses.txt`,
		Args: func(cmd *cobra.Command, args []string) error {
			if verify != "" {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.ExactArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			changed := cmd.Flags().Changed
			if verify != "" {
				if changed("out") || changed("version") || changed("wait-witnessed") {
					return usageError("--verify is about a file and goes with --policy only")
				}
				return a.verifyProof(verify)
			}
			var version *uint32
			if changed("version") {
				version = &number
			}
			return a.prove(cmd, args[0], version, out)
		},
	}
	cmd.Flags().Uint32Var(&number, "version", 0, "look up version `N` instead of the greatest one")
	cmd.Flags().StringVar(&out, "out", "", "write the proof to a new `file` instead of standard output")
	cmd.Flags().StringVar(&verify, "verify", "", "verify the proof in this `file`; - for standard input")
	a.addWaitFlag(cmd)
	return cmd
}

func (a *app) prove(cmd *cobra.Command, arg string, version *uint32, out string) error {
	name, err := label(arg)
	if err != nil {
		return err
	}
	c, err := a.open()
	if err != nil {
		return err
	}
	r, err := c.Prove(cmd.Context(), name, version)
	if err != nil {
		return err
	}
	a.finding = r.Kind()
	if out != "" {
		if err := writeNew("the proof", out, r.Proof); err != nil {
			return err
		}
	}
	switch {
	case a.json:
		r.Lookup.Steps = nil
		a.printJSON(r, true)
	case out == "":
		if _, err := a.stdout.Write(r.Proof); err != nil {
			return operationalError("writing the proof", err)
		}
	default:
		a.printf("%s, version %d, was found in log entry %d; %s proves that entry:\n", cli.Printable(r.Label), r.Version, r.LogEntry, cli.Printable(out))
		a.printProven(&r.Proven)
		a.printVerdict(r.Lookup.Verdict)
		a.printWitnessed(r.Lookup.Witness)
	}
	return nil
}

// writeNew writes a file that must not exist.
func writeNew(what, path string, data []byte) error {
	step := "writing " + what
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return usageError("%s exists already", path)
	}
	if err != nil {
		return operationalError(step, err)
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Close()); err != nil {
		return operationalError(step, err)
	}
	return nil
}

func (a *app) verifyProof(path string) error {
	a.command = "proof-verification" // another schema than that of a proof
	if a.config.Policy == nil {
		return usageError("say with --policy FILE which log and which witnesses you trust")
	}
	proof, err := a.readInput("the proof", path, checkpoint.MaxProofSize)
	if err != nil {
		return err
	}
	p, err := client.VerifyProof(proof, a.config.Policy)
	if err != nil {
		return err
	}
	if a.json {
		a.printJSON(p, true)
		return nil
	}
	a.printf("the proof verifies\n")
	a.printProven(p)
	return nil
}

func (a *app) printProven(p *client.ProvenEntry) {
	a.printf("  log entry %d of the log %s\n", p.Index, cli.Printable(p.Origin))
	a.printf("  of %s, with the prefix tree %s\n", moment(p.Time), p.PrefixTree)
	a.printf("  in its state of %s (quorum %s)\n", entries(p.Size), cli.Printable(p.Quorum))
	if p.Quorum == checkpoint.QuorumNone {
		a.printf("  which the log signed; no witness is required, so others may be shown another log\n")
	}
	for _, c := range p.Cosignatures {
		a.printf("  seen by %s on %s\n", cli.Printable(c.Witness), moment(c.Time))
	}
}
