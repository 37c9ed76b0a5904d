package test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// TestOtherWires: what follows by server-sent events, and by the older protocol
// where that is allowed, hears a payment from the whole program, past its log of
// requests and its time for an answer; and the program's leaving ends both.
func TestOtherWires(t *testing.T) {
	env := settings(filepath.Join(folder(t), "data"), "COMPTESANTE_LEGACY_WS=true")
	s := serve(t, env, "--demo")
	stream := followByEvents(t, s, s.tokens["Lucia"])
	old := followLegacy(t, s, s.tokens["Lucia"])
	if out, status := run(t, env, "", "demo", "pay"); status != 0 {
		t.Fatal(out)
	}
	id, e, err := nextEvent(stream)
	if err != nil || e.Type != "PaymentAdded" || id != e.Cursor {
		t.Errorf("the stream has %+v under %q, %v", e, id, err)
	}
	f, err := old.next()
	if err != nil || f.Type != "data" || !strings.Contains(string(f.Payload), "PaymentAdded") {
		t.Errorf("the older protocol has %s %s, %v", f.Type, f.Payload, err)
	}
	s.stop(os.Interrupt)
	if _, _, err := nextEvent(stream); !errors.Is(err, io.EOF) {
		t.Errorf("the stream ended with %v", err)
	}
}

// followByEvents opens a stream of events and waits until it is live.
func followByEvents(t *testing.T, s *server, token string) *bufio.Reader {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": followPayments})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, "http://"+s.api+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Authorization": "Bearer " + token, "Accept": "text/event-stream", "Content-Type": "application/json"} {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	stream := bufio.NewReader(response.Body)
	if _, e, err := nextEvent(stream); err != nil || e.Type != "FeedReady" {
		t.Fatalf("status %d, %+v, %v", response.StatusCode, e, err)
	}
	return stream
}

// nextEvent reads up to the end of an event, past comments.
func nextEvent(stream *bufio.Reader) (id string, e event, err error) {
	var payload struct{ Data struct{ NewPayments event } }
	for {
		line, err := stream.ReadString('\n')
		if err != nil {
			return id, e, err
		}
		switch name, value, _ := strings.Cut(strings.TrimSpace(line), ": "); name {
		case "id":
			id = value
		case "data":
			if err := json.Unmarshal([]byte(value), &payload); err != nil {
				return id, e, err
			}
		case "":
			if payload.Data.NewPayments.Type != "" {
				return id, payload.Data.NewPayments, nil
			}
		}
	}
}

// followLegacy follows by graphql-ws of subscriptions-transport-ws, and waits until
// it is live.
func followLegacy(t *testing.T, s *server, token string) *socket {
	t.Helper()
	d := websocket.Dialer{Subprotocols: []string{"graphql-ws"}}
	ws, _, err := d.Dial("ws://"+s.api+"/graphql", nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &socket{t, ws}
	t.Cleanup(c.close)
	err = errors.Join(c.send("connection_init", "", map[string]string{"authorization": "Bearer " + token}),
		c.send("start", "1", map[string]string{"query": followPayments}))
	for _, want := range []string{"connection_ack", "ka", "data"} {
		f, failed := c.next()
		if err = errors.Join(err, failed); err != nil || f.Type != want {
			t.Fatalf("heard %s %s, want %s, %v", f.Type, f.Payload, want, err)
		}
	}
	return c
}
