package subscriptions

import (
	"slices"
	"sync"

	"comptesante/domain"
	"comptesante/domain/civil"
)

// sink is where a follower puts what it has to tell: an operation on a socket.
// It is an interface so that a follower is tested without one.
type sink interface {
	// deliver queues an event for who looks so; tell gives what is told of it, of the
	// feed's union. shared is nil for what concerns this follower alone. false: the
	// operation has ended.
	deliver(v *view, shared *sharedEvent, tell func() any) bool
	// full tells that so much is queued that who catches up lets it leave first.
	full() bool
	// whenDrained has the hub called for the follower once the queue is empty; false:
	// it is.
	whenDrained(f *follower) bool
	// fail ends the operation with an error, and takes the follower out of the hub.
	fail(err error)
	// signOut ends the socket: its session is dead.
	signOut()
}

// follower is one subscription's place in a feed. While it is behind, the hub's
// porters bring it on from the database, batch by batch; once it is level it is
// live: the hub's readers offer events. at moves over every event, whether or not
// its actor may see it.
type follower struct {
	hub     *Hub
	key     domain.FeedKey
	session string
	only    []int64 // beneficiaries who are followed; nil: all whom the actor sees
	sink    sink

	mu     sync.Mutex       // guards what follows, and the order of what goes to the sink; taken before the hub's
	after  *domain.Position // where it begins; nil: at the head. Of no use once it has begun
	saw    []int64          // beneficiaries that were seen when after was given; nil: nobody knows
	head   domain.Position  // where the feed stood as it joined
	at     domain.Position
	high   int64            // highest sequence that was offered
	joined bool             // the hub knows it
	begun  bool             // at is set
	live   bool             // level with the feed: offers are taken, and nobody brings it on
	ready  bool             // FeedReady was sent
	ended  bool             // the operation is over
	anew   *domain.Position // where the feed was begun anew; nil for nowhere
	seen   []int64          // beneficiaries that its actor saw at the last look
}

// arrive tells whether the hub is to be told of the follower, and whether it has
// ended; retreat takes the first back.
func (f *follower) arrive() (isNew, ended bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	isNew, f.joined = !f.joined, true
	return isNew, f.ended
}

func (f *follower) retreat() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.joined = false
}

// standAt notes where the feed stands as the follower joins, and tells whether it
// has ended.
func (f *follower) standAt(head domain.Position) (ended bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.head, f.high = head, max(f.high, head.Seq)
	return f.ended
}

// gap tells what is to be read for the follower: what follows after, of a feed
// that is known to go to high; reads is false where that is nothing.
func (f *follower) gap() (after, high int64, reads bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	from, to := f.at, f.high
	if !f.begun && f.after != nil {
		from, to = *f.after, f.head.Seq
	}
	known := f.anew == nil && (f.begun || f.after != nil && f.after.Epoch == f.head.Epoch)
	if !known || from.Seq >= to {
		return 0, 0, false
	}
	return from.Seq, f.high, true
}

// begin sets where the follower starts. The caller holds mu.
func (f *follower) begin(v *view) {
	after, head := f.after, f.head
	f.seen = f.sees(v)
	if f.anew != nil && f.anew.Epoch == head.Epoch { // it begins there already
		f.high, f.anew = max(f.high, f.anew.Seq), nil
	}
	switch {
	case after == nil:
		f.at = head
	case after.Epoch != head.Epoch || after.Seq > head.Seq:
		f.at = head
		f.tell(v, f.resetEvent(domain.ResetEpochChanged))
	case f.saw != nil && grown(f.saw, f.seen): // what was passed over until now is to be loaded
		f.at = head
		f.tell(v, f.resetEvent(domain.ResetAccessChanged))
	default:
		f.at = *after
	}
	f.begun, f.after, f.saw = true, nil, nil
}

// replay passes on one batch of the gap, or as much of it as the socket takes,
// and tells whether the follower is done with catching up. high is how far the
// feed was known to go before the batch was read.
func (f *follower) replay(read gap, high int64, v *view) (done bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lost(v) {
		return true
	}
	if !f.begun {
		f.begin(v)
	}
	fault := read.fault
	if read.after != f.at.Seq { // it begins elsewhere: what was not read proves nothing
		high, fault = 0, nil
	}
	events := read.of(f.at)
	if len(events) == 0 && fault != nil && f.anew == nil {
		f.ended = true
		f.sink.fail(fault)
		return true
	}
	if reason, broken := f.broken(events, high); broken {
		f.tell(v, f.resetEvent(reason))
		return f.ended
	}
	for i := range events {
		if f.sink.full() {
			return f.ended // the rest is read again
		}
		f.pass(&events[i], v)
	}
	if len(read.events) == feedBatch || f.at.Seq < f.high || f.ended {
		return f.ended
	}
	f.live = true
	if !f.ready {
		f.ready = true
		f.tell(v, domain.FeedReady{Cursor: f.cursor()})
	}
	return true
}

