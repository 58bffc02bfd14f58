package main

import (
	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/demo"
)

func newDemo() *cobra.Command {
	var cfg demo.Config
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Watch a directory catch a key that was slipped in",
		Long: `Start a directory on loopback, in a temporary folder, with the keys of Debian's
developers (package debian-keyring; generated ones where it is not installed). A
contact looks somebody up and checks the proof, an owner takes watch over a label,
the operator slips in a key, and the owner's next round of monitoring names it.
Nothing leaves this machine, and nothing stays on it.`,
		Example: "  ktd demo --keep",
		Args:    arguments(0, 0),
	}
	cmd.Flags().BoolVar(&cfg.Keep, "keep", false, "leave the directory running afterwards, until interrupted, and print its URL")
	cmd.Flags().StringSliceVar(&cfg.Keyrings, "keyring", demo.Keyrings, "OpenPGP keyrings to import; those that do not exist are left out")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		shown := &phases{w: cmd.ErrOrStderr()}
		cfg.Out = cmd.OutOrStdout()
		cfg.Version = version()
		cfg.Reading, cfg.Publishing, cfg.Imported = shown.reading, shown.publishing, shown.clear
		return demo.Run(cmd.Context(), cfg)
	}
	return cmd
}
