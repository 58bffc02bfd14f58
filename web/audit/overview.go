package audit

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/ghostlight-kt/ghostlight/keytrans"
	"github.com/ghostlight-kt/ghostlight/merkle/checkpoint"
)

// recentEpochs is how many of the newest log entries the overview tells the size of.
const recentEpochs = 48

type overviewData struct {
	Head       Head
	Age        string
	Stale      bool // users refuse the head for its age
	Config     configData
	Checkpoint *checkpointSummary // nil if the log is not published
	Charts     []chart
}

// configData is what users pin, in words.
type configData struct {
	Suite, Mode          string
	MaxAhead, MaxBehind  string
	Window, Lifetime     string
	AuditorLag           string
	SignatureKey, VRFKey []byte
	AuditorKey, LeafKey  []byte
}

var modeNames = map[keytrans.DeploymentMode]string{
	keytrans.ContactMonitoring: "contact monitoring", keytrans.ThirdPartyAuditing: "third-party auditing",
	keytrans.ThirdPartyManagement: "third-party management",
}

func newConfigData(c *keytrans.Configuration) configData {
	d := configData{
		Suite: c.Suite.String(), Mode: modeNames[c.Mode], MaxAhead: milliseconds(c.MaxAhead), MaxBehind: milliseconds(c.MaxBehind),
		Window: milliseconds(c.ReasonableMonitoringWindow), Lifetime: "none: entries are kept",
		SignatureKey: c.SignaturePublicKey, VRFKey: c.VRFPublicKey, AuditorKey: c.AuditorPublicKey, LeafKey: c.LeafPublicKey,
	}
	if c.MaximumLifetime != nil {
		d.Lifetime = milliseconds(*c.MaximumLifetime)
	}
	if c.Mode == keytrans.ThirdPartyAuditing {
		d.AuditorLag = milliseconds(c.MaxAuditorLag)
	}
	return d
}

// checkpointSummary is a checkpoint as the overview has it.
type checkpointSummary struct {
	Origin       string
	Size         uint64
	Signed       bool // there is one
	Age          string
	Behind       uint64 // entries of the log that it does not have
	QuorumMet    bool
	Quorum       string
	NoQuorum     bool // the policy requires none
	MissingSince time.Time
	Stopped      bool
	Witnesses    []witnessLine
}

type witnessLine struct {
	Name     string
	Cosigned bool // the checkpoint that is served
	Failing  bool
}

func newCheckpointSummary(p *Publication, size uint64, now time.Time) *checkpointSummary {
	s := &checkpointSummary{
		Origin: p.Origin, Stopped: p.Stopped, MissingSince: p.QuorumMissingSince,
		Quorum: p.Policy.Quorum(), NoQuorum: p.Policy.Quorum() == checkpoint.QuorumNone,
	}
	cosigned := make(map[string]bool)
	if c := p.Served; c != nil {
		s.Signed, s.Size, s.QuorumMet = true, c.Size, c.Witnessed() == nil
		s.Behind = size - min(size, c.Size)
		for _, cosignature := range c.Cosignatures {
			cosigned[cosignature.Witness] = true
		}
		if at := servedAt(p); !at.IsZero() {
			s.Age = since(now, uint64(max(at.UnixMilli(), 0)))
		}
	}
	failing := make(map[string]bool)
	for _, w := range p.Witnesses {
		failing[w.Name] = !w.FailingSince.IsZero()
	}
	for i := range p.Policy.Witnesses {
		name := p.Policy.Witnesses[i].Name
		s.Witnesses = append(s.Witnesses, witnessLine{Name: name, Cosigned: cosigned[name], Failing: failing[name]})
	}
	return s
}

// servedAt returns when the checkpoint that is served was signed, as far as is known: a
// cosignature was made then or later.
func servedAt(p *Publication) time.Time {
	for _, h := range p.History {
		if h.Signed != nil && h.Size == p.Served.Size && !h.SignedAt.IsZero() {
			return h.SignedAt
		}
	}
	return firstCosignature(p.Served)
}

