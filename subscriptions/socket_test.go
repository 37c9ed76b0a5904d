package subscriptions

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"comptesante/domain/actor"
)

const initParent = `{"type":"connection_init","payload":{"authorization":"Bearer parent"}}`

func TestSocketClosesMalformedMessages(t *testing.T) {
	w := newWorld(t)
	w.listen()
	for _, row := range malformed {
		t.Run(row.why, func(t *testing.T) {
			c := w.connect()
			c.t = t
			c.send("%s", row.text)
			c.closes(4400)
		})
	}
}

func TestSocketCloses(t *testing.T) {
	w := newWorld(t)
	w.sockets.Limits.MessageBytes = 1 << 10
	w.listen()
	for _, row := range []struct {
		why    string
		signed bool
		send   []string
		code   int
	}{
		{"subscribe before connection_init", false, []string{`{"type":"subscribe","id":"1","payload":{"query":"{x}"}}`}, 4401},
		{"subscribe before connection_init, without a query", false, []string{`{"type":"subscribe","id":"1","payload":{}}`}, 4401},
		{"no payload, so no token yet", false, []string{`{"type":"connection_init"}`}, 4403},
		{"null for a payload", false, []string{`{"type":"connection_init","payload":null}`}, 4403},
		{"an empty token", false, []string{`{"type":"connection_init","payload":{"authorization":""}}`}, 4403},
		{"another scheme", false, []string{`{"type":"connection_init","payload":{"authorization":"Basic x"}}`}, 4401},
		{"a token of no session", false, []string{`{"type":"connection_init","payload":{"authorization":"Bearer nobody"}}`}, 4401},
		{"a token that is no text", false, []string{`{"type":"connection_init","payload":{"authorization":1}}`}, 4400},
		{"connection_init twice", true, []string{initParent}, 4429},
		{"connection_init twice, of somebody else", true, []string{strings.Replace(initParent, "parent", "other", 1)}, 4429},
		{"a message beyond the limit", true, []string{`{"type":"ping","payload":{"x":"` + strings.Repeat("x", 1<<10) + `"}}`}, 1009},
		{"bytes that are not UTF-8", true, []string{"{\"type\":\"ping\",\"payload\":{\"x\":\"\xff\"}}"}, 1007},
		{"what comes after the fault is not listened to", true, []string{`no`, initParent, `{"type":"ping"}`}, 4400},
	} {
		t.Run(row.why, func(t *testing.T) {
			c := w.connect()
			c.t = t
			if row.signed {
				c.send(initParent)
				c.hears("connection_ack")
			}
			for _, text := range row.send {
				_ = c.ws.WriteMessage(websocket.TextMessage, []byte(text)) // the server may have closed already
			}
			c.closes(row.code)
		})
	}
}

func TestSocketClosesMalformedRequests(t *testing.T) {
	w := newWorld(t)
	w.listen()
	for _, row := range malformedRequests {
		t.Run(row.why, func(t *testing.T) {
			c := w.signIn("parent")
			c.t = t
			c.send(`{"type":"subscribe","id":"1","payload":%s}`, row.text)
			c.closes(4400)
		})
	}
}

// Where the server closes, the operations are not over: no complete is sent, which
// would make clients stop.
func TestSocketCloseSendsNoComplete(t *testing.T) {
	for _, row := range []struct {
		why   string
		cause func(w *world, c *client)
		code  int
	}{
		{"leaving", func(w *world, _ *client) { go w.sockets.Leave(context.Background(), 0) }, 1001},
		{"the session ends", func(w *world, _ *client) { w.sessions.end("parent") }, 4401},
		{"a malformed message", func(_ *world, c *client) { c.send(`{}`) }, 4400},
		{"an id in use", func(_ *world, c *client) { c.subscribe("1", "") }, 4409},
		{"a second connection_init", func(_ *world, c *client) { c.send(initParent) }, 4429},
	} {
		t.Run(row.why, func(t *testing.T) {
			w := newWorld(t)
			w.listen()
			c := w.follow("")
			c.hears("1: ready @0")
			c.subscribe("2", "")
			c.hears("2: ready @0")
			row.cause(w, c)
			c.closes(row.code)
		})
	}
}

