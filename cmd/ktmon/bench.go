package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/monitor"
)

// benchOptions are the flags of bench.
type benchOptions struct {
	mode, dir, policy, configuration, cpuProfile string
	json                                         bool
}

func newBench() *cobra.Command {
	var opts benchOptions
	cmd := &cobra.Command{
		Use:   "bench URL",
		Short: "Audit a directory from scratch, and measure it",
		Long: `Audit the directory at URL from its first log entry on, once, into a temporary
folder or --dir, which must be empty or absent, and print what it took.

--mode mirror replays the public log at URL/log and keeps a copy; --policy names the
log, and without it the directory is asked, which is enough to measure, and to believe
nothing. --mode stateless verifies proofs instead and keeps next to nothing; the directory
must be in third-party auditing. The CPU time is that of this process alone, with
everything that it does: reading, decompressing, verifying and writing.`,
		Example: `  ktmon bench https://keys.example.org
  ktmon bench https://keys.example.org --mode stateless --json`,
		Args: exactArgs(1),
	}
	f := cmd.Flags()
	f.StringVar(&opts.mode, "mode", "mirror", "how to audit: mirror or stateless")
	f.StringVar(&opts.dir, "dir", "", "keep what was audited in this `folder`")
	f.StringVar(&opts.policy, "policy", "", "`file` that names the log and its witnesses; for mirror")
	f.StringVar(&opts.configuration, "configuration", "", "`file` with the directory's Configuration, instead of asking the directory")
	f.StringVar(&opts.cpuProfile, "cpuprofile", "", "write a CPU profile to this `file`")
	f.BoolVar(&opts.json, "json", false, "print one JSON object on standard output")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if opts.mode != "mirror" && opts.mode != "stateless" {
			return cli.Usage(cmd, "--mode: %q is not mirror or stateless", opts.mode)
		}
		return runBench(cmd.Context(), args[0], opts, cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return cmd
}

func runBench(ctx context.Context, url string, opts benchOptions, stdout, stderr io.Writer) (err error) {
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(gcPercent))
	}
	dir := opts.dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "ktmon-bench-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	} else if left, _ := os.ReadDir(dir); len(left) > 0 {
		return fmt.Errorf("%s is not empty", dir)
	}
	stop, err := profile(opts.cpuProfile)
	if err != nil {
		return err
	}
	report := newReporter(stderr)
	began, cpu := time.Now(), cpuTime()
	out := benchJSON{SchemaVersion: schemaVersion, Mode: opts.mode}
	if opts.mode == "mirror" {
		err = out.mirror(ctx, url, dir, opts, report)
	} else {
		err = out.audit(ctx, url, dir, opts, report)
	}
	report.clear()
	out.measured(time.Since(began), cpuTime()-cpu)
	if err = errors.Join(err, stop()); err != nil {
		return err
	}
	if out.StateBytes, err = folderSize(dir); err != nil {
		return err
	}
	out.Labels = readLabels(ctx, url)
	out.StatePerLabel = float64(out.StateBytes) / float64(max(out.Labels, 1))
	if opts.json {
		return json.NewEncoder(stdout).Encode(out)
	}
	return out.print(stdout)
}

// benchJSON is what an audit took, in JSON.
type benchJSON struct {
	SchemaVersion int    `json:"schema_version"`
	Mode          string `json:"mode"`
	Entries       uint64 `json:"entries"`
	Changes       uint64 `json:"changes"`
	// Labels are as many as the directory says it has; 0 if it does not.
	Labels  uint64  `json:"labels"`
	Seconds float64 `json:"seconds"`
	CPU     float64 `json:"cpu_seconds"`
	// ChangesPerCoreSecond is for each second of CPU time, on whichever cores.
	ChangesPerSecond     float64 `json:"changes_per_s"`
	ChangesPerCoreSecond float64 `json:"changes_per_core_s"`
	PeakMemoryBytes      int64   `json:"peak_rss"`
	StateBytes           int64   `json:"state_bytes"` // in files
	StatePerLabel        float64 `json:"state_bytes_per_label"`
	BytesRead            int64   `json:"bytes_read"` // from the directory, decompressed
}

