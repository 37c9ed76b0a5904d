package subscriptions

import (
	"context"
	"slices"
	"sync"
	"time"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
)

// sink is where a follower puts what it has to tell: an operation on a socket.
// It is an interface so that a follower is tested without one.
type sink interface {
	// deliver renders an event for an actor and queues it; false: the operation
	// has ended.
	deliver(a actor.Actor, event domain.PaymentEvent) bool
	// full tells that so much is queued that who catches up lets it leave first.
	full() bool
	// drained waits until the queue is empty; its error is ctx's.
	drained(ctx context.Context) error
	// fail ends the operation with an error.
	fail(err error)
	// signOut ends the socket: its session is dead.
	signOut()
	// start runs f in a goroutine that the socket waits for when it closes; its
	// context ends with the operation.
	start(f func(ctx context.Context))
}

// follower is one subscription's place in a feed. It catches up from the
// database, in a goroutine of its own that ends when it is level, and is then
// live: the hub's goroutine offers events. at moves over every event, whether
// or not its actor may see it.
type follower struct {
	hub     *Hub
	key     domain.FeedKey
	session string
	after   *domain.Position
	saw     []int64 // beneficiaries that were seen when after was given; nil: nobody knows
	sink    sink

	mu    sync.Mutex // guards what follows, and the order of what goes to the sink
	at    domain.Position
	high  int64            // highest sequence that was offered
	live  bool             // level with the feed: offers are taken, and nothing catches up
	ready bool             // FeedReady was sent
	ended bool             // the operation is over
	anew  *domain.Position // where the feed was begun anew; nil for nowhere
	seen  []int64          // beneficiaries that its actor saw at the last look
}

// catchUpPause is how long a follower waits to try again where the database
// does not answer.
const catchUpPause = time.Second

// run registers the follower and brings it level. An operation may end before
// it is registered: then there was nothing yet for stop to take out.
func (f *follower) run(ctx context.Context) {
	defer func() {
		if ctx.Err() != nil {
			f.hub.unregister(f)
		}
	}()
	var head domain.Position
	if !f.insist(ctx, func() (err error) {
		head, err = f.hub.register(ctx, f)
		return err
	}) {
		return
	}
	a, ok := f.actor(ctx)
	if !ok {
		return
	}
	if f.begin(head, a) {
		f.catchUp(ctx)
	}
}

// begin sets where the follower starts; false: the operation is over.
func (f *follower) begin(head domain.Position, a actor.Actor) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lost(a) {
		return false
	}
	sight, _ := a.Sight(f.key.Assure)
	f.seen = sight.Beneficiaries
	f.high = max(f.high, head.Seq)
	if f.anew != nil && f.anew.Epoch == head.Epoch { // it begins there already
		f.high, f.anew = max(f.high, f.anew.Seq), nil
	}
	switch {
	case f.after == nil:
		f.at = head
	case f.after.Epoch != head.Epoch || f.after.Seq > head.Seq:
		f.at = head
		f.tell(a, f.resetEvent(domain.ResetEpochChanged))
	case f.saw != nil && grown(f.saw, f.seen): // what was passed over until now is to be loaded
		f.at = head
		f.tell(a, f.resetEvent(domain.ResetAccessChanged))
	default:
		f.at = *f.after
	}
	return true
}

// catchUp reads and sends in bounded batches until the follower is level. After
// each batch it waits for the socket, so that a long gap fills no queue.
func (f *follower) catchUp(ctx context.Context) {
	for {
		var events []domain.Event
		at, high := f.position()
		if !f.insist(ctx, func() error {
			read, err := f.hub.events(ctx, []domain.FeedFrom{{FeedKey: f.key, After: at}}, feedBatch)
			events = read[f.key]
			return err
		}) {
			return
		}
		a, ok := f.actor(ctx)
		if !ok || f.replay(events, high, a) {
			return
		}
		if f.sink.drained(ctx) != nil {
			return
		}
	}
}

func (f *follower) position() (at, high int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at.Seq, f.high
}

// insist calls try until it succeeds. A database that is away is waited for;
// any other fault ends the operation. false: the operation is over.
func (f *follower) insist(ctx context.Context, try func() error) bool {
	for {
		err := try()
		if err == nil || ctx.Err() != nil {
			return ctx.Err() == nil
		}
		if domain.CodeOf(err) != domain.Unavailable {
			f.sink.fail(err)
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(catchUpPause):
		}
	}
}

// actor is who follows, as of now; false where the operation is over, as it is
// once the session is dead.
func (f *follower) actor(ctx context.Context) (a actor.Actor, alive bool) {
	if !f.insist(ctx, func() error {
		actors, err := f.hub.actors(ctx, []string{f.session})
		a, alive = actors[f.session]
		return err
	}) {
		return a, false
	}
	if !alive {
		f.sink.signOut()
	}
	return a, alive
}