func TestSocketClosesBinaryFrames(t *testing.T) {
	w := newWorld(t)
	w.listen()
	c := w.signIn("parent")
	if err := c.ws.WriteMessage(websocket.BinaryMessage, []byte(`{"type":"ping"}`)); err != nil {
		t.Fatal(err)
	}
	c.closes(4400)
}

// The code reaches a client that still sends: one that only saw the connection
// break would come back and send the same.
func TestSocketClosesAHugeMessage(t *testing.T) {
	w := newWorld(t)
	w.listen()
	for range 20 {
		c := w.signIn("parent")
		_ = c.ws.WriteMessage(websocket.TextMessage, make([]byte, 8<<20)) // the server may have closed already
		c.closes(1009)
		c.leave()
	}
}

func TestSocketSubprotocol(t *testing.T) {
	w := newWorld(t)
	w.listen()
	for _, row := range []struct {
		why    string
		offers []string
		served bool
	}{
		{"none", []string{}, false},
		{"the old one of Apollo", []string{"graphql-ws"}, false},
		{"an unknown one", []string{"soap"}, false},
		{"ours", []string{transportWS.protocol}, true},
		{"both, the old one first", []string{"graphql-ws", transportWS.protocol}, true},
		{"another case", []string{"GraphQL-Transport-WS"}, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			c := w.connect(row.offers...)
			c.t = t
			if !row.served {
				c.closes(4406)
				return
			}
			if got := c.ws.Subprotocol(); got != transportWS.protocol {
				t.Errorf("%q was chosen", got)
			}
			c.hearsNothingElse()
		})
	}
}

func TestSocketPings(t *testing.T) {
	w := newWorld(t)
	w.listen()
	c := w.connect()
	c.send(`{"type":"ping"}`)
	c.hears("pong")
	c.send(`{"type":"ping","payload":{"at":1}}`)
	c.hears("pong")
	c.send(`{"type":"pong"}`)
	c.send(initParent)
	c.hears("connection_ack")
	c.send(`{"type":"pong","payload":null}`)
	c.hearsNothingElse()
}

func TestSocketUpgrade(t *testing.T) {
	w := newWorld(t)
	w.listen()
	for _, row := range []struct {
		why, origin string
		status      int
	}{
		{"a program, which sends none", "", http.StatusSwitchingProtocols},
		{"a page of ours", w.server.URL, http.StatusSwitchingProtocols},
		{"a page of somebody else's", "https://evil.example", http.StatusForbidden},
		{"a page without an origin, such as a file", "null", http.StatusForbidden},
	} {
		header := http.Header{}
		if row.origin != "" {
			header.Set("Origin", row.origin)
		}
		_, response, _ := w.try(header)
		if response == nil || response.StatusCode != row.status {
			t.Errorf("%s: %v, want %d", row.why, response, row.status)
			continue
		}
		if got := response.Header.Get("Sec-WebSocket-Extensions"); got != "" {
			t.Errorf("%s: %s was negotiated: compressed messages can be bombs", row.why, got)
		}
	}
}

func TestSocketOriginIsASetting(t *testing.T) {
	w := newWorld(t)
	w.sockets.AllowOrigin = func(r *http.Request) bool { return r.Header.Get("Origin") == "https://front.example" }
	w.listen()
	if _, _, err := w.try(http.Header{"Origin": {"https://front.example"}}); err != nil {
		t.Error(err)
	}
	if _, response, _ := w.try(http.Header{"Origin": {w.server.URL}}); response == nil || response.StatusCode != http.StatusForbidden {
		t.Errorf("got %v", response)
	}
}

// A program may send its token with the upgrade.
func TestSocketTokenInHeader(t *testing.T) {
	w := newWorld(t)
	w.listen()
	c, _, err := w.try(http.Header{"Authorization": {"Bearer parent"}})
	if err != nil {
		t.Fatal(err)
	}
	c.send(`{"type":"connection_init"}`)
	c.hears("connection_ack")
}

