package subscriptions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

	"comptesante/domain"
)

// patience is how long a client waits for what must come.
const patience = 20 * time.Second

// client is a client of the protocol, which reads all the time unless it is
// held.
type client struct {
	t     *testing.T
	w     *world
	ws    *websocket.Conn           // nil for a stream of events
	cut   func() error              // ends the connection
	heard chan message              // closed when the socket has ended
	err   error                     // why it has; set before heard is closed
	mute  atomic.Bool               // answers neither pings nor close frames
	key   domain.FeedKey            // that it follows
	keys  map[string]domain.FeedKey // by operation, where that is another
	last  string                    // cursor of the last event

	mu   sync.Mutex
	held chan struct{} // closed when the reader may go on; nil where it may
}

// connect opens a socket.
func (w *world) connect(subprotocols ...string) *client {
	w.t.Helper()
	c, _, err := w.try(nil, subprotocols...)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// try opens a socket, or fails as the server wants.
func (w *world) try(header http.Header, subprotocols ...string) (*client, *http.Response, error) {
	if subprotocols == nil {
		subprotocols = []string{transportWS.protocol}
	}
	dialer := websocket.Dialer{NetDialContext: w.dial, Subprotocols: subprotocols, EnableCompression: true}
	ws, response, err := dialer.DialContext(context.Background(), "ws"+strings.TrimPrefix(w.server.URL, "http"), header)
	if err != nil {
		return nil, response, err
	}
	c := &client{t: w.t, w: w, ws: ws, cut: ws.Close, key: family, heard: make(chan message, 1<<16)}
	pong, goodbye := ws.PingHandler(), ws.CloseHandler()
	ws.SetPingHandler(func(data string) error {
		if c.mute.Load() {
			return nil
		}
		return pong(data)
	})
	ws.SetCloseHandler(func(code int, reason string) error {
		if c.mute.Load() {
			return nil
		}
		return goodbye(code, reason)
	})
	go c.read()
	w.t.Cleanup(c.leave)
	return c, response, nil
}

// signIn opens a socket and waits for connection_ack.
func (w *world) signIn(session string) *client {
	w.t.Helper()
	c := w.connect()
	c.send(`{"type":"connection_init","payload":{"authorization":"Bearer %s"}}`, session)
	c.hears("connection_ack")
	return c
}

// follow opens a socket of the parent that follows the family's feed as "1".
func (w *world) follow(after string) *client {
	w.t.Helper()
	c := w.signIn("parent")
	c.subscribe("1", after)
	return c
}

func (c *client) read() {
	defer close(c.heard)
	for {
		c.wait()
		_, data, err := c.ws.ReadMessage()
		if err != nil {
			c.err = err
			return
		}
		var m struct {
			ID, Type string
			Payload  json.RawMessage
		}
		if err := json.Unmarshal(data, &m); err != nil {
			c.err = fmt.Errorf("the server sent %q: %w", data, err)
			return
		}
		c.heard <- message{m.ID, m.Type, m.Payload}
	}
}

func (c *client) wait() {
	c.mu.Lock()
	held := c.held
	c.mu.Unlock()
	if held != nil {
		<-held
	}
}

// hold makes the client read at most one more message, until release.
func (c *client) hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = make(chan struct{})
}

func (c *client) release() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held != nil {
		close(c.held)
		c.held = nil
	}
}

// leave cuts the connection and waits for the reader.
func (c *client) leave() {
	c.release()
	_ = c.cut()
	for range c.heard { // until it is closed
	}
}

func (c *client) write(format string, a ...any) error {
	return c.ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, format, a...))
}

// send is write of what must leave.
func (c *client) send(format string, a ...any) {
	c.t.Helper()
	if err := c.write(format, a...); err != nil {
		c.t.Fatalf("cannot send: %v", err)
	}
}

// newPayments is the subscription of the tests.
const newPayments = `subscription($assure: ID, $after: Cursor) { newPayments(assure: $assure, after: $after) { __typename
	... on PaymentAdded { cursor payment { reference } }
	... on PaymentCorrected { cursor payment { reference } }
	... on FeedReady { cursor }
	... on FeedReset { reason cursor: resumeFrom } } }`

// accountEvents is the subscription of the tests to an account.
const accountEvents = `subscription($after: Cursor) { accountEvents(after: $after) { __typename
	... on SessionOpened { cursor session level }
	... on SessionEnded { cursor session }
	... on AccountSuspended { cursor }
	... on AccountRestored { cursor }
	... on FeedReady { cursor }
	... on FeedReset { reason cursor: resumeFrom } } }`

// subscribe follows the actor's own feed, after a cursor unless that is empty.
func (c *client) subscribe(id, after string) {
	c.t.Helper()
	if err := c.subscribeTo(id, after); err != nil {
		c.t.Fatal(err)
	}
}

// followOf follows the feed of an assuré.
func (c *client) followOf(id string, assure int64) {
	c.t.Helper()
	if err := c.ask(id, newPayments, map[string]any{"assure": assureID(assure)}); err != nil {
		c.t.Fatal(err)
	}
}

func assureID(assure int64) string {
	return domain.ID{Kind: domain.KindAssure, Assure: assure, Key: assure}.String()
}

func (c *client) subscribeTo(id, after string) error {
	variables := map[string]any{}
	if after != "" {
		variables["after"] = after
	}
	if c.keyOf(id).Feed == domain.FeedAccount {
		return c.ask(id, accountEvents, variables)
	}
	return c.ask(id, newPayments, variables)
}