// replay passes on one batch of the gap, or as much of it as the socket takes,
// and tells whether the follower is done with catching up. high is how far the
// feed was known to go before the batch was read.
func (f *follower) replay(events []domain.Event, high int64, a actor.Actor) (done bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lost(a) {
		return true
	}
	if reason, broken := f.broken(events, high); broken {
		f.tell(a, f.resetEvent(reason))
		return f.ended
	}
	for i := range events {
		if f.sink.full() {
			return f.ended // the rest is read again
		}
		f.pass(&events[i], a)
	}
	if len(events) == feedBatch || f.at.Seq < f.high || f.ended {
		return f.ended
	}
	f.live = true
	if !f.ready {
		f.ready = true
		f.tell(a, domain.FeedReady{Cursor: f.cursor()})
	}
	return true
}

// broken tells whether the gap cannot be given whole, and why; the follower is
// then where it goes on: all that is not told was committed before, so that a
// client that loads anew sees it. The caller holds mu.
func (f *follower) broken(events []domain.Event, high int64) (reason domain.ResetReason, broken bool) {
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
func (f *follower) offer(events []domain.Event, a actor.Actor) {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := events[len(events)-1].Seq
	f.high = max(f.high, last)
	if !f.live || f.ended {
		return
	}
	for i := range events {
		switch e := &events[i]; {
		case e.Seq <= f.at.Seq: // sent already
		case e.Seq != f.at.Seq+1 || e.Epoch != f.at.Epoch:
			f.live = false
			f.sink.start(f.catchUp)
			return
		default:
			f.pass(e, a)
		}
	}
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
		f.live = false
		f.sink.start(f.catchUp)
	}
}

// refresh looks at who follows, as of now, between events.
func (f *follower) refresh(a actor.Actor) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.lost(a) && f.live {
		f.notice(a)
	}
}

// lost tells whether the operation is over, and ends it where the actor may see
// nothing of the file any more, such as when a mandate has ended: who narrows is
// told nothing, but nobody waits at a door that stays shut. The caller holds mu.
func (f *follower) lost(a actor.Actor) bool {
	if _, sees := a.Sight(f.key.Assure); !sees && !f.ended {
		f.ended = true
		f.sink.fail(errNothingToSee)
	}
	return f.ended
}

// errNothingToSee is what subscribing anew would say too.
var errNothingToSee = domain.Errorf(domain.NotFound, "nothing of this file is yours to see any more")

// pass moves over one event and tells it where its actor may see it. The caller
// holds mu.
func (f *follower) pass(e *domain.Event, a actor.Actor) {
	if f.lost(a) {
		return
	}
	f.notice(a)
	f.at = e.Position
	if a.Sees(e.Assure, e.Payment.Beneficiary.ID.Key) && e.InWindow(f.today()) {
		f.tell(a, describe(e, f.cursor()))
	}
}

// notice sends FeedReset where the actor may see more than at the last look:
// what was passed over before must be loaded. The caller holds mu.
func (f *follower) notice(a actor.Actor) {
	sight, _ := a.Sight(f.key.Assure)
	more := grown(f.seen, sight.Beneficiaries)
	f.seen = sight.Beneficiaries
	if more {
		f.tell(a, f.resetEvent(domain.ResetAccessChanged))
	}
}

// grown tells whether somebody is seen who was not before.
func grown(before, now []int64) bool {
	return slices.ContainsFunc(now, func(b int64) bool { return !slices.Contains(before, b) })
}

func (f *follower) tell(a actor.Actor, event domain.PaymentEvent) {
	if !f.ended && !f.sink.deliver(a, event) {
		f.ended = true
	}
}

func (f *follower) cursor() string { return f.hub.Cursor.Feed(f.key, f.at, f.seen...) }

func (f *follower) resetEvent(reason domain.ResetReason) domain.FeedReset {
	return domain.FeedReset{Reason: reason, ResumeFrom: f.cursor()}
}

// stop takes the follower out of the hub; nothing is told afterwards.
func (f *follower) stop() {
	f.mu.Lock()
	f.ended = true
	f.mu.Unlock()
	f.hub.unregister(f)
}

// describe is the one mapping from a stored event to what clients are told.
func describe(e *domain.Event, cursor string) domain.PaymentEvent {
	if e.Kind == domain.EventCorrected {
		return domain.PaymentCorrected{Cursor: cursor, OccurredAt: e.OccurredAt, Payment: e.Payment, Changes: e.Changes}
	}
	return domain.PaymentAdded{Cursor: cursor, OccurredAt: e.OccurredAt, Payment: e.Payment}
}