func TestSocketSignInWhereTheDatabaseIsAway(t *testing.T) {
	w := newWorld(t)
	w.sessions.fail(always(errAway))
	w.listen()
	c := w.connect()
	c.send(initParent)
	c.closes(1013)
}

func TestSocketsOfOneSessionAreBounded(t *testing.T) {
	w := newWorld(t)
	w.sockets.Limits.PerSession = 2
	w.listen()
	first := w.signIn("parent")
	w.signIn("parent")
	third := w.connect()
	third.send(initParent)
	third.closes(1013)
	w.signIn("other")
	first.leave()
	w.eventually("a place is free again", func() bool {
		w.sockets.mu.Lock()
		defer w.sockets.mu.Unlock()
		return w.sockets.sessions["parent"] == 1
	})
	w.signIn("parent")
}

func TestSocketsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.sockets.Limits.Sockets = 1
	w.listen()
	w.signIn("parent")
	w.connect().closes(1013)
}

// eventually waits for what another goroutine is about to do.
func (w *world) eventually(what string, is func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("not in time: %s", what)
		}
	}
}

func TestSocketWaitsForInit(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		began := time.Now()
		silent, pinging := w.connect(), w.connect()
		w.signIn("parent")
		time.Sleep(3 * time.Second)
		pinging.hearsNothingElse()
		silent.closes(4408)
		pinging.closes(4408)
		if took := time.Since(began); took < 5*time.Second || took > 5*time.Second+keepEvery {
			t.Errorf("after %v", took)
		}
		synctest.Wait()
		if n := len(w.sockets.list()); n != 1 {
			t.Errorf("%d sockets are left, want the one that signed in", n)
		}
	})
}

// A sign-in that hangs counts for the time that connection_init may take, and then
// it is the server that is at fault: clients come back after a pause.
func TestSocketWaitsForTheSignIn(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.sockets.Authenticate = func(ctx context.Context, _ string) (actor.Actor, error) {
			<-ctx.Done()
			return actor.Actor{}, errAway
		}
		w.pipe()
		c := w.connect()
		c.mute.Store(true) // a pipe holds nothing: a pong would wait to be read
		time.Sleep(time.Second)
		c.send(initParent)
		c.closes(1013)
		time.Sleep(3 * time.Second)
		if n := len(w.sockets.list()); n != 0 {
			t.Errorf("%d sockets are left", n)
		}
	})
}

// A client that does not answer a close frame is not waited for long.
func TestSocketThatIsClosedIsCut(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.signIn("parent")
		c.mute.Store(true)
		c.send("no")
		c.closes(4400)
		time.Sleep(lingering)
		synctest.Wait()
		if n := len(w.sockets.list()); n != 0 {
			t.Errorf("%d sockets are left", n)
		}
	})
}

func TestSocketIsPinged(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.signIn("parent")
		time.Sleep(10 * time.Minute) // gorilla answers pings as it reads
		c.hearsNothingElse()
	})
}

func TestSocketOfASilentClientIsCut(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.signIn("parent")
		c.mute.Store(true)
		time.Sleep(49 * time.Second)
		if len(w.sockets.list()) != 1 {
			t.Fatal("cut too early")
		}
		time.Sleep(27 * time.Second) // the reader's last sign was connection_init
		if n := len(w.sockets.list()); n != 0 {
			t.Errorf("%d sockets are left", n)
		}
	})
}

// A dead session's socket is closed within two seconds, with or without events;
// fails when Keep does not look, and when the hub does not ask who is alive.
func TestSocketOfASessionThatEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c, idle, safe := w.follow(""), w.signIn("parent"), w.signIn("other")
		c.hears("1: ready @0")
		w.sessions.end("parent")
		ended := time.Now()
		w.pay(self)
		c.closes(4401)
		idle.closes(4401)
		if took := time.Since(ended); took > 2*time.Second {
			t.Errorf("after %v", took)
		}
		safe.hearsNothingElse()
	})
}

