package subscriptions

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"comptesante/domain/actor"
)

// counter is an extension that counts how often operations are executed.
type counter struct{ n *atomic.Int64 }

func (counter) ExtensionName() string                   { return "Counter" }
func (counter) Validate(graphql.ExecutableSchema) error { return nil }
func (c counter) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	c.n.Add(1)
	return next(ctx)
}

// An event is rendered once for all who ask for the same and see the same, and
// once more for each who does not. Fails when the visible set, the level, the
// text, or a variable that is shown is left out of what is compared.
func TestEventIsRenderedOnceForAllWhoSeeTheSame(t *testing.T) {
	renamed := strings.Replace(newPayments, "newPayments(", "newPayments: newPayments(", 1)
	skipping := strings.Replace(strings.Replace(newPayments, "$after: Cursor", "$after: Cursor, $no: Boolean = false", 1), "payment { reference }", "payment { reference paidOn @skip(if: $no) }", 2)
	nameless := `subscription($x: Cursor) { newPayments(after: $x) { __typename ... on PaymentAdded { cursor payment { reference } } ... on FeedReady { cursor } } }`
	both, alone := assureActor("both", parent, self, child), assureActor("alone", parent, self)
	again, weak := assureActor("again", parent, self, child), assureActor("weak", parent, self, child)
	weak.Level = actor.FC1
	for _, row := range []struct {
		why     string
		sockets map[string][][2]string // session: query and variables
		want    int64
	}{
		{"ten operations of one session", map[string][][2]string{"both": repeated(10, newPayments, `{}`)}, 1},
		{"two sessions that see the same", map[string][][2]string{"both": repeated(2, newPayments, `{}`), "again": repeated(2, newPayments, `{}`)}, 1},
		{"another set", map[string][][2]string{"both": repeated(2, newPayments, `{}`), "alone": repeated(2, newPayments, `{}`)}, 2},
		{"another level", map[string][][2]string{"both": repeated(2, newPayments, `{}`), "weak": repeated(2, newPayments, `{}`)}, 2},
		{"another text", map[string][][2]string{"both": {{newPayments, `{}`}, {renamed, `{}`}}}, 2},
		{"where each begins is not shown", map[string][][2]string{"both": {{newPayments, `{}`}, {newPayments, `{"after":null}`}, {newPayments, `{"after":"CURSOR"}`}}}, 1},
		{"nor under another name", map[string][][2]string{"both": {{nameless, `{}`}, {nameless, `{"x":"CURSOR"}`}}}, 1},
		{"a variable that is shown", map[string][][2]string{"both": {{skipping, `{}`}, {skipping, `{"no":false}`}, {skipping, `{"no":true}`}}}, 2},
	} {
		t.Run(row.why, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *world) {
				for _, a := range []actor.Actor{both, alone, again, weak} {
					w.sessions.set(a)
				}
				w.rendered = new(atomic.Int64)
				w.pipe()
				clients := make(map[*client]int)
				for session, asks := range row.sockets {
					c := w.signIn(session)
					for i, ask := range asks {
						c.send(`{"type":"subscribe","id":"%d","payload":{"query":%q,"variables":%s}}`, i, ask[0], strings.Replace(ask[1], "CURSOR", w.cursorAt(1, 0), 1))
						c.hears(fmt.Sprintf("%d: ready @0", i))
					}
					clients[c] = len(asks)
				}
				synctest.Wait()
				w.rendered.Store(0)
				w.pay(self)
				for c, n := range clients {
					c.hearsEach(n, "added @1")
				}
				if got := w.rendered.Load(); got != row.want {
					t.Errorf("rendered %d times, want %d", got, row.want)
				}
			})
		})
	}
}

func repeated(n int, query, variables string) (asks [][2]string) {
	for range n {
		asks = append(asks, [2]string{query, variables})
	}
	return asks
}

// A client that hears events all the time and sends nothing but its pongs stays.
func TestSocketThatOnlyHearsStays(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.follow("")
		c.hears("1: ready @0")
		for i := range int64(60) {
			w.pay(self)
			c.hears(fmt.Sprintf("1: added @%d", i+1))
			time.Sleep(5 * time.Second)
		}
		c.hearsNothingElse()
	})
}

// Sockets wait in the system's poller: no goroutine, whatever they have sent, and
// nothing is lost of what comes in one piece or in many.
func TestParkedSocketsHearAll(t *testing.T) {
	w := newWorld(t)
	w.listen()
	c := w.signIn("parent")
	raw := c.ws.NetConn()
	frame := func(text string) []byte {
		b := control(0x81, text)
		if len(text) > 125 {
			t.Fatal("too long for a short frame")
		}
		return b
	}
	ping := frame(`{"type":"ping"}`)
	write := func(data []byte) {
		t.Helper()
		if _, err := raw.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	many := append(append(append([]byte(nil), ping...), control(pingFrame, "x")...), ping...) // two messages and a ping in one segment
	for range 20 {
		write(many)
		c.hears("pong", "pong")
	}
	for _, b := range many {
		write([]byte{b})
	}
	c.hears("pong", "pong")
	for range 20 { // pongs alone wake it, and leave it parked
		write(control(pongFrame, ""))
	}
	c.hearsNothingElse()
	c.subscribe("1", "")
	c.hears("1: ready @0")
	w.pay(self)
	c.hears("1: added @1")
}
