package trillianlog

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/trillian"
	"github.com/google/trillian/types"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/ghostlight-kt/ghostlight/merkle"
)

// TestRoots: answers about the root that make no sense.
func TestRoots(t *testing.T) {
	hash := make([]byte, 32)
	for _, test := range []struct {
		name string
		root []byte
		want string
	}{
		{"none", nil, "its root: "},
		{"short", []byte{0, 1}, "its root: "},
		{"no content", []byte{0, 1, 0}, "its root: "},
		{"zeroes", make([]byte, 60), "its root: invalid LogRoot.Version"},
		{"another version", append([]byte{0, 2}, encodeRoot(types.LogRootV1{RootHash: hash})[2:]...), "invalid LogRoot.Version"},
		{"trailing byte", append(encodeRoot(types.LogRootV1{RootHash: hash}), 0), "bytes that do not belong"},
		{"no hash", encodeRoot(types.LogRootV1{}), "a root of 0 bytes, of 0 entries"},
		{"short hash", encodeRoot(types.LogRootV1{RootHash: hash[1:]}), "a root of 31 bytes"},
		{"long hash", encodeRoot(types.LogRootV1{RootHash: append(hash, 0)}), "a root of 33 bytes"},
		{"too large", encodeRoot(types.LogRootV1{RootHash: hash, TreeSize: 1<<62 + 1}), "of 4611686018427387905 entries"},
		{"negative", encodeRoot(types.LogRootV1{RootHash: hash, TreeSize: 1<<64 - 1}), "of 18446744073709551615 entries"},
	} {
		t.Run(test.name, func(t *testing.T) {
			run(t, func(t *testing.T, w *world) {
				w.open()
				w.reach(15)
				w.onRoot = func(r *trillian.GetLatestSignedLogRootResponse) error {
					r.SignedLogRoot.LogRoot = test.root
					return nil
				}
				w.wantBad(20, test.want)
				w.onRoot = func(r *trillian.GetLatestSignedLogRootResponse) error { r.SignedLogRoot = nil; return nil }
				w.wantBad(20, "its root: ")
				if _, err := Open(t.Context(), w.cfg); !errors.Is(err, errAnswer) {
					t.Errorf("Open: %v", err)
				}
				w.onRoot = nil
				if w.logged.Reset(); len(w.adds) != 2 {
					t.Errorf("sent %v", w.adds)
				}
				w.reach(20)
				if w.logged.Len() > 0 { // it did not believe that the tree was empty
					t.Errorf("logged %s", w.logged)
				}
			})
		})
	}
}

// wantBad fails the test unless Advance complains of an answer.
func (w *world) wantBad(size uint64, want string) {
	w.t.Helper()
	n, root, err := w.advance(size)
	if !errors.Is(err, errAnswer) || !strings.Contains(err.Error(), want) || n != 0 || root != (merkle.Hash{}) {
		w.t.Errorf("Advance: %d %v %v, want: %s", n, root, err, want)
	}
}

func FuzzRoot(f *testing.F) {
	f.Add(encodeRoot(types.LogRootV1{RootHash: make([]byte, 32), TreeSize: 7, TimestampNanos: 8, Metadata: []byte("x")}))
	f.Add([]byte{0, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		size, root, err := parseRoot(b)
		if err != nil && (size != 0 || root != merkle.Hash{}) {
			t.Error("something usable with an error")
		}
		if err == nil && (size > maxSize || !bytes.Contains(b, root[:])) {
			t.Error(size, root)
		}
	})
}

