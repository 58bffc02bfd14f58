package keytrans

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/ghostlight-kt/ghostlight/merkle/prefixtree"
)

// TestParseAuditor has encodings that no auditor has.
func TestParseAuditor(t *testing.T) {
	h, a := shortHistory(t)
	fatalIfErr(t, a.Apply(must(h.update(210, []prefixtree.Leaf{testLeaf(0x50, 0)}, nil))))
	data := a.Marshal()
	const times = 1 + 8 + 8 + 2*32
	const waiting = times + 2*8 + 32 // where the number of waiting leaves is
	for name, change := range map[string]func(b []byte) []byte{
		"version":        func(b []byte) []byte { b[0]++; return b },
		"start":          func(b []byte) []byte { b[8] = 4; return b },
		"size":           func(b []byte) []byte { b[9] = 0xff; return b },
		"shape":          func(b []byte) []byte { b[16]++; return b },
		"time falls":     func(b []byte) []byte { b[times] = 1; return b },
		"waiting":        func(b []byte) []byte { b[waiting] = 1; return b },
		"order":          func(b []byte) []byte { b[waiting+4+8] = 0xff; return b },
		"position":       func(b []byte) []byte { b[len(b)-33] = 3; return b },
		"twice":          func(b []byte) []byte { copy(b[len(b)-32:], b[waiting+4+8:]); return b },
		"trailing bytes": func(b []byte) []byte { return append(b, 0) },
		"truncated":      func(b []byte) []byte { return b[:len(b)-1] },
		"empty":          func([]byte) []byte { return nil },
	} {
		if _, err := ParseAuditor(a.cfg, change(slices.Clone(data))); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	empty := must(NewAuditor(a.cfg))
	if again := must(ParseAuditor(a.cfg, empty.Marshal())); again.Size() != 0 || again.Timestamp() != 0 {
		t.Error("an auditor of nothing does not round-trip")
	}
}

// FuzzApply checks that an update is either refused and changes nothing, or appends
// an entry.
func FuzzApply(f *testing.F) {
	log := &audited{}
	begin := must(log.update(100, []prefixtree.Leaf{testLeaf(0x00, 1), testLeaf(0x80, 2)}, nil))
	log.append(begin)
	f.Add(must(must(log.update(200, []prefixtree.Leaf{testLeaf(0x40, 3)}, nil)).Marshal()))
	f.Add(must(must(log.update(300, []prefixtree.Leaf{testLeaf(0x80, 3)}, []prefixtree.Leaf{testLeaf(0x80, 2)})).Marshal()))
	f.Fuzz(func(t *testing.T, data []byte) {
		u, err := ParseAuditorUpdate(data)
		if err != nil {
			return
		}
		a := must(NewAuditor(auditingConfiguration(150)))
		fatalIfErr(t, a.Apply(begin))
		before := a.Marshal()
		var refused *AuditError
		switch err := a.Apply(u); {
		case err == nil && a.Size() == 2 && a.Timestamp() == u.Timestamp:
		case errors.As(err, &refused) && bytes.Equal(a.Marshal(), before):
		default:
			t.Errorf("%v, with %d entries", err, a.Size())
		}
	})
}

func FuzzAuditor(f *testing.F) {
	cfg := auditingConfiguration(150)
	f.Add(must(NewAuditor(cfg)).Marshal())
	f.Add(append(append([]byte{1, 15: 0, 16: 1}, make([]byte, 72)...), 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := ParseAuditor(cfg, data)
		if err != nil {
			wantErr(t, "parsing", err, ErrMalformed)
			return
		}
		if again := a.Marshal(); !bytes.Equal(again, data) {
			t.Errorf("%x re-encodes to %x", data, again)
		}
	})
}
