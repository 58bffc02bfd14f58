package web

import (
	"errors"
	"log/slog"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/directory/publisher"
)

// Config describes the HTTP side of a directory. Fields without a default are
// required.
type Config struct {
	// Directory is what is served. It is not closed.
	Directory *directory.Directory

	// Publisher has the checkpoints of the public log. Default: none are served.
	Publisher *publisher.Publisher

	// View, if not nil, has the audit view served below ViewPath, and / lead there. It is
	// not for a log that a third party manages.
	View *ViewConfig

	// Link decides who is the operator of a log that a third party manages, for
	// whom alone most of it is served. It is required for such a log, and for no
	// other.
	Link LinkAuthorizer

	// Logger takes a record a request, at the level Debug, or Warn if the status
	// is 500 or more, and the reasons of failures. nil discards.
	Logger *slog.Logger

	// MaxInFlight bounds the reads that are answered at the same time, and
	// separately the updates, and an eighth of it the batches; what comes beyond
	// it is told to come back later. Requests whose body is still arriving do not count. Default 256.
	MaxInFlight int

	// MaxUpdateBytes is the size of the largest body of an update. Sixteen times
	// as many are held in memory for large bodies that are arriving or being
	// worked on. Default 16 MiB. Other bodies have at most 64 KiB, or 66 of a batch.
	MaxUpdateBytes int64

	// Timeout bounds how long a body may take to arrive, how long a batch takes
	// until its last query is looked at, and how long an update waits until the directory takes it. What the directory has taken is
	// answered whatever time it takes. Default 30 s.
	Timeout time.Duration

	// Version is the version of the program, for /api/v1/stats.
	Version string

	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// maxSmallBody is the size in bytes of the largest body of all requests but
// updates and batches. An OwnerMonitorRequest, the largest of them, has some 3.4 KB.
const maxSmallBody = 64 << 10

// maxStreams is how many bundles of changes, and answers to auditors, are served
// at the same time. Each takes some 128 KiB of memory, and nothing of the store
// while its client receives.
const maxStreams = 512

func (c Config) withDefaults() (Config, error) {
	if c.Directory == nil {
		return c, errors.New("web: Directory is required")
	}
	return c.withLimits()
}

// withLimits fills in what does not depend on what is served.
func (c Config) withLimits() (Config, error) {
	if c.MaxInFlight < 0 || c.MaxUpdateBytes < 0 || c.Timeout < 0 {
		return c, errors.New("web: a limit is negative")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.MaxInFlight == 0 {
		c.MaxInFlight = 256
	}
	if c.MaxUpdateBytes == 0 {
		c.MaxUpdateBytes = 16 << 20
	}
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c, nil
}