// TestResults: answers to a batch that make no sense, or say that something was
// not added.
func TestResults(t *testing.T) {
	bad := func(change func(r *trillian.AddSequencedLeavesResponse)) func(*trillian.AddSequencedLeavesResponse) error {
		return func(r *trillian.AddSequencedLeavesResponse) error { change(r); return nil }
	}
	leaf := func(i uint64, change func(*trillian.LogLeaf)) *trillian.LogLeaf {
		l := &trillian.LogLeaf{LeafIndex: int64(i), LeafValue: entry(i), LeafIdentityHash: identityHash(i, entry(i))}
		change(l)
		return l
	}
	for _, test := range []struct {
		name   string
		change func(*trillian.AddSequencedLeavesResponse) error
		want   string
	}{
		{"none", bad(func(r *trillian.AddSequencedLeavesResponse) { r.Results = nil }), "0 results for 10 leaves"},
		{"too few", bad(func(r *trillian.AddSequencedLeavesResponse) { r.Results = r.Results[1:] }), "9 results for 10"},
		{"too many", bad(func(r *trillian.AddSequencedLeavesResponse) { r.Results = append(r.Results, r.Results[0]) }), "11 results for 10"},
		{"another index", bad(func(r *trillian.AddSequencedLeavesResponse) {
			r.Results[3].Leaf = leaf(3, func(l *trillian.LogLeaf) { l.LeafIndex = 4 })
		}), "another leaf than that at index 3"},
		{"another value", bad(func(r *trillian.AddSequencedLeavesResponse) {
			r.Results[9].Leaf = leaf(9, func(l *trillian.LogLeaf) { l.LeafValue = entry(8) })
		}), "another leaf than that at index 9"},
		{"another identity", bad(func(r *trillian.AddSequencedLeavesResponse) {
			r.Results[0].Leaf = leaf(0, func(l *trillian.LogLeaf) { l.LeafIdentityHash = nil })
		}), "another leaf than that at index 0"},
		{"one failed", bad(func(r *trillian.AddSequencedLeavesResponse) {
			r.Results[4].Status = status.New(codes.Internal, "the disk is on fire").Proto()
		}), "the leaf at index 4 was not added to Trillian: Internal: the disk is on fire"},
		{"unknown code", bad(func(r *trillian.AddSequencedLeavesResponse) {
			r.Results[4].Status.Code = 4711
		}), "index 4 was not added to Trillian: Code(4711)"},
		{"negative code", bad(func(r *trillian.AddSequencedLeavesResponse) {
			r.Results[4].Status.Code = -1
		}), "index 4 was not added to Trillian: Code(4294967295)"},
		{"one failed, one in doubt", bad(func(r *trillian.AddSequencedLeavesResponse) {
			r.Results[2].Status = status.New(codes.FailedPrecondition, "conflicting LeafIndex").Proto()
			r.Results[4].Status = status.New(codes.ResourceExhausted, "quota").Proto()
		}), "index 4 was not added to Trillian: ResourceExhausted: quota"},
	} {
		t.Run(test.name, func(t *testing.T) {
			run(t, func(t *testing.T, w *world) {
				w.open()
				w.afterAdd = test.change
				w.signer = 0
				n, _, err := w.advance(20)
				if err == nil || n != 0 || !strings.Contains(err.Error(), test.want) {
					t.Fatalf("Advance: %v, want: %s", err, test.want)
				}
				if makesSense := strings.Contains(test.want, "was not added"); errors.Is(err, errAnswer) == makesSense {
					t.Errorf("wraps errAnswer: %v", err)
				}
				w.afterAdd, w.signer = nil, 3
				w.reach(20)
			})
		})
	}
}

// TestOtherResults: what other storages than PostgreSQL say of the same.
func TestOtherResults(t *testing.T) {
	for name, change := range map[string]func(r *trillian.QueuedLogLeaf, sent *trillian.LogLeaf){
		"AlreadyExists": func(r *trillian.QueuedLogLeaf, sent *trillian.LogLeaf) {
			if r.Status.Code != 0 {
				r.Status.Code = int32(codes.AlreadyExists)
			}
		},
		"no status": func(r *trillian.QueuedLogLeaf, sent *trillian.LogLeaf) {
			if r.Status.Code == 0 {
				r.Status = nil
			}
		},
		"leaf": func(r *trillian.QueuedLogLeaf, sent *trillian.LogLeaf) { r.Leaf = sent },
	} {
		t.Run(name, func(t *testing.T) {
			run(t, func(t *testing.T, w *world) {
				w.own(3, 7)
				var sent []*trillian.LogLeaf
				w.beforeAdd = func(q *trillian.AddSequencedLeavesRequest) error { sent = q.Leaves; return nil }
				w.afterAdd = func(r *trillian.AddSequencedLeavesResponse) error {
					for i := range r.Results {
						change(r.Results[i], sent[i])
					}
					return nil
				}
				w.open()
				w.reach(20)
			})
		})
	}
}

// TestConflict: somebody else's leaf is at an index, integrated before or later.
func TestConflict(t *testing.T) {
	for index := range uint64(20) {
		run(t, func(t *testing.T, w *world) {
			w.open()
			w.foreign(index, []byte("not ours"))
			w.signer = 2
			want := Conflict{
				Index: index, Own: entry(index), Theirs: []byte("not ours"),
				OwnIdentity: identityHash(index, entry(index)), TheirIdentity: w.byIndex[int64(index)].LeafIdentityHash,
			}
			if index == 0 {
				// Whatever was integrated before it was looked at is the business of
				// whoever compares roots.
				w.signer = 0
				w.onRoot = func(*trillian.GetLatestSignedLogRootResponse) error { w.signer = 2; return nil }
			}
			for range 3 { // it stays
				n, root, err := w.advance(20)
				got, ok := errors.AsType[*Conflict](err)
				if !ok || got.Index != want.Index || !bytes.Equal(got.Own, want.Own) || !bytes.Equal(got.Theirs, want.Theirs) ||
					!bytes.Equal(got.OwnIdentity, want.OwnIdentity) || !bytes.Equal(got.TheirIdentity, want.TheirIdentity) {
					t.Fatalf("foreign leaf at %d: %v", index, err)
				}
				if n != 0 || root != (merkle.Hash{}) || !strings.Contains(got.Error(), "another leaf at index") {
					t.Errorf("%d %v %v", n, root, got)
				}
			}
			// So it does when everything was integrated.
			w.signer = 1000
			if _, _, err := w.advance(25); !errors.As(err, new(*Conflict)) {
				t.Errorf("later: %v", err)
			}
		})
	}
}

