package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/monitor"
	"github.com/ghostlight-kt/ghostlight/monitor/alert"
)

// configFlag adds the flag that names the configuration of the monitor that a
// command is about.
func configFlag(cmd *cobra.Command) *string {
	path := os.Getenv("KTMON_CONFIG")
	if path == "" {
		path = "ktmon.yaml"
	}
	return cmd.Flags().String("config", path, "configuration `file` of the monitor (default $KTMON_CONFIG, or ktmon.yaml)")
}

func newAck() *cobra.Command {
	var by, note string
	cmd := &cobra.Command{
		Use:   "ack ID...",
		Short: "Acknowledge alerts",
		Long: `Say that somebody has seen alerts and deals with them. ID is the "id" of an alert,
and the name of its file in the folder alerts/. It does not matter whether the monitor is
running. What was acknowledged is not counted as open any more; a condition that lasts
stays on the status page, and is told again if it comes back. Root writes this as the
owner of the monitor's folder.`,
		Example: `  ktmon ack --note "the new phone" 0123456789abcdef-1`,
		Args:    cobra.MinimumNArgs(1),
	}
	config := configFlag(cmd)
	cmd.Flags().StringVar(&by, "by", userName(), "who acknowledges")
	cmd.Flags().StringVar(&note, "note", "", "what to remember about it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cfg, err := readConfig(*config)
		if err != nil {
			return err
		}
		if err := becomeOwner(cfg.Folder()); err != nil {
			return err
		}
		for _, id := range args {
			err := alert.WriteAck(cfg.Folder(), id, by, note)
			if errors.Is(err, alert.ErrAcknowledged) {
				fmt.Fprintf(cmd.ErrOrStderr(), "ktmon: %v\n", err)
				continue
			}
			if errors.Is(err, alert.ErrUnknown) {
				return &monitor.Error{Kind: monitor.Usage, Err: err, Hint: "the IDs are in the alerts, and the names of the files in " + cfg.Folder() + "/alerts"}
			}
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(cmd.OutOrStdout(), "acknowledged %s\n", id); err != nil {
				return err
			}
		}
		return nil
	}
	return cmd
}

// userName returns the name of who runs this.
func userName() string {
	u, err := user.Current()
	if err != nil {
		return "unknown"
	}
	return u.Username
}
