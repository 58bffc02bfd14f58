package station

import (
	"context"

	"github.com/ghostlight-kt/ghostlight/monitor/vantage"
)

func (s *Station) openVantage(ctx context.Context, d *Directory, _ *slot) (Role, error) {
	c, err := s.pinned(ctx, d)
	if err != nil {
		return nil, err
	}
	policy, err := s.cfg.policy(d.Policy)
	if err != nil {
		return nil, err
	}
	cfg := vantage.Config{
		Name: d.Name, Client: c, Dir: s.folder(directoriesFolder, d.Name, "vantage"), LogURL: d.Log, Policy: policy,
		Peers: s.cfg.Peers, Unreachable: s.cfg.Health.Unreachable, Overdue: s.cfg.Health.Overdue, HTTP: s.httpConfig(), Now: s.opts.Now, Logger: s.opts.Logger,
	}
	for _, r := range d.Routes {
		cfg.Routes = append(cfg.Routes, vantage.Route{URL: r.URL, LogURL: r.Log, Proxy: r.Proxy})
	}
	role, err := vantage.Open(cfg)
	if err != nil {
		return nil, err
	}
	s.gossip.Add(role)
	return role, nil
}
