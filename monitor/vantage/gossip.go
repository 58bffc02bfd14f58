package vantage

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"sync"
	"time"

	"github.com/ghostlight-kt/ghostlight/client"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// Schema is the version of what monitors tell each other.
const Schema = "ghostlight/gossip/v1"

// MaxGossip bounds that, in bytes.
const MaxGossip = client.MaxHeadsSize*4/3 + 2*checkpoint.MaxNoteSize + 4<<10

// document is what a monitor was shown of a directory, in JSON.
type document struct {
	Schema string `json:"schema"`
	// ConfigurationSHA256 is that of the encoded Configuration, in hexadecimal.
	ConfigurationSHA256 string `json:"configuration_sha256"`
	// Heads is a list of recent distinguished heads, with what the directory signed: a
	// file of client.ExportHeads.
	Heads []byte `json:"heads"`
	// Checkpoint is the latest one of the public log, empty if none is known.
	Checkpoint string    `json:"checkpoint,omitempty"`
	ObservedAt time.Time `json:"observed_at"`
}

func parseDocument(data []byte) (*document, error) {
	d := new(document)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	switch err := dec.Decode(d); {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errPeer, err)
	case dec.More():
		return nil, fmt.Errorf("%w: something follows it", errPeer)
	case d.Schema != Schema:
		return nil, fmt.Errorf("%w: its schema is %.40q, not %q", errPeer, d.Schema, Schema)
	case len(d.Heads) == 0 || len(d.Heads) > client.MaxHeadsSize || len(d.Checkpoint) > checkpoint.MaxNoteSize:
		return nil, fmt.Errorf("%w: its heads have %d bytes, its checkpoint %d", errPeer, len(d.Heads), len(d.Checkpoint))
	}
	return d, nil
}

// publish tells others what a round verified.
func (c *collector) publish(heads *client.HeadsExport, own *checkpoint.Signed) {
	if c.role.cfg.Gossip == nil || len(heads.Heads) == 0 {
		return
	}
	d := document{Schema: Schema, ConfigurationSHA256: c.role.hash, Heads: heads.File, ObservedAt: c.role.cfg.Now().UTC()}
	if own != nil {
		d.Checkpoint = string(own.Note)
	}
	data, err := json.Marshal(d)
	if err != nil {
		panic("vantage: a list of heads has no encoding: " + err.Error())
	}
	c.role.cfg.Gossip.put(d.ConfigurationSHA256, data)
}

// Gossip serves what roles verified last, to other monitors and to everybody else. It
// is safe for concurrent use.
type Gossip struct {
	mu   sync.Mutex
	docs map[string][]byte // by the hash of the Configuration
}

// NewGossip returns a Gossip that has nothing to tell yet.
func NewGossip() *Gossip { return &Gossip{docs: make(map[string][]byte)} }

func (g *Gossip) put(hash string, data []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.docs[hash] = data
}

func (g *Gossip) get(hash string) []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.docs[hash]
}

// index is the list of what there is.
type index struct {
	Schema         string   `json:"schema"`
	Configurations []string `json:"configurations"`
}

// ServeHTTP answers GET requests for a path whose last element is the SHA-256 of a
// Configuration in hexadecimal, or "gossip" or nothing for the list of them.
func (g *Gossip) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
		return
	}
	name := path.Base(r.URL.Path)
	var data []byte
	if name == "gossip" || name == "/" {
		data = g.index()
	} else if data = g.get(name); data == nil {
		http.Error(w, "this monitor has nothing of a directory with this configuration", http.StatusNotFound)
		return
	}
	sum := sha256.Sum256(data)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

func (g *Gossip) index() []byte {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := index{Schema: Schema, Configurations: slices.Sorted(maps.Keys(g.docs))}
	data, err := json.Marshal(out)
	if err != nil {
		panic("vantage: a list of texts has no encoding: " + err.Error())
	}
	return append(data, '\n')
}
