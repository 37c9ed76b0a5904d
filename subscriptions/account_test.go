package subscriptions

import (
	"log/slog"
	"testing"

	"comptesante/domain"
)

// account is the feed of the family's assuré.
var account = domain.FeedKey{Assure: parent, Feed: domain.FeedAccount}

// happen writes events of an account, of these kinds, and rings.
func (w *world) happen(key domain.FeedKey, kinds ...domain.EventKind) {
	for _, k := range kinds {
		if err := w.bell.Ring([]domain.Chime{{FeedKey: key, Seq: w.feeds.add(key, domain.Event{Kind: k})}}); err != nil {
			w.t.Error(err)
		}
	}
}

// followAccount has a client follow its own account as "a".
func (c *client) followAccount(assure int64, after string) {
	c.t.Helper()
	if c.keys == nil {
		c.keys = make(map[string]domain.FeedKey)
	}
	c.keys["a"] = domain.FeedKey{Assure: assure, Feed: domain.FeedAccount}
	c.subscribe("a", after)
}

// An account's feed beside that of payments on one socket: each has a sequence of
// its own, and is told live and after a cursor.
func TestTwoFeeds(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		w.happen(account, domain.EventSessionOpened)
		c := w.follow("")
		c.hears("1: ready @0")
		c.followAccount(parent, "")
		c.hears("a: ready @1")
		w.happen(account, domain.EventSessionOpened, domain.EventSessionEnded)
		c.hears("a: opened @2", "a: ended @3")
		w.pay(self)
		c.hears("1: added @1")
		back := w.codec.Feed(account, domain.Position{Epoch: 1, Seq: 1})
		w.happen(account, domain.EventAccountSuspended, domain.EventAccountRestored)
		c.hears("a: suspended @4", "a: restored @5")
		other := w.signIn("narrow")
		other.followAccount(parent, back)
		other.hears("a: opened @2", "a: ended @3", "a: suspended @4", "a: restored @5", "a: ready @5")
		c.hearsNothing()
	})
}

// The cursor of one feed is of no use for another, nor one of another's account.
func TestCursorsOfTwoFeeds(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.signIn("parent")
		c.followAccount(parent, w.cursorAt(1, 0))
		c.hears("a: error VALIDATION")
		c.followAccount(parent, w.codec.Feed(domain.FeedKey{Assure: other, Feed: domain.FeedAccount}, domain.Position{Epoch: 1}))
		c.hears("a: error VALIDATION")
		c.subscribe("1", w.codec.Feed(account, domain.Position{Epoch: 1}))
		c.hears("1: error VALIDATION")
	})
}

// An account is told to its assuré alone, whoever sees people of the file. Fails
// where a follower sees an account as it sees a file.
func TestAccountOfAnother(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		second := secondParent(self, child)
		f := &follower{key: account}
		if seen := f.sees(newView(second)); seen != nil {
			t.Errorf("a second parent sees %v", seen)
		}
		if seen := f.sees(newView(assureActor("parent", parent, self))); seen == nil {
			t.Error("the assuré sees nothing")
		}
		w.sessions.set(second)
		c := w.signIn("second")
		c.followAccount(second.Assure, "")
		c.hears("a: ready @0")
		w.happen(account, domain.EventSessionOpened)
		c.hearsNothing()
		w.happen(domain.FeedKey{Assure: second.Assure, Feed: domain.FeedAccount}, domain.EventSessionOpened)
		c.hears("a: opened @1")
	})
}

// An account's feed is begun anew with all others.
func TestAccountBegunAnew(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		w.happen(account, domain.EventSessionOpened, domain.EventSessionOpened)
		c := w.signIn("parent")
		c.followAccount(parent, "")
		c.hears("a: ready @2")
		w.feeds.hook(func() { w.feeds.epoch = 2 })
		c.hears("a: reset EPOCH_CHANGED @2 of epoch 2", "a: ready @2 of epoch 2")
	})
}

// A feed of which an event cannot be read ends for its followers, live or catching
// up, each where it stands; all others go on, also in the same read. Once it can be
// read again nothing was lost. Fails where a fault is that of the whole batch, and
// where a fault is passed over.
func TestFeedThatCannotBeReadOn(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		log := &warnings{}
		w.hub.Log = slog.New(log)
		w.pipe()
		live, late, well := w.follow(""), w.signIn("parent"), w.signIn("parent")
		live.hears("1: ready @0")
		well.followAccount(parent, "")
		well.hears("a: ready @0")

		w.feeds.hook(func() { w.feeds.broken = map[domain.FeedKey]int64{family: 3} })
		seq := w.record(repeat(self, 4)...)
		happened := w.feeds.add(account, domain.Event{})
		if err := w.bell.Ring([]domain.Chime{{FeedKey: family, Seq: seq}, {FeedKey: account, Seq: happened}}); err != nil {
			t.Fatal(err)
		}
		live.hears("1: added @1", "1: added @2")
		cursor := live.last
		live.hears("1: error INTERNAL")
		well.hears("a: opened @1")
		late.subscribe("1", w.cursorAt(1, 0))
		late.hears("1: added @1", "1: added @2", "1: error INTERNAL")
		late.subscribe("1", cursor)
		late.hears("1: error INTERNAL")
		if log.n == 0 {
			t.Error("nothing is in the log")
		}

		w.feeds.hook(func() { w.feeds.broken = nil })
		live.subscribe("1", cursor)
		live.hears("1: added @3", "1: added @4", "1: ready @4")
		w.pay(self)
		live.hears("1: added @5")

		w.feeds.hook(func() { w.feeds.broken = map[domain.FeedKey]int64{family: 6} }) // with nothing before it
		w.pay(self)
		live.hears("1: error INTERNAL")
		live.subscribe("1", "") // behind it
		live.hears("1: ready @6")
		w.pay(self)
		live.hears("1: added @7")
	})
}