// broken tells whether the gap cannot be given whole, and why; the follower is
// then where it goes on: all that is not told was committed before, so that a
// client that loads anew sees it. The caller holds mu.
func (f *follower) broken(events []sharedEvent, high int64) (reason domain.ResetReason, broken bool) {
	switch {
	case f.anew != nil:
		f.at, f.high, f.ready, f.anew = *f.anew, f.anew.Seq, false, nil
		return domain.ResetEpochChanged, true
	case len(events) == 0 && f.at.Seq < high: // it was there, and is gone
		f.at.Seq = f.high
		return domain.ResetTooOld, true
	case len(events) == 0:
		return "", false
	case events[0].Epoch != f.at.Epoch:
		f.at = events[len(events)-1].Position
		f.high, f.ready = f.at.Seq, false
		return domain.ResetEpochChanged, true
	case events[len(events)-1].Seq != f.at.Seq+int64(len(events)), civil.Of(events[0].OccurredAt).Before(civil.WindowStart(f.today())):
		f.at.Seq = max(f.high, events[len(events)-1].Seq)
		return domain.ResetTooOld, true
	}
	return "", false
}

func (f *follower) today() civil.Date { return civil.Of(f.hub.Now()) }

// offer takes new events from the hub. While the follower catches up it only
// notes how far they go; where they leave a gap it catches up again.
func (f *follower) offer(events []sharedEvent, v *view) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.high = max(f.high, events[len(events)-1].Seq)
	if !f.live || f.ended {
		return
	}
	for i := range events {
		switch e := &events[i]; {
		case e.Seq <= f.at.Seq: // sent already
		case e.Seq != f.at.Seq+1 || e.Epoch != f.at.Epoch:
			f.fallBehind()
			return
		default:
			f.pass(e, v)
		}
	}
}

// fallBehind has the follower brought on again. The caller holds mu.
func (f *follower) fallBehind() {
	f.live = false
	f.hub.callFor(f)
}

// restart makes the follower begin anew at head where the feed was begun anew
// (another epoch). One that has begun there already reads up to head, since the
// hub offers only what follows.
func (f *follower) restart(head domain.Position) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.at.Epoch != head.Epoch:
		f.anew = &head
	case f.at.Seq >= head.Seq:
		return
	default:
		f.high = max(f.high, head.Seq)
	}
	if f.live && !f.ended {
		f.fallBehind()
	}
}

// refresh looks at who follows, as of now, between events.
func (f *follower) refresh(v *view) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.lost(v) && f.live {
		f.notice(v)
	}
}

// sees is of whom its actor is told; nil where of nobody. A follower of some
// people only has not seen the others: its cursors say so. An account has no
// people, and is its assuré's alone.
func (f *follower) sees(v *view) []int64 {
	if f.key.Feed == domain.FeedAccount {
		if v.Assure == f.key.Assure {
			return []int64{}
		}
		return nil
	}
	sight, ok := v.Sight(f.key.Assure)
	if f.only == nil {
		if ok && sight.Beneficiaries == nil {
			return []int64{} // a file that one may see, of which everybody is hidden
		}
		return sight.Beneficiaries
	}
	return inBoth(sight.Beneficiaries, f.only)
}

// inBoth is what two lists have in common, in the order of the first; nil for
// nothing.
func inBoth(a, b []int64) (both []int64) {
	for _, n := range a {
		if slices.Contains(b, n) {
			both = append(both, n)
		}
	}
	return both
}

// lost tells whether the operation is over, and ends it where the actor may see
// nothing of the file any more, such as when a mandate has ended: who narrows is
// told nothing, but nobody waits at a door that stays shut. The caller holds mu.
func (f *follower) lost(v *view) bool {
	if !f.ended && f.sees(v) == nil {
		f.ended = true
		f.sink.fail(errNothingToSee)
	}
	return f.ended
}

// errNothingToSee is what subscribing anew would say too.
var errNothingToSee = domain.Errorf(domain.NotFound, "nothing of this file is yours to see any more")

// pass moves over one event and tells it where its actor may see it. The caller
// holds mu.
func (f *follower) pass(e *sharedEvent, v *view) {
	if f.lost(v) {
		return
	}
	f.notice(v)
	f.at = e.Position
	if f.ended {
		return
	}
	reader := domain.Reader{Own: v.Assure == e.Assure, Beneficiaries: f.seen, Today: f.today()}
	if fact, some := e.Fact.ShownTo(reader); some {
		shown := *e.Event
		shown.Fact = fact
		f.ended = !f.sink.deliver(v, e, func() any { return shown.Tell(f.cursor()) })
	}
}

// notice sends FeedReset where the actor may see more than at the last look:
// what was passed over before must be loaded. The caller holds mu.
func (f *follower) notice(v *view) {
	sees := f.sees(v)
	more := grown(f.seen, sees)
	f.seen = sees
	if more {
		f.tell(v, f.resetEvent(domain.ResetAccessChanged))
	}
}

// grown tells whether somebody is seen who was not before.
func grown(before, now []int64) bool {
	return slices.ContainsFunc(now, func(b int64) bool { return !slices.Contains(before, b) })
}

// tell tells what concerns this follower alone. The caller holds mu.
func (f *follower) tell(v *view, event any) {
	if !f.ended {
		f.ended = !f.sink.deliver(v, nil, func() any { return event })
	}
}

func (f *follower) cursor() string { return f.hub.Cursor.Feed(f.key, f.at, f.seen...) }

func (f *follower) resetEvent(reason domain.ResetReason) domain.FeedReset {
	return domain.FeedReset{Reason: reason, ResumeFrom: f.cursor()}
}

// fail ends the operation with an error.
func (f *follower) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.ended {
		f.ended = true
		f.sink.fail(err)
	}
}

// stop takes the follower out of the hub; nothing is told afterwards.
func (f *follower) stop() {
	f.mu.Lock()
	f.ended = true
	f.mu.Unlock()
	f.hub.remove(f)
}
