package alert

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts alerts and deliveries. It is a prometheus.Collector. Neither labels
// of directories nor addresses of receivers are in it.
type Metrics struct {
	alerts     *prometheus.CounterVec
	deliveries *prometheus.CounterVec

	mu     sync.Mutex
	queues map[string]*queue
}

var waitingDesc = prometheus.NewDesc("ghostlight_monitor_deliveries_waiting",
	"Alerts that a sink has not delivered yet.", []string{"sink"}, nil)

// NewMetrics returns new metrics, for Config.Metrics and to be registered.
func NewMetrics() *Metrics {
	return &Metrics{
		alerts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ghostlight_monitor_alerts_total",
			Help: "Alerts since the start, by rule, class and state.",
		}, []string{"rule", "class", "state"}),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "ghostlight_monitor_deliveries_total",
			Help: "Attempts to deliver an alert since the start, by sink and result.",
		}, []string{"sink", "result"}),
		queues: make(map[string]*queue),
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	m.alerts.Describe(ch)
	m.deliveries.Describe(ch)
	ch <- waitingDesc
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.alerts.Collect(ch)
	m.deliveries.Collect(ch)
	m.mu.Lock()
	defer m.mu.Unlock()
	for sink, q := range m.queues {
		ch <- prometheus.MustNewConstMetric(waitingDesc, prometheus.GaugeValue, float64(q.waiting()), sink)
	}
}

func (m *Metrics) watch(q *queue) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.queues[q.sink.Name()] = q
	for _, result := range []string{"ok", "failed"} {
		m.deliveries.WithLabelValues(q.sink.Name(), result)
	}
}

func (m *Metrics) raised(a *Alert) {
	m.alerts.WithLabelValues(string(a.Rule), string(a.Class), string(a.State)).Inc()
}

func (m *Metrics) delivered(sink string, err error) {
	result := "ok"
	if err != nil {
		result = "failed"
	}
	m.deliveries.WithLabelValues(sink, result).Inc()
}
