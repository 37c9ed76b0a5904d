package subscriptions

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what sockets do. A nil *Metrics counts nothing. No label holds
// anything about a person.
type Metrics struct {
	open      prometheus.Gauge
	following prometheus.Gauge
	events    prometheus.Counter
	closes    *prometheus.CounterVec
}

// NewMetrics makes the counters and registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		open:      prometheus.NewGauge(prometheus.GaugeOpts{Name: "comptesante_sockets", Help: "Open sockets."}),
		following: prometheus.NewGauge(prometheus.GaugeOpts{Name: "comptesante_subscriptions", Help: "Open subscriptions."}),
		events:    prometheus.NewCounter(prometheus.CounterOpts{Name: "comptesante_events_delivered_total", Help: "Events queued for clients."}),
		closes:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "comptesante_socket_closes_total", Help: "Closed sockets by code."}, []string{"code"}),
	}
	r.MustRegister(m.open, m.following, m.events, m.closes)
	return m
}

func (m *Metrics) sockets(n float64) {
	if m != nil {
		m.open.Add(n)
	}
}

func (m *Metrics) subscriptions(n float64) {
	if m != nil {
		m.following.Add(n)
	}
}

func (m *Metrics) delivered() {
	if m != nil {
		m.events.Inc()
	}
}

func (m *Metrics) closed(code int) {
	if m != nil {
		m.closes.WithLabelValues(strconv.Itoa(code)).Inc()
	}
}
