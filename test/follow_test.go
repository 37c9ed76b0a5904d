package test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// frame is a message of graphql-transport-ws.
type frame struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// socket is a client's end of a WebSocket.
type socket struct {
	t  testing.TB
	ws *websocket.Conn
}

// errClosed carries the close code of a socket that the server closed.
func closeCode(err error) int {
	var closed *websocket.CloseError
	if errors.As(err, &closed) {
		return closed.Code
	}
	return 0
}

// dial opens a socket and signs in; the error is that of a server that is away.
func dial(t testing.TB, address, token string) (*socket, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	ws, response, err := d.DialContext(ctx, "ws://"+address+"/graphql", nil)
	if err != nil {
		return nil, err
	}
	_ = response.Body.Close() // empty after an upgrade
	s := &socket{t, ws}
	if err := s.send("connection_init", "", map[string]string{"authorization": "Bearer " + token}); err != nil {
		return nil, err
	}
	f, err := s.next()
	if err != nil || f.Type != "connection_ack" {
		return s, errors.Join(err, errors.New("no acknowledgement"))
	}
	return s, nil
}

// connect is dial for a server that must be there.
func connect(t testing.TB, s *server, token string) *socket {
	t.Helper()
	c, err := dial(t, s.api, token)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

func (s *socket) close() { _ = s.ws.Close() } // the server may have closed it

func (s *socket) send(kind, id string, payload any) error {
	text, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	return s.ws.WriteJSON(frame{ID: id, Type: kind, Payload: text})
}

func (s *socket) next() (f frame, err error) {
	if err := s.ws.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return f, err
	}
	return f, s.ws.ReadJSON(&f)
}

// followPayments is the subscription of the tests.
const followPayments = `subscription($after: Cursor) { newPayments(after: $after) { __typename
	... on PaymentAdded { cursor payment { reference amount } }
	... on PaymentCorrected { cursor payment { reference amount } changes { field before after } }
	... on FeedReady { cursor }
	... on FeedReset { reason resumeFrom } } }`

// event is what followPayments gives.
type event struct {
	Type    string `json:"__typename"`
	Cursor  string
	Payment struct {
		Reference string
		Amount    int
	}
	Changes []struct{ Field, Before, After string }
	Reason  string
	Session string
	Level   string
}

// subscribe begins to follow.
func (s *socket) subscribe(after string) error {
	variables := map[string]any{}
	if after != "" {
		variables["after"] = after
	}
	return s.send("subscribe", "1", map[string]any{"query": followPayments, "variables": variables})
}

// event waits for the next event.
func (s *socket) event() (e event, err error) {
	f, err := s.next()
	if err != nil {
		return e, err
	}
	if f.Type != "next" {
		return e, errors.New(f.Type + ": " + string(f.Payload))
	}
	var payload struct {
		Data   map[string]event // by the field that was followed
		Errors []any
	}
	err = json.Unmarshal(f.Payload, &payload)
	if err == nil && len(payload.Errors) > 0 {
		err = errors.New(string(f.Payload))
	}
	for _, e = range payload.Data {
		return e, err
	}
	return e, err
}

// follow subscribes and waits until the stream is live.
func follow(t testing.TB, s *server, token string) (c *socket, cursor string) {
	t.Helper()
	c = connect(t, s, token)
	if err := c.subscribe(""); err != nil {
		t.Fatal(err)
	}
	e, err := c.event()
	if err != nil || e.Type != "FeedReady" {
		t.Fatalf("got %+v, %v", e, err)
	}
	return c, e.Cursor
}
