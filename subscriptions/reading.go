package subscriptions

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// reading is a topic that a reader reads for, and what it has read.
type reading struct {
	domain.FeedFrom
	topic     *topic
	heard     int64 // as it was taken
	events    []domain.Event
	fault     error // why what follows events cannot be read
	followers []*follower
}

// deliver reads what some marked topics have new and offers it.
func (h *Hub) deliver(ctx context.Context) {
	readings, views := h.readInTurn(ctx)
	if len(readings) == 0 {
		return
	}
	defer h.release(readings)
	// Much work for one feed comes last: it holds up no other.
	slices.SortFunc(readings, func(a, b reading) int {
		return cmp.Compare(len(a.events)*len(a.followers), len(b.events)*len(b.followers))
	})
	for _, r := range readings {
		r.offer(views)
		if r.fault != nil {
			h.Log.Error("a feed cannot be read on: its followers are told", "assure", r.Assure, "feed", r.Feed, "error", r.fault)
			r.fail()
		}
	}
}

// overtaking is after how long another reads beside one who still does.
const overtaking = 100 * time.Millisecond

// readInTurn reads what marked topics have new, one reader after the other: what
// is rung for during a read waits for the next one, which then has more to read at
// once.
func (h *Hub) readInTurn(ctx context.Context) ([]reading, views) {
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-time.After(overtaking):
	}
	readings := h.takeDirty()
	if len(readings) == 0 {
		return nil, nil
	}
	return readings, h.read(ctx, readings)
}

// read reads what is new, and at the same time who those are who follow: they are
// what they were after all that was rung for had happened, so that a right which
// was lost before an event is not there for it. What cannot be read has no events.
func (h *Hub) read(ctx context.Context, readings []reading) views {
	from, sessions := make([]domain.FeedFrom, len(readings)), h.sessionsOf(readings)
	for i, r := range readings {
		from[i] = r.FeedFrom
	}
	var actors map[string]actor.Actor
	var fault error
	var asking sync.WaitGroup
	asking.Go(func() { actors, fault = h.actors(ctx, slices.Collect(maps.Keys(sessions))) })
	events, err := h.events(ctx, from, max(liveRows/len(from), 1))
	asking.Wait()
	if err = cmp.Or(err, fault); err != nil {
		h.complain(ctx, err) // the next poll marks the topics again
		return nil
	}
	h.advance(readings, events)
	if err := h.addNewcomers(ctx, readings, sessions, actors); err != nil {
		h.complain(ctx, err)
		h.goBack(readings)
		return nil
	}
	return newViews(actors)
}

// sessionsOf are the sessions of those who follow.
func (h *Hub) sessionsOf(readings []reading) map[string]bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	sessions := make(map[string]bool, len(readings))
	for _, r := range readings {
		for _, f := range r.topic.followers {
			sessions[f.session] = true
		}
	}
	return sessions
}

// addNewcomers adds the actors of those who have joined since sessions were asked
// for.
func (h *Hub) addNewcomers(ctx context.Context, readings []reading, sessions map[string]bool, actors map[string]actor.Actor) error {
	var more []string
	for _, r := range readings {
		for _, f := range r.followers {
			if !sessions[f.session] {
				sessions[f.session] = true
				more = append(more, f.session)
			}
		}
	}
	if len(more) == 0 {
		return nil
	}
	added, err := h.actors(ctx, more)
	maps.Copy(actors, added)
	return err
}

// offer gives all followers what was read, each event rendered once for all that
// see the same.
func (r *reading) offer(views views) {
	if len(r.events) == 0 {
		return
	}
	shared := share(r.events)
	for _, f := range r.followers {
		if v, alive := views[f.session]; alive {
			f.offer(shared, v)
		} else {
			f.sink.signOut()
		}
	}
}

// fail ends all who follow a feed that cannot be read any further, also who is not
// there yet, or begins behind it: they come back to where they stand, and the topic
// that is stuck goes with them.
func (r *reading) fail() {
	for _, f := range r.followers {
		f.fail(errUnreadable)
	}
}

// errUnreadable is what a follower is told; why is for the log.
var errUnreadable = errors.New("the feed cannot be read any further: the log names it")

// takeDirty takes marked topics for the one who calls.
func (h *Hub) takeDirty() (readings []reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, t := range h.dirty {
		if len(readings) == hubBatch {
			h.rung.pull()
			break
		}
		delete(h.dirty, key)
		t.busy = true
		readings = append(readings, reading{FeedFrom: domain.FeedFrom{FeedKey: key, After: t.last}, topic: t, heard: t.heard})
	}
	return readings
}

// advance notes up to where each topic is now offered, and to whom: who comes
// later reads the head after these events were committed. A chime may run ahead
// of what could be read, never behind it.
func (h *Hub) advance(readings []reading, events map[domain.FeedKey]domain.FeedRead) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range readings {
		r := &readings[i]
		read := r.rungFor(events[r.FeedKey])
		n := len(read.Events)
		if n == 0 && read.Fault == nil || r.topic.last != r.After {
			continue
		}
		r.events, r.fault, r.followers = read.Events, read.Fault, slices.Clone(r.topic.followers)
		if n > 0 {
			r.topic.last = read.Events[n-1].Seq
		}
	}
}

// rungFor leaves out what was committed after the read began: who follows may have
// been another by then. It is rung for in its turn.
func (r *reading) rungFor(read domain.FeedRead) domain.FeedRead {
	later := slices.IndexFunc(read.Events, func(e domain.Event) bool { return e.Seq > r.heard })
	if later < 0 {
		return read
	}
	return domain.FeedRead{Events: read.Events[:later]}
}

// goBack undoes advance where nothing could be offered.
func (h *Hub) goBack(readings []reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range readings {
		r := &readings[i]
		if n := len(r.events); n > 0 && r.topic.last == r.events[n-1].Seq {
			r.topic.last = r.After
		}
		r.events, r.fault = nil, nil
	}
}

// release lets others read for the topics.
func (h *Hub) release(readings []reading) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range readings {
		r.topic.busy = false
		if len(r.events) > 0 && r.fault == nil || r.topic.heard > r.heard { // else the read failed, or the chime ran ahead: the poll tells
			h.mark(r.FeedKey, r.topic)
		}
	}
}
