package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	labels "github.com/ghostlight-kt/ghostlight/client/label"
	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/monitor/station"
	"github.com/ghostlight-kt/ghostlight/monitor/watch"
)

func newExpect() *cobra.Command {
	var directory, note string
	var raw bool
	cmd := &cobra.Command{
		Use:   "expect LABEL KEYFILE",
		Short: "Announce the next version of a label that is watched",
		Long: `Say that the next version of a label has the keys in KEYFILE, exactly as 'kt publish
LABEL KEYFILE' publishes them: then it is no surprise to the monitor. Do this before
publishing. It excuses one version. It does not matter whether the monitor is running.
Root writes this as the owner of the monitor's folder.`,
		Example: `  ktmon expect me@example.org newkey.asc
  kt publish me@example.org newkey.asc`,
		Args: exactArgs(2),
	}
	config := configFlag(cmd)
	f := cmd.Flags()
	f.StringVar(&directory, "directory", "", "`name` of the directory in the configuration, if several watch the label")
	f.StringVar(&note, "note", "", "what to remember about it")
	f.BoolVar(&raw, "raw", false, "the value is the bytes of the file, as with 'kt publish --raw'")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := readConfig(*config)
		if err != nil {
			return err
		}
		label, err := labels.Normalize(args[0])
		if err != nil {
			return cli.Usage(cmd, "the label: %v", err)
		}
		name, err := watcherOf(cfg, label, directory)
		if err != nil {
			return cli.Usage(cmd, "%v", err)
		}
		value, skipped, err := watch.ValueOfFile(args[1], label, raw)
		if err != nil {
			return err
		}
		for _, s := range skipped {
			fmt.Fprintf(cmd.ErrOrStderr(), "ktmon: left out: %s\n", cli.Printable(s.String()))
		}
		if err := becomeOwner(cfg.Folder()); err != nil {
			return err
		}
		e, err := watch.Expect(cfg.ExpectedFolder(), name, label, value, note, time.Now())
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "expecting the value with the SHA-256 %s as the next version of %s in %s\n",
			e.ValueSHA256, cli.Printable(label), name)
		return err
	}
	return cmd
}

// watcherOf returns the name of the directory in which a label is watched.
func watcherOf(cfg *station.Config, label, directory string) (string, error) {
	names := cfg.Watchers(label)
	switch {
	case directory != "":
		for _, n := range names {
			if n == directory {
				return n, nil
			}
		}
		return "", fmt.Errorf("the label is not watched in a directory %q", directory)
	case len(names) == 0:
		return "", fmt.Errorf("the label is not watched: add it to the configuration first")
	case len(names) > 1:
		return "", fmt.Errorf("the label is watched in several directories: give one of %q with --directory", names)
	}
	return names[0], nil
}
