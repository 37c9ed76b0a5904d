package subscriptions

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"comptesante/domain"
)

// numbers are what a registry tells, by name with labels as Prometheus writes them;
// of a histogram its count and sum.
func numbers(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += fmt.Sprintf("{%s=%q}", l.GetName(), l.GetValue())
			}
			if h := m.GetHistogram(); h != nil {
				all[name+"_count"], all[name+"_sum"] = float64(h.GetSampleCount()), h.GetSampleSum()
			} else {
				all[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
	}
	return all
}

// counts holds what of the numbers begins with a prefix.
func counts(t *testing.T, registry *prometheus.Registry, prefix string, want map[string]float64) {
	t.Helper()
	got := make(map[string]float64)
	for name, n := range numbers(t, registry) {
		if rest, ok := strings.CutPrefix(name, "comptesante_"+prefix); ok {
			got[rest] = n
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: -want +got:\n%s", prefix, diff)
	}
}

// measured is a world whose numbers are kept.
func measured(w *world) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	w.sockets.Metrics = NewMetrics(registry)
	w.hub.Metrics = w.sockets.Metrics
	return registry
}

func TestMetricsOfConnections(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.sockets.LegacySocket = true
		registry := measured(w)
		w.pipe()
		w.follow("").hears("1: ready @0")
		w.connect("graphql-ws")
		w.asks("parent", w.reserve("parent"), "1", "")
		time.Sleep(time.Second)
		counts(t, registry, "connections", map[string]float64{`{wire="websocket"}`: 1, `{wire="legacy"}`: 1, `{wire="sse"}`: 1})
		counts(t, registry, "subscriptions", map[string]float64{`{feed="payments"}`: 2})
		time.Sleep(6 * time.Second) // neither signs in, nor takes the stream
		counts(t, registry, "connection_closes", map[string]float64{`_total{reason="init_timeout"}`: 2})
	})
}

// A live event counts from when it occurred to when it is queued; one that a client
// catches up with tells nothing of how quick the gateway is.
func TestMetricsOfEvents(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		registry := measured(w)
		w.pipe()
		before := w.record(self)
		w.clock.set(noon.Add(time.Hour))
		late := w.follow(w.cursorAt(1, 0))
		late.hears("1: added @1", "1: ready @1")
		counts(t, registry, "event_latency_seconds", map[string]float64{"_count": 0, "_sum": 0})
		seq := w.record(self)
		w.clock.set(noon.Add(time.Hour + 3*time.Second))
		w.ring(before, seq)
		late.hears("1: added @2")
		counts(t, registry, "event_latency_seconds", map[string]float64{"_count": 1, "_sum": 3})
		counts(t, registry, "events_delivered", map[string]float64{"_total": 3})
	})
}

func TestMetricsOfResumes(t *testing.T) {
	for _, row := range []struct {
		why     string
		prepare func(w *world)
		after   func(w *world) string
		hears   []string
		want    resumption
	}{
		{"no cursor", func(*world) {}, func(*world) string { return "" }, []string{"1: ready @1"}, resumeFromNow},
		{"a cursor", func(*world) {}, func(w *world) string { return w.cursorAt(1, 0) }, []string{"1: added @1", "1: ready @1"}, resumed},
		{"of another epoch", func(*world) {}, func(w *world) string { return w.cursorAt(9, 0) }, []string{"1: reset EPOCH_CHANGED @1", "1: ready @1"}, resumeEpochChanged},
		{"somebody has come into sight", func(*world) {},
			func(w *world) string { return w.codec.Feed(family, domain.Position{Epoch: 1}, self) },
			[]string{"1: reset ACCESS_CHANGED @1", "1: ready @1"}, resumeAccessChanged},
		{"what followed is gone", func(w *world) { w.feeds.purge(func(domain.Event) bool { return true }) },
			func(w *world) string { return w.cursorAt(1, 0) }, []string{"1: reset CURSOR_TOO_OLD @1", "1: ready @1"}, resumptionOf(domain.ResetTooOld)},
	} {
		t.Run(row.why, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				registry := measured(w)
				w.record(self)
				row.prepare(w)
				w.pipe()
				w.follow(row.after(w)).hears(row.hears...)
				counts(t, registry, "resumes", map[string]float64{fmt.Sprintf("_total{outcome=%q}", row.want): 1})
			})
		})
	}
}