func overview(v *View, r *http.Request) (any, error) {
	ctx := r.Context()
	head, err := v.cfg.Source.Head(ctx)
	if err != nil {
		return nil, err
	}
	now := v.cfg.Now()
	c := v.cfg.Source.Configuration()
	d := overviewData{Head: head, Age: since(now, head.Time), Config: newConfigData(c)}
	if behind := now.UnixMilli() - int64(min(head.Time, maxTime)); behind > 0 && uint64(behind) > c.MaxBehind {
		d.Stale = true
	}
	p, err := v.cfg.Source.Publication(ctx)
	if err != nil {
		return nil, err
	}
	if p != nil {
		d.Checkpoint = newCheckpointSummary(p, head.Size, now)
	}
	for _, draw := range []func(context.Context, Head) (chart, error){v.growthChart, v.sizeChart, v.latencyChart} {
		c, err := draw(ctx, head)
		if p := (*Problem)(nil); errors.As(err, &p) {
			c.Empty, err = p.Title+". "+p.Detail, nil // the rest of the page can be had
		}
		if err != nil {
			return nil, err
		}
		d.Charts = append(d.Charts, c)
	}
	return d, nil
}

// Warm reads what the overview draws, so that the first visitor does not wait for it. What
// cannot be read is read when it is asked for.
func (v *View) Warm(ctx context.Context) {
	head, err := v.cfg.Source.Head(ctx)
	if err != nil {
		return
	}
	_, _ = v.growthChart(ctx, head)
	_, _ = v.sizeChart(ctx, head)
}

func (v *View) growthChart(ctx context.Context, head Head) (chart, error) {
	c := chart{ID: "growth", Title: "Growth", X: "Time", Y: "Log entries", Min: "0", Max: number(head.Size)}
	var points []point
	for _, pos := range sampledPositions(head.FirstEntry, head.Size) {
		ms, err := v.timeOf(ctx, pos)
		if err != nil {
			return c, err
		}
		points = append(points, point{X: float64(ms), Y: float64(pos + 1), XT: instantOf(ms).Text, YT: number(pos + 1), Position: pos})
	}
	c.From, c.To = points[0].XT, points[len(points)-1].XT
	c.drawLine(points)
	return c, nil
}

func (v *View) sizeChart(ctx context.Context, head Head) (chart, error) {
	c := chart{ID: "sizes", Title: "Size of recent epochs", X: "Log entry", Y: "Leaves changed", Min: "0"}
	first := max(head.FirstEntry, head.Size-min(head.Size, recentEpochs))
	var points []point
	most := uint64(0)
	for pos := first; pos < head.Size; pos++ {
		changes, err := v.leavesOf(ctx, pos)
		if err != nil {
			return c, err
		}
		n := changes.Added + changes.Removed
		most = max(most, n)
		points = append(points, point{X: float64(pos), Y: float64(n), XT: number(pos), YT: number(n), Position: pos})
	}
	c.Max, c.From, c.To = number(most), "entry "+number(first), "entry "+number(head.Size-1)
	c.Remark = "An idle directory adds an entry with one random leaf, so that its head stays young."
	c.drawBars(points)
	return c, nil
}

func (v *View) latencyChart(context.Context, Head) (chart, error) {
	c := chart{ID: "latency", Title: "Time to make an epoch", X: "Log entry", Y: "Milliseconds", Min: "0 ms"}
	var points []point
	longest := time.Duration(0)
	for _, e := range v.cfg.Source.Epochs() {
		longest = max(longest, e.Took)
		points = append(points, point{X: float64(e.Position), Y: float64(e.Took.Microseconds()) / 1000, XT: number(e.Position),
			YT: took(e.Took), Position: e.Position})
	}
	if len(points) == 0 {
		c.Empty = "No entry was made since the server started."
		if v.cfg.Host.Kind == MonitorHost {
			c.Empty = "A monitor does not see how long an operator takes."
		}
		return c, nil
	}
	c.Max, c.From, c.To = took(longest), "entry "+points[0].XT, "entry "+points[len(points)-1].XT
	c.Remark = "From when the first update of the epoch is worked on until everybody can look it up, durably stored."
	c.drawBars(points)
	return c, nil
}
