package subscriptions

import (
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"comptesante/domain"
)

// Metrics counts what connections, the bell and the relay do. A nil *Metrics counts
// nothing. No label holds anything about a person. docs/operations.md tells what
// each means.
type Metrics struct {
	registerer prometheus.Registerer
	open       *prometheus.GaugeVec
	following  *prometheus.GaugeVec
	events     prometheus.Counter
	lateness   prometheus.Histogram
	closes     *prometheus.CounterVec
	resumes    *prometheus.CounterVec
	bellLag    prometheus.Histogram
	relayLag   prometheus.Histogram
	chimes     prometheus.Counter
}

// latencies are the bounds of histograms, in seconds.
var latencies = []float64{.0005, .001, .002, .003, .005, .01, .015, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// NewMetrics makes the counters and registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		registerer: r,
		open:       prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "comptesante_connections", Help: "Open connections: sockets, and event streams."}, []string{"wire"}),
		following:  prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "comptesante_subscriptions", Help: "Open subscriptions."}, []string{"feed"}),
		events:     prometheus.NewCounter(prometheus.CounterOpts{Name: "comptesante_events_delivered_total", Help: "Events queued for clients, FeedReady and FeedReset too."}),
		lateness: histogram("comptesante_event_latency_seconds",
			"From an event's occurredAt (the beginning of its transaction, by the database's clock) to when it is queued for a client (by the node's clock). Live events only, not those of a catch-up."),
		closes:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "comptesante_connection_closes_total", Help: "Ended connections by reason."}, []string{"reason"}),
		resumes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "comptesante_resumes_total", Help: "Subscriptions that have begun, by how: at the head, at their cursor, or with a FeedReset."}, []string{"outcome"}),
		bellLag: histogram("comptesante_bell_lag_seconds",
			"From ringing the bell to hearing it, for each message of another node: by the clocks of both, which may differ. A node hears itself at once."),
		relayLag: histogram("comptesante_relay_lag_seconds",
			"How long the oldest chime that a relay took had waited in the outbox, from when it was written, by the database's clock."),
		chimes: prometheus.NewCounter(prometheus.CounterOpts{Name: "comptesante_chimes_rung_total", Help: "Chimes that this node's relay has rung."}),
	}
	r.MustRegister(m.open, m.following, m.events, m.lateness, m.closes, m.resumes, m.bellLag, m.relayLag, m.chimes)
	return m
}

func histogram(name, help string) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: latencies})
}

// resumption is how a subscription begins; what a gap of many batches shows later
// is not counted.
type resumption string

const (
	resumeFromNow       resumption = "from_now"       // without a cursor
	resumed             resumption = "resumed"        // at its cursor, nothing lost
	resumeEpochChanged  resumption = "epoch_changed"  // FeedReset
	resumeAccessChanged resumption = "access_changed" // FeedReset
	resumeUnreadable    resumption = "unreadable"     // ended: the next event cannot be read
)

// resumptionOf is how one begins whose gap cannot be given whole.
func resumptionOf(r domain.ResetReason) resumption { return resumption(strings.ToLower(string(r))) }

// watchQueues has the bytes that wait measured whenever somebody looks.
func (m *Metrics) watchQueues(bytes func() int) {
	if m != nil {
		m.registerer.MustRegister(prometheus.NewGaugeFunc(
			prometheus.GaugeOpts{Name: "comptesante_queue_bytes", Help: "Bytes that wait for clients, of all connections."},
			func() float64 { return float64(bytes()) }))
	}
}

func (m *Metrics) connections(wire string, n float64) {
	if m != nil {
		m.open.WithLabelValues(wire).Add(n)
	}
}

func (m *Metrics) subscriptions(feed domain.Feed, n float64) {
	if m != nil {
		m.following.WithLabelValues(string(feed)).Add(n)
	}
}

func (m *Metrics) delivered() {
	if m != nil {
		m.events.Inc()
	}
}

func (m *Metrics) late(d time.Duration) {
	if m != nil {
		m.lateness.Observe(seconds(d))
	}
}

func (m *Metrics) closed(why Close) {
	if m != nil {
		m.closes.WithLabelValues(why.name).Inc()
	}
}

func (m *Metrics) resumed(outcome resumption) {
	if m != nil {
		m.resumes.WithLabelValues(string(outcome)).Inc()
	}
}

func (m *Metrics) heard(after time.Duration) {
	if m != nil {
		m.bellLag.Observe(seconds(after))
	}
}

func (m *Metrics) rung(chimes int, waited time.Duration) {
	if m != nil {
		m.chimes.Add(float64(chimes))
		m.relayLag.Observe(seconds(waited))
	}
}

// seconds is a span of time; one that two clocks make negative is none.
func seconds(d time.Duration) float64 { return max(d, 0).Seconds() }
