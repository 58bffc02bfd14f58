package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/tile"
	"github.com/ghostlight-kt/ghostlight/web/audit"
)

// ViewPath is the path below which the audit view is served.
const ViewPath = "/audit"

// ViewConfig describes the audit view of a directory.
type ViewConfig struct {
	// Name is what the operator calls the directory, for people. Default: the origin of
	// its log.
	Name string
	// Monitors are linked to, and the pages' scripts ask them.
	Monitors []audit.Monitor
}

// routeView adds the audit view, and / leads to it.
func (s *server) routeView(r chi.Router) error {
	cfg := s.cfg.View
	if cfg == nil {
		return nil
	}
	name := cfg.Name
	if name == "" && s.cfg.Publisher != nil {
		name = s.cfg.Publisher.Status().Origin
	}
	view, err := audit.New(audit.Config{
		Base: ViewPath, Source: viewSource{s}, Host: audit.Host{Kind: audit.Operator, Name: name}, Monitors: cfg.Monitors,
		API: openAPI, APIPath: openAPIPath, MaxInFlight: s.cfg.MaxInFlight, Logger: s.cfg.Logger, Now: s.cfg.Now,
	})
	if err != nil {
		return err
	}
	view.Warm(context.Background())
	s.view = view
	r.Handle(ViewPath, view)
	r.Handle(ViewPath+"/*", view)
	r.Get("/", http.RedirectHandler(ViewPath+"/", http.StatusFound).ServeHTTP)
	return nil
}

// viewSource is an audit.Source over a directory and its publisher.
type viewSource struct{ *server }

// told returns the error that visitors are told of, or err if they are told nothing.
func told(err error) error {
	if err == nil {
		return nil
	}
	p := problemOf(err)
	if p.kind == problemInternal {
		return err
	}
	return &audit.Problem{Status: p.Status, Title: p.Title, Detail: p.Detail, Name: p.kind.name}
}

// Configuration implements audit.Source.
func (s viewSource) Configuration() *keytrans.Configuration { return s.dir.Configuration() }

// Head implements audit.Source.
func (s viewSource) Head(context.Context) (audit.Head, error) {
	h, err := s.dir.Head()
	if err != nil {
		return audit.Head{}, told(err)
	}
	root, err := s.dir.PublicRoot(h.TreeSize)
	if err != nil {
		return audit.Head{}, told(err)
	}
	return audit.Head{
		Size: h.TreeSize, Time: h.Rightmost.Timestamp, Root: h.Root, PublicRoot: root, Distinguished: h.Distinguished,
		FirstEntry: h.FirstEntry, Counts: &audit.Counts{Labels: h.Labels, Versions: h.Versions}, Auditor: h.Auditor,
	}, nil
}

// Entries implements audit.Source.
func (s viewSource) Entries(ctx context.Context, lo, hi uint64) ([]keytrans.LogEntry, error) {
	entries, err := s.dir.Entries(ctx, lo, hi)
	return entries, told(err)
}

// Changes implements audit.Source. Directories of this project remove no leaf.
func (s viewSource) Changes(_ context.Context, pos, from, limit uint64) (audit.Changes, error) {
	added, leaves, err := s.dir.Change(pos, from, limit)
	return audit.Changes{Added: added, Leaves: leaves}, told(err)
}

// Tiles implements audit.Source.
func (s viewSource) Tiles(ctx context.Context, tiles []tile.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		var b bytes.Buffer
		if err := s.dir.WriteTile(ctx, t, &b); err != nil {
			return nil, told(err)
		}
		out[i] = b.Bytes()
	}
	return out, nil
}

// Publication implements audit.Source.
func (s viewSource) Publication(context.Context) (*audit.Publication, error) {
	if s.cfg.Publisher == nil {
		return nil, nil
	}
	st := s.cfg.Publisher.Status()
	p := &audit.Publication{
		Origin: st.Origin, VerifierKey: st.VerifierKey, Policy: st.Policy, PolicyText: st.Policy.Text(),
		Signed: st.Signed, Served: st.Served, QuorumMissingSince: st.QuorumMissingSince, Stopped: st.SigningErr != nil,
	}
	for _, w := range st.Witnesses {
		p.Witnesses = append(p.Witnesses, audit.WitnessState{Name: w.Name, Size: w.Size, Time: w.Time, FailingSince: w.Since})
	}
	for _, h := range st.History {
		p.History = append(p.History, audit.Published{Signed: h.Signed, SignedAt: h.SignedAt, QuorumAt: h.QuorumAt})
	}
	return p, nil
}

// Epochs implements audit.Source.
func (s viewSource) Epochs() []audit.Epoch {
	recent := s.dir.RecentEpochs()
	out := make([]audit.Epoch, len(recent))
	for i, e := range recent {
		out[i] = audit.Epoch{Position: e.Position, Took: e.Took}
	}
	return out
}

// Search implements audit.Source. It takes one of the places of reads.
func (s viewSource) Search(ctx context.Context, q *keytrans.SearchRequest) (*keytrans.SearchResponse, error) {
	if !s.reads.enter() {
		return nil, told(errOverloaded)
	}
	defer s.reads.leave()
	p, err := s.dir.Search(ctx, q)
	if errors.Is(err, directory.ErrUnknownLabel) {
		return nil, &audit.Problem{Status: http.StatusNotFound, Title: "The directory does not know this label",
			Detail: "Nothing was published under it, says the operator.", Name: ProblemUnknownLabel}
	}
	return p, told(err)
}