// TestConflictOfIdentity: somebody else wrote the directory's own entry.
func TestConflictOfIdentity(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		w.open()
		w.foreign(7, entry(7))
		_, _, err := w.advance(20)
		c, ok := errors.AsType[*Conflict](err)
		if !ok || c.Index != 7 || !strings.Contains(err.Error(), "somebody else wrote entry 7") {
			t.Fatal(err)
		}
	})
}

// TestForeignPrefix: what somebody else wrote before is in the root, for the
// caller to see.
func TestForeignPrefix(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		for i := range uint64(4) {
			w.foreign(i, []byte("not ours"))
		}
		w.open()
		n, root, err := w.advance(20)
		fatalIfErr(t, err)
		if n != 20 || root == wantRoot(20) {
			t.Errorf("size %d, root %v", n, root)
		}
	})
}

// TestTakenIdentity: somebody else used an identity hash of ours at another index,
// so that ours stays empty. Nothing can be proven, and nothing is claimed.
func TestTakenIdentity(t *testing.T) {
	run(t, func(t *testing.T, w *world) {
		w.open()
		w.put(&trillian.LogLeaf{LeafIndex: 1000, LeafValue: entry(7), LeafIdentityHash: identityHash(7, entry(7))})
		_, _, err := w.advance(20)
		if err == nil || errors.As(err, new(*Conflict)) || !strings.Contains(err.Error(), "has integrated 8 entries (it has 7;") {
			t.Errorf("Advance: %v", err)
		}
		if len(w.adds) > 11 {
			t.Errorf("in ten minutes, sent %v", w.adds)
		}
	})
	run(t, func(t *testing.T, w *world) { // what can be proven is
		w.open()
		w.put(&trillian.LogLeaf{LeafIndex: 1000, LeafValue: entry(7), LeafIdentityHash: identityHash(7, entry(7))})
		w.foreign(5, []byte("not ours"))
		_, _, err := w.advance(20)
		if c, ok := errors.AsType[*Conflict](err); !ok || c.Index != 5 {
			t.Errorf("Advance: %v", err)
		}
	})
}

// TestReadBack: answers with leaves that make no sense, and such that are merely
// short.
func TestReadBack(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*trillian.GetLeavesByRangeResponse)
		want   string // nothing: it makes sense
	}{
		{"none", func(r *trillian.GetLeavesByRangeResponse) { r.Leaves = nil }, "0 leaves where 6 from index 2 on"},
		{"too many", func(r *trillian.GetLeavesByRangeResponse) {
			r.Leaves = append(r.Leaves, &trillian.LogLeaf{LeafIndex: 8, LeafValue: entry(8)})
		}, "7 leaves where 6 from index 2 on"},
		{"empty leaf", func(r *trillian.GetLeavesByRangeResponse) { r.Leaves[1] = &trillian.LogLeaf{} }, "index 0 in the place of 3"},
		{"order", func(r *trillian.GetLeavesByRangeResponse) { r.Leaves[0] = r.Leaves[1] }, "index 3 in the place of 2"},
		{"from another index", func(r *trillian.GetLeavesByRangeResponse) { r.Leaves = r.Leaves[1:] }, "index 3 in the place of 2"},
		{"negative", func(r *trillian.GetLeavesByRangeResponse) { r.Leaves[5].LeafIndex = -1 }, "index -1 in the place of 7"},
		{"one at a time", func(r *trillian.GetLeavesByRangeResponse) { r.Leaves = r.Leaves[:1] }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			run(t, func(t *testing.T, w *world) {
				w.own(2, 8)
				w.onRange = func(r *trillian.GetLeavesByRangeResponse) error { test.change(r); return nil }
				w.open()
				if test.want == "" {
					w.reach(20)
					if w.ranges != 6 {
						t.Errorf("read back %d times", w.ranges)
					}
					return
				}
				w.wantBad(20, test.want)
				w.onRange = nil
				w.reach(20)
			})
		})
	}
}

// TestReadBackLies: a leaf that is read back differs in one bit.
func TestReadBackLies(t *testing.T) {
	for name, field := range map[string]func(*trillian.LogLeaf) *[]byte{
		"value":    func(l *trillian.LogLeaf) *[]byte { return &l.LeafValue },
		"identity": func(l *trillian.LogLeaf) *[]byte { return &l.LeafIdentityHash },
	} {
		for _, change := range []func([]byte) []byte{
			func(b []byte) []byte { b = bytes.Clone(b); b[0] ^= 1; return b },
			func(b []byte) []byte { b = bytes.Clone(b); b[len(b)-1] ^= 0x80; return b },
			func(b []byte) []byte { return b[:len(b)-1] },
			func(b []byte) []byte { return append(bytes.Clone(b), 0) },
			func(b []byte) []byte { return nil },
		} {
			t.Run(name, func(t *testing.T) {
				run(t, func(t *testing.T, w *world) {
					w.own(2, 8)
					w.onRange = func(r *trillian.GetLeavesByRangeResponse) error {
						f := field(r.Leaves[3])
						*f = change(*f)
						return nil
					}
					w.open()
					_, _, err := w.advance(20)
					if c, ok := errors.AsType[*Conflict](err); !ok || c.Index != 5 {
						t.Error(err)
					}
				})
			})
		}
	}
}
