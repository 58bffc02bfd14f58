package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

func (a *app) evidenceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "evidence",
		Short: "Check evidence of a directory's misbehaviour, whoever found it",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return usageError("say what to do with the evidence: verify")
		},
	}
	cmd.AddCommand(a.evidenceVerifyCommand())
	return cmd
}

func (a *app) evidenceVerifyCommand() *cobra.Command {
	var configuration string
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check an evidence file without asking anybody",
		Long: `Check an evidence file (- for standard input) of kt, ktmon or ktd, without asking
anybody. It proves something against whoever has the configuration, or the key of a log,
that it names: this is the directory that you mean only if that is its configuration.
kt says if it is that of a trusted directory; otherwise compare the SHA-256, or the log's
key, with what the directory's operator publishes. With --directory, --configuration or
--policy, evidence against anybody else is refused. Evidence that rests on a configuration
and on the key of a log has to have both of a trusted directory, or of --configuration
and --policy, with that log alone: the log of another directory would differ.

What the file says in its summary was written by who made it. What is proven, kt works
out itself.

Exit codes: 3 if the file proves misbehaviour; 5 if it proves nothing: it is a report,
which rests on the memory of who made it, or is about somebody else, or is damaged.`,
		Example: `  kt evidence verify evidence/20261124T101500.000Z.json
  kt evidence verify --configuration keys.example.org.configuration - <evidence.json`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			file, err := a.readInput("the evidence", args[0], evidence.MaxSize)
			if err != nil {
				return err
			}
			expected, err := a.expectedOf(configuration)
			if err != nil {
				return err
			}
			return a.verifyEvidence(file, expected)
		},
	}
	cmd.Flags().StringVar(&configuration, "configuration", "", "accept evidence only against the directory with the configuration in this `file`, as served at /v1/configuration")
	return cmd
}

// maxConfiguration bounds an encoded configuration, in bytes.
const maxConfiguration = 64 << 10

// expectedOf returns whom the flags name as the accused.
func (a *app) expectedOf(configuration string) (evidence.Expected, error) {
	var out evidence.Expected
	if a.directory != "" {
		pinned, err := a.pinned()
		if err != nil {
			return out, err
		}
		url, err := client.ParseURL(a.directory, true)
		if err != nil {
			return out, err
		}
		i := slices.IndexFunc(pinned, func(p client.Pinned) bool { return p.Directory == url })
		if i < 0 {
			return out, usageError("%s is not trusted", a.directory)
		}
		out.Configuration = pinned[i].Configuration
		if pinned[i].LogKey != "" {
			out.Logs = []string{pinned[i].LogKey}
		}
	}
	if configuration != "" {
		data, err := a.readInput("the configuration", configuration, maxConfiguration)
		if err != nil {
			return out, err
		}
		if _, err := keytrans.ParseConfiguration(data); err != nil {
			return out, usageError("%s does not hold a configuration: %v", configuration, err)
		}
		out.Configuration = data
	}
	if a.config.Policy != nil {
		policy, err := checkpoint.ParsePolicy(a.config.Policy)
		if err != nil {
			return out, usageError("the policy: %v", err)
		}
		out.Logs = []string{}
		for _, l := range policy.Logs {
			out.Logs = append(out.Logs, l.VerifierKey)
		}
	}
	return out, nil
}

func (a *app) pinned() ([]client.Pinned, error) {
	root, err := a.stateRoot()
	if err != nil {
		return nil, err
	}
	return client.ListPinned(root)
}

// evidenceResult is what an evidence file proves.
type evidenceResult struct {
	evidence.Proof
	// Accused is the trusted directory that has what the evidence names, empty if
	// none or several have. Compare tells that the reader has to find out.
	Accused string `json:"accused,omitempty"`
	Compare bool   `json:"compare"`
	// Summary, Directory and FoundAt are what the file says.
	Summary   string         `json:"summary"`
	Directory string         `json:"directory,omitempty"`
	FoundAt   time.Time      `json:"found_at"`
	Private   bool           `json:"private"`
	Verdict   client.Verdict `json:"verdict"`
}

const verifyingEvidence = "verifying the evidence"

func (a *app) verifyEvidence(file []byte, expected evidence.Expected) error {
	e, err := evidence.Parse(file)
	if err != nil {
		return &client.Error{Kind: client.Undecided, Step: verifyingEvidence, Err: err}
	}
	p, err := e.Verify(expected)
	if errors.Is(err, evidence.ErrPair) && a.accused(e, expected) != "" { // they are pinned together
		expected = evidence.Expected{Configuration: e.Configuration, Logs: []string{e.Log}}
		p, err = e.Verify(expected)
	}
	if err != nil {
		return evidenceError(e, err)
	}
	r := &evidenceResult{
		Proof: *p, Summary: e.Summary, Directory: e.Directory, FoundAt: e.FoundAt, Private: e.Private(),
		Verdict: client.VerdictOf(&client.Error{Kind: client.Misbehaved, Err: errors.New(p.Found)}),
	}
	r.Accused = a.accused(e, expected)
	r.Compare = r.Accused == "" && !isNamed(p, expected)
	if r.Compare {
		if err := checkAccused(p, expected); err != nil {
			return evidenceError(e, err)
		}
	}
	a.finding = client.Misbehaved
	if a.json {
		a.printJSON(r, true)
		return nil
	}
	a.printEvidenceResult(r)
	return nil
}

