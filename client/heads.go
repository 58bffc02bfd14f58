package client

import (
	"context"
	"errors"
	"time"

	"github.com/ghostlight-kt/ghostlight/client/count"
	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle"
)

// DistinguishedHead is the log's root where one of the recent distinguished log
// entries is the last one: a reference point that all users of a directory have in
// common.
type DistinguishedHead struct {
	Position uint64 `json:"position"`
	// Time is the log entry's timestamp, zero if it is unknown.
	Time time.Time `json:"time,omitzero"`
	Root string    `json:"root"` // hexadecimal

	root merkle.Hash
}

// HeadsResult is the list of the recent distinguished heads, from left to right.
type HeadsResult struct {
	Directory           string              `json:"directory"`
	ConfigurationSHA256 string              `json:"configuration_sha256"`
	Heads               []DistinguishedHead `json:"heads"`
	// Head is the state of the log in which they were proven.
	Head    Head    `json:"head"`
	Verdict Verdict `json:"verdict"`
	// Witness is nil without a witness policy, and offline.
	Witness *Witnessed `json:"witness,omitempty"`
}

// Kind returns what the result asks of the user.
func (r *HeadsResult) Kind() Kind { return r.Witness.Kind() }

func distinguishedHeads(recent keytrans.Recent) ([]DistinguishedHead, error) {
	list, err := recent.Head()
	if err != nil {
		return nil, err
	}
	out := []DistinguishedHead{}
	for i, root := range list.Heads {
		last := recent[i].Rightmost()
		out = append(out, DistinguishedHead{Position: last.Position, Time: entryTime(last.Timestamp), Root: root.String(), root: root})
	}
	return out, nil
}

// Heads returns the recent distinguished heads. Unless offline is set, it asks the
// directory for them first; otherwise they are as of the last time.
func (c *Client) Heads(ctx context.Context, offline bool) (*HeadsResult, error) {
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	return s.heads(ctx, offline)
}

func (s *session) heads(ctx context.Context, offline bool) (*HeadsResult, error) {
	var w *Witnessed
	if !offline {
		_, err := s.distinguished(ctx)
		if w, err = s.conclude(ctx, err); err != nil {
			return nil, err
		}
	}
	heads, err := distinguishedHeads(s.state.recent)
	if err != nil {
		return nil, fail(Operational, "reading the recent distinguished heads", err)
	}
	return &HeadsResult{
		Directory: s.state.directory, ConfigurationSHA256: hashHex(s.state.configuration), Heads: heads, Head: headOf(s.state.view), Witness: w,
		Verdict: w.qualify(verdict(OutcomeVerified, "the directory signed the log of %s that has these heads", count.Of(s.state.view.Head.TreeSize, "entry", "entries"))),
	}, nil
}

// HeadsExport is a list of recent distinguished heads to give to other people.
type HeadsExport struct {
	HeadsResult
	// File is the list in a file, and Text the same in characters that fit a QR
	// code well.
	File []byte `json:"file"`
	Text string `json:"text"`
}

// ErrNoHeads is wrapped by the error if there are no distinguished heads to export.
var ErrNoHeads = errors.New("the directory has no distinguished log entry yet")

// ExportHeads returns the recent distinguished heads for others to compare. If
// signed is set, the file has a response that the directory signed: with that, a
// difference is evidence. It is larger, and not in the text.
func (c *Client) ExportHeads(ctx context.Context, signed bool) (*HeadsExport, error) {
	const step = "exporting the distinguished heads"
	s, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	r, err := s.heads(ctx, false)
	if err != nil {
		return nil, err
	}
	if len(r.Heads) == 0 {
		return nil, fail(Undecided, step, ErrNoHeads)
	}
	x := &headsFile{Directory: r.Directory, ConfigurationSHA256: r.ConfigurationSHA256, heads: r.Heads}
	if signed {
		n, err := s.asNewcomer(ctx, s.transport)
		if err != nil {
			return nil, s.refused(ctx, exchange{operation: "distinguished"}, err)
		}
		x.Request, x.Response = n.request, n.response
	}
	out := &HeadsExport{HeadsResult: *r}
	if out.File, err = x.encode(); err == nil {
		out.Text, err = x.text(s.state.configuration)
	}
	if err != nil {
		return nil, fail(Operational, step, err)
	}
	return out, nil
}
