package witness

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the metrics of a witness. They implement prometheus.Collector.
type Metrics struct {
	// Requests counts the answers to add-checkpoint, by status code.
	Requests *prometheus.CounterVec
	// Latest is the size of the latest checkpoint that was cosigned, by origin.
	Latest *prometheus.GaugeVec
}

func newMetrics() *Metrics {
	return &Metrics{
		Requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ghostlight_witness_requests_total", Help: "Answers to add-checkpoint, by status code.",
		}, []string{"code"}),
		Latest: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "ghostlight_witness_latest_size", Help: "Log entries in the latest checkpoint that was cosigned, by origin.",
		}, []string{"origin"}),
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	m.Requests.Describe(ch)
	m.Latest.Describe(ch)
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.Requests.Collect(ch)
	m.Latest.Collect(ch)
}

func (m *Metrics) answered(status int) { m.Requests.WithLabelValues(strconv.Itoa(status)).Inc() }

// latest tells the size of a log's latest checkpoint. Requires that l.mu is held.
func (m *Metrics) latest(l *witnessed) {
	size := 0.0
	if l.latest != nil {
		size = float64(l.latest.Size)
	}
	m.Latest.WithLabelValues(l.origin).Set(size)
}
