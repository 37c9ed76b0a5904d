package subscriptions

import (
	"context"
	"log/slog"
	"time"

	"comptesante/domain"
)

// Relay rings the bell for what transactions left in the outbox. Several may
// run at once, on one node or many: each takes other chimes.
type Relay struct {
	// Take hands waiting chimes to ring, and forgets them once it returns nil.
	Take  func(ctx context.Context, limit int, ring func([]domain.Chime) error) (int, error)
	Bell  Bell
	Log   *slog.Logger
	Every time.Duration // how long to wait where nothing waits; 0: relayEvery
}

const (
	relayEvery = 25 * time.Millisecond
	relayBatch = 1000
	relayPause = time.Second // after a fault
)

// Run rings until ctx ends. A fault is logged once, when it begins.
func (r *Relay) Run(ctx context.Context) {
	every, failing := r.Every, false
	if every == 0 {
		every = relayEvery
	}
	for {
		n, err := r.Take(ctx, relayBatch, r.Bell.Ring)
		wait := every
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if !failing {
				r.Log.Warn("the relay cannot ring: events are found by the poll meanwhile", "error", err)
			}
			wait = relayPause
		case n == relayBatch:
			continue
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}
