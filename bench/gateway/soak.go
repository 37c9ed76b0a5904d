package main

import (
	"context"
	"fmt"
	"time"
)

// sampleEvery is how often a soak looks at memory.
const sampleEvery = 10 * time.Second

// soak writes at the rate for minutes while all listen: nothing may be lost, and
// memory stays.
func soak(ctx context.Context, h *house) error {
	t := allTargets[0]
	s, err := startServer(ctx, h, t)
	if err != nil {
		return err
	}
	defer s.stop()
	m := measurement{house: h, server: s}
	if err := m.warmUp(ctx); err != nil {
		return s.Explain(err)
	}
	w, err := newSwarm(s.address, t.speaks, true, s.members)
	if err != nil {
		return err
	}
	defer w.close()
	if _, err := w.openAll(ctx, patience); err != nil {
		return s.Explain(err)
	}
	d := drive{source: h, members: s.members, rate: h.config.Rate, period: time.Duration(h.config.Soak) * time.Minute}
	watched, stop := context.WithCancel(ctx)
	seen := make(chan []float64)
	go func() { seen <- watch(watched, s) }()
	all, err := m.deliver(ctx, w, &d)
	stop()
	memory := <-seen
	if err != nil {
		return s.Explain(err)
	}
	m.note(w)
	p50, p99 := percentiles(all)
	fmt.Printf("%d sockets, %.0f transactions/s of %d events for %d minutes: %d events came, %.0f faults %q, p50 %.2f ms, p99 %.2f ms.\nResident MB every %s: %.0f\n",
		len(w.sockets), d.perSecond(), together, h.config.Soak, len(all), m.Faults, m.faults, ms(p50), ms(p99), sampleEvery, memory)
	if m.Faults > 0 {
		return fmt.Errorf("%.0f faults", m.Faults)
	}
	return nil
}

// watch gives the server's resident MB, from time to time until ctx ends.
func watch(ctx context.Context, s *server) (memory []float64) {
	for tick := time.NewTicker(sampleEvery); ; {
		if u, err := s.Usage(); err == nil { // a server that has ended is told by its clients
			memory = append(memory, float64(u.RSS)/(1<<20))
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return memory
		case <-tick.C:
		}
	}
}
