package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// event is a payment that is published: its number in the run, whose it is, and
// which of that person's.
type event struct{ number, person, nth int }

// source is what publishes: our database, by a transaction, or a peer that is
// told to. The instant is that from which the client's latency counts.
type source interface {
	publish(ctx context.Context, events []event) (time.Time, error)
}

// writers is how many transactions are under way at once.
const writers = 16

// together is how many events a transaction has, each of another person.
const together = 2

// drive publishes for some time, each transaction to two people. At a rate, each
// begins at its time, or late where its writer is not free; at rate 0 the next
// begins as soon as one has ended. Each writer has its own people, so that one
// person's events are published one after the other.
type drive struct {
	source  source
	members []*member
	rate    int // transactions a second
	period  time.Duration

	sent [writers][]time.Time // of each writer's transactions
	took time.Duration
}

// run publishes, and returns when the time is over and all writers have ended.
func (d *drive) run(ctx context.Context) error {
	var running sync.WaitGroup
	faults := make([]error, writers)
	began := time.Now()
	for w := range writers {
		running.Go(func() { faults[w] = d.write(ctx, w, began) })
	}
	running.Wait()
	d.took = time.Since(began)
	return errors.Join(faults...)
}

// write is one writer.
func (d *drive) write(ctx context.Context, w int, began time.Time) error {
	mine := (len(d.members) - w + writers - 1) / writers // people w, w+writers, …
	for n := 0; ; n++ {
		due := time.Since(began)
		if d.rate > 0 {
			due = time.Duration(w+n*writers) * time.Second / time.Duration(d.rate)
			wait(ctx, due-time.Since(began))
		}
		if due >= d.period || ctx.Err() != nil {
			return ctx.Err()
		}
		events := make([]event, together)
		for i := range events {
			person := w + (n*together+i)%mine*writers
			d.members[person].told++
			events[i] = event{number: numberOf(w, n, i), person: person, nth: d.members[person].told}
		}
		at, err := d.source.publish(ctx, events)
		if err != nil {
			return err
		}
		d.sent[w] = append(d.sent[w], at)
	}
}

// numberOf is the number of the i-th event of a writer's n-th transaction.
func numberOf(w, n, i int) int { return (n*writers+w)*together + i }

// sentAt is when an event was published.
func (d *drive) sentAt(number int) time.Time {
	t := number / together
	return d.sent[t%writers][t/writers]
}

func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// transactions is how many there were.
func (d *drive) transactions() (n int) {
	for _, of := range d.sent {
		n += len(of)
	}
	return n
}

// perSecond is the rate that was reached.
func (d *drive) perSecond() float64 { return float64(d.transactions()) / d.took.Seconds() }

// percentiles are the p50 and p99 of durations, which it sorts.
func percentiles(all []time.Duration) (p50, p99 time.Duration) {
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[(len(all)-1)/2], all[(len(all)-1)*99/100]
}
