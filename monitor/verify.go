package monitor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// VerifyMirror verifies everything that is in the mirror in a folder, up to its
// checkpoint, and reads nothing else. If cfg has a Policy, that one decides, and
// the folder need not have one: it can be any copy of a log. No process may be
// mirroring into it meanwhile.
//
// The error is an *Error; of kind Undecided if the content does not verify, and
// Misbehaved if it proves that the log misbehaved. Evidence goes to the folder.
func VerifyMirror(ctx context.Context, dir string, cfg MirrorConfig) (Status, error) {
	status, err := verifyMirror(ctx, dir, cfg.withDefaults())
	return status, classify("verifying the mirror "+dir, err)
}

func verifyMirror(ctx context.Context, dir string, cfg MirrorConfig) (_ Status, err error) {
	if _, err := os.Stat(dir); err != nil {
		return Status{}, err
	}
	policy, err := policyFor(ctx, &files{dir: dir}, cfg)
	if err != nil {
		return Status{}, err
	}
	f, err := openFiles(dir)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		f, err = &files{dir: dir}, nil // nobody mirrors into it as this user
	}
	if err != nil {
		return Status{}, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	kept, err := openKept(ctx, f, checkpointPath, policy)
	if err == nil && kept == nil {
		err = &Error{
			Kind: Undecided, Err: errors.New("it is not complete up to any checkpoint yet"),
			Hint: "mirror the log first: ktmon mirror URL DIR --policy FILE",
		}
	}
	if err == nil {
		err = kept.Witnessed()
	}
	if err != nil {
		return Status{}, err
	}
	var config *keytrans.Configuration
	if cfg.Configuration != nil {
		if config, err = keytrans.ParseConfiguration(cfg.Configuration); err != nil {
			return Status{}, usage("give the directory's configuration", "the configuration: %w", err)
		}
	}
	a, replay, start := accuser{f, policy, cfg}, newReplay(config), time.Now()
	err = verifyKept(ctx, a, replay, kept, Verifying, cfg)
	if err == nil {
		err = a.leaves(ctx, f, kept, &replay.leaves)
	}
	if err != nil {
		return Status{}, err
	}
	return Status{Checkpoint: kept, Entries: replay.Size(), Changes: replay.Changes(), Took: time.Since(start)}, nil
}

// policyFor returns the policy to verify a folder with.
func policyFor(ctx context.Context, f *files, cfg MirrorConfig) (*checkpoint.Policy, error) {
	if cfg.Policy != nil {
		return parsePolicy(cfg.Policy)
	}
	data, err := readAll(ctx, f, policyName, checkpoint.MaxPolicySize)
	if errors.Is(err, ErrNotFound) {
		return nil, usage("give the policy that names the log with --policy FILE", "%s has no policy", f.dir)
	} else if err != nil {
		return nil, err
	}
	return parsePolicy(data)
}
