package subscriptions

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// What cannot be followed is refused for its id alone.
func TestOperationRefused(t *testing.T) {
	w := newWorld(t)
	w.listen()
	c := w.signIn("parent")
	c.subscribe("live", "")
	c.hears("live: ready @0")
	ofOther := w.codec.Feed(domain.FeedKey{Assure: other, Feed: domain.FeedPayments}, domain.Position{Epoch: 1})
	for _, row := range []struct {
		why, query string
		variables  string
		code       domain.Code
	}{
		{"a query", `{me{id}}`, `{}`, domain.Validation},
		{"a mutation, of which there is none", `mutation{x}`, `{}`, domain.Validation},
		{"no GraphQL", `}`, `{}`, domain.Validation},
		{"nothing", ``, `{}`, domain.Validation},
		{"an unknown field", `subscription{nothing}`, `{}`, domain.Validation},
		{"no stream", `subscription{__typename}`, `{}`, domain.Validation},
		{"no stream, by a fragment", `subscription{...f} fragment f on Subscription{t:__typename}`, `{}`, domain.Validation},
		{"two streams", `subscription{a:newPayments{__typename} b:newPayments{__typename}}`, `{}`, domain.Validation},
		{"a stream that is left out", `subscription{newPayments @skip(if:true){__typename}}`, `{}`, domain.Validation},
		{"two operations and no name", `subscription a{newPayments{__typename}} subscription b{newPayments{__typename}}`, `{}`, domain.Validation},
		{"a cursor that was never given", newPayments, `{"after":"abc"}`, domain.Validation},
		{"an empty cursor", newPayments, `{"after":""}`, domain.Validation},
		{"a cursor of somebody else's feed", newPayments, `{"after":"` + ofOther + `"}`, domain.Validation},
		{"a cursor that is a number", newPayments, `{"after":12345678901234567890}`, domain.Validation},
		{"an assuré that is a number", newPayments, `{"assure":7}`, domain.Validation},
		{"somebody else's assuré", newPayments, `{"assure":"` + assureID(other) + `"}`, domain.NotFound},
		{"an assuré that is not there", newPayments, `{"assure":"` + assureID(99) + `"}`, domain.NotFound},
		{"an id that the API never gave", newPayments, `{"assure":"x"}`, domain.NotFound},
		{"too large a document", "subscription{newPayments{" + strings.Repeat("__typename ", 1000) + "}}", `{}`, domain.QueryTooComplex},
	} {
		c.send(`{"type":"subscribe","id":"1","payload":{"query":%q,"variables":%s}}`, row.query, row.variables)
		if line, err := c.next(); err != nil || line != "1: error "+string(row.code) {
			t.Fatalf("%s: %s, %v", row.why, line, err)
		}
	}
	w.pay(self)
	c.hears("live: added @1")
	c.hearsNothingElse()
}

// Who sends a query or a mutation is told where those go.
func TestOperationThatIsNoSubscription(t *testing.T) {
	w := newWorld(t)
	w.listen()
	c := w.signIn("parent")
	for _, query := range []string{`{me{id}}`, `mutation{recordPayments(input:{records:[]}){errors{message}}}`} {
		if err := c.ask("1", query, nil); err != nil {
			t.Fatal(err)
		}
		if m := <-c.heard; m.Type != typeError || !strings.Contains(string(m.Payload), "POST") {
			t.Errorf("%s: heard %s %s", query, m.Type, m.Payload)
		}
	}
}

func TestOperationOfOneself(t *testing.T) {
	w := newWorld(t)
	w.listen()
	c := w.signIn("parent")
	_ = c.ask("1", newPayments, map[string]any{"assure": assureID(parent), "unknown": 1.5})
	c.hears("1: ready @0")
}

func TestOperationsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.sockets.Limits.Operations = 2
	w.listen()
	c := w.signIn("parent")
	c.subscribe("1", "")
	c.hears("1: ready @0")
	c.subscribe("2", "")
	c.hears("2: ready @0")
	c.subscribe("3", "")
	c.hears("3: error RATE_LIMITED")
	c.send(`{"type":"complete","id":"1"}`)
	c.subscribe("3", "")
	c.hears("3: ready @0")
}

// An id that is in use ends the socket, and with it what the id was of.
func TestOperationWithAnIDInUse(t *testing.T) {
	w := newWorld(t)
	w.listen()
	for _, id := range []string{"1", "x" + strings.Repeat("é", 60), "\x00\n\""} {
		c := w.signIn("parent")
		c.subscribe(id, "")
		c.hears(id + ": ready @0")
		c.subscribe(id, "")
		if reason := c.closes(4409); !strings.HasPrefix(reason, "there is a subscription with id ") {
			t.Errorf("the reason is %q", reason)
		}
	}
	w.eventually("nobody follows any more", func() bool { return w.followed() == 0 })
}

func TestOperationCompleted(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.signIn("parent")
		c.subscribe("1", "")
		c.hears("1: ready @0")
		c.subscribe("2", "")
		c.hears("2: ready @0")
		c.send(`{"type":"complete","id":"1"}`)
		c.send(`{"type":"complete","id":"1"}`) // crossed with an end of the server's
		c.send(`{"type":"complete","id":"never"}`)
		synctest.Wait()
		w.pay(self)
		c.hears("2: added @1")
		c.hearsNothing()
		c.subscribe("1", c.last)
		c.hears("1: ready @1")
		w.pay(self)
		synctest.Wait()
		c.hearsBoth("1: added @2", "2: added @2")
	})
}

// hearsBoth is hears in any order.
func (c *client) hearsBoth(a, b string) {
	c.t.Helper()
	first, err1 := c.next()
	second, err2 := c.next()
	if err := errors.Join(err1, err2); err != nil || (first != a || second != b) && (first != b || second != a) {
		c.t.Fatalf("heard %q and %q, %v", first, second, err)
	}
}

// An operation that is completed while it still registers, or waits for the
// database, leaves nothing: neither a follower in the hub nor a goroutine.
func TestOperationCompletedBeforeItIsLive(t *testing.T) {
	for _, row := range []struct {
		why  string
		hold func(f *feeds, held chan struct{})
	}{
		{"while it registers", func(f *feeds, held chan struct{}) {
			f.onHead = func(context.Context) { <-held }
		}},
		{"while it reads", func(f *feeds, held chan struct{}) {
			f.onRead = func(context.Context) { <-held }
		}},
		{"while the database is away", func(f *feeds, _ chan struct{}) { f.fault = always(errAway) }},
	} {
		t.Run(row.why, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				held := make(chan struct{})
				w.feeds.hook(func() { row.hold(w.feeds, held) })
				w.pipe()
				w.record(self)
				c := w.signIn("parent")
				c.subscribe("1", w.cursorAt(1, 0))
				synctest.Wait()
				c.send(`{"type":"complete","id":"1"}`)
				synctest.Wait()
				close(held)
				time.Sleep(2 * catchUpPause)
				if n := w.followed(); n != 0 {
					t.Errorf("%d feeds are followed", n)
				}
				w.nobodyCatchesUp()
				c.hearsNothing()
			})
		})
	}
}

// The same for one that ends before a porter has taken it, and as it is added.
func TestFollowerThatEndsBeforeItRegisters(t *testing.T) {
	w := newWorld(t)
	w.hub.prepare()
	f := &follower{hub: w.hub, key: family, session: "parent"}
	f.stop()
	w.hub.callFor(f)
	w.hub.bringOn(t.Context())
	late := &follower{hub: w.hub, key: family, session: "parent"}
	w.feeds.onHead = func(context.Context) {
		late.mu.Lock()
		late.ended = true // as stop does before it takes the follower out
		late.mu.Unlock()
	}
	w.hub.callFor(late)
	_, err := w.hub.join(t.Context(), w.hub.takeBehind())
	if n := w.followed(); n != 0 || err != nil {
		t.Errorf("%d feeds are followed, %v", n, err)
	}
}

