package keytrans

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/logtree"
	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

var errDisk = errors.New("the disk is gone")

// faults fails the call after so many others; none if it is negative.
type faults struct{ after, calls int }

func (f *faults) fail() error {
	f.calls++
	if f.calls-1 == f.after {
		return errDisk
	}
	return nil
}

// faultyLog and faultyLabel are a Log and a Label of which one call fails.
type faultyLog struct {
	*worldLog
	faults *faults
}

func (l *faultyLog) Entry(pos uint64) (LogEntry, error) {
	if err := l.faults.fail(); err != nil {
		return LogEntry{}, err
	}
	return l.worldLog.Entry(pos)
}

func (l *faultyLog) PrefixTree(pos uint64) (prefixtree.Node, error) {
	if err := l.faults.fail(); err != nil {
		return nil, err
	}
	root, err := l.worldLog.PrefixTree(pos)
	return faultyNode{root, l.faults}, err
}

func (l *faultyLog) LogNodes(nodes []logtree.Node) ([]merkle.Hash, error) {
	if err := l.faults.fail(); err != nil {
		return nil, err
	}
	return l.worldLog.LogNodes(nodes)
}

type faultyNode struct {
	prefixtree.Node
	faults *faults
}

func (n faultyNode) Leaf() (prefixtree.Leaf, bool, error) {
	if err := n.faults.fail(); err != nil {
		return prefixtree.Leaf{}, false, err
	}
	return n.Node.Leaf()
}

func (n faultyNode) Children() (left, right prefixtree.Node, err error) {
	if err := n.faults.fail(); err != nil {
		return nil, nil, err
	}
	return n.Node.Children()
}

type faultyLabel struct {
	*worldLabel
	faults *faults
}

func (l *faultyLabel) Greatest(pos uint64) (*uint32, error) {
	if err := l.faults.fail(); err != nil {
		return nil, err
	}
	return l.worldLabel.Greatest(pos)
}

func (l *faultyLabel) Inserted(version uint32) (uint64, error) {
	if err := l.faults.fail(); err != nil {
		return 0, err
	}
	return l.worldLabel.Inserted(version)
}

func (l *faultyLabel) SearchKey(version uint32) (merkle.Hash, error) {
	if err := l.faults.fail(); err != nil {
		return merkle.Hash{}, err
	}
	return l.worldLabel.SearchKey(version)
}

func (l *faultyLabel) ProveKey(version uint32) ([]byte, error) {
	if err := l.faults.fail(); err != nil {
		return nil, err
	}
	return l.worldLabel.ProveKey(version)
}

func (l *faultyLabel) Commitment(version uint32) (merkle.Hash, error) {
	if err := l.faults.fail(); err != nil {
		return merkle.Hash{}, err
	}
	return l.worldLabel.Commitment(version)
}

func (l *faultyLabel) Open(version uint32) (Opening, UpdateValue, error) {
	if err := l.faults.fail(); err != nil {
		return Opening{}, UpdateValue{}, err
	}
	return l.worldLabel.Open(version)
}

// TestProverFaults has each read of a directory's data fail in turn, for every
// operation in every mode: the answer is then that error.
func TestProverFaults(t *testing.T) {
	for _, mode := range []DeploymentMode{ContactMonitoring, ThirdPartyManagement, ThirdPartyAuditing} {
		w := newModeWorld(tamperWorld(KT_128_SHA256_Ed25519).World, fakeVRF{}, mode)
		for _, last := range []*uint64{nil, ptr(uint64(tamperLast)), ptr(uint64(tamperSize))} {
			for name, ask := range faultyOperations(w, last) {
				what := fmt.Sprintf("%s in mode %d, last %s", name, mode, describePosition(last))
				honest := &faults{after: -1}
				if err := ask(honest); err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				for after := range honest.calls {
					if err := ask(&faults{after: after}); !errors.Is(err, errDisk) {
						t.Fatalf("%s: call %d of %d failed, and the answer is %v", what, after, honest.calls, err)
					}
				}
			}
		}
	}
}

func describePosition(pos *uint64) string {
	if pos == nil {
		return "none"
	}
	return fmt.Sprint(*pos)
}

// faultyOperations are functions that have a prover answer with some faults.
func faultyOperations(w *world, last *uint64) map[string]func(f *faults) error {
	prover := &Prover{Config: w.cfg}
	log := func(f *faults) *faultyLog { return &faultyLog{w.at(tamperSize), f} }
	label := func(f *faults, name string) *faultyLabel { return &faultyLabel{w.at(tamperSize).label(name), f} }
	distinguished := w.at(tamperSize).naive.Distinguished()
	start := distinguished[len(distinguished)-1]
	return map[string]func(f *faults) error{
		"search": func(f *faults) error {
			_, err := prover.Search(log(f), label(f, "alice"), &SearchRequest{Last: last, Label: []byte("alice")})
			return err
		},
		"fixed version": func(f *faults) error {
			_, err := prover.Search(log(f), label(f, "alice"), &SearchRequest{Last: last, Label: []byte("alice"), Version: ptr(uint32(6))})
			return err
		},
		"contact monitor": func(f *faults) error {
			q := &ContactMonitorRequest{Last: last, Label: []byte("bob"), Entries: []MonitorMapEntry{{12, 0}}}
			_, err := prover.ContactMonitor(log(f), label(f, "bob"), q)
			return err
		},
		"owner init": func(f *faults) error {
			_, err := prover.OwnerInit(log(f), label(f, "alice"), &OwnerInitRequest{Last: last, Label: []byte("alice"), Start: start})
			return err
		},
		"owner monitor": func(f *faults) error {
			q := &OwnerMonitorRequest{Last: last, Label: []byte("alice"), Start: 7, GreatestVersion: ptr(uint32(7)), Entries: []MonitorMapEntry{{10, 7}}}
			_, err := prover.OwnerMonitor(log(f), label(f, "alice"), q)
			return err
		},
		"update": func(f *faults) error {
			_, err := prover.Update(log(f), label(f, "carol"), &UpdateRequest{Last: last, Label: []byte("carol"), GreatestVersion: ptr(uint32(0))}, 0)
			return err
		},
		"distinguished": func(f *faults) error {
			_, err := prover.Distinguished(log(f), &DistinguishedRequest{Last: last})
			return err
		},
		"absence": func(f *faults) error {
			_, err := prover.Absence(log(f), label(f, "alice"), &AbsenceRequest{Last: last, Label: []byte("alice"), Version: ptr(uint32(8))})
			return err
		},
		"absence of a label": func(f *faults) error {
			_, err := prover.Absence(log(f), label(f, "nobody"), &AbsenceRequest{Last: last, Label: []byte("nobody")})
			return err
		},
	}
}
