package directory_test

import (
	"context"
	"testing"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// TestAuditPruned prunes a log with an auditor: what the auditor has not processed
// stays, and a new auditor cannot begin with what is gone.
func TestAuditPruned(t *testing.T) {
	key := auditorKey(t, 3)
	var cfg directory.Config
	a := newAging(t, func(c *directory.Config) {
		audit(c.Configuration, key)
		c.Configuration.MaxAuditorLag = 1 << 40
		cfg = *c
	})
	a.grow(t, 400)
	prune := func() directory.Pruned {
		t.Helper()
		p, err := a.Prune(t.Context(), directory.PruneOptions{}, nil)
		fatalIfErr(t, err)
		return p
	}
	if p := prune(); p.Versions != 0 || p.Removed != 0 {
		t.Errorf("pruned before there was an auditor's head: %+v", p)
	}
	auditor, err := keytrans.NewAuditor(cfg.Configuration)
	fatalIfErr(t, err)
	follow := func(n uint64) {
		t.Helper()
		fatalIfErr(t, a.AuditUpdates(context.Background(), auditor.Size(), n, auditor.Apply))
		head, err := auditor.Head(key)
		fatalIfErr(t, err)
		fatalIfErr(t, a.SetAuditorHead(context.Background(), head))
	}
	follow(50)
	if p := prune(); p.Versions != 49 {
		t.Errorf("pruned to %d, and the auditor goes on with entry 50", p.Versions)
	}
	follow(1000)
	pruned := prune().Versions
	if pruned < 150 {
		t.Errorf("pruned to %d", pruned)
	}
	a.grow(t, 5)
	follow(1000)
	for pos, gone := range map[uint64]bool{0: true, 49: true, pruned: true, pruned + 1: false} {
		err := a.AuditUpdates(context.Background(), pos, 1, func(*keytrans.AuditorUpdate) error { return nil })
		if gone {
			wantIs(t, "an update for what is gone", err, directory.ErrPruned)
		} else if err != nil {
			t.Errorf("the update for entry %d: %v", pos, err)
		}
	}
	a.Close()
	for _, start := range []uint64{0, pruned} {
		next := *cfg.Configuration
		next.AuditorPublicKey, next.AuditorStartPos = auditorKey(t, 4).Public(), start
		wantIs(t, "a new auditor of what is gone", directory.ChangeAuditor(a.store, cfg.Configuration, &next, cfg.SigningKey), directory.ErrAuditorStart)
	}
	terms := *cfg.Configuration
	terms.MaxAuditorLag++
	fatalIfErr(t, directory.ChangeAuditor(a.store, cfg.Configuration, &terms, cfg.SigningKey))
	fatalIfErr(t, directory.CheckHead(a.store, &terms))
}
