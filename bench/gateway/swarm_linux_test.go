package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// feed is a server of one feed: after the subscription is live it sends what it
// is given, frame by frame. after takes what each client resumed from.
func feed(t *testing.T, after chan<- string, frames ...string) (address string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u := websocket.Upgrader{Subprotocols: []string{"graphql-transport-ws"}}
		ws, err := u.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer ws.Close()
		var m struct {
			Payload struct {
				Authorization string
				Variables     struct{ After string }
			}
		}
		if err := ws.ReadJSON(&m); err != nil || m.Payload.Authorization != "Bearer token" {
			t.Errorf("connection_init holds %+v, %v", m, err)
		}
		say := func(text string) { _ = ws.WriteMessage(websocket.TextMessage, []byte(text)) }
		say(`{"type":"connection_ack"}`)
		if err := ws.ReadJSON(&m); err != nil {
			t.Error(err)
		}
		after <- m.Payload.Variables.After
		say(`{"id":"1","type":"next","payload":{"data":{"newPayments":{"__typename":"FeedReady","cursor":"ready"}}}}`)
		for _, f := range frames {
			say(f)
		}
		_, _, _ = ws.ReadMessage() // until the client is gone
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

func added(number, nth int) string {
	return fmt.Sprintf(`{"id":"1","type":"next","payload":{"data":{"newPayments":{"cursor":"c%d","payment":{"reference":"%s"}}}}}`, nth, reference(number, nth))
}

// TestSwarm: sockets open, events are counted in order, and what is lost, doubled
// or cut is told.
func TestSwarm(t *testing.T) {
	const sockets = 3
	for _, row := range []struct {
		why    string
		frames []string
		events int    // of each socket
		fault  string // of each socket; empty for none
	}{
		{"in order", []string{added(0, 1), added(1, 2), added(2, 3)}, 3, ""},
		{"one is lost", []string{added(0, 1), added(2, 3)}, 2, "3 × a gap of 1 events"},
		{"one comes twice", []string{added(0, 1), added(0, 1)}, 2, "3 × an event that came before"},
		{"an error ends the socket", []string{added(0, 1), `{"id":"1","type":"error","payload":[]}`}, 1, `3 × {"id":"1","type":"error","payload":[]}`},
	} {
		t.Run(row.why, func(t *testing.T) {
			after := make(chan string, sockets)
			members := []*member{{token: "token"}, {token: "token"}, {token: "token"}}
			w, err := newSwarm(feed(t, after, row.frames...), graphqlWS{}, true, members)
			if err != nil {
				t.Fatal(err)
			}
			defer w.close()
			events := 0
			w.onEvent = func(int) { events++ }
			if _, err := w.openAll(t.Context(), time.Minute); err != nil {
				t.Fatal(err)
			}
			faults := 0
			if row.fault != "" {
				faults = sockets
			}
			if err := w.pump(t.Context(), time.Minute, func() bool { return events >= sockets*row.events && w.faulty >= faults }); err != nil {
				t.Fatal(err)
			}
			if told := w.told(); told != row.fault || events != sockets*row.events {
				t.Errorf("%d events, faults %q", events, told)
			}
		})
	}
}

// TestSwarmResumes: a socket comes back with the cursor of its last event, and
// what it has missed is what it waits for.
func TestSwarmResumes(t *testing.T) {
	after := make(chan string, 1)
	w, err := newSwarm(feed(t, after, added(0, 1)), graphqlWS{}, true, []*member{{token: "token"}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	came := false
	w.onEvent = func(int) { came = true }
	for _, want := range []string{"", "c1"} {
		came = false
		if _, err := w.openAll(t.Context(), time.Minute); err != nil || w.live != 1 {
			t.Fatal(w.live, err)
		}
		if got := <-after; got != want {
			t.Errorf("resumed from %q, not from %q", got, want)
		}
		if err := w.pump(t.Context(), time.Minute, func() bool { return came }); err != nil {
			t.Fatal(err)
		}
		w.hangUp()
		w.sockets[0].member.told = 3
	}
	if told := w.told(); told != "1 × an event that came before" { // a feed that begins again is no resume
		t.Errorf("faults %q", told)
	}
}

// TestSwarmRefused: sockets that do not open are told, and nothing is waited for.
func TestSwarmRefused(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	w, err := newSwarm(strings.TrimPrefix(server.URL, "http://"), graphqlWS{}, true, []*member{{}, {}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	if _, err := w.openAll(context.Background(), time.Minute); err != nil || w.live != 0 || !strings.Contains(w.told(), "404") {
		t.Errorf("%d sockets, %v, %s", w.live, err, w.told())
	}
}

// TestSwarmPatience: a server that takes connections and never answers is not
// waited for without end.
func TestSwarmPatience(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	members := make([]*member, 2*atOnce)
	for i := range members {
		members[i] = &member{}
	}
	w, err := newSwarm(l.Addr().String(), graphqlWS{}, true, members)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	if _, err := w.openAll(t.Context(), time.Second/10); err != nil || w.live != 0 || w.opening != 0 || w.faulty != len(members) {
		t.Errorf("%d sockets, %d on their way, %d faults, %v", w.live, w.opening, w.faulty, err)
	}
}

// TestDrive: people are told in turn, each of all its events in order, and the
// numbers find the instants again.
func TestDrive(t *testing.T) {
	members := make([]*member, 2*writers+5)
	for i := range members {
		members[i] = &member{}
	}
	events := make(chan event, 1<<20)
	d := drive{source: recorder(events), members: members, rate: 10_000, period: 50 * time.Millisecond}
	if err := d.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(events)
	told, numbers := make([]int, len(members)), make(map[int]bool)
	for e := range events {
		if told[e.person]++; told[e.person] != e.nth {
			t.Fatalf("person %d is told of the %d-th as the %d-th", e.person, e.nth, told[e.person])
		}
		if numbers[e.number] || d.sentAt(e.number).IsZero() {
			t.Fatalf("the number %d comes twice, or has no instant", e.number)
		}
		numbers[e.number] = true
	}
	if n := d.transactions(); n != 500 || len(numbers) != together*n {
		t.Errorf("%d transactions, %d events", n, len(numbers))
	}
	for i, m := range members {
		if m.told == 0 || m.told != told[i] {
			t.Errorf("person %d: %d events, and %d counted", i, told[i], m.told)
		}
	}
}

type recorder chan<- event

func (r recorder) publish(_ context.Context, events []event) (time.Time, error) {
	for _, e := range events {
		r <- e
	}
	return time.Now(), nil
}
