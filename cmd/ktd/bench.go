package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/bench"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/progress"
)

// benchOptions are the flags of the benchmarks.
type benchOptions struct {
	labels, batch, requests int
	dir                     string
	vrfTime                 time.Duration
	suite                   instance.Suite
	mode, auditorKey        string
	cpuProfile, memProfile  string
	json                    *bool
}

func newBench() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure publishing and proving",
		Long: `Measure a directory of this machine's disk and cores, with a workload that is
the same every time: labels user00000000@example.org and so on, values of 128
bytes.`,
		Example: "  ktd bench publish --labels 200000 --batch 10000 --dir /tmp/bench\n  ktd bench lookup --dir /tmp/bench",
	}
	cli.Group(cmd)
	cmd.AddCommand(newBenchPublish(), newBenchLookup(), newBenchRoster())
	return cmd
}

func newBenchPublish() *cobra.Command {
	opts := benchOptions{suite: instance.DefaultConfig().Suite}
	cmd := &cobra.Command{
		Use:   "publish",
		Short: "Measure how fast labels are published",
		Long: `Publish new labels, and compare the rate with that of the VRF alone, which is
measured before and after on all cores.`,
		Example: "  ktd bench publish --labels 200000 --batch 10000 --json",
		Args:    arguments(0, 0),
	}
	opts.addPublishFlags(cmd, 200_000)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := opts.check(cmd); err != nil {
			return err
		}
		return opts.profiled(func() error {
			return withDir(opts.dir, func(dir string) error {
				r, err := opts.publish(cmd.Context(), dir, cmd.ErrOrStderr())
				if err != nil {
					return err
				}
				if *opts.json {
					return printJSON(cmd.OutOrStdout(), publishOutput{schemaVersion, r})
				}
				return printPublish(cmd.OutOrStdout(), r)
			})
		})
	}
	return cmd
}

func newBenchLookup() *cobra.Command {
	opts := benchOptions{suite: instance.DefaultConfig().Suite}
	cmd := &cobra.Command{
		Use:   "lookup",
		Short: "Measure how fast lookups are proven",
		Long: `Search for random labels' greatest versions and encode the proofs, on one core
and on all, each with empty caches (cold) and then once more (warm). One of 100
responses is verified as a client does, outside the time measured.

With --dir, use the directory that 'ktd bench publish --dir' left there. Without
it, publish --labels first. The operating system keeps what it has cached of the
files.`,
		Example: "  ktd bench lookup --dir /tmp/bench --requests 20000 --json",
		Args:    arguments(0, 0),
	}
	opts.addPublishFlags(cmd, 100_000)
	cmd.Flags().IntVar(&opts.requests, "requests", 20_000, "requests in each pass")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := opts.check(cmd); err != nil {
			return err
		}
		r, err := opts.lookup(cmd.Context(), cmd.ErrOrStderr())
		if err != nil {
			return err
		}
		if *opts.json {
			return printJSON(cmd.OutOrStdout(), lookupOutput{schemaVersion, r})
		}
		return printLookup(cmd.OutOrStdout(), r)
	}
	return cmd
}

func (o *benchOptions) addPublishFlags(cmd *cobra.Command, labels int) {
	f := cmd.Flags()
	f.IntVar(&o.labels, "labels", labels, "labels to publish")
	f.IntVar(&o.batch, "batch", 10_000, "labels in one epoch")
	f.StringVar(&o.dir, "dir", "", "keep the directory here (default: a temporary directory)")
	f.Var(&o.suite, "suite", "cipher suite: ed25519 or p256")
	f.StringVar(&o.mode, "mode", instance.DefaultConfig().Mode, "deployment mode: contact-monitoring or third-party-auditing")
	f.StringVar(&o.auditorKey, "auditor-key", "", "`file` with the auditor's public key, as 'ktmon keygen' prints it")
	f.DurationVar(&o.vrfTime, "vrf-time", 2*time.Second, "how long to measure the VRF, before and after")
	f.StringVar(&o.cpuProfile, "cpuprofile", "", "write a CPU profile to this file")
	f.StringVar(&o.memProfile, "memprofile", "", "write a heap profile to this file")
	o.json = addJSON(cmd)
}

func (o *benchOptions) check(cmd *cobra.Command) error {
	for _, n := range []struct {
		name   string
		n, max int
	}{
		{"labels", o.labels, 100_000_000}, // the labels have eight digits
		{"batch", o.batch, 1_000_000},
		{"requests", o.requests, 100_000_000},
	} {
		if cmd.Flags().Lookup(n.name) != nil && (n.n < 1 || n.n > n.max) {
			return cli.Usage(cmd, "--%s: %d is not from 1 to %d", n.name, n.n, n.max)
		}
	}
	if o.vrfTime <= 0 {
		return cli.Usage(cmd, "--vrf-time: %v is no time", o.vrfTime)
	}
	tuneMemory(instance.DefaultConfig())
	return nil
}