// An event finds a dead session before Keep does.
func TestSocketOfASessionThatEndsBeforeAnEvent(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.follow("")
		c.hears("1: ready @0")
		ended := time.Now()
		w.sessions.end("parent")
		w.pay(self)
		c.closes(4401)
		if took := time.Since(ended); took != 0 {
			t.Errorf("after %v", took)
		}
	})
}

// A session that is dead for a moment leaves no follower that waits for ever.
func TestSocketOfASessionThatIsDeadForAMoment(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.signIn("parent")
		alive := w.sessions.actors["parent"]
		w.feeds.hook(func() {
			w.feeds.onRead = func(context.Context) { w.sessions.end("parent") }
		})
		w.record(self)
		c.subscribe("1", w.cursorAt(1, 0))
		synctest.Wait()
		w.sessions.set(alive)
		c.closes(4401)
	})
}

func TestSocketOfASessionThatIsDeadAtSubscribe(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.signIn("parent")
		w.sessions.end("parent")
		c.subscribe("1", "")
		c.closes(4401)
	})
}

// The sessions cannot be read for a while: nobody is closed for that.
func TestSocketOutlivesTheSessions(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.follow("")
		c.hears("1: ready @0")
		w.sessions.fail(always(errAway))
		w.pay(self)
		time.Sleep(time.Minute)
		c.hearsNothing()
		w.sessions.fail(nil)
		c.hears("1: added @1")
	})
}

func TestLeaveRefusesUpgrades(t *testing.T) {
	w := newWorld(t)
	w.listen()
	w.sockets.Leave(context.Background(), 0)
	_, response, err := w.try(nil)
	if err == nil || response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
		t.Errorf("got %v, %v", response, err)
	}
}

func TestLeaveClosesOverAWindow(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		const n = 10
		var ends, hints sync.Map
		var clients sync.WaitGroup
		began := time.Now()
		for i := range n {
			c := w.signIn(map[bool]string{true: "parent", false: "other"}[i%2 == 0])
			clients.Go(func() {
				_, hint, ok := strings.Cut(c.closes(1001), "reconnectAfterMs=")
				if ms, err := strconv.Atoi(hint); !ok || err != nil || ms < 0 || ms >= 10_000 {
					t.Errorf("the hint is %q", hint)
				}
				hints.Store(hint, true)
				ends.Store(time.Since(began), true)
			})
		}
		w.sockets.Leave(context.Background(), n*time.Second)
		clients.Wait()
		moments, spread := 0, 0
		ends.Range(func(any, any) bool { moments++; return true })
		hints.Range(func(any, any) bool { spread++; return true })
		if took := time.Since(began); moments != n || took > n*time.Second || spread < n/2 {
			t.Errorf("%d moments in %v, %d hints", moments, took, spread)
		}
	})
}

// Leave ends with its context, whatever clients or the database do.
func TestLeaveIsNotHeldUp(t *testing.T) {
	hang := func(ctx context.Context) { <-ctx.Done() }
	for _, row := range []struct {
		why  string
		hold func(w *world)
	}{
		{"a client that does not read", func(w *world) {
			c := w.follow("")
			c.hears("1: ready @0")
			c.hold()
			w.pay(self, self)
		}},
		{"a sign-in that hangs", func(w *world) {
			w.sockets.Authenticate = func(ctx context.Context, _ string) (actor.Actor, error) {
				hang(ctx)
				return actor.Actor{}, ctx.Err()
			}
			w.connect().send(initParent)
		}},
		{"a read that hangs", func(w *world) {
			w.feeds.hook(func() { w.feeds.onHead = hang })
			w.follow("")
		}},
		{"a database that is away", func(w *world) {
			w.feeds.fail(always(errAway))
			w.follow("")
		}},
	} {
		t.Run(row.why, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.pipe()
				row.hold(w)
				synctest.Wait()
				began := time.Now()
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				w.sockets.Leave(ctx, 0)
				if took := time.Since(began); took > time.Second {
					t.Errorf("after %v", took)
				}
			})
		})
	}
}

