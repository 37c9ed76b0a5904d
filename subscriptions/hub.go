package subscriptions

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
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
	FeedEvents(ctx context.Context, from []domain.FeedFrom, limit int) (map[domain.FeedKey]domain.FeedRead, error)
}

// Hub is one node's ear: it knows the feeds that its sockets follow, hears the
// bell, reads their new events in batches and offers them to the followers; and
// it brings on those that are behind, in batches too. A few workers do all of it,
// whatever the number of sockets, and nothing in them waits for a client.
type Hub struct {
	Store  Store
	Bell   Bell
	Actors func(ctx context.Context, sessions []string) (map[string]actor.Actor, error) // missing: the session is dead
	Cursor *cursor.Codec
	Now    func() time.Time
	Log    *slog.Logger
	Poll   time.Duration // how often to look where the feeds stand; 0: hubPoll

	Metrics *Metrics

	// Others is what else is rung for, such as reference data that has changed.
	// Each function is told the sequence; it must not wait. What no chime tells,
	// its owner finds by polling.
	Others map[domain.FeedKey]func(seq int64)

	// Rights is told whose rights have changed (domain.FeedRights); it must not
	// wait. nil: nobody asks.
	Rights func(assures []int64)

	once   sync.Once
	rung   bellCord // for the readers: a topic is dirty
	called bellCord // for the porters: a follower is behind

	turn chan struct{} // holds something while a reader reads, and not while it offers

	mu     sync.Mutex // guards what follows; never held while a follower's is being taken
	topics map[domain.FeedKey]*topic
	dirty  map[domain.FeedKey]*topic // that have something to read, and that nobody reads for
	behind []*follower               // that wait to be brought on, first come first served
}

// topic is a feed that somebody follows here.
type topic struct {
	followers []*follower
	epoch     int64 // of last
	last      int64 // offered up to here; -1 until the feed's head was read
	heard     int64 // highest sequence that a chime told
	busy      bool  // a reader reads for it: its events are offered by one at a time
}

const (
	hubPoll     = time.Second     // a lost chime costs at most this
	hubReaders  = 4               // that read and offer new events at once
	hubPorters  = 2               // that bring on who is behind at once
	hubBatch    = 256             // feeds, or followers, read for at once
	feedBatch   = 100             // events of one feed read at once
	liveRows    = 1000            // events of all feeds read at once
	readTimeout = 5 * time.Second // for one read; after that the database counts as away
)

// bellCord wakes workers: one for each pull, as many as are asleep at most.
type bellCord chan struct{}

func (c bellCord) pull() {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (h *Hub) prepare() {
	h.once.Do(func() {
		h.topics, h.dirty = make(map[domain.FeedKey]*topic), make(map[domain.FeedKey]*topic)
		h.rung, h.called, h.turn = make(bellCord, hubReaders), make(bellCord, hubPorters), make(chan struct{}, 1)
	})
}

// Run hears, reads and offers until ctx ends.
func (h *Hub) Run(ctx context.Context) {
	h.prepare()
	var workers sync.WaitGroup
	defer workers.Wait()
	for range hubReaders {
		workers.Go(func() { work(ctx, h.rung, h.deliver) })
	}
	for range hubPorters {
		workers.Go(func() { work(ctx, h.called, h.bringOn) })
	}
	workers.Go(func() { h.poll(ctx) })
	for {
		select {
		case <-ctx.Done():
			return
		case chimes := <-h.Bell.Chimes():
			h.hear(chimes)
		}
	}
}

// poll looks where the feeds stand, a part of them at a time, until ctx ends.
func (h *Hub) poll(ctx context.Context) {
	tick := time.NewTicker(cmp.Or(h.Poll, hubPoll) / roundParts)
	defer tick.Stop()
	var keys round[domain.FeedKey]
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			h.look(ctx, keys.next(h.keys))
		}
	}
}

// work does a part of what there is whenever the cord is pulled, until ctx ends.
func work(ctx context.Context, cord bellCord, do func(context.Context)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-cord:
			do(ctx)
		}
	}
}

func (h *Hub) hear(chimes []domain.Chime) {
	h.hearRights(chimes)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range chimes {
		if tell, ok := h.Others[c.FeedKey]; ok {
			tell(c.Seq)
		} else if t := h.topics[c.FeedKey]; t != nil && c.Seq > t.heard {
			t.heard = c.Seq
			h.mark(c.FeedKey, t)
		}
	}
}

// hearRights tells whose rights have changed.
func (h *Hub) hearRights(chimes []domain.Chime) {
	var assures []int64
	for _, c := range chimes {
		if c.Feed == domain.FeedRights {
			assures = append(assures, c.Assure)
		}
	}
	if len(assures) > 0 && h.Rights != nil {
		h.Rights(assures)
	}
}

// mark notes that a topic has something to read; the caller holds mu.
func (h *Hub) mark(key domain.FeedKey, t *topic) {
	if t.last < 0 || t.heard <= t.last || t.busy || h.topics[key] != t {
		return
	}
	h.dirty[key] = t
	h.rung.pull()
}

// look reads where feeds stand: it finds what no chime told, and a change of
// epoch.
func (h *Hub) look(ctx context.Context, keys []domain.FeedKey) {
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
			reset = append(reset, t.followers...)
		}
		t.heard = max(t.heard, heads[key])
		h.mark(key, t) // also what an earlier read failed on
	}
	return reset
}

func (h *Hub) keys() []domain.FeedKey {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.topics))
}

// add makes a follower known: what is rung for its feed from now on is heard.
func (h *Hub) add(f *follower) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[f.key]
	if t == nil {
		t = &topic{last: -1}
		h.topics[f.key] = t
	}
	t.followers = append(t.followers, f)
}

// begin notes where the feeds of topics stood as their first followers came.
func (h *Hub) begin(epoch int64, keys []domain.FeedKey, heads map[domain.FeedKey]int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, key := range keys {
		if t := h.topics[key]; t != nil && t.last < 0 {
			t.epoch, t.last = epoch, heads[key]
			h.mark(key, t)
		}
	}
}

// remove forgets a follower; the last one of a feed takes the feed along.
func (h *Hub) remove(f *follower) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[f.key]
	if t == nil {
		return
	}
	if i := slices.Index(t.followers, f); i >= 0 {
		t.followers = slices.Delete(t.followers, i, i+1)
	}
	if len(t.followers) == 0 {
		delete(h.topics, f.key)
		delete(h.dirty, f.key)
	}
}

// heads, events and actors ask what their namesakes do, and wait no longer than
// readTimeout: a network may swallow all without a word.
func (h *Hub) heads(ctx context.Context, keys []domain.FeedKey) (int64, map[domain.FeedKey]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return h.Store.FeedHeads(ctx, keys)
}

func (h *Hub) events(ctx context.Context, from []domain.FeedFrom, limit int) (map[domain.FeedKey]domain.FeedRead, error) {
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