// Each reason of the server's own is counted by a name, and what is not told to a
// client too.
func TestMetricsOfCloses(t *testing.T) {
	names := make(map[string]bool)
	for _, c := range []Close{closeOver, closeLeaving, closeLeavingFor(time.Second), closeNotUTF8, closeTooSlow, closeTooMany, closeMalformed, closeNoAck,
		closeSessionDead, closeNoToken, closeUnavailable, closeProtocol, closeInitTimeout, closeSecondInit, closeDuplicate("a"), closeDuplicate("b"),
		closeByClient, closeLost, closeSilent, closeTooLarge, closeInternal} {
		if c.name == "" || strings.Trim(c.name, "abcdefghijklmnopqrstuvwxyz_0123456789") != "" {
			t.Errorf("%d %q is counted as %q", c.Code, c.Reason, c.name)
		}
		names[c.name] = true
	}
	if len(names) != 18 {
		t.Errorf("%d names: %v", len(names), names)
	}
	inBubble(t, func(t *testing.T, w *world) {
		registry := measured(w)
		w.pipe()
		w.signIn("parent").leave()
		bad := w.signIn("parent")
		bad.send("no")
		bad.closedWith(4400)
		w.sessions.fail(always(errAway))
		c := w.connect()
		c.send(initParent)
		c.closes(1013)
		time.Sleep(lingering)
		counts(t, registry, "connection_closes", map[string]float64{`_total{reason="lost"}`: 1, `_total{reason="malformed"}`: 1, `_total{reason="unavailable"}`: 1})
	})
}

// What waits is told while it waits, and is gone with its socket.
func TestMetricsOfQueues(t *testing.T) {
	registry := prometheus.NewRegistry()
	tr := &Transport{Metrics: NewMetrics(registry)}
	tr.prepare()
	for _, c := range []*connection{{t: tr, queued: 70}, {t: tr, queued: 7}, {t: tr, queued: 1000, hungUp: true}} {
		tr.sockets[c] = true
	}
	counts(t, registry, "queue_bytes", map[string]float64{"": 77})
}

// The bell says when it was rung in a line that older releases pass over; one that
// does not say it counts nothing, and a clock that is ahead makes no lag negative.
func TestMetricsOfTheBell(t *testing.T) {
	chimes := []domain.Chime{{FeedKey: family, Seq: 1}}
	for _, row := range []struct {
		why  string
		rung []byte
		want float64
	}{
		{"as it is", formatRung(time.Now().Add(-time.Hour)), 1},
		{"a clock ahead", formatRung(time.Now().Add(time.Hour)), 1},
		{"an older release", nil, 0},
		{"no instant", []byte("rung x\n"), 0},
	} {
		t.Run(row.why, func(t *testing.T) {
			registry := prometheus.NewRegistry()
			b := &NATSBell{metrics: NewMetrics(registry), heard: make(chan []domain.Chime, 1)}
			message := append(row.rung, formatChimes(chimes)...)
			b.hear(&nats.Msg{Data: message})
			if diff := cmp.Diff(chimes, <-b.heard); diff != "" {
				t.Error(diff)
			}
			got := numbers(t, registry)
			if sum := got["comptesante_bell_lag_seconds_sum"]; got["comptesante_bell_lag_seconds_count"] != row.want || sum < 0 || row.why == "as it is" && sum < 3600 {
				t.Error(got)
			}
		})
	}
}

func TestMetricsOfTheRelay(t *testing.T) {
	registry := prometheus.NewRegistry()
	o := &outbox{}
	o.leave(2)
	r := &Relay{Take: o.take, Bell: NewMemoryBell(), Metrics: NewMetrics(registry)}
	for range 2 { // the second time there is nothing
		if _, err := r.take(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	counts(t, registry, "chimes_rung", map[string]float64{"_total": 2})
	counts(t, registry, "relay_lag_seconds", map[string]float64{"_count": 1, "_sum": waited.Seconds()})
}