func (c *client) ask(id, query string, variables map[string]any) error {
	payload := map[string]any{"query": query, "variables": variables}
	text, err := json.Marshal(map[string]any{"type": typeSubscribe, "id": id, "payload": payload})
	return errors.Join(err, c.write("%s", text))
}

// hears holds that these messages come next, each as line writes it.
func (c *client) hears(want ...string) {
	c.t.Helper()
	var got []string
	for range want {
		line, err := c.next()
		if err != nil {
			got = append(got, err.Error())
			break
		}
		got = append(got, line)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		c.t.Fatalf("-want +got:\n%s", diff)
	}
}

func (c *client) next() (string, error) {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case m, ok := <-c.heard:
		if !ok {
			return "", fmt.Errorf("the socket has ended: %w", c.err)
		}
		return c.line(m), nil
	case <-timeout.C:
		return "", errors.New("nothing came")
	}
}

// hearsNothing holds, in a bubble, that nothing was sent nor will be without a
// cause from outside.
func (c *client) hearsNothing() {
	c.t.Helper()
	synctest.Wait()
	select {
	case m, ok := <-c.heard:
		c.t.Fatalf("heard %q, open %v, %v", c.line(m), ok, c.err)
	default:
	}
}

// hearsNothingElse holds that the answer to a ping comes next.
func (c *client) hearsNothingElse() {
	c.t.Helper()
	c.send(`{"type":"ping"}`)
	c.hears("pong")
}

// closes holds that the server closes the socket next with a code, and gives the
// reason.
func (c *client) closes(code int) (reason string) {
	c.t.Helper()
	if line, err := c.next(); err == nil {
		c.t.Fatalf("heard %q, want a close with %d", line, code)
	}
	return c.closedWith(code)
}

// closedWith is closes after whatever else comes first.
func (c *client) closedWith(code int) (reason string) {
	c.t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		select {
		case _, ok := <-c.heard:
			if ok {
				continue
			}
		case <-timeout.C:
			c.t.Fatalf("the socket is open, want a close with %d", code)
		}
		var closed *websocket.CloseError
		if !errors.As(c.err, &closed) || closed.Code != code {
			c.t.Fatalf("the socket ended with %v, want %d", c.err, code)
		}
		return closed.Text
	}
}

// line writes a message in short: its id, and what it tells; a place in a feed
// as @sequence, with its epoch where that is not the first.
func (c *client) line(m message) string {
	switch m.Type {
	case typeNext, typeData:
		return strings.TrimPrefix(m.ID+": "+c.event(c.keyOf(m.ID), m.Payload), ": ")
	case typeError:
		if c.ws != nil && c.ws.Subprotocol() == legacyWS.protocol {
			m.Payload = slices.Concat([]byte("["), m.Payload, []byte("]"))
		}
		return strings.TrimPrefix(m.ID+": error "+codeIn(m.Payload), ": ")
	}
	return strings.TrimPrefix(m.ID+": "+m.Type, ": ")
}

// codeIn is the code of the first of a list of errors.
func codeIn(list []byte) string {
	var all []struct{ Extensions struct{ Code string } }
	if err := json.Unmarshal(list, &all); err != nil || len(all) == 0 {
		return "that cannot be read: " + string(list)
	}
	return all[0].Extensions.Code
}

// keyOf is the feed that an operation follows.
func (c *client) keyOf(id string) domain.FeedKey {
	if key, ok := c.keys[id]; ok {
		return key
	}
	return c.key
}

func (c *client) event(key domain.FeedKey, payload []byte) string {
	var p struct {
		Data map[string]struct {
			Typename string `json:"__typename"`
			Cursor   string
			Reason   string
			Payment  struct{ Reference string }
			Session  string
		}
		Errors json.RawMessage
	}
	if err := json.Unmarshal(payload, &p); err != nil || p.Errors != nil {
		return "an event that cannot be read: " + string(payload)
	}
	root := "newPayments"
	if key.Feed == domain.FeedAccount {
		root = "accountEvents"
	}
	e := p.Data[root]
	c.last = e.Cursor
	at, _, err := c.w.codec.ParseFeed(key, e.Cursor)
	if err != nil {
		return "an event of another feed: " + string(payload)
	}
	if ref := e.Payment.Reference + e.Session; ref != "" && ref != reference(at) {
		return fmt.Sprintf("an event at %v of %s", at, ref)
	}
	return strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", short[e.Typename], e.Reason, place(at))), " ")
}

var short = map[string]string{"PaymentAdded": "added", "PaymentCorrected": "corrected", "FeedReady": "ready", "FeedReset": "reset",
	"SessionOpened": "opened", "SessionEnded": "ended", "AccountSuspended": "suspended", "AccountRestored": "restored"}

func place(at domain.Position) string {
	if at.Epoch != 1 {
		return fmt.Sprintf("@%d of epoch %d", at.Seq, at.Epoch)
	}
	return fmt.Sprintf("@%d", at.Seq)
}

// added are the lines of events that follow each other.
func added(id string, from, to int64) []string {
	var lines []string
	for seq := from; seq <= to; seq++ {
		lines = append(lines, fmt.Sprintf("%s: added @%d", id, seq))
	}
	return lines
}
