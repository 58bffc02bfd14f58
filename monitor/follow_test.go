package monitor

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
	"github.com/ghostlight-kt/ghostlight/monitor/monitortest"
)

// follow opens a mirror of log, without HTTP, and returns it and its folder.
func follow(t *testing.T, log *monitortest.Log) (*Mirror, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "mirror")
	m, err := OpenMirror(t.Context(), dir, logSource{log}, MirrorConfig{Policy: log.Policy()})
	fatalIfErr(t, err)
	return m, dir
}

// TestFollow follows a log that grows, fails for a while and grows on, until it
// is told to end.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := monitortest.New(t, 3)
		log.Grow(t, 5, 1)
		m, dir := follow(t, log)
		ctx, cancel := context.WithCancel(t.Context())
		rounds := 0
		start := time.Now()
		err := m.Follow(ctx, 10*time.Second, func(err error) {
			rounds++
			switch rounds {
			case 1, 2, 3:
				fatalIfErr(t, err)
				log.Grow(t, 100, 1)
			case 4:
				fatalIfErr(t, err)
				log.Serve([]byte("maintenance\n"))
			case 5, 6:
				wantKind(t, err, Undecided, checkpoint.ErrMalformed)
				if rounds == 6 {
					log.Publish(t)
				}
			case 7:
				fatalIfErr(t, err)
				cancel()
			}
		})
		fatalIfErr(t, err)
		if took := time.Since(start); took < 54*time.Second || took > 66*time.Second {
			t.Errorf("%d rounds took %v", rounds, took)
		}
		if c := m.Status().Checkpoint; c.Size != 305 {
			t.Errorf("mirrored %d entries", c.Size)
		}
		fatalIfErr(t, m.Close())
		_, err = VerifyMirror(t.Context(), dir, MirrorConfig{})
		fatalIfErr(t, err)
	})
}

// TestFollowEnds checks after which errors following ends.
func TestFollowEnds(t *testing.T) {
	t.Run("misbehaviour", func(t *testing.T) {
		log := monitortest.New(t, 3)
		log.Grow(t, 5, 1)
		log.Append(t, -1, []prefixtree.Leaf{{Key: prefixtree.Key{1}}}, nil)
		log.Publish(t)
		m, _ := follow(t, log)
		told := 0
		err := m.Follow(t.Context(), time.Hour, func(error) { told++ })
		wantKind(t, err, Misbehaved, ErrTimestamps)
		if told != 1 {
			t.Errorf("told %d times", told)
		}
		fatalIfErr(t, m.Close())
	})
	t.Run("a full disk", func(t *testing.T) {
		log := monitortest.New(t, 3)
		log.Grow(t, 5, 1)
		m, _ := follow(t, log)
		full := errors.New("full")
		m.store.hook = func(string, string, func() error) error { return full }
		wantKind(t, m.Follow(t.Context(), time.Hour, func(error) {}), Operational, full)
		fatalIfErr(t, m.Close())
	})
	t.Run("a context that has ended", func(t *testing.T) {
		log := monitortest.New(t, 3)
		log.Grow(t, 5, 1)
		m, _ := follow(t, log)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		m.source = m.store // which looks at the context
		fatalIfErr(t, m.Follow(ctx, time.Hour, func(error) { t.Error("told of a round that did not end") }))
		fatalIfErr(t, m.Close())
	})
}
