package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/cause"
	"github.com/ghostlight-kt/ghostlight/monitor/station"
)

func newInit() *cobra.Command {
	var directory string
	cmd := &cobra.Command{
		Use:   "init CONFIG",
		Short: "Write a configuration file with comments",
		Long: `Write a configuration for 'ktmon run' into the file CONFIG, which must not exist,
with a comment on everything that can be configured. Edit it, and then have it checked:
ktmon check CONFIG.

With --directory URL, it is for the directory at URL, whose Configuration is fetched into
a file beside it, of the same name but for its end: compare its SHA-256 with what the operator publishes elsewhere.`,
		Example: `  ktmon init ktmon.yaml
  ktmon init ktmon.yaml --directory https://keys.example.org`,
		Args: exactArgs(1),
	}
	cmd.Flags().StringVar(&directory, "directory", "", "base `URL` of a directory to monitor")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		sample := station.Sample
		if directory != "" {
			var err error
			if sample, err = initDirectory(cmd, args[0], directory); err != nil {
				return err
			}
		}
		if err := createFile(args[0], sample); err != nil {
			return err
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "wrote %s; edit it, then run: ktmon check %s\n", args[0], args[0])
		return err
	}
	return cmd
}

// initDirectory fetches the Configuration of a directory into a file beside a
// configuration file, and returns the content of that.
func initDirectory(cmd *cobra.Command, path, directory string) ([]byte, error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil, &monitor.Error{Kind: monitor.Usage, Err: fmt.Errorf("%s: %w", path, cmp.Or(err, fs.ErrExist)), Hint: "nothing is overwritten: give another name"}
	}
	base, err := client.ParseURL(directory, false)
	if err != nil {
		return nil, err
	}
	data, err := monitor.FetchConfiguration(cmd.Context(), base, monitor.HTTPConfig{UserAgent: "ghostlight-ktmon/" + version()})
	if err != nil {
		return nil, err
	}
	name := strings.TrimSuffix(path, filepath.Ext(path)) + ".configuration"
	if err := createFile(name, []byte(base64.StdEncoding.EncodeToString(data)+"\n")); err != nil {
		return nil, err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "wrote %s, the directory's configuration, SHA-256 %x: compare it with what the operator says elsewhere\n", name, sha256.Sum256(data))
	return station.SampleFor(base, filepath.Base(name)), nil
}

// createFile writes a new file.
func createFile(path string, data []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return &monitor.Error{Kind: monitor.Usage, Err: err, Hint: "nothing is overwritten: give another name"}
	} else if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

func newCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check CONFIG",
		Short: "Check a configuration file",
		Long: `Check the configuration in the file CONFIG and all files that it names, without
using the network or changing anything.`,
		Example: "  ktmon check ktmon.yaml",
		Args:    exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := readConfig(args[0])
			if err != nil {
				return err
			}
			if err := cfg.CheckFiles(); err != nil {
				return &monitor.Error{Kind: monitor.Usage, Err: fmt.Errorf("%s: %w", args[0], err), Hint: cause.Hint(err)}
			}
			for _, line := range cfg.Describe() {
				if _, err := fmt.Fprintln(cmd.OutOrStdout(), line); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// readConfig reads a configuration file.
func readConfig(path string) (*station.Config, error) {
	cfg, err := station.ReadConfig(path)
	if err != nil {
		return nil, &monitor.Error{Kind: monitor.Usage, Err: err, Hint: "'ktmon init FILE' writes a configuration with comments on everything"}
	}
	return cfg, nil
}
