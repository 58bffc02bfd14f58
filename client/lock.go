package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// errLocked says that another process holds the lock.
var errLocked = errors.New("locked")

// fileLock keeps other processes away from a folder. The operating system
// releases it when the process ends, however it ends.
type fileLock struct{ f *os.File }

// lockFolder takes the lock of a folder, waiting for a while if another process
// has it. The file says who took it last, for the message that others print.
func lockFolder(ctx context.Context, dir string, wait time.Duration) (*fileLock, error) {
	const poll = 50 * time.Millisecond
	path := filepath.Join(dir, "lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(wait); ; {
		err := tryLock(f)
		if err == nil {
			break
		}
		if !errors.Is(err, errLocked) {
			f.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		if time.Now().After(deadline) {
			holder := readHolder(f)
			f.Close()
			return nil, fmt.Errorf("%w: %s is using %s", errLocked, holder, dir)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(poll):
		}
	}
	if err := f.Truncate(0); err == nil {
		fmt.Fprintf(io.NewOffsetWriter(f, 0), "process %d (%s), since %s\n",
			os.Getpid(), filepath.Base(os.Args[0]), time.Now().UTC().Format(time.RFC3339))
	}
	return &fileLock{f}, nil
}

func readHolder(f *os.File) string {
	const most = 200
	b, err := io.ReadAll(io.NewSectionReader(f, 0, most))
	if text := strings.TrimSpace(string(b)); err == nil && text != "" {
		return text
	}
	return "another process"
}

func (l *fileLock) release() { l.f.Close() }