// A client that says goodbye, one that is cut and one that completes leave
// nothing behind: no goroutine, no feed, no place.
func TestSocketsLeaveNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Run("sockets", func(t *testing.T) {
		w := newWorld(t)
		registry := prometheus.NewRegistry()
		w.sockets.Metrics = NewMetrics(registry)
		w.sockets.Limits.PerSession = 1000
		w.listen()
		var clients sync.WaitGroup
		for i := range 60 {
			c := w.follow("")
			clients.Go(func() {
				c.hears("1: ready @0")
				c.goAway(i)
			})
		}
		clients.Wait()
		w.eventually("all sockets are gone", func() bool { return len(w.sockets.list()) == 0 })
		w.leavesNothing(registry)
	})
	goleak.VerifyNone(t, before)
}

func (c *client) goAway(how int) {
	switch how % 4 {
	case 0:
		c.leave()
	case 1:
		c.send(`{"type":"complete","id":"1"}`)
		c.leave()
	case 2:
		deadline := time.Now().Add(time.Second)
		_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, "bye"), deadline)
		c.closedWith(1000)
	case 3:
		c.send(`no`)
		c.closedWith(4400)
	}
}

func (w *world) leavesNothing(registry *prometheus.Registry) {
	w.t.Helper()
	topics := w.followed()
	w.sockets.mu.Lock()
	places := len(w.sockets.sessions)
	w.sockets.mu.Unlock()
	w.sockets.documents.mu.Lock()
	documents := len(w.sockets.documents.inUse)
	w.sockets.documents.mu.Unlock()
	parked := w.sockets.parked.waiting()
	if topics+places+documents+parked > 0 {
		w.t.Errorf("%d feeds are followed, %d places taken, %d documents held, %d sockets parked", topics, places, documents, parked)
	}
	for _, name := range []string{`comptesante_connections{wire="websocket"}`, `comptesante_subscriptions{feed="payments"}`, "comptesante_queue_bytes"} {
		if n, there := numbers(w.t, registry)[name]; n != 0 || !there {
			w.t.Errorf("%s is %v, there %v", name, n, there)
		}
	}
}

// followed is how many feeds the hub knows.
func (w *world) followed() int {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	return len(w.hub.topics)
}

// The code in a client's close frame is the client's choice, and becomes a
// label: it must not make as many series as there are codes.
func TestSocketMetricsAreBounded(t *testing.T) {
	w := newWorld(t)
	registry := prometheus.NewRegistry()
	w.sockets.Metrics = NewMetrics(registry)
	w.listen()
	for code := 3000; code < 3040; code++ {
		c := w.connect()
		_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second))
		c.closedWith(code)
	}
	w.eventually("all sockets are gone", func() bool { return len(w.sockets.list()) == 0 })
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if n := len(f.GetMetric()); n > 5 {
			t.Errorf("%s has %d series", f.GetName(), n)
		}
	}
}

// A slow reader costs only itself: the hub goes on at once, others get all of
// it, what waits is bounded, and the slow one is told 1013 where it takes it, or
// cut.
func TestSocketOfASlowReader(t *testing.T) {
	for _, row := range []struct {
		why   string
		after time.Duration // of not reading
		end   func(c *client)
	}{
		{"reads again in time", 4 * time.Second, func(c *client) { c.release(); c.closedWith(1013) }},
		{"never reads", 6 * time.Second, func(c *client) {
			if n := len(c.w.sockets.list()); n != 1 {
				c.t.Errorf("%d sockets are left, want the quick one", n)
			}
		}},
	} {
		t.Run(row.why, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				w.sockets.Limits.QueueBytes = 4 << 10
				w.pipe()
				slow, quick := w.follow(""), w.follow("")
				slow.hears("1: ready @0")
				quick.hears("1: ready @0")
				slow.hold()
				began := time.Now()
				for range 500 {
					w.pay(self)
					synctest.Wait()
					w.queuesAreBounded()
				}
				quick.hears(added("1", 1, 500)...)
				if took := time.Since(began); took != 0 {
					t.Errorf("the hub waited for %v", took)
				}
				time.Sleep(row.after)
				row.end(slow)
				quick.hearsNothingElse()
			})
		})
	}
}