// nobodyCatchesUp holds that nobody waits to be brought on.
func (w *world) nobodyCatchesUp() {
	w.t.Helper()
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	if n := len(w.hub.behind); n > 0 {
		w.t.Errorf("%d still catch up", n)
	}
}

// A level that is lost ends the operation at the next event, without it.
func TestOperationWhoseLevelIsLost(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.follow("")
		c.hears("1: ready @0")
		weak := w.sessions.actors["parent"]
		weak.Level = actor.NoLevel
		w.sessions.set(weak)
		time.Sleep(5 * time.Second)
		c.hearsNothing()
		w.pay(self, self)
		c.hears("1: error STEP_UP_REQUIRED")
		synctest.Wait()
		if n := w.followed(); n != 0 {
			t.Errorf("%d feeds are followed", n)
		}
		w.pay(self)
		c.hearsNothing()
		c.subscribe("1", "")
		c.hears("1: error STEP_UP_REQUIRED")
		weak.Level = actor.Local1
		w.sessions.set(weak)
		c.subscribe("1", w.cursorAt(1, 0))
		c.hears(append(added("1", 1, 3), "1: ready @3")...)
	})
}

// An event that is larger than an event may be ends its operation, and is not sent
// in part; who asks for less of it gets it.
func TestOperationWhoseEventIsTooLarge(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.limits.EventBytes = 120
		w.pipe()
		c := w.follow("")
		c.hears("1: ready @0")
		cursor := c.last
		w.pay(self)
		c.hears("1: error QUERY_TOO_COMPLEX")
		if err := c.ask("1", strings.ReplaceAll(newPayments, "cursor payment { reference }", "cursor"), map[string]any{"after": cursor}); err != nil {
			t.Fatal(err)
		}
		c.hears("1: added @1", "1: ready @1")
	})
}

// A fault that is not of the database's being away ends the operation; what it
// says is not shown.
func TestOperationWhoseFeedCannotBeRead(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.feeds.fail(always(errors.New("relation feeds of NIR 1 84 12 does not exist")))
		w.pipe()
		c := w.follow("")
		c.hears("1: error INTERNAL")
		w.feeds.fail(nil)
		c.subscribe("1", "")
		c.hears("1: ready @0")
	})
}

// Who is signed in is remembered for a moment: a subscription then waits for the
// database; later it is refused.
func TestOperationWhereTheSessionsAreAway(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.signIn("parent")
		w.sessions.fail(always(errAway))
		c.subscribe("1", "")
		time.Sleep(2 * keepEvery)
		c.subscribe("2", "")
		c.hears("2: error UNAVAILABLE")
		w.sessions.fail(nil)
		c.hears("1: ready @0")
		c.subscribe("2", "")
		c.hears("2: ready @0")
	})
}

// Over HTTP a subscription's resolver refuses.
func TestServeOutsideASocket(t *testing.T) {
	events, err := Serve(context.Background(), func() (Request, error) {
		return Request{}, errors.New("must not be asked")
	}, domain.PayloadFull.Of)
	if events != nil || domain.CodeOf(err) != domain.Validation {
		t.Errorf("got %v, %v", events, err)
	}
}

// A panic on the way ends that socket alone, and Leave does not wait for it.
func TestOperationThatPanics(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.sockets.Authenticate = func(context.Context, string) (actor.Actor, error) { panic("a fault of ours") }
		w.pipe()
		c := w.connect()
		c.send(initParent)
		if line, err := c.next(); err == nil {
			t.Errorf("heard %q", line)
		}
		synctest.Wait()
		if n := len(w.sockets.list()); n != 0 {
			t.Errorf("%d sockets are left", n)
		}
	})
}
