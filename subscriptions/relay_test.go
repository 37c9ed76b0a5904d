package subscriptions

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptesante/domain"
)

// outbox is the table of chimes that wait, in memory: who takes some hides them
// from the others, and forgets them once they are rung.
type outbox struct {
	mu      sync.Mutex
	waiting []domain.Chime
	fault   error
	takes   []time.Duration // when each Take came, from began
	began   time.Time
}

func (o *outbox) leave(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for range n {
		o.waiting = append(o.waiting, domain.Chime{FeedKey: family, Seq: int64(len(o.waiting) + 1)})
	}
}

func (o *outbox) left() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.waiting)
}

func (o *outbox) set(fault error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fault = fault
}

func (o *outbox) tries() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.takes)
}

func (o *outbox) take(_ context.Context, limit int, ring func([]domain.Chime) error) (int, time.Duration, error) {
	o.mu.Lock()
	o.takes = append(o.takes, time.Since(o.began))
	n := min(limit, len(o.waiting))
	taken, fault := o.waiting[:n:n], o.fault
	o.waiting = o.waiting[n:]
	o.mu.Unlock()
	if fault == nil {
		fault = ring(taken)
	}
	if fault != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.waiting = append(taken, o.waiting...)
		return 0, 0, fault
	}
	return n, waited, nil
}

// waited is how long chimes of outbox have waited, as it tells.
const waited = 3 * time.Second

// rung is a bell that notes what is rung.
type rung struct {
	MemoryBell
	mu     sync.Mutex
	chimes []domain.Chime
	fault  error
}

func (r *rung) Ring(chimes []domain.Chime) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fault == nil {
		r.chimes = append(r.chimes, chimes...)
	}
	return r.fault
}

func (r *rung) mend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = nil
}

func (r *rung) seqs() (seqs []int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.chimes {
		seqs = append(seqs, c.Seq)
	}
	slices.Sort(seqs)
	return seqs
}

// warnings counts what is logged, by one goroutine.
type warnings struct {
	slog.Handler
	n int
}

func (w *warnings) Enabled(context.Context, slog.Level) bool  { return true }
func (w *warnings) Handle(context.Context, slog.Record) error { w.n++; return nil }

func upTo(n int) (seqs []int64) {
	for i := range n {
		seqs = append(seqs, int64(i+1))
	}
	return seqs
}

// relays runs n relays over an outbox and a bell until the test ends.
func relays(t *testing.T, n int, o *outbox, b Bell, log slog.Handler) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for range n {
		r := &Relay{Take: o.take, Bell: b, Log: slog.New(log)}
		running.Go(func() { r.Run(ctx) })
	}
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
}

func TestRelayRingsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, b := &outbox{began: time.Now()}, &rung{}
		o.leave(2*relayBatch + 1)
		relays(t, 1, o, b, slog.DiscardHandler)
		synctest.Wait()
		if diff := cmp.Diff(upTo(2*relayBatch+1), b.seqs()); diff != "" {
			t.Errorf("full batches wait for nothing:\n%s", diff)
		}
		o.leave(1)
		time.Sleep(relayEvery)
		synctest.Wait()
		if n := len(b.seqs()); n != 2*relayBatch+2 {
			t.Errorf("%d were rung after %v", n, relayEvery)
		}
	})
}

// A fault of the database is waited out, told once each time it begins, and loses
// nothing.
func TestRelayGoesOnAfterAFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, b, log := &outbox{began: time.Now()}, &rung{}, &warnings{}
		o.leave(3)
		o.set(errors.New("away"))
		relays(t, 1, o, b, log)
		time.Sleep(10*relayPause + relayPause/2)
		synctest.Wait()
		if len(b.seqs()) != 0 || log.n != 1 || o.tries() != 11 {
			t.Errorf("%d were rung, %d warnings, %d tries", len(b.seqs()), log.n, o.tries())
		}
		o.set(nil)
		time.Sleep(relayPause)
		synctest.Wait()
		if diff := cmp.Diff(upTo(3), b.seqs()); diff != "" {
			t.Error(diff)
		}
		o.set(errors.New("away again"))
		time.Sleep(relayPause)
		synctest.Wait()
		if log.n != 2 {
			t.Errorf("%d warnings, want one for each fault", log.n)
		}
	})
}

// A bell that is away holds nothing up and fills no outbox: it is told once each
// time, and rings again for what comes later. Fails where what it does not carry is
// kept.
func TestRelayForgetsWhatTheBellDoesNotCarry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, b, log := &outbox{began: time.Now()}, &rung{fault: errors.New("away")}, &warnings{}
		o.leave(3 * relayBatch)
		relays(t, 1, o, b, log)
		time.Sleep(time.Second)
		synctest.Wait()
		if o.left() != 0 || len(b.seqs()) != 0 || log.n != 1 {
			t.Errorf("%d wait, %d were rung, %d warnings", o.left(), len(b.seqs()), log.n)
		}
		b.mend()
		o.leave(2)
		time.Sleep(time.Second)
		synctest.Wait()
		if n := len(b.seqs()); n != 2 || log.n != 1 {
			t.Errorf("%d were rung, %d warnings", n, log.n)
		}
	})
}

// Several relays ring each chime once between them.
func TestRelaysShareTheOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, b := &outbox{began: time.Now()}, &rung{}
		relays(t, 4, o, b, slog.DiscardHandler)
		want := 0
		for n := range 50 {
			o.mu.Lock()
			for range n {
				want++
				o.waiting = append(o.waiting, domain.Chime{FeedKey: family, Seq: int64(want)})
			}
			o.mu.Unlock()
			time.Sleep(7 * time.Millisecond)
		}
		time.Sleep(relayEvery)
		synctest.Wait()
		if diff := cmp.Diff(upTo(want), b.seqs()); diff != "" {
			t.Error(diff)
		}
	})
}

// With nothing to ring and no fault, a relay soon asks five times a second only.
func TestRelayIsPatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outbox{began: time.Now()}
		relays(t, 1, o, &rung{}, slog.DiscardHandler)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := o.tries(); n != 55 {
			t.Errorf("%d takes in 10 s", n)
		}
	})
}
