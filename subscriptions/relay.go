package subscriptions

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"comptesante/domain"
)

// Relay rings the bell for what transactions left in the outbox. Several may
// run at once, on one node or many: each takes other chimes. What the bell does not
// carry is forgotten too, since every node polls: kept for a bell that is away for
// an hour, it would fill the database, and hold up what comes after.
type Relay struct {
	// Take hands waiting chimes to ring, and forgets them once it returns nil. It
	// tells how many, and how long the oldest has waited.
	Take    func(ctx context.Context, limit int, ring func([]domain.Chime) error) (n int, waited time.Duration, err error)
	Bell    Bell
	Log     *slog.Logger
	Metrics *Metrics
	Every   time.Duration // how long to wait where nothing waits, longer when nothing came for a while; 0: relayEvery

	unheard bool // the bell failed the last time
}

const (
	relayEvery = 2 * time.Millisecond
	relayBatch = 1000
	relayPause = time.Second // after a fault
	relayIdle  = 100         // how many times Every the relay waits at most
)

// take takes once, and waits no longer than readTimeout for an answer.
func (r *Relay) take(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	n, waited, err := r.Take(ctx, relayBatch, func(chimes []domain.Chime) error {
		r.ring(chimes)
		return nil
	})
	if err == nil && n > 0 {
		r.Metrics.rung(n, waited)
	}
	return n, err
}

// ring rings, and logs a fault of the bell once, when it begins.
func (r *Relay) ring(chimes []domain.Chime) {
	err := r.Bell.Ring(chimes)
	if err != nil && !r.unheard {
		r.Log.Warn("the bell cannot be rung on other nodes: they find events by the poll meanwhile", "error", err)
	}
	r.unheard = err != nil
}

// Run rings until ctx ends. A fault is logged once, when it begins.
func (r *Relay) Run(ctx context.Context) {
	every, failing := cmp.Or(r.Every, relayEvery), false
	wait := every
	for {
		n, err := r.take(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if !failing {
				r.Log.Warn("the relay cannot take from the outbox: events are found by the poll meanwhile", "error", err)
			}
			wait = relayPause
		case n == relayBatch:
			continue
		case n > 0 || failing:
			wait = every
		default: // the longer nothing happens, the less often it looks
			wait = min(2*wait, relayIdle*every)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}
