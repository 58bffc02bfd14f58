package clienttest

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"

	f_note "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"github.com/ghostlight-kt/ghostlight/merkle"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
)

// Origin is the origin of the public log.
const Origin = "keys.example.org/log"

// The witnesses of the public log.
const (
	Witness1 = "w1"
	Witness2 = "w2"
)

// publicLog is the C2SP log over the directory's entries, at /log. It has the keys
// of the log and of the witnesses, which sign whatever they are asked to.
type publicLog struct {
	signer    note.Signer
	vkey      string
	witnesses map[string]*f_note.Signer
	vkeys     map[string]string // of the witnesses

	asleep   map[string]bool        // witnesses that do not sign
	stopped  *uint64                // the size that is shown, if not the present one
	changed  map[uint64]merkle.Hash // leaves that are not the entries
	pruned   uint64                 // entries before it are in no bundle any more
	onlyFull bool                   // partial tiles are gone once there is a full one
	other    *Directory             // whose log is shown
	signed   map[string][]byte      // checkpoints with cosignatures
}

func newPublicLog() publicLog {
	skey, vkey := newKey(Origin)
	l := publicLog{
		signer: must(note.NewSigner(skey)), vkey: vkey,
		witnesses: make(map[string]*f_note.Signer), vkeys: make(map[string]string),
		asleep: make(map[string]bool), changed: make(map[uint64]merkle.Hash), signed: make(map[string][]byte),
	}
	for _, name := range []string{Witness1, Witness2} {
		skey, vkey := newKey(name + ".example")
		l.witnesses[name] = must(f_note.NewSignerForCosignatureV1(skey))
		l.vkeys[name] = must(f_note.VKeyToCosignatureV1(vkey))
	}
	return l
}

func newKey(name string) (skey, vkey string) {
	skey, vkey, err := note.GenerateKey(rand.Reader, name)
	must(0, err)
	return skey, vkey
}

// fork returns a log with the same keys, of which nothing was changed.
func (l *publicLog) fork() publicLog {
	return publicLog{
		signer: l.signer, vkey: l.vkey, witnesses: l.witnesses, vkeys: l.vkeys,
		asleep: make(map[string]bool), changed: make(map[uint64]merkle.Hash), signed: maps.Clone(l.signed),
	}
}

// LogKey returns the verifier key of the public log.
func (d *Directory) LogKey() string { return d.public.vkey }

// Policy returns a witness policy for the directory. The quorum is "any" or "all"
// of the witnesses, one of them, or "none".
func (d *Directory) Policy(quorum string) []byte {
	text := fmt.Sprintf("log %s\n", d.public.vkey)
	for _, name := range []string{Witness1, Witness2} {
		text += fmt.Sprintf("witness %s %s\n", name, d.public.vkeys[name])
	}
	if quorum == "any" || quorum == "all" {
		text += fmt.Sprintf("group both-%s %s %s %s\n", quorum, quorum, Witness1, Witness2)
		quorum = "both-" + quorum
	}
	return []byte(text + "quorum " + quorum + "\n")
}

// Sleep has the given witnesses sign nothing, and all others sign again.
func (d *Directory) Sleep(witnesses ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.public.asleep)
	for _, name := range witnesses {
		d.public.asleep[name] = true
	}
}

// ShowLog has the public log show no more than its first size entries: witnesses
// that stand still, or a log that was rolled back.
func (d *Directory) ShowLog(size uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.public.stopped = &size
}

// ShowWholeLog has the public log show all of its entries again.
func (d *Directory) ShowWholeLog() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.public.stopped = nil
}

// ChangeLeaf puts something else in the place of an entry, in the public log only.
func (d *Directory) ChangeLeaf(pos uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.public.changed[pos] = merkle.Hash(rfc6962.DefaultHasher.HashLeaf(fmt.Appendf(nil, "not log entry %d", pos)))
}

