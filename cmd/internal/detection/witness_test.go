package detection

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// witness is a process that cosigns what the directory's public log grows to.
type witness struct {
	resident
	name, vkey string
	door       *door             // where it polls
	old        map[string]uint64 // size that it cosigned last, by origin
	cosigned   map[string][]byte // signature lines, by the text of the checkpoint
	refused    int               // how often it refused
}

// cosign has the witness cosign a checkpoint of a view, and returns it with the
// cosignature, or as it was if the witness refuses.
func (w *witness) cosign(v *view, note []byte) []byte {
	c := must(checkpoint.Peek(note))
	lines, ok := w.cosigned[c.Text()]
	if !ok {
		lines = w.ask(v, c, note, w.old[origin])
		w.cosigned[c.Text()] = lines
	}
	return append(bytes.Clone(note), lines...)
}

// ask sends a checkpoint to the witness. Old is what the directory says it has
// cosigned last; a witness that knows better says so.
func (w *witness) ask(v *view, c checkpoint.Checkpoint, note []byte, old uint64) []byte {
	for range 2 {
		request := checkpoint.AddCheckpoint{Old: old, Proof: v.consistency(old, c.Size), Note: note}
		r, err := http.Post("http://"+w.address+"/witness/add-checkpoint", "text/plain", bytes.NewReader(request.Marshal()))
		if err != nil {
			panic(fmt.Sprintf("detection: the witness does not answer: %v", err))
		}
		body := readAll(r.Body)
		switch r.StatusCode {
		case http.StatusOK:
			w.old[origin] = c.Size
			return body
		case http.StatusConflict:
			old = must(strconv.ParseUint(strings.TrimSpace(string(body)), 10, 63))
			if old > c.Size {
				w.refused++
				return nil
			}
		default:
			w.refused++
			return nil
		}
	}
	w.refused++
	return nil
}