// mirror mirrors the public log.
func (b *benchJSON) mirror(ctx context.Context, url, dir string, opts benchOptions, report *reporter) error {
	policy, err := benchPolicy(ctx, url, opts.policy)
	if err != nil {
		return err
	}
	source, err := monitor.NewHTTPSource(strings.TrimRight(url, "/")+"/log", benchHTTP())
	if err != nil {
		return err
	}
	m, err := monitor.OpenMirror(ctx, dir, source, monitor.MirrorConfig{Policy: policy, Progress: report.progress})
	if err != nil {
		return err
	}
	err = m.Update(ctx)
	s := m.Status()
	b.Entries, b.Changes, b.BytesRead = s.Entries, s.Changes, s.Bytes
	return errors.Join(err, m.Close())
}

// audit verifies the proofs.
func (b *benchJSON) audit(ctx context.Context, url, dir string, opts benchOptions, report *reporter) (err error) {
	cfg := monitor.AuditorConfig{VerifyOnly: true, HTTP: benchHTTP(), Progress: report.progress}
	if opts.configuration != "" {
		if cfg.Configuration, err = readConfiguration(opts.configuration); err != nil {
			return err
		}
	}
	a, err := monitor.OpenAuditor(ctx, dir, url, cfg)
	if err != nil {
		return err
	}
	err = a.Update(ctx)
	s := a.Status()
	b.Entries, b.Changes, b.BytesRead = s.Verified, s.Changes, s.Bytes
	return errors.Join(err, a.Close())
}

func benchHTTP() monitor.HTTPConfig {
	return monitor.HTTPConfig{UserAgent: "ghostlight-ktmon/" + version()}
}

// measured computes the rates.
func (b *benchJSON) measured(wall, cpu time.Duration) {
	b.Seconds, b.CPU = wall.Seconds(), cpu.Seconds()
	b.ChangesPerSecond = rate(b.Changes, wall)
	if cpu > 0 {
		b.ChangesPerCoreSecond = rate(b.Changes, cpu)
	}
	b.PeakMemoryBytes = peakMemory()
}

func (b *benchJSON) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "mode\t%s\t\n", b.Mode)
	fmt.Fprintf(t, "entries\t%d\t\n", b.Entries)
	fmt.Fprintf(t, "changes\t%d\tof %d labels\n", b.Changes, b.Labels)
	fmt.Fprintf(t, "seconds\t%.2f\t\n", b.Seconds)
	fmt.Fprintf(t, "cpu_seconds\t%.2f\tof this process\n", b.CPU)
	fmt.Fprintf(t, "changes_per_s\t%.0f\t\n", b.ChangesPerSecond)
	fmt.Fprintf(t, "changes_per_core_s\t%.0f\tfor each second of CPU time\n", b.ChangesPerCoreSecond)
	fmt.Fprintf(t, "peak_rss\t%d\tbytes\n", b.PeakMemoryBytes)
	fmt.Fprintf(t, "state_bytes\t%d\tin files, %.0f for each label\n", b.StateBytes, b.StatePerLabel)
	fmt.Fprintf(t, "bytes_read\t%d\t\n", b.BytesRead)
	return t.Flush()
}

// profile writes a CPU profile until stop is called; none to an empty path.
func profile(path string) (stop func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error { pprof.StopCPUProfile(); return file.Close() }, nil
}

// folderSize returns the size of all files in a folder.
func folderSize(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}

// benchPolicy returns the policy in a file or, without one, a policy that the
// directory itself tells of.
func benchPolicy(ctx context.Context, url, path string) ([]byte, error) {
	if path != "" {
		return readPolicy(path)
	}
	var publication struct {
		VerifierKey string `json:"verifier_key"`
	}
	if err := readJSON(ctx, url, "api/v1/log/publication", &publication); err != nil {
		return nil, fmt.Errorf("asking the directory for its log's key: %w", err)
	}
	return []byte("log " + publication.VerifierKey + "\nquorum none\n"), nil
}

// readLabels returns how many labels a directory says it has, 0 if it does not.
func readLabels(ctx context.Context, url string) uint64 {
	var stats struct {
		Labels uint64 `json:"labels"`
	}
	if readJSON(ctx, url, "api/v1/stats", &stats) != nil {
		return 0
	}
	return stats.Labels
}

// readJSON reads a small answer of a directory.
func readJSON(ctx context.Context, url, path string, to any) error {
	source, err := monitor.NewHTTPSource(url, benchHTTP())
	if err != nil {
		return err
	}
	return source.Read(ctx, path, func(r io.Reader) error {
		return json.NewDecoder(io.LimitReader(r, 64<<10)).Decode(to)
	})
}
