package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/ghostlight-kt/ghostlight/cmd/internal/cli"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/web"
)

// serveOptions are the flags of serve.
type serveOptions struct {
	listen, logFormat, logLevel string
	tlsCert, tlsKey             string
	role                        instance.Role
	trillian                    trillianOptions
	noView                      bool
}

func newServe() *cobra.Command {
	var opts serveOptions
	cmd := &cobra.Command{
		Use:   "serve DIR",
		Short: "Run the directory",
		Long: `Run the directory in DIR until SIGINT or SIGTERM, and print its URL on standard
error. Requests under way then have ten seconds to end; a second signal ends the
process at once, which loses no update that was acknowledged.

The log of the directory is public, below /log: checkpoints are signed, and the
witnesses that DIR/policy names are asked to cosign them; see 'ktd help policy'.
With --trillian and --tree, the log is also written to a Trillian log, and no
checkpoint is signed that Trillian does not come to as well.

People see and check the log on the pages below /audit, to which / leads; docs/view.md
has what they are, and --no-view turns them off.

--role says what DIR is expected to be: a directory, or the manager or the operator
of a log that a third party manages; see 'ktd help roles'.

Commands such as 'ktd prune DIR' reach the process through the socket
DIR/control.sock, which only the user who runs it can use.

Tokens travel with updates: without --tls-cert and --tls-key, listen on loopback
and put a server that speaks TLS in front.`,
		Example: "  ktd serve /var/lib/ghostlight --listen 127.0.0.1:8480",
		Args:    arguments(1, 1),
	}
	f := cmd.Flags()
	f.Var((*roleFlag)(&opts.role), "role", "refuse a DIR of another role: directory, manager or operator (default: whatever DIR is)")
	f.StringVar(&opts.listen, "listen", "", "listen on this HOST:PORT instead of the configured one; port 0 is any")
	f.StringVar(&opts.logFormat, "log-format", "text", "text or json")
	f.StringVar(&opts.logLevel, "log-level", "info", "debug, info, warn or error")
	f.StringVar(&opts.tlsCert, "tls-cert", "", "serve HTTPS with the certificate chain in this PEM file")
	f.StringVar(&opts.tlsKey, "tls-key", "", "the certificate's private key, a PEM file")
	f.BoolVar(&opts.noView, "no-view", false, "do not serve the audit view, the pages below /audit")
	f.StringVar(&opts.trillian.server, "trillian", "", "write the log to the Trillian log server at this HOST:PORT, too")
	f.Int64Var(&opts.trillian.tree, "tree", 0, "the ID of Trillian's tree, a PREORDERED_LOG")
	f.StringVar(&opts.trillian.ca, "trillian-ca", "", "speak TLS with Trillian, whose certificate these in a PEM file certify")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if (opts.trillian.server == "") != (opts.trillian.tree == 0) {
			return cli.Usage(cmd, "--trillian and --tree go together")
		}
		if opts.trillian.ca != "" && opts.trillian.server == "" {
			return cli.Usage(cmd, "--trillian-ca is for --trillian")
		}
		if (opts.tlsCert == "") != (opts.tlsKey == "") {
			return cli.Usage(cmd, "--tls-cert and --tls-key go together")
		}
		logger, err := newLogger(cmd.ErrOrStderr(), opts.logFormat, opts.logLevel)
		if err != nil {
			return cli.UsageError{Cmd: cmd, Err: err}
		}
		role, err := checkRole(args[0], opts.role)
		switch {
		case err != nil:
			return err
		case role != instance.RoleOperator:
			return serve(cmd.Context(), args[0], opts, logger, cmd.ErrOrStderr())
		case opts.trillian.server != "":
			return cli.Usage(cmd, "--trillian is not for an operator: the log is the manager's")
		}
		return serveOperator(cmd.Context(), args[0], opts, logger, cmd.ErrOrStderr())
	}
	return cmd
}

func newLogger(w io.Writer, format, level string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level: %q is not debug, info, warn or error", level)
	}
	opts := &slog.HandlerOptions{Level: l}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, opts)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, opts)), nil
	}
	return nil, fmt.Errorf("--log-format: %q is not text or json", format)
}

// serve runs the instance in dir until ctx ends.
func serve(ctx context.Context, dir string, opts serveOptions, logger *slog.Logger, stderr io.Writer) (err error) {
	tlsConfig, err := loadTLS(opts)
	if err != nil {
		return err
	}
	inst, err := instance.Open(dir, instance.Options{Logger: logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, inst.Close()) }()
	tuneMemory(inst.Config)
	if opts.noView {
		inst.Config.View.Serve = false
	}
	replica, hangUp, err := opts.trillian.dial(ctx, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hangUp()) }()
	pub, err := inst.OpenPublisher(replica)
	if err != nil {
		return err
	}
	handler, err := inst.Handler(pub, version())
	if err != nil {
		return err
	}
	listener, err := listen(opts, inst.Config.Listen)
	if err != nil {
		return err
	}
	takeCommands := serveOperations(inst, logger)
	listener = announce(stderr, listener, tlsConfig)
	ctx, stop := context.WithCancelCause(ctx)
	var background sync.WaitGroup
	defer background.Wait()
	defer stop(nil)
	background.Go(func() { pub.Run(ctx) })
	background.Go(func() { watch(ctx, inst, stop) })
	background.Go(func() { takeCommands(ctx) })
	err = web.Serve(ctx, listener, web.NewServer(handler, logger))
	if failure := (*stoppedError)(nil); errors.As(context.Cause(ctx), &failure) {
		return errors.Join(failure, err)
	}
	if err == nil {
		fmt.Fprintln(stderr, "ktd: stopped")
	}
	return err
}

// listen listens where the flags say, or else at the configured address.
func listen(opts serveOptions, address string) (net.Listener, error) {
	if opts.listen != "" {
		address = opts.listen
	}
	return net.Listen("tcp", address)
}

func loadTLS(opts serveOptions) (*tls.Config, error) {
	if opts.tlsCert == "" {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(opts.tlsCert, opts.tlsKey)
	if err != nil {
		return nil, fmt.Errorf("TLS certificate: %w", err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{cert},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2", "http/1.1"},
	}, nil
}

// announce prints where the directory is, and what is wrong with that. It returns
// what to serve on: the listener, with TLS if that is configured.
func announce(stderr io.Writer, listener net.Listener, tlsConfig *tls.Config) net.Listener {
	scheme, addr, secure := "http", listener.Addr(), tlsConfig != nil
	if secure {
		scheme, listener = "https", tls.NewListener(listener, tlsConfig)
	}
	fmt.Fprintf(stderr, "ktd: serving on %s://%s\n", scheme, addr)
	if tcp, ok := addr.(*net.TCPAddr); ok && !secure && !tcp.IP.IsLoopback() {
		fmt.Fprintln(stderr, "ktd: warning: tokens and labels travel unencrypted; put a server that speaks TLS in front, or give --tls-cert and --tls-key")
	}
	return listener
}

// stoppedError says that the directory takes no more writes.
type stoppedError struct{ err error }

func (e *stoppedError) Error() string {
	return fmt.Sprintf("%v; start ktd again, which looks at what is stored", e.err)
}
func (e *stoppedError) Unwrap() error { return e.err }

// watch calls stop if the directory stops writing. Only opening it anew can tell
// what the store holds then, and until that its answers grow stale: to end is
// better than to go on.
func watch(ctx context.Context, inst *instance.Instance, stop context.CancelCauseFunc) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := inst.Directory.Err(); err != nil {
				stop(&stoppedError{err})
				return
			}
		}
	}
}

// version returns the version of the program.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version
}
