package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// follower is a client that loses nothing: it keeps the cursor of each event
// with the event, and comes back with it.
type follower struct {
	url    string // ws://host:port/graphql
	token  string
	out    io.Writer
	cursor string
	count  int
}

const subscription = `subscription($after: Cursor) { newPayments(after: $after) { __typename
	... on PaymentAdded { cursor payment { amount lines { label } beneficiary { givenName } } }
	... on PaymentCorrected { cursor payment { amount lines { label } beneficiary { givenName } } }
	... on FeedReady { cursor }
	... on FeedReset { reason resumeFrom } } }`

// event is what subscription gives.
type event struct {
	Type    string `json:"__typename"`
	Cursor  string
	Payment struct {
		Amount      int
		Lines       []struct{ Label string }
		Beneficiary struct{ GivenName string }
	}
	Reason     string
	ResumeFrom string
}

// message is one of graphql-transport-ws.
type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// follow follows until ctx ends, or the server says that coming back is in vain.
func follow(ctx context.Context, url, token string, out io.Writer) error {
	f := &follower{url: "ws" + strings.TrimPrefix(strings.TrimSuffix(url, "/"), "http") + "/graphql", token: token, out: out}
	for ctx.Err() == nil {
		err := f.session(ctx)
		if websocket.IsCloseError(err, 4400, 4401, 4406, 4429) {
			return err
		}
		wait := time.Duration(rand.Int64N(int64(time.Second)))
		f.say("the connection has ended (%v): back with the cursor in %s", err, wait.Round(time.Millisecond))
		pause(ctx, wait)
	}
	return nil
}

func (f *follower) say(format string, args ...any) {
	fmt.Fprintf(f.out, clock()+" "+format+"\n", args...)
}

// session is one socket, from its opening to its end.
func (f *follower) session(ctx context.Context) error {
	d := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}, HandshakeTimeout: 5 * time.Second}
	ws, response, err := d.DialContext(ctx, f.url, nil)
	if err != nil {
		return err
	}
	_ = response.Body.Close() // empty after an upgrade
	defer func() { _ = ws.Close() }()
	defer context.AfterFunc(ctx, func() { _ = ws.Close() })()
	if err := send(ws, message{Type: "connection_init"}, map[string]string{"authorization": "Bearer " + f.token}); err != nil {
		return err
	}
	variables := map[string]string{}
	if f.cursor != "" {
		variables["after"] = f.cursor
	}
	for {
		var m message
		_ = ws.SetReadDeadline(time.Now().Add(time.Minute)) // the server pings silent sockets; a closed connection fails the read
		if err := ws.ReadJSON(&m); err != nil {
			return err
		}
		switch m.Type {
		case "connection_ack":
			err = send(ws, message{ID: "1", Type: "subscribe"}, map[string]any{"query": subscription, "variables": variables})
		case "next":
			err = f.take(m.Payload)
		case "error", "complete":
			err = errors.New(m.Type + " " + string(m.Payload))
		}
		if err != nil {
			return err
		}
	}
}

func send(ws *websocket.Conn, m message, payload any) (err error) {
	if m.Payload, err = json.Marshal(payload); err != nil {
		return err
	}
	return ws.WriteJSON(m)
}

// take shows an event and keeps its cursor.
func (f *follower) take(payload []byte) error {
	var p struct {
		Data   struct{ NewPayments event }
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(payload, &p); err != nil {
		return err
	}
	if len(p.Errors) > 0 {
		return errors.New(p.Errors[0].Message)
	}
	e := p.Data.NewPayments
	switch e.Type {
	case "FeedReady":
		f.say("live")
	case "FeedReset":
		f.say("load anew: %s", e.Reason)
		e.Cursor = e.ResumeFrom
	default:
		f.count++
		f.say("%d. %s: %d,%02d € for %s, %s", f.count, e.Type, e.Payment.Amount/100, e.Payment.Amount%100, e.Payment.Beneficiary.GivenName, e.Payment.Lines[0].Label)
	}
	f.cursor = e.Cursor
	return nil
}
