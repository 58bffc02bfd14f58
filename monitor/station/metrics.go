package station

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/ghostlight-kt/ghostlight/monitor/finding"
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("ghostlight_monitor_"+name, help, labels, nil)
}

var (
	metricVerdict  = describe("verdict", "1 for the verdict of a role's last round, 0 for the others.", "directory", "role", "verdict")
	metricUpTo     = describe("checked_entries", "Log entries that a role has checked.", "directory", "role")
	metricTotal    = describe("log_entries", "Log entries that the log has, as far as a role knows.", "directory", "role")
	metricRounds   = describe("rounds_total", "Rounds that a role has completed since the start.", "directory", "role")
	metricTook     = describe("round_seconds", "How long a role's last round took.", "directory", "role")
	metricFinished = describe("round_timestamp_seconds", "When a role's last round was complete; 0 if none is.", "directory", "role")
	metricLedger   = describe("ledger_written", "Whether the ledger could be written at the last attempt.")
)

// collector reads the metrics of a monitor when they are asked for.
type collector struct{ *Station }

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, slot := range c.slots {
		st := slot.current()
		for _, v := range []finding.Verdict{finding.Verified, finding.Changed, finding.Unchecked, finding.Misbehaviour} {
			gauge(metricVerdict, boolean(v == st.Verdict), st.Directory, st.Role, string(v))
		}
		gauge(metricUpTo, float64(st.UpTo), st.Directory, st.Role)
		gauge(metricTotal, float64(st.Total), st.Directory, st.Role)
		ch <- prometheus.MustNewConstMetric(metricRounds, prometheus.CounterValue, float64(st.Rounds), st.Directory, st.Role)
		gauge(metricTook, st.Took.Seconds(), st.Directory, st.Role)
		finished := 0.0
		if !st.FinishedAt.IsZero() {
			finished = float64(st.FinishedAt.UnixMilli()) / 1000
		}
		gauge(metricFinished, finished, st.Directory, st.Role)
	}
	gauge(metricLedger, boolean(c.ledgerError() == nil))
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// metrics returns what Prometheus can read.
func (s *Station) metrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collector{s}, s.alertMetrics, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if s.witness != nil {
		r.MustRegister(s.witness.Metrics())
	}
	return r
}
