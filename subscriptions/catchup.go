package subscriptions

import (
	"context"
	"maps"
	"slices"
	"time"

	"comptesante/domain"
)

// catchUpPause is how long those who are behind wait where the database does not
// answer.
const catchUpPause = time.Second

// callFor asks to have a follower brought on.
func (h *Hub) callFor(f ...*follower) {
	if len(f) == 0 {
		return
	}
	h.prepare()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.behind = append(h.behind, f...)
	h.called.pull()
}

// takeBehind takes the first of those who wait, as many as one read serves.
func (h *Hub) takeBehind() []*follower {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := min(len(h.behind), hubBatch)
	taken := h.behind[:n:n]
	if h.behind = h.behind[n:]; len(h.behind) > 0 {
		h.called.pull()
	} else {
		h.behind = nil
	}
	return taken
}

// bringOn brings some who are behind a batch of their gaps further, in three
// reads whatever their number: where their feeds stand, for those who are new;
// the events; and who they are now.
func (h *Hub) bringOn(ctx context.Context) {
	followers, err := h.join(ctx, h.takeBehind())
	if err == nil {
		catching, later := together(followers)
		h.callFor(later...)
		followers, err = h.replayAll(ctx, catching)
	}
	switch {
	case err == nil || ctx.Err() != nil:
	case domain.CodeOf(err) == domain.Unavailable:
		h.complain(ctx, err)
		time.AfterFunc(catchUpPause, func() { h.callFor(followers...) })
	default:
		for _, f := range followers {
			f.fail(err)
		}
	}
}

// join registers those who are new and tells them where their feeds stand. It
// gives those who have not ended meanwhile. Chimes are listened for before the
// heads are read: what is committed after the read is heard.
func (h *Hub) join(ctx context.Context, followers []*follower) (going []*follower, err error) {
	var joining []*follower
	var keys []domain.FeedKey
	for _, f := range followers {
		isNew, ended := f.arrive()
		if ended {
			continue
		}
		going = append(going, f)
		if isNew {
			joining, keys = append(joining, f), append(keys, f.key)
			h.add(f)
		}
	}
	if len(joining) == 0 {
		return going, nil
	}
	epoch, heads, err := h.heads(ctx, keys)
	if err != nil {
		for _, f := range joining {
			f.retreat()
			h.remove(f)
		}
		return going, err
	}
	h.begin(epoch, keys, heads)
	for _, f := range joining {
		if f.standAt(domain.Position{Epoch: epoch, Seq: heads[f.key]}) {
			h.remove(f) // it ended before it was added, so that nobody else takes it out
		}
	}
	return going, nil
}

// catching is a follower and how far its feed was known to go before its gap was
// read.
type catching struct {
	*follower
	after, high int64
	reads       bool // what follows after
}

// together chooses those whom one read serves: of one feed, all who are at the
// same place, and all who are level.
func together(followers []*follower) (now []catching, later []*follower) {
	from := make(map[domain.FeedKey]int64)
	for _, f := range followers {
		c := catching{follower: f}
		c.after, c.high, c.reads = f.gap()
		if first, taken := from[f.key]; c.reads && taken && first != c.after {
			later = append(later, f)
			continue
		}
		if c.reads {
			from[f.key] = c.after
		}
		now = append(now, c)
	}
	return now, later
}

// replayAll reads a batch of each one's gap and passes it on. It gives those who
// are where they were, where a read fails.
func (h *Hub) replayAll(ctx context.Context, all []catching) (left []*follower, err error) {
	sessions := make([]string, len(all))
	from := make(map[domain.FeedKey]domain.FeedFrom)
	for i, c := range all {
		left, sessions[i] = append(left, c.follower), c.session
		if c.reads {
			from[c.key] = domain.FeedFrom{FeedKey: c.key, After: c.after}
		}
	}
	var read map[domain.FeedKey]domain.FeedRead
	if len(from) > 0 {
		if read, err = h.events(ctx, slices.Collect(maps.Values(from)), feedBatch); err != nil {
			return left, err
		}
	}
	actors, err := h.actors(ctx, sessions)
	if err != nil {
		return left, err
	}
	views, gaps := newViews(actors), make(map[domain.FeedKey]gap, len(from))
	for key, f := range from {
		gaps[key] = gap{f.After, share(read[key].Events), read[key].Fault}
	}
	for _, c := range all {
		if v, alive := views[c.session]; !alive {
			c.sink.signOut()
		} else if !c.replay(gaps[c.key], c.high, v) && !c.sink.whenDrained(c.follower) {
			h.callFor(c.follower)
		}
	}
	return nil, nil
}

// gap is what was read of a feed after a sequence.
type gap struct {
	after  int64
	events []sharedEvent
	fault  error // why what follows events cannot be read
}

// of is the part of the gap that follows a position; nothing where the gap begins
// behind it.
func (g gap) of(at domain.Position) []sharedEvent {
	if g.after > at.Seq {
		return nil
	}
	events := g.events
	for len(events) > 0 && events[0].Epoch == at.Epoch && events[0].Seq <= at.Seq {
		events = events[1:]
	}
	return events
}
