package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/control"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// The commands that need the store, which the process that serves has to itself.
const (
	commandPrune = "prune"
	commandErase = "erase"
)

// operations returns what carries these commands out on a directory.
func operations(d *directory.Directory) map[string]control.Func {
	return map[string]control.Func{
		commandPrune: func(ctx context.Context, request json.RawMessage, progress func(any)) (any, error) {
			var q pruneRequest
			if err := parseRequest(request, &q); err != nil {
				return nil, err
			}
			opts := directory.PruneOptions{Keep: time.Duration(q.Keep), PublicLog: q.PublicLog}
			return d.Prune(ctx, opts, func(p directory.Pruned) { progress(p) })
		},
		commandErase: func(ctx context.Context, request json.RawMessage, _ func(any)) (any, error) {
			var q eraseRequest
			if err := parseRequest(request, &q); err != nil {
				return nil, err
			}
			return d.Erase(ctx, q.Label, q.Version)
		},
	}
}

// parseRequest decodes a request. One with a field that is not known is refused: it
// is from another version, and may mean less than what is known of it says.
func parseRequest(request json.RawMessage, q any) error {
	d := json.NewDecoder(bytes.NewReader(request))
	d.DisallowUnknownFields()
	if err := d.Decode(q); err != nil {
		return fmt.Errorf("the command is not one of this version of ktd: %w", err)
	}
	return nil
}

// operationErrors are the errors of operations that hintFor knows.
var operationErrors = control.Errors{
	"unknown-label":   directory.ErrUnknownLabel,
	"no-such-version": keytrans.ErrNoVersion,
	"no-lifetime":     directory.ErrNoLifetime,
	"corrupt":         directory.ErrCorrupt,
}

// operate has a command carried out by the process that serves the directory in
// dir, or in this one if none does.
func operate(ctx context.Context, dir, command string, request any, progress func(json.RawMessage), result any) (err error) {
	err = control.Call(ctx, dir, command, request, operationErrors, progress, result)
	if !errors.Is(err, control.ErrNoServer) {
		return err
	}
	inst, err := instance.Open(dir, instance.Options{Heartbeat: offlineHeartbeat})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, inst.Close()) }()
	return control.Local(ctx, operations(inst.Directory)[command], request, progress, result)
}

// serveOperations returns what takes commands for a directory that is served,
// until its context ends. Without a socket the directory is served all the same.
func serveOperations(inst *instance.Instance, logger *slog.Logger) func(context.Context) {
	server, err := control.Listen(inst.Dir, operations(inst.Directory), operationErrors, logger)
	if err != nil {
		logger.Warn("no socket for commands: prune and erase only work while this process does not run", "err", err)
		return func(context.Context) {}
	}
	return func(ctx context.Context) {
		if err := server.Serve(ctx); err != nil {
			logger.Warn("the socket for commands", "err", err)
		}
	}
}
