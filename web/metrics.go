package web

import (
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ghostlight-kt/ghostlight/directory"
	"github.com/ghostlight-kt/ghostlight/keytrans"
)

// collector reads the metrics of a server when they are asked for. It implements
// prometheus.Collector. Labels and values of the directory's users are in none
// of them.
type collector struct{ *server }

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("ghostlight_"+name, help, labels, nil)
}

var (
	metricRequests  = describe("requests_total", "Requests answered, by route.", "route")
	metricInFlight  = describe("requests_in_flight", "Requests that are being answered.")
	metricTreeSize  = describe("tree_size", "Log entries.")
	metricLabels    = describe("labels", "Labels in the directory.")
	metricVersions  = describe("versions", "Versions of all labels.")
	metricHeadTime  = describe("head_timestamp_seconds", "Time of the rightmost log entry.")
	metricAuditor   = describe("auditor_size", "Log entries in the auditor's head; 0 if there is none.")
	metricLag       = describe("auditor_lag_seconds", "Time from the last entry in the auditor's head to the rightmost log entry.")
	metricMaxLag    = describe("auditor_max_lag_seconds", "The longest that users accept.")
	metricSigned    = describe("checkpoint_signed_size", "Log entries in the newest signed checkpoint.")
	metricServed    = describe("checkpoint_served_size", "Log entries in the checkpoint that is served.")
	metricQuorum    = describe("checkpoint_quorum_met", "Whether the newest signed checkpoint has the quorum of the policy.")
	metricMissing   = describe("checkpoint_quorum_missing_seconds", "How long signed checkpoints have been without the quorum.")
	metricSigning   = describe("checkpoint_signing", "Whether checkpoints are being signed.")
	metricReplica   = describe("replica_size", "Log entries that the replica has.")
	metricCosigned  = describe("witness_cosigned_size", "Log entries in the checkpoint that the witness cosigned last.", "witness")
	metricWitnessUp = describe("witness_up", "0 if the last request to the witness failed, 1 otherwise.", "witness")
)

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	c.collectRequests(ch)
	if head, err := c.dir.Head(); err == nil {
		gauge(metricTreeSize, float64(head.TreeSize))
		gauge(metricLabels, float64(head.Labels))
		gauge(metricVersions, float64(head.Versions))
		gauge(metricHeadTime, float64(head.Rightmost.Timestamp)/1000)
		c.collectAuditor(gauge, &head)
	}
	if c.cfg.Publisher != nil {
		c.collectPublication(gauge)
	}
}

// collectRequests tells the metrics that every server has.
func (s *frame) collectRequests(ch chan<- prometheus.Metric) {
	for route, n := range s.requests {
		ch <- prometheus.MustNewConstMetric(metricRequests, prometheus.CounterValue, float64(n.Load()), route)
	}
	ch <- prometheus.MustNewConstMetric(metricInFlight, prometheus.GaugeValue, float64(s.inFlight.Load()))
}

func (c collector) collectAuditor(gauge func(*prometheus.Desc, float64, ...string), head *directory.Head) {
	cfg := c.dir.Configuration()
	if cfg.Mode != keytrans.ThirdPartyAuditing {
		return
	}
	gauge(metricMaxLag, float64(cfg.MaxAuditorLag)/1000)
	size, lag := uint64(0), head.Rightmost.Timestamp
	if head.Auditor != nil {
		size, lag = head.Auditor.TreeSize, auditorLag(head)
	}
	gauge(metricAuditor, float64(size))
	gauge(metricLag, float64(lag)/1000)
}

func (c collector) collectPublication(gauge func(*prometheus.Desc, float64, ...string)) {
	st := c.cfg.Publisher.Status()
	if st.Signed != nil {
		gauge(metricSigned, float64(st.Signed.Size))
		gauge(metricQuorum, oneIf(st.Signed.Witnessed() == nil))
	}
	if st.Served != nil {
		gauge(metricServed, float64(st.Served.Size))
	}
	missing := 0.0
	if !st.QuorumMissingSince.IsZero() {
		missing = time.Since(st.QuorumMissingSince).Seconds()
	}
	gauge(metricMissing, missing)
	gauge(metricSigning, oneIf(st.SigningErr == nil))
	if st.ReplicaSize != nil {
		gauge(metricReplica, float64(*st.ReplicaSize))
	}
	for _, w := range st.Witnesses {
		name := metricLabel(w.Name)
		gauge(metricCosigned, float64(w.Size), name)
		gauge(metricWitnessUp, oneIf(w.Err == nil), name)
	}
}

// metricLabel returns a name as the value of a label: names in a policy need not
// be UTF-8.
func metricLabel(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	return strconv.QuoteToASCII(name)
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// metricsHandler returns the handler of GET /metrics, in the formats of
// Prometheus.
func (s *server) metricsHandler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}