// isNamed reports whether the flags named all that a proof accuses.
func isNamed(p *evidence.Proof, expected evidence.Expected) bool {
	return (p.ConfigurationSHA256 == "" || expected.Configuration != nil) && (p.Log == "" || expected.Logs != nil)
}

// checkAccused returns the error for a proof of which the flags did not name all that it
// accuses, if they have to. A configuration and the key of a log in one file are of one
// directory only if the reader knows that: anybody can make a log that differs from an
// honest directory.
func checkAccused(p *evidence.Proof, expected evidence.Expected) error {
	switch {
	case p.ConfigurationSHA256 != "" && p.Log != "":
		return fmt.Errorf("%w: it proves something only against who has both the configuration with the SHA-256 %s and the log key %s, and it is not known here that one directory has: say so with --configuration and --policy",
			evidence.ErrNotProof, p.ConfigurationSHA256, p.Log)
	case p.Log != "" && expected.Configuration != nil:
		return fmt.Errorf("%w: it is against who has the log key %s, which is not known here to be that directory's: say so with --policy", evidence.ErrOther, p.Log)
	case p.Log == "" && expected.Logs != nil:
		return fmt.Errorf("%w: it is against who has the configuration with the SHA-256 %s, which is not known here to be of that log's directory: say so with --configuration", evidence.ErrOther, p.ConfigurationSHA256)
	}
	return nil
}

// evidenceError returns the error for evidence that proves nothing.
func evidenceError(e *evidence.Evidence, err error) error {
	out := &client.Error{Kind: client.Undecided, Step: verifyingEvidence, Err: err}
	switch {
	case errors.Is(err, evidence.ErrReport):
		out.Hint = "it may be true all the same: ask who made it, and look the same thing up yourself"
		out.Report = true
	case errors.Is(err, evidence.ErrOther):
		out.Hint = "it was not checked what it proves against that one"
	case errors.Is(err, evidence.ErrPair):
		out.Hint = "name both: the directory with --configuration, and its log with a --policy that has no other log"
	}
	return out
}

// accused returns the URL of the only trusted directory that has what evidence and the
// flags name, empty if there is none. State that cannot be read is of no directory here.
func (a *app) accused(e *evidence.Evidence, expected evidence.Expected) string {
	pinned, err := a.pinned()
	if err != nil {
		a.printErrf("%s", cli.Printable(err.Error()))
		return ""
	}
	found := slices.DeleteFunc(pinned, func(p client.Pinned) bool {
		return e.Configuration != nil && !bytes.Equal(p.Configuration, e.Configuration) || e.Log != "" && p.LogKey != e.Log ||
			expected.Configuration != nil && !bytes.Equal(p.Configuration, expected.Configuration) ||
			expected.Logs != nil && !slices.Contains(expected.Logs, p.LogKey)
	})
	if len(found) != 1 {
		return ""
	}
	return found[0].Directory
}

func (a *app) printEvidenceResult(r *evidenceResult) {
	a.printVerdict(r.Verdict)
	a.printf("rule: %s\n", r.Rule)
	a.printf("kind: %s, found %s\n", r.Kind, moment(r.FoundAt))
	if r.ConfigurationSHA256 != "" {
		a.printf("configuration: SHA-256 %s\n", r.ConfigurationSHA256)
	}
	if r.Log != "" {
		a.printf("log: %s\n", cli.Printable(r.Log))
	}
	switch {
	case r.Accused != "":
		a.printf("accused: %s, which is trusted here with that\n", cli.Printable(r.Accused))
	case r.Compare:
		a.printf("accused: whoever has that; compare it with what the directory's operator publishes, because nothing here says whose it is\n")
	}
	if r.Private {
		a.printf("private: it has a label or a value in it\n")
	}
	a.printf("the file says, which nothing vouches for: %s\n", cli.Printable(r.Summary))
}

// evidenceWord says what the file that an error names is.
func evidenceWord(e *client.Error) string {
	if e.Report {
		return "report"
	}
	return "evidence"
}

// printEvidence prints the path of the evidence file of an error, if there is one.
func (a *app) printEvidence(path string, err error) {
	if path != "" {
		a.printf("  %s: %s\n", evidenceWord(errorOf(err)), cli.Printable(path))
	}
}