func (o *benchOptions) publish(ctx context.Context, dir string, stderr io.Writer) (*bench.PublishResult, error) {
	bar := progress.New(stderr, "publishing", int64(o.labels), progress.Count)
	defer bar.Clear()
	cfg := instance.DefaultConfig()
	cfg.Suite, cfg.Mode = o.suite, o.mode
	if o.auditorKey != "" {
		var err error
		if cfg.AuditorPublicKey, err = instance.ReadAuditorKey(o.auditorKey); err != nil {
			return nil, err
		}
	}
	return bench.Publish(ctx, bench.PublishConfig{
		Dir: dir, Labels: o.labels, Batch: o.batch, Config: cfg, VRFTime: o.vrfTime,
		Progress: func(n int) { bar.Set(int64(n)) },
	})
}

// lookup measures lookups in --dir, or in a directory that it publishes first.
func (o *benchOptions) lookup(ctx context.Context, stderr io.Writer) (result *bench.LookupResult, err error) {
	measure := func(dir string, labels int) error {
		return o.profiled(func() error {
			result, err = bench.Lookup(ctx, bench.LookupConfig{Dir: dir, Labels: labels, Requests: o.requests})
			return err
		})
	}
	if o.dir != "" && !isEmptyDir(o.dir) {
		labels, err := bench.Published(o.dir)
		if err == nil {
			err = measure(o.dir, labels)
		}
		return result, err
	}
	err = withDir(o.dir, func(dir string) error {
		if _, err := o.publish(ctx, dir, stderr); err != nil {
			return err
		}
		return measure(dir, o.labels)
	})
	return result, err
}

// isEmptyDir reports whether there is nothing at dir.
func isEmptyDir(dir string) bool {
	entries, err := os.ReadDir(dir)
	return len(entries) == 0 && (err == nil || errors.Is(err, os.ErrNotExist))
}

// withDir calls f with dir, or with a temporary directory if dir is empty.
func withDir(dir string, f func(dir string) error) (err error) {
	if dir != "" {
		return f(dir)
	}
	tmp, err := os.MkdirTemp("", "ktd-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	return f(filepath.Join(tmp, "directory"))
}

// publishOutput is what bench publish --json prints.
type publishOutput struct {
	SchemaVersion int `json:"schema_version"`
	*bench.PublishResult
}

// lookupOutput is what bench lookup --json prints.
type lookupOutput struct {
	SchemaVersion int `json:"schema_version"`
	*bench.LookupResult
}

func printPublish(w io.Writer, r *bench.PublishResult) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "labels\t%d\tin %d epochs of up to %d\n", r.Labels, r.Epochs, r.Batch)
	fmt.Fprintf(t, "suite\t%s\t%d cores, %s\n", r.Suite, r.CPUs, r.GoVersion)
	fmt.Fprintf(t, "seconds\t%.2f\t\n", r.Seconds)
	fmt.Fprintf(t, "labels_per_s\t%.0f\t\n", r.LabelsPerSecond)
	fmt.Fprintf(t, "vrf_bound_per_s\t%.0f\tthe VRF alone on all cores\n", r.VRFBoundPerSecond)
	fmt.Fprintf(t, "ratio_to_vrf_bound\t%.2f\t\n", r.RatioToVRFBound)
	fmt.Fprintf(t, "cpu_us_per_label\t%.1f\tthe VRF alone %.1f, ratio %.2f\n", r.CPUPerLabel, r.VRFCPU, r.RatioByCPUTime)
	fmt.Fprintf(t, "store_bytes_per_label\t%.0f\tof which %d are the value\n", r.StoreBytesPerLabel, bench.ValueSize)
	fmt.Fprintf(t, "rss_bytes\t%d\tpeak, %s\n", r.RSSBytes, progress.Bytes(r.RSSBytes))
	return t.Flush()
}

func printLookup(w io.Writer, r *bench.LookupResult) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "pass\tproofs/s\tp50 µs\tp90 µs\tp99 µs\tmax µs\tCPU µs\t\n")
	for _, p := range []struct {
		name string
		*bench.Pass
	}{
		{"cold, one core", &r.Cold.OneCore},
		{"cold, all cores", &r.Cold.AllCores},
		{"warm, one core", &r.Warm.OneCore},
		{"warm, all cores", &r.Warm.AllCores},
	} {
		fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t%.0f\t\n", p.name, p.ProofsPerSecond, p.P50, p.P90, p.P99, p.Max, p.CPU)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "%d requests a pass, %d labels, %d log entries; %s, %d cores, %s\n"+
		"response_bytes %.0f, rss_bytes %d (peak, %s); %d responses verified\n",
		r.Requests, r.Labels, r.TreeSize, r.Suite, r.CPUs, r.GoVersion,
		r.ResponseBytes, r.RSSBytes, progress.Bytes(r.RSSBytes), r.Verified)
	return err
}