// DropPartialTiles has the public log serve no partial tile of which it has the
// full one.
func (d *Directory) DropPartialTiles() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.public.onlyFull = true
}

// ShowLogOf has the directory show the public log of another one, of which it is a
// fork.
func (d *Directory) ShowLogOf(other *Directory) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.public.other = other
}

// Checkpoint returns the checkpoint that the public log shows.
func (d *Directory) Checkpoint() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	size := d.publicSize()
	return d.sign(size, d.publicNode(0, size))
}

// SignCheckpoint returns a checkpoint of any size and root, signed by the log and
// the witnesses that are awake.
func (d *Directory) SignCheckpoint(size uint64, root merkle.Hash) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sign(size, root)
}

// PublicRoot returns the root of the public log's tree over its first size
// entries.
func (d *Directory) PublicRoot(size uint64) merkle.Hash {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.publicNode(0, size)
}

func (d *Directory) publicSize() uint64 {
	if d.public.stopped != nil {
		return min(*d.public.stopped, d.log.Size())
	}
	return d.log.Size()
}

// sign signs a checkpoint, once: cosignatures have the time in them.
func (d *Directory) sign(size uint64, root merkle.Hash) []byte {
	l := &d.public
	text := fmt.Sprintf("%s\n%d\n%s\n", Origin, size, base64.StdEncoding.EncodeToString(root[:]))
	signers := []note.Signer{l.signer}
	key := text
	for _, name := range []string{Witness1, Witness2} {
		if !l.asleep[name] {
			signers, key = append(signers, l.witnesses[name]), key+name
		}
	}
	if l.signed[key] == nil {
		l.signed[key] = must(note.Sign(&note.Note{Text: text}, signers...))
	}
	return l.signed[key]
}

// publicNode returns the hash of the tree over the entries [lo, hi): RFC 6962,
// section 2.1.
func (d *Directory) publicNode(lo, hi uint64) merkle.Hash {
	hasher := rfc6962.DefaultHasher
	switch n := hi - lo; n {
	case 0:
		return merkle.Hash(hasher.EmptyRoot())
	case 1:
		if h, ok := d.public.changed[lo]; ok {
			return h
		}
		return merkle.Hash(hasher.HashLeaf(d.log.Entries()[lo].Marshal()))
	default:
		k := uint64(1)
		for 2*k < n {
			k *= 2
		}
		left, right := d.publicNode(lo, lo+k), d.publicNode(lo+k, hi)
		return merkle.Hash(hasher.HashChildren(left[:], right[:]))
	}
}

// answerLog answers a request for a file of the public log.
func (d *Directory) answerLog(path string) *Answer {
	if path == "checkpoint" {
		return &Answer{Status: http.StatusOK, Type: "text/plain; charset=utf-8", Body: d.sign(d.publicSize(), d.publicNode(0, d.publicSize()))}
	}
	notFound := Problem(http.StatusNotFound, "not-found", "", "")
	t, err := tile.ParsePath(path)
	if err != nil {
		return notFound
	}
	// Tiles beyond what is shown are no secret: they are of the same tree.
	total := d.log.Size()
	if size, ok := t.Size(); !ok || size > total {
		return notFound
	}
	full := t
	full.Width = tile.FullWidth
	if size, ok := full.Size(); d.public.onlyFull && t != full && ok && size <= total {
		return notFound
	}
	if t.Kind != tile.Hashes {
		return d.answerBundle(t)
	}
	var body []byte
	lo, hi := t.Range()
	for i := lo; i < hi; i++ {
		h := d.publicNode(i<<(8*t.Level), (i+1)<<(8*t.Level))
		body = append(body, h[:]...)
	}
	return &Answer{Status: http.StatusOK, Type: "application/octet-stream", Body: body}
}

// NewLogKey returns the verifier key of a log with a new key.
func NewLogKey(origin string) string {
	_, vkey := newKey(origin)
	return vkey
}
