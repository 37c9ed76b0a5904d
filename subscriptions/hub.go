package subscriptions

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/cursor"
)

// Store is what a hub asks of the database. It is an interface so that this
// package stays free of db.
type Store interface {
	FeedHeads(ctx context.Context, keys []domain.FeedKey) (epoch int64, heads map[domain.FeedKey]int64, err error)
	FeedEvents(ctx context.Context, from []domain.FeedFrom, limit int) (map[domain.FeedKey][]domain.Event, error)
}

// Hub is one node's ear: it knows the feeds that its sockets follow, hears the
// bell for those alone, reads their new events in batches and offers them to
// the followers. One goroutine, Run, does all of it; nothing in it waits for a
// client.
type Hub struct {
	Store  Store
	Bell   Bell
	Actors func(ctx context.Context, sessions []string) (map[string]actor.Actor, error) // missing: the session is dead
	Cursor *cursor.Codec
	Now    func() time.Time
	Log    *slog.Logger
	Poll   time.Duration // how often to look where the feeds stand; 0: hubPoll

	// Others is what else is rung for, such as reference data that has changed.
	// Each function is told the sequence; it must not wait. What no chime tells,
	// its owner finds by polling.
	Others map[domain.FeedKey]func(seq int64)

	mu     sync.Mutex // guards what follows; never held while a follower's is being taken
	topics map[domain.FeedKey]*topic
	dirty  map[domain.FeedKey]bool // topics that have something to read
	wake   chan struct{}
}

// topic is a feed that somebody follows here.
type topic struct {
	followers map[*follower]bool
	epoch     int64 // of last
	last      int64 // offered up to here; -1 until the feed's head was read
	heard     int64 // highest sequence that a chime told
	silence   func()
}

const (
	hubPoll     = time.Second     // a lost chime costs at most this
	hubBatch    = 256             // feeds read at once
	feedBatch   = 100             // events of one feed read at once
	liveRows    = 1000            // events of all feeds read at once
	readTimeout = 5 * time.Second // for one read; after that the database counts as away
)

// init makes the maps; the caller holds mu.
func (h *Hub) init() {
	if h.topics == nil {
		h.topics, h.dirty, h.wake = make(map[domain.FeedKey]*topic), make(map[domain.FeedKey]bool), make(chan struct{}, 1)
	}
}

// Run hears and offers until ctx ends.
func (h *Hub) Run(ctx context.Context) {
	h.mu.Lock()
	h.init()
	h.mu.Unlock()
	every := h.Poll
	if every == 0 {
		every = hubPoll
	}
	poll := time.NewTicker(every)
	defer poll.Stop()
	for key := range h.Others {
		defer h.listen(key)()
	}
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-h.Bell.Chimes():
			h.hear(c)
			h.hearMore()
		case <-h.wake:
		case <-poll.C:
			h.look(ctx)
		}
		h.deliver(ctx)
	}
}

// hearMore takes the chimes that already wait, so that one read serves them.
func (h *Hub) hearMore() {
	for range hubBatch {
		select {
		case c := <-h.Bell.Chimes():
			h.hear(c)
		default:
			return
		}
	}
}

