package monitor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/keytrans/evidence"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// logPath is where a directory has its latest head.
const logPath = "api/v1/log"

// LogAnswer is what a directory says about its log: the head, the signature of
// which was verified, and that of its auditor, which was not.
type LogAnswer struct {
	evidence.Head
	// Auditor is the auditor's latest head, nil if there is none.
	Auditor *AuditorAnswer `json:"auditor"`
}

// Size returns the number of log entries in the head.
func (a *LogAnswer) Size() uint64 { return a.TreeSize }

// LogRoot returns the root of the log tree in the head.
func (a *LogAnswer) LogRoot() merkle.Hash { return merkle.Hash(a.Root) }

// AuditorAnswer is the auditor's head, as a directory tells of it.
type AuditorAnswer struct {
	TreeSize    uint64 `json:"tree_size"`
	TimestampMS uint64 `json:"timestamp_ms"` // of its last log entry
	Signature   []byte `json:"signature"`
}

// Verify returns nil if the auditor has signed the root of the log at its size.
func (a *AuditorAnswer) Verify(cfg *keytrans.Configuration, root merkle.Hash) error {
	head := keytrans.AuditorTreeHead{Timestamp: a.TimestampMS, TreeSize: a.TreeSize, Signature: a.Signature}
	return keytrans.VerifyAuditorTreeHead(cfg, &head, root)
}

// readLog reads a directory's latest head and verifies its signature.
func readLog(ctx context.Context, source Source, cfg *keytrans.Configuration) (*LogAnswer, error) {
	data, err := readAll(ctx, source, logPath, maxConfiguration)
	if err != nil {
		return nil, err
	}
	var answer LogAnswer
	if err := json.Unmarshal(data, &answer); err != nil {
		return nil, fmt.Errorf("%w: %w", errContent, err)
	}
	if err := answer.Verify(cfg); err != nil {
		return nil, &Error{
			Kind: Undecided, Err: fmt.Errorf("the directory's head of %d entries: %w", answer.TreeSize, err),
			Hint: "if the operator has changed the configuration, compare the new one and give it with --configuration FILE",
		}
	}
	return &answer, nil
}

// headsName is a mirror's file of heads that it has to compare with the log.
const headsName = "log-heads.json"

// mostHeads is how many heads wait to be compared. If there are more, the last one
// gives way to a later one.
const mostHeads = 16

// maxHeadsFile is the size of the largest file of heads, in bytes.
const maxHeadsFile = mostHeads * 8 << 10

// heads are those that a directory has signed, as far as a mirror compares them
// with the log tree over its entries. Each of them is signed.
type heads struct {
	// Waiting are of sizes that the mirror has not come to, ascending.
	Waiting []evidence.Head `json:"waiting"`
	// Equal is the largest one that is of the mirror's entries.
	Equal *evidence.Head `json:"equal"`
	// Differing are not of the mirror's entries: 16 at most.
	Differing []evidence.Head `json:"differing"`
}

// ErrTreesDiffer is wrapped by the error for a head of a directory that is not of
// the log entries in the checkpoint that the directory has signed, too.
var ErrTreesDiffer = errors.New("the directory's head is of other log entries than its checkpoint")

// ErrRolledBack is wrapped by the error for a head that is smaller than one that was
// seen before. Anybody can show an old one.
var ErrRolledBack = errors.New("the log is smaller than it was")

// verify verifies the signatures.
func (h *heads) verify(cfg *keytrans.Configuration) error {
	all := slices.Concat(h.Waiting, h.Differing)
	if h.Equal != nil {
		all = append(all, *h.Equal)
	}
	for i := range all {
		if err := all[i].Verify(cfg); err != nil {
			return fmt.Errorf("the head of %d entries: %w", all[i].TreeSize, err)
		}
	}
	return nil
}

// ofSize returns a head of a size that is known; nil if there is none.
func (h *heads) ofSize(size uint64) *evidence.Head {
	for _, list := range [][]evidence.Head{h.Waiting, h.Differing} {
		for i := range list {
			if list[i].TreeSize == size {
				return &list[i]
			}
		}
	}
	if h.Equal != nil && h.Equal.TreeSize == size {
		return h.Equal
	}
	return nil
}

// largest returns the size of the largest known head.
func (h *heads) largest() uint64 {
	size := uint64(0)
	if h.Equal != nil {
		size = h.Equal.TreeSize
	}
	for _, list := range [][]evidence.Head{h.Waiting, h.Differing} {
		for i := range list {
			size = max(size, list[i].TreeSize)
		}
	}
	return size
}

// wait has a head compared when the mirror has come to its size.
func (h *heads) wait(head evidence.Head) {
	if len(h.Waiting) == mostHeads {
		h.Waiting = h.Waiting[:mostHeads-1]
	}
	at, _ := slices.BinarySearchFunc(h.Waiting, head.TreeSize, func(w evidence.Head, size uint64) int {
		return cmp.Compare(w.TreeSize, size)
	})
	h.Waiting = slices.Insert(h.Waiting, at, head)
}

// pass compares the heads of a size with the root of the log tree at that size, and
// reports whether there were any.
func (h *heads) pass(size uint64, root func() merkle.Hash) bool {
	passed := false
	for i := 0; i < len(h.Waiting) && h.Waiting[i].TreeSize <= size; {
		head := h.Waiting[i]
		if head.TreeSize < size {
			i++
			continue
		}
		h.Waiting = slices.Delete(h.Waiting, i, i+1)
		passed = true
		switch {
		case merkle.Hash(head.Root) != root() && len(h.Differing) < mostHeads:
			h.Differing = append(h.Differing, head)
		case merkle.Hash(head.Root) == root() && (h.Equal == nil || h.Equal.TreeSize < size):
			h.Equal = &head
		}
	}
	return passed
}
