package subscriptions

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"comptesante/domain/actor"
)

// legacy opens a socket of the older protocol and signs in.
func (w *world) legacy(session string) *client {
	w.t.Helper()
	c := w.connect(legacyWS.protocol)
	c.send(`{"type":"connection_init","payload":{"authorization":"Bearer %s"}}`, session)
	c.hears("connection_ack", "ka")
	return c
}

// begins starts an operation as the older protocol does.
func (c *client) begins(id, after string) {
	c.t.Helper()
	variables, err := json.Marshal(map[string]string{"after": after})
	if err != nil {
		c.t.Fatal(err)
	}
	if after == "" {
		variables = []byte(`{}`)
	}
	c.send(`{"type":"start","id":%q,"payload":{"query":%q,"variables":%s,"operationName":null}}`, id, newPayments, variables)
}

func TestLegacyIsASetting(t *testing.T) {
	w := newWorld(t)
	w.sockets.LegacySocket = true
	w.listen()
	for _, row := range []struct {
		why    string
		offers []string
		want   string
	}{
		{"the old one alone", []string{"graphql-ws"}, "graphql-ws"},
		{"both: the new one is preferred", []string{"graphql-ws", transportWS.protocol}, transportWS.protocol},
		{"none", []string{}, ""},
		{"one that is older still", []string{"graphql-subscriptions"}, ""},
	} {
		c := w.connect(row.offers...)
		if got := c.ws.Subprotocol(); got != row.want {
			t.Errorf("%s: %q was chosen", row.why, got)
		}
		if row.want == "" {
			c.closes(4406)
		}
	}
}

// The whole of a session: events, an error before execution, a stop that is
// answered, and nothing afterwards.
func TestLegacy(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.sockets.LegacySocket = true
		w.pipe()
		c := w.legacy("parent")
		c.begins("1", "")
		c.hears("1: ready @0")
		w.pay(self)
		c.hears("1: added @1")
		c.send(`{"type":"start","id":"2","payload":{"query":"{me{id}}"}}`)
		c.hears("2: error VALIDATION")
		c.send(`{"type":"stop","id":"1"}`)
		c.hears("1: complete")
		c.send(`{"type":"stop","id":"1"}`)
		c.send(`{"type":"stop","id":"never"}`)
		synctest.Wait()
		w.pay(self)
		c.hearsNothing()
		c.begins("1", c.last)
		c.hears("1: added @2", "1: ready @2")
		c.send(`{"type":"connection_terminate"}`)
		c.closes(1000)
	})
}

// Its clients send what they follow right behind connection_init.
func TestLegacyStartsBeforeTheAck(t *testing.T) {
	w := newWorld(t)
	w.sockets.LegacySocket = true
	w.listen()
	c := w.connect(legacyWS.protocol)
	c.send(initParent)
	c.begins("1", "")
	c.hears("connection_ack", "ka", "1: ready @0")
}

// A start with an id in use replaces its operation; no complete is sent, which
// would end the new one.
func TestLegacyReplaces(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.sockets.LegacySocket = true
		w.pipe()
		w.record(self)
		c := w.legacy("parent")
		c.begins("1", "")
		c.hears("1: ready @1")
		c.begins("1", w.cursorAt(1, 0))
		c.hears("1: added @1", "1: ready @1")
		w.pay(self)
		c.hears("1: added @2")
		c.hearsNothing()
	})
}

// What is refused is told by connection_error, since its clients look at no code.
func TestLegacyRefuses(t *testing.T) {
	w := newWorld(t)
	w.sockets.LegacySocket = true
	w.listen()
	for _, row := range []struct {
		why, send string
		code      int
	}{
		{"a token of no session", `{"type":"connection_init","payload":{"authorization":"Bearer nobody"}}`, 4401},
		{"no token", `{"type":"connection_init","payload":{}}`, 4403},
		{"start first", `{"type":"start","id":"1","payload":{"query":"{x}"}}`, 4401},
	} {
		c := w.connect(legacyWS.protocol)
		c.send("%s", row.send)
		m := <-c.heard
		var payload struct{ Message string }
		if err := json.Unmarshal(m.Payload, &payload); err != nil || m.Type != typeConnectionError || payload.Message == "" {
			t.Errorf("%s: heard %s %s", row.why, m.Type, m.Payload)
		}
		c.closes(row.code)
	}
}

// What cannot be read is told, and closes nothing.
func TestLegacyMalformed(t *testing.T) {
	w := newWorld(t)
	w.sockets.LegacySocket = true
	w.listen()
	c := w.legacy("parent")
	for _, row := range []struct{ why, text, want string }{
		{"no JSON", `no`, "connection_error"},
		{"a message of the newer protocol", `{"type":"ping"}`, "connection_error"},
		{"the same of an operation", `{"type":"subscribe","id":"1","payload":{"query":"{x}"}}`, "1: error VALIDATION"},
		{"start without a payload", `{"type":"start","id":"1"}`, "1: error VALIDATION"},
		{"start without a query", `{"type":"start","id":"1","payload":{}}`, "1: error VALIDATION"},
		{"stop without an id", `{"type":"stop"}`, "connection_error"},
	} {
		c.send("%s", row.text)
		if line, err := c.next(); err != nil || line != row.want {
			t.Errorf("%s: %q, %v", row.why, line, err)
		}
	}
	c.begins("1", "")
	c.hears("1: ready @0")
}

// Its clients take a silence of half a minute, without ka, for a dead connection.
func TestLegacyIsKeptAlive(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.sockets.LegacySocket = true
		w.pipe()
		c := w.legacy("parent")
		for range 10 {
			began := time.Now()
			c.hears("ka")
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("after %v", took)
			}
		}
	})
}

// An operation that ends while it runs gets one error and nothing else.
func TestLegacyErrorEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.sockets.LegacySocket = true
		w.pipe()
		c := w.legacy("parent")
		c.begins("1", "")
		c.hears("1: ready @0")
		weak := w.sessions.actors["parent"]
		weak.Level = actor.NoLevel
		w.sessions.set(weak)
		w.pay(self)
		c.hears("1: error STEP_UP_REQUIRED")
		w.pay(self)
		c.hearsNothing()
	})
}

// The older protocol has one error where the newer has a list.
func TestErrorFrames(t *testing.T) {
	list := []byte(`[{"message":"a"},{"message":"b"}]`)
	if got := string(legacyWS.errorFrame("1", list)); got != `{"type":"error","id":"1","payload":{"message":"a"}}` {
		t.Error(got)
	}
	if got := string(transportWS.errorFrame("1", list)); !strings.HasSuffix(got, `"payload":`+string(list)+`}`) {
		t.Error(got)
	}
}