func (w *world) queuesAreBounded() {
	w.t.Helper()
	for _, s := range w.sockets.list() {
		s.mu.Lock()
		waiting := 0
		for _, f := range s.queue {
			waiting += f.size()
		}
		s.mu.Unlock()
		if waiting > s.t.Limits.QueueBytes {
			w.t.Fatalf("%d bytes wait", waiting)
		}
	}
}

// A long gap fills no queue: who catches up is waited for, however many catch up
// on one socket and however large what they ask for is.
func TestSocketThatCatchesUpIsNotTooSlow(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.sockets.Limits.QueueBytes = 16 << 10 // about 100 events
		w.pipe()
		w.record(repeat(self, 450)...)
		c := w.signIn("parent")
		got := make(map[string][]string)
		for i := range 20 {
			c.subscribe(fmt.Sprint(i), w.cursorAt(1, 0))
		}
		for range 20 * 451 {
			line, err := c.next()
			if err != nil {
				t.Fatal(err)
			}
			id, _, _ := strings.Cut(line, ":")
			got[id] = append(got[id], line)
		}
		for id, lines := range got {
			if lines[0] != id+": added @1" || lines[450] != id+": ready @450" {
				t.Errorf("%s: from %q to %q", id, lines[0], lines[450])
			}
		}
	})
}

// Who catches up reads no more of the gap than its client takes.
func TestSocketThatDoesNotReadIsNotReadFor(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.sockets.Limits.QueueBytes = 16 << 10
		w.pipe()
		w.record(repeat(self, 450)...)
		var reads atomic.Int64
		w.feeds.hook(func() {
			w.feeds.onRead = func(ctx context.Context) {
				if reads.Add(1) > 3 {
					<-ctx.Done()
				}
			}
		})
		c := w.follow(w.cursorAt(1, 0))
		c.hold()
		synctest.Wait()
		if n := reads.Load(); n > 3 {
			t.Errorf("%d reads for a client that takes nothing", n)
		}
	})
}

// What waits for a client whose session has ended is not sent any more: it may
// take long to read it.
func TestSocketOfADeadSessionSendsNothingMore(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.follow("")
		c.hears("1: ready @0")
		c.hold()
		w.pay(repeat(self, 50)...)
		synctest.Wait()
		w.sessions.end("parent")
		time.Sleep(2 * time.Second)
		c.release()
		heard := 0
		for line, err := c.next(); err == nil; line, err = c.next() {
			if strings.Contains(line, "added") {
				heard++
			}
		}
		if heard > 2 { // one that was read as the client stopped, one in the writer's hands
			t.Errorf("heard %d events after the session had ended", heard)
		}
		var closed *websocket.CloseError
		if !errors.As(c.err, &closed) || closed.Code != 4401 {
			t.Errorf("the socket ended with %v", c.err)
		}
	})
}

// Pongs that nobody reads fill a queue though they are empty: who pings without end
// is closed, signed in or not. Fails where a frame counts for its text alone.
func TestSocketThatPingsWithoutEnd(t *testing.T) {
	w := newWorld(t)
	w.sockets.Limits.QueueBytes = 4 << 10
	w.sockets.prepare()
	c := &connection{t: w.sockets, writing: true} // whose writer waits for the client
	for range 4<<10/frameCost + 1 {
		c.offerFrame(outgoing{kind: outPong})
	}
	if !c.isHungUp() || len(c.queue) != 1 {
		t.Errorf("%d frames wait", len(c.queue))
	}
}

// A database that answers nothing holds up neither time-outs nor pings. Fails where
// both are looked after by the goroutine that asks for sessions.
func TestSocketsAreTendedWhileTheDatabaseHangs(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		w.signIn("parent")
		w.sessions.hook(func() { time.Sleep(readTimeout) })
		time.Sleep(keepEvery)
		began := time.Now()
		w.connect().closes(4408)
		if took := time.Since(began); took > 5*time.Second+keepEvery {
			t.Errorf("after %v", took)
		}
	})
}