func (h *Hub) hear(c domain.Chime) {
	if tell, ok := h.Others[c.FeedKey]; ok {
		tell(c.Seq)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.topics[c.FeedKey]; t != nil && c.Seq > t.heard {
		t.heard = c.Seq
		h.mark(c.FeedKey, t)
	}
}

// mark notes that a topic has something to read; the caller holds mu.
func (h *Hub) mark(key domain.FeedKey, t *topic) {
	if t.last < 0 || t.heard <= t.last || h.dirty[key] {
		return
	}
	h.dirty[key] = true
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// look reads where all feeds stand: it finds what no chime told, and a change
// of epoch.
func (h *Hub) look(ctx context.Context) {
	keys := h.keys()
	if len(keys) == 0 {
		return
	}
	epoch, heads, err := h.heads(ctx, keys)
	if err != nil {
		h.complain(ctx, err)
		return
	}
	for _, f := range h.compare(keys, epoch, heads) {
		f.restart(domain.Position{Epoch: epoch, Seq: heads[f.key]})
	}
}

// compare marks the topics that are behind their heads and gives the followers
// of those whose feeds were begun anew. Only what was asked for is known: a
// topic that came meanwhile is looked at next time.
func (h *Hub) compare(keys []domain.FeedKey, epoch int64, heads map[domain.FeedKey]int64) (reset []*follower) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, key := range keys {
		t := h.topics[key]
		if t == nil || t.last < 0 {
			continue
		}
		if t.epoch != epoch {
			t.epoch, t.last, t.heard = epoch, heads[key], heads[key]
			reset = append(reset, t.list()...)
		}
		t.heard = max(t.heard, heads[key])
		h.mark(key, t) // also what an earlier read failed on
	}
	return reset
}

func (h *Hub) keys() []domain.FeedKey {
	h.mu.Lock()
	defer h.mu.Unlock()
	keys := make([]domain.FeedKey, 0, len(h.topics))
	for key := range h.topics {
		keys = append(keys, key)
	}
	return keys
}

// list copies the followers; the caller holds the hub's mu.
func (t *topic) list() []*follower {
	followers := make([]*follower, 0, len(t.followers))
	for f := range t.followers {
		followers = append(followers, f)
	}
	return followers
}

// register adds a follower and tells where its feed stands. Chimes are listened
// for before the head is read: what is committed after the read is heard.
func (h *Hub) register(ctx context.Context, f *follower) (domain.Position, error) {
	if err := h.add(f); err != nil {
		return domain.Position{}, err
	}
	epoch, heads, err := h.heads(ctx, []domain.FeedKey{f.key})
	if err != nil {
		return domain.Position{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if t := h.topics[f.key]; t != nil && t.last < 0 {
		t.epoch, t.last = epoch, heads[f.key]
		h.mark(f.key, t)
	}
	return domain.Position{Epoch: epoch, Seq: heads[f.key]}, nil
}

func (h *Hub) add(f *follower) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.init()
	t := h.topics[f.key]
	if t == nil {
		t = &topic{followers: make(map[*follower]bool), last: -1, silence: h.listen(f.key)}
		h.topics[f.key] = t
	}
	t.followers[f] = true
	return nil
}

// listen makes the bell listen for a feed until the returned function is called.
func (h *Hub) listen(key domain.FeedKey) (silence func()) {
	silence, err := h.Bell.Listen(key)
	if err != nil {
		h.Log.Warn("the bell does not listen: the poll serves this feed", "feed", key.Feed, "error", err)
		return func() {}
	}
	return silence
}

// unregister removes a follower; the last one of a feed takes the feed along.
func (h *Hub) unregister(f *follower) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[f.key]
	if t == nil {
		return
	}
	if delete(t.followers, f); len(t.followers) == 0 {
		t.silence()
		delete(h.topics, f.key)
		delete(h.dirty, f.key)
	}
}

// deliver reads what the marked topics have new and offers it.
func (h *Hub) deliver(ctx context.Context) {
	from, followers := h.takeDirty()
	if len(from) == 0 {
		return
	}
	events, err := h.events(ctx, from, max(liveRows/len(from), 1))
	if err != nil {
		h.complain(ctx, err) // the next poll marks the topics again
		return
	}
	actors, err := h.actors(ctx, sessionsOf(followers))
	if err != nil {
		h.complain(ctx, err)
		return
	}
	h.advance(from, events)
	for key, list := range followers {
		for _, f := range list {
			switch a, alive := actors[f.session]; {
			case !alive:
				f.sink.signOut()
			case len(events[key]) > 0:
				f.offer(events[key], a)
			}
		}
	}
}

// takeDirty takes marked topics: from where to read, and who follows.
func (h *Hub) takeDirty() (from []domain.FeedFrom, followers map[domain.FeedKey][]*follower) {
	h.mu.Lock()
	defer h.mu.Unlock()
	followers = make(map[domain.FeedKey][]*follower)
	for key := range h.dirty {
		if len(from) == hubBatch {
			h.wakeUp()
			break
		}
		delete(h.dirty, key)
		t := h.topics[key]
		from = append(from, domain.FeedFrom{FeedKey: key, After: t.last})
		followers[key] = t.list()
	}
	return from, followers
}

func (h *Hub) wakeUp() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// advance notes up to where each topic is now offered. A chime may run ahead of
// what could be read, never behind it.
func (h *Hub) advance(from []domain.FeedFrom, events map[domain.FeedKey][]domain.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range from {
		t, read := h.topics[f.FeedKey], events[f.FeedKey]
		if t == nil || len(read) == 0 || t.last != f.After {
			continue
		}
		t.last = read[len(read)-1].Seq
		h.mark(f.FeedKey, t)
	}
}

func sessionsOf(followers map[domain.FeedKey][]*follower) []string {
	seen := make(map[string]bool)
	var ids []string
	for _, list := range followers {
		for _, f := range list {
			if !seen[f.session] {
				seen[f.session] = true
				ids = append(ids, f.session)
			}
		}
	}
	return ids
}

// heads, events and actors ask what their namesakes do, and wait no longer than
// readTimeout: a network may swallow all without a word.
func (h *Hub) heads(ctx context.Context, keys []domain.FeedKey) (int64, map[domain.FeedKey]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return h.Store.FeedHeads(ctx, keys)
}

func (h *Hub) events(ctx context.Context, from []domain.FeedFrom, limit int) (map[domain.FeedKey][]domain.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return h.Store.FeedEvents(ctx, from, min(limit, feedBatch))
}

func (h *Hub) actors(ctx context.Context, sessions []string) (map[string]actor.Actor, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return h.Actors(ctx, sessions)
}

func (h *Hub) complain(ctx context.Context, err error) {
	if ctx.Err() == nil {
		h.Log.Warn("the feeds cannot be read: they go on where they stopped", "error", err)
	}
}
