package bench

import (
	"context"
	"errors"
	"time"

	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/instance"
	"github.com/ghostlight-kt/ghostlight/cmd/ktd/internal/pipeline"
	"github.com/ghostlight-kt/ghostlight/directory"
)

// PublishConfig describes a measurement of publishing.
type PublishConfig struct {
	Dir    string // empty or absent
	Labels int    // at least 1
	Batch  int    // labels in an epoch, at least 1
	Config instance.Config

	// VRFTime is how long the VRF alone is measured, before and after.
	VRFTime time.Duration

	// Progress, if set, is called with the number of labels published.
	Progress func(n int)
}

// PublishResult is what publishing cost.
type PublishResult struct {
	Machine
	Labels  int     `json:"labels"`
	Batch   int     `json:"batch"`
	Epochs  uint64  `json:"epochs"`
	Seconds float64 `json:"seconds"`

	// LabelsPerSecond counts from the first Insert until all is durable.
	LabelsPerSecond float64 `json:"labels_per_s"`

	// VRFBoundPerSecond is the rate of the VRF alone on all cores: the mean of
	// a measurement before and one after.
	VRFBoundPerSecond float64 `json:"vrf_bound_per_s"`
	RatioToVRFBound   float64 `json:"ratio_to_vrf_bound"`

	// CPUPerLabel and VRFCPU are the CPU time of a label and of the VRF alone,
	// in microseconds, and RatioByCPUTime is their ratio. On a machine that does
	// other things as well they say more than rates. 0 where the system does not
	// tell.
	CPUPerLabel    float64 `json:"cpu_us_per_label"`
	VRFCPU         float64 `json:"vrf_cpu_us"`
	RatioByCPUTime float64 `json:"ratio_by_cpu_time"`

	// StoreBytesPerLabel is the disk space of the closed store.
	StoreBytesPerLabel float64 `json:"store_bytes_per_label"`
	RSSBytes           int64   `json:"rss_bytes"` // the process's peak
}

// Publish creates an instance in cfg.Dir and publishes labels in it.
func Publish(ctx context.Context, cfg PublishConfig) (*PublishResult, error) {
	cfg.Config.MaxEpoch = cfg.Batch
	if _, err := instance.Init(cfg.Dir, cfg.Config); err != nil {
		return nil, err
	}
	r := &PublishResult{Machine: machine(cfg.Config.Suite), Labels: cfg.Labels, Batch: cfg.Batch}
	if err := publish(ctx, cfg, r); err != nil {
		return nil, err
	}
	r.RSSBytes = peakMemory()
	size, err := storeBytes(cfg.Dir)
	if err != nil {
		return nil, err
	}
	r.StoreBytesPerLabel = float64(size) / float64(cfg.Labels)
	return r, writeContents(cfg.Dir, contents{Labels: cfg.Labels})
}

// publish runs the measurement and closes the instance.
func publish(ctx context.Context, cfg PublishConfig, r *PublishResult) (err error) {
	inst, err := open(cfg.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, inst.Close()) }()
	identity, err := inst.Identity(ctx, "")
	if err != nil {
		return err
	}
	before, err := inst.Directory.Head()
	if err != nil {
		return err
	}
	first := measureVRF(inst.VRFKey(), cfg.Labels, cfg.VRFTime)
	began, cpu := time.Now(), cpuTime()
	err = pipeline.Insert(ctx, inst.Directory, &source{cfg: cfg, identity: identity})
	if err != nil {
		return err
	}
	r.Seconds = time.Since(began).Seconds()
	r.CPUPerLabel = micros(cpuTime()-cpu) / float64(cfg.Labels)
	second := measureVRF(inst.VRFKey(), cfg.Labels, cfg.VRFTime)
	r.VRFBoundPerSecond = (first.perSecond + second.perSecond) / 2
	r.VRFCPU = (first.cpuMicros + second.cpuMicros) / 2
	if r.CPUPerLabel > 0 {
		r.RatioByCPUTime = r.VRFCPU / r.CPUPerLabel
	}
	r.LabelsPerSecond = float64(cfg.Labels) / r.Seconds
	r.RatioToVRFBound = r.LabelsPerSecond / r.VRFBoundPerSecond
	after, err := inst.Directory.Head()
	r.Epochs = after.TreeSize - before.TreeSize
	return err
}

// source makes the workload's batches. It implements pipeline.Source.
type source struct {
	cfg        PublishConfig
	identity   directory.Identity
	next, done int
}

// Next implements pipeline.Source.
func (s *source) Next() ([]directory.NewVersions, error) {
	n := min(s.cfg.Batch, s.cfg.Labels-s.next)
	batch := make([]directory.NewVersions, n)
	for i := range batch {
		batch[i] = directory.NewVersions{
			Label:    label(s.next + i),
			Values:   [][]byte{value(s.next + i)},
			Identity: s.identity,
		}
	}
	s.next += n
	return batch, nil
}

// Done implements pipeline.Source.
func (s *source) Done(batch []directory.NewVersions, outcomes []error) error {
	s.done += len(batch)
	if s.cfg.Progress != nil {
		s.cfg.Progress(s.done)
	}
	return errors.Join(outcomes...)
}
