package detection

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	f_note "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// standIn is an honest witness (C2SP tlog-witness) of one log.
type standIn struct {
	mu     sync.Mutex
	signer *f_note.Signer
	last   checkpoint.Checkpoint
}

func newWitness(t *testing.T, name string) *witness {
	skey, vkey, err := note.GenerateKey(bytes.NewReader(keySeed(name)), name+".example")
	fatalIfErr(t, err)
	x := &standIn{signer: must(f_note.NewSignerForCosignatureV1(skey))}
	server := httptest.NewServer(x)
	t.Cleanup(server.Close)
	return &witness{
		name: name, vkey: must(f_note.VKeyToCosignatureV1(vkey)), url: server.URL,
		old: make(map[string]uint64), cosigned: make(map[string][]byte),
	}
}

// ServeHTTP implements http.Handler.
func (x *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	head, text, _ := strings.Cut(string(readAll(r.Body)), "\n\n")
	lines := strings.Split(head, "\n")
	var old uint64
	_, _ = fmt.Sscanf(lines[0], "old %d", &old)
	var hashes [][]byte
	for _, line := range lines[1:] {
		hashes = append(hashes, must(base64.StdEncoding.DecodeString(line)))
	}
	c, err := checkpoint.Peek([]byte(text))
	switch {
	case err != nil:
		http.Error(w, "malformed", http.StatusBadRequest)
	case old != x.last.Size:
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, "%d\n", x.last.Size)
	case old > 0 && proof.VerifyConsistency(rfc6962.DefaultHasher, old, c.Size, hashes, x.last.Root[:], c.Root[:]) != nil:
		http.Error(w, "inconsistent", http.StatusUnprocessableEntity)
	default:
		x.last = c
		signed := must(note.Sign(&note.Note{Text: c.Text()}, x.signer))
		_, lines, _ := strings.Cut(string(signed), "\n\n")
		fmt.Fprint(w, lines)
	}
}
