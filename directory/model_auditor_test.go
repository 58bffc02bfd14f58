package directory_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// modelAuditor audits the directory when it is online. Without it, nil, nothing is
// ever overdue.
type modelAuditor struct {
	key     keytrans.SigningKey
	auditor *keytrans.Auditor
	head    *keytrans.AuditorTreeHead
	offline time.Time // until when
}

// newModelAuditor makes a configuration one with an auditor.
func newModelAuditor(t *testing.T, c *keytrans.Configuration) *modelAuditor {
	a := &modelAuditor{key: auditorKey(t, 3)}
	audit(c, a.key)
	c.MaxAuditorLag = uint64((6 * time.Hour).Milliseconds())
	var err error
	a.auditor, err = keytrans.NewAuditor(c)
	fatalIfErr(t, err)
	return a
}

// visit processes what is new, most of the time.
func (a *modelAuditor) visit(m *model) {
	if a == nil || time.Now().Before(a.offline) {
		return
	}
	if m.rng.IntN(12) == 0 {
		a.offline = time.Now().Add(time.Duration(m.rng.Int64N(int64(modelLifetime))))
		return
	}
	a.catchUp(m)
}

func (a *modelAuditor) catchUp(m *model) {
	size := a.auditor.Size()
	fatalIfErr(m.t, m.AuditUpdates(context.Background(), size, 1<<16, a.auditor.Apply))
	old := a.head
	var err error
	a.head, err = a.auditor.Head(a.key)
	fatalIfErr(m.t, err)
	fatalIfErr(m.t, m.SetAuditorHead(context.Background(), a.head))
	if old != nil && a.auditor.Size() > size {
		// A head that comes late changes nothing.
		if err := m.SetAuditorHead(context.Background(), old); err == nil {
			m.t.Fatalf("a head of %d entries was taken after one of %d", old.TreeSize, a.head.TreeSize)
		}
	}
	m.did["audit"]++
}

// overdue reports whether users would not accept the auditor's head any more.
func (a *modelAuditor) overdue(m *model) bool {
	if a == nil {
		return false
	}
	return a.overdueAt(m, m.entries[len(m.entries)-1].Timestamp)
}

// overdueForNext reports whether they would not if a log entry came now.
func (a *modelAuditor) overdueForNext(m *model) bool {
	now := uint64(m.cfg.Now().UnixMilli())
	return a != nil && a.overdueAt(m, max(now, m.entries[len(m.entries)-1].Timestamp))
}

func (a *modelAuditor) overdueAt(m *model, rightmost uint64) bool {
	return rightmost-a.head.Timestamp > m.cfg.Configuration.MaxAuditorLag
}

// refused has a newcomer and a writer be told that the auditor is overdue.
func (a *modelAuditor) refused(m *model) string {
	_, err := m.Distinguished(context.Background(), &keytrans.DistinguishedRequest{})
	if !errors.Is(err, keytrans.ErrAuditor) {
		m.t.Fatalf("answered although the auditor is overdue: %v", err)
	}
	q := &keytrans.UpdateRequest{Label: []byte("new"), Values: [][]byte{{1}}}
	if _, err := m.Update(context.Background(), alice, q); !errors.Is(err, keytrans.ErrAuditor) {
		m.t.Fatalf("written although the auditor is overdue: %v", err)
	}
	if _, err := m.Update(context.Background(), directory.Credential{}, q); err == nil {
		m.t.Fatal("written without a credential")
	}
	return "auditor overdue"
}
