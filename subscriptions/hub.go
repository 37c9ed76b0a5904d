package subscriptions

import (
	"cmp"
	"context"
	"errors"
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
