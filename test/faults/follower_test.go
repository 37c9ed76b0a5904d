package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// follower is a subscriber at work: it follows with a cursor that it keeps with
// each event, and comes back with it whenever its socket ends.
type follower struct {
	address string        // where it connects
	dead    time.Duration // without a sign of life, after which it counts the server as gone
	token   string
	changed *signal // raised with each line of the log

	cursor string // of the last event, or of FeedReady; only run uses it

	mu  sync.Mutex // guards what follows
	own subscriber
}

// How a follower behaves.
const (
	pingEvery   = time.Second            // it asks the server for a sign of life
	presumeDead = 5 * time.Second        // and counts it as gone without one: all but the first follower of a run
	firstWait   = 200 * time.Millisecond // at most, before it comes back the first time; then twice that, and so on
	longestWait = 2 * time.Second
	hintDivisor = 10 // a client that is told to come back within ten seconds does so within one: tests have less time
)

const followPayments = `subscription($after: Cursor) { newPayments(after: $after) { __typename
	... on PaymentAdded { cursor payment { reference } }
	... on PaymentCorrected { cursor payment { reference } }
	... on FeedReady { cursor }
	... on FeedReset { reason resumeFrom } } }`

// told is what followPayments gives.
type told struct {
	Type       string `json:"__typename"`
	Cursor     string
	Payment    struct{ Reference string }
	Reason     string
	ResumeFrom string
}

// frame is a message of graphql-transport-ws.
type frame struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// run follows until ctx ends or the session has ended.
func (f *follower) run(ctx context.Context) {
	wait := firstWait
	for ctx.Err() == nil {
		err := f.session(ctx)
		code, why := closeOf(err)
		if ctx.Err() != nil {
			return
		}
		f.note(entry{kind: closed, code: code, why: why})
		if code == 4401 {
			return // a client asks its person to sign in again
		}
		if f.wasReady() {
			wait = firstWait
		}
		pause(ctx, time.Duration(rand.Int64N(int64(wait)))+hintOf(why)/hintDivisor)
		wait = min(2*wait, longestWait)
	}
}

// closeOf is the code and reason with which a server has closed.
func closeOf(err error) (code int, why string) {
	var closed *websocket.CloseError
	if errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure {
		return closed.Code, closed.Text
	}
	return 0, fmt.Sprint(err)
}

var hint = regexp.MustCompile(`reconnectAfterMs=(\d+)`)

// hintOf is when a server that leaves asks a client to come back.
func hintOf(why string) time.Duration {
	m := hint.FindStringSubmatch(why)
	if m == nil {
		return 0
	}
	ms, err := strconv.Atoi(m[1])
	if err != nil {
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

// session is one socket, from its opening to its end.
func (f *follower) session(ctx context.Context) error {
	dialling, cancel := context.WithTimeout(ctx, f.dead)
	defer cancel()
	d := websocket.Dialer{Subprotocols: []string{"graphql-transport-ws"}}
	ws, response, err := d.DialContext(dialling, "ws://"+f.address+"/graphql", nil)
	if err != nil {
		return err
	}
	_ = response.Body.Close() // empty after an upgrade
	defer func() { _ = ws.Close() }()
	defer context.AfterFunc(ctx, func() { _ = ws.Close() })()
	if err := f.begin(ws); err != nil {
		return err
	}
	stop := make(chan struct{})
	var pinging sync.WaitGroup
	pinging.Go(func() { ping(ws, stop) })
	defer pinging.Wait()
	defer close(stop)
	for {
		if err := f.next(ws); err != nil {
			return err
		}
	}
}

// begin signs in and subscribes.
func (f *follower) begin(ws *websocket.Conn) error {
	asked := time.Now()
	if err := send(ws, frame{Type: "connection_init"}, map[string]string{"authorization": "Bearer " + f.token}); err != nil {
		return err
	}
	m, err := f.read(ws)
	if err != nil {
		return err
	}
	if m.Type != "connection_ack" {
		return fmt.Errorf("in place of connection_ack: %s", m.Type)
	}
	variables := map[string]string{}
	if f.cursor != "" {
		variables["after"] = f.cursor
	}
	f.note(entry{kind: opened, at: asked})
	return send(ws, frame{ID: "1", Type: "subscribe"}, map[string]any{"query": followPayments, "variables": variables})
}

func send(ws *websocket.Conn, m frame, payload any) (err error) {
	if m.Payload, err = json.Marshal(payload); err != nil {
		return err
	}
	_ = ws.SetWriteDeadline(time.Now().Add(presumeDead)) // a closed connection fails the write
	return ws.WriteJSON(m)
}

func (f *follower) read(ws *websocket.Conn) (m frame, err error) {
	_ = ws.SetReadDeadline(time.Now().Add(f.dead)) // a closed connection fails the read
	return m, ws.ReadJSON(&m)
}

// ping asks for signs of life until stop is closed.
func ping(ws *websocket.Conn, stop <-chan struct{}) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			if send(ws, frame{Type: "ping"}, nil) != nil {
				return // the reader finds the same
			}
		}
	}
}

// next takes one message.
func (f *follower) next(ws *websocket.Conn) error {
	m, err := f.read(ws)
	switch {
	case err != nil:
		return err
	case m.Type == "pong":
		return nil
	case m.Type != "next":
		return fmt.Errorf("%s: %s", m.Type, m.Payload)
	}
	var payload struct {
		Data   struct{ NewPayments told }
		Errors []struct{ Message string }
	}
	if err := json.Unmarshal(m.Payload, &payload); err != nil {
		return err
	}
	if len(payload.Errors) > 0 {
		return errors.New(payload.Errors[0].Message)
	}
	f.take(payload.Data.NewPayments)
	return nil
}

// take processes an event and keeps its cursor, in one step, as a client must.
func (f *follower) take(e told) {
	switch e.Type {
	case "PaymentAdded":
		f.note(entry{kind: got, event: e.Payment.Reference})
	case "PaymentCorrected":
		f.note(entry{kind: got, event: corrected(e.Payment.Reference)})
	case "FeedReady":
		f.note(entry{kind: ready})
	case "FeedReset":
		f.note(entry{kind: reset, why: e.Reason})
		e.Cursor = e.ResumeFrom
	}
	f.cursor = e.Cursor
}

func (f *follower) note(e entry) {
	if e.at.IsZero() {
		e.at = time.Now()
	}
	f.mu.Lock()
	f.own.log = append(f.own.log, e)
	f.mu.Unlock()
	f.changed.raise()
}

// snapshot is the subscriber with its log so far.
func (f *follower) snapshot() subscriber {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.own
	s.log = append([]entry(nil), s.log...)
	return s
}

// wasReady tells whether its last socket had become live.
func (f *follower) wasReady() bool {
	log := f.snapshot().log
	for i := len(log) - 1; i >= 0 && log[i].kind != opened; i-- {
		if log[i].kind == ready {
			return true
		}
	}
	return false
}

// count counts the lines of a kind.
func (f *follower) count(k kind) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.own.log {
		if e.kind == k {
			n++
		}
	}
	return n
}

// saw tells whether an event has come.
func (f *follower) saw(event string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.own.log) - 1; i >= 0; i-- {
		if f.own.log[i].kind == got && f.own.log[i].event == event {
			return true
		}
	}
	return false
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// signal wakes whoever waits that something has changed.
type signal struct {
	mu      sync.Mutex
	waiting chan struct{} // closed and made anew by raise
}

func newSignal() *signal { return &signal{waiting: make(chan struct{})} }

func (s *signal) raise() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.waiting)
	s.waiting = make(chan struct{})
}

func (s *signal) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting
}
