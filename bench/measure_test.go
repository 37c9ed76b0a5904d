package main

import (
	"testing"
	"time"

	"comptesante/bench/process"
)

func TestMedian(t *testing.T) {
	r := result{rounds: []measurement{{Rate: 30, RSS: 7}, {Rate: 10, RSS: 9}, {Rate: 20, RSS: 8}}}
	if m := r.median(); m.Rate != 20 || m.RSS != 9 {
		t.Errorf("an odd number of rounds gives %+v", m)
	}
	r.rounds = append(r.rounds, measurement{Rate: 100})
	if m := r.median(); m.Rate != 25 {
		t.Errorf("an even number of rounds gives %+v", m)
	}
}

func TestQuantile(t *testing.T) {
	l := load{latencies: make([]time.Duration, 100)}
	for i := range l.latencies {
		l.latencies[i] = time.Duration(i + 1)
	}
	if p50, p99, all := l.quantile(0.5), l.quantile(0.99), l.quantile(1); p50 != 51 || p99 != 100 || all != 100 {
		t.Errorf("p50 %d, p99 %d, all %d", p50, p99, all)
	}
}

// TestBetween: what is per request is a difference over the number of requests.
func TestBetween(t *testing.T) {
	l := &load{bytes: 400, elapsed: 2 * time.Second, latencies: []time.Duration{1, 2, 3, 4}}
	m := between(reading{allocations: 10, allocated: 1024}, reading{allocations: 50, allocated: 1024 * 9, server: process.Usage{CPU: 8 * time.Millisecond, RSS: 1 << 20}}, l)
	if m.Rate != 2 || m.Allocations != 10 || m.AllocatedKB != 2 || m.ServerCPU != 2 || m.RSS != 1 || m.Answer != 100 {
		t.Errorf("%+v", m)
	}
}
