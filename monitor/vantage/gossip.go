package vantage

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"
)

// GossipPath is where a monitor serves Documents, below its base URL.
const GossipPath = "/gossip/"

// published is the Document that is served.
type published struct {
	configuration string
	body          []byte
	tag           string
	at            time.Time
}

// publish serves a Document from now on.
func (v *Vantage) publish(d *Document) error {
	body, err := d.Marshal()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	v.published.Store(&published{d.ConfigurationSHA256, body, `"` + hex.EncodeToString(sum[:16]) + `"`, d.ObservedAt})
	return nil
}

// Gossip serves what the roles of several directories have last verified, from memory.
// Its methods are safe for concurrent use, and also while rounds are done.
type Gossip struct {
	mux *http.ServeMux

	mu    sync.Mutex
	roles []*Vantage
}

// NewGossip returns the handler of GET /gossip/, the list of directories, and of GET
// /gossip/ and the SHA-256 of a Configuration, a Document. Of two roles for one
// Configuration, the one that has verified something last is served. What is served is
// public, and has no labels.
func NewGossip(roles ...*Vantage) *Gossip {
	g := &Gossip{roles: slices.Clone(roles), mux: http.NewServeMux()}
	g.mux.HandleFunc("GET "+GossipPath+"{$}", g.serveIndex)
	g.mux.HandleFunc("GET "+GossipPath+"{configuration}", g.serveDocument)
	return g
}

// Add has the handler serve what another role verifies.
func (g *Gossip) Add(v *Vantage) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.roles = append(g.roles, v)
}

// all returns what the roles have verified.
func (g *Gossip) all() (out []*published) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, v := range g.roles {
		if p := v.published.Load(); p != nil {
			out = append(out, p)
		}
	}
	return out
}

// ServeHTTP implements http.Handler.
func (g *Gossip) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.mux.ServeHTTP(w, r) }

// Index is what GET /gossip/ answers.
type Index struct {
	Schema string `json:"schema"`
	// ConfigurationSHA256 are the directories that there is a Document of.
	ConfigurationSHA256 []string `json:"configuration_sha256"`
}

// IndexSchema is the schema of an Index.
const IndexSchema = "ghostlight/gossip-index/v1"

func (g *Gossip) serveIndex(w http.ResponseWriter, r *http.Request) {
	index := Index{Schema: IndexSchema, ConfigurationSHA256: []string{}}
	for _, p := range g.all() {
		index.ConfigurationSHA256 = append(index.ConfigurationSHA256, p.configuration)
	}
	slices.Sort(index.ConfigurationSHA256)
	index.ConfigurationSHA256 = slices.Compact(index.ConfigurationSHA256)
	body, err := json.Marshal(index)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	serve(w, r, append(body, '\n'), time.Time{})
}

func (g *Gossip) serveDocument(w http.ResponseWriter, r *http.Request) {
	var found *published
	for _, p := range g.all() {
		if p.configuration == r.PathValue("configuration") && (found == nil || p.at.After(found.at)) {
			found = p
		}
	}
	if found == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("ETag", found.tag)
	serve(w, r, found.body, found.at)
}

func serve(w http.ResponseWriter, r *http.Request, body []byte, at time.Time) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=30")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Access-Control-Allow-Origin", "*")
	http.ServeContent(w, r, "", at, bytes.NewReader(body))
}
