package subscriptions

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// request is an HTTP request of a test.
type request struct {
	method, path, session, body string
	header                      map[string]string
}

// do sends a request, whose answer may be a stream.
func (w *world) do(r request) *http.Response {
	w.t.Helper()
	return w.doIn(context.Background(), r)
}

func (w *world) doIn(ctx context.Context, r request) *http.Response {
	w.t.Helper()
	sent, err := http.NewRequestWithContext(ctx, r.method, w.server.URL+"/graphql"+r.path, strings.NewReader(r.body))
	if err != nil {
		w.t.Fatal(err)
	}
	if r.session != "" {
		sent.Header.Set("Authorization", "Bearer "+r.session)
	}
	if r.body != "" {
		sent.Header.Set("Content-Type", "application/json")
	}
	for name, value := range r.header {
		sent.Header.Set(name, value)
	}
	transport := &http.Transport{DialContext: w.dial, DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Do(sent)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

// status sends a request and gives its answer's status and the code of its error,
// or its text.
func (w *world) status(r request) (status int, told string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	response := w.doIn(ctx, r)
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	var answer struct{ Errors json.RawMessage }
	if json.Unmarshal(text, &answer) == nil && answer.Errors != nil {
		return response.StatusCode, codeIn(answer.Errors)
	}
	return response.StatusCode, string(text)
}

var acceptEvents = map[string]string{"Accept": "text/event-stream"}

// hearsOf reads a stream of events as a client's; numbered: each event has to carry
// its cursor as its id, and none otherwise.
func (w *world) hearsOf(response *http.Response, numbered bool) *client {
	w.t.Helper()
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || kind != "text/event-stream; charset=utf-8" {
		w.t.Fatalf("status %d, %s", response.StatusCode, kind)
	}
	c := &client{t: w.t, w: w, cut: response.Body.Close, key: family, heard: make(chan message, 1<<16)}
	go c.readEvents(response.Body, numbered)
	w.t.Cleanup(c.leave)
	return c
}

func (c *client) readEvents(body io.Reader, numbered bool) {
	defer close(c.heard)
	lines := bufio.NewReader(body)
	var event, data, id string
	for {
		c.wait()
		line, err := lines.ReadString('\n')
		if err != nil {
			c.err = err
			return
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "event":
			event = value
		case "data":
			data += value
		case "id":
			id = value
		case "":
			if event == "" { // a comment, or the end of one
				c.heard <- message{Type: "comment"}
				_, _ = lines.ReadString('\n')
				continue
			}
			m, err := eventMessage(event, data, id, numbered)
			if err != nil {
				c.err = err
				return
			}
			c.heard <- m
			event, data, id = "", "", ""
		default:
			c.err = fmt.Errorf("the server sent %q", line)
			return
		}
	}
}

// eventMessage reads an event as the message that a socket would have had.
func eventMessage(event, data, id string, numbered bool) (m message, err error) {
	m.Type, m.Payload = event, []byte(data)
	if !numbered {
		var wrapped struct {
			ID      string
			Payload json.RawMessage
		}
		if err := json.Unmarshal(m.Payload, &wrapped); err != nil || wrapped.ID == "" {
			return m, fmt.Errorf("an event without an operation: %q", data)
		}
		m.ID, m.Payload = wrapped.ID, wrapped.Payload
	}
	var failed struct{ Errors json.RawMessage }
	switch {
	case event == typeComplete:
		return m, nil
	case json.Unmarshal(m.Payload, &failed) == nil && failed.Errors != nil:
		m.Type, m.Payload = typeError, failed.Errors
	case numbered != (id != "") || numbered && !bytes.Contains(m.Payload, []byte(`"`+id+`"`)):
		return m, fmt.Errorf("the id of %q is %q", data, id)
	}
	return m, nil
}

// stream follows in the mode of distinct connections, with Last-Event-ID unless
// that is empty.
func (w *world) stream(session, after, lastEventID string) *client {
	w.t.Helper()
	header := map[string]string{"Accept": "text/event-stream"}
	if lastEventID != "" {
		header["Last-Event-ID"] = lastEventID
	}
	return w.hearsOf(w.do(request{method: "POST", session: session, header: header, body: operationOf("", after)}), true)
}

// operationOf is a request that follows, under an operation's id unless that is
// empty.
func operationOf(id, after string) string {
	r := map[string]any{"query": newPayments, "variables": map[string]any{}}
	if after != "" {
		r["variables"] = map[string]any{"after": after}
	}
	if id != "" {
		r["extensions"] = map[string]any{"operationId": id}
	}
	text, _ := json.Marshal(r)
	return string(text)
}

// ends holds that the stream ends next, in order.
func (c *client) ends() {
	c.t.Helper()
	if line, err := c.next(); err == nil {
		c.t.Fatalf("heard %q, want the end", line)
	}
	if !errors.Is(c.err, io.EOF) {
		c.t.Fatalf("the stream ended with %v", c.err)
	}
}

// reserve reserves a stream and gives its token.
func (w *world) reserve(session string) (token string) {
	w.t.Helper()
	status, token := w.status(request{method: "PUT", session: session})
	if status != http.StatusCreated || token == "" {
		w.t.Fatalf("status %d, %q", status, token)
	}
	return token
}

// opens opens a reserved stream.
func (w *world) opens(session, token string) *client {
	w.t.Helper()
	c := w.hearsOf(w.do(request{method: "GET", session: session, header: map[string]string{"Accept": "text/event-stream", tokenHeader: token}}), false)
	c.hears("comment")
	return c
}

// asks has an operation followed on a reserved stream.
func (w *world) asks(session, token, id, after string) (status int, told string) {
	w.t.Helper()
	return w.status(request{method: "POST", session: session, body: operationOf(id, after), header: map[string]string{tokenHeader: token}})
}

// A stream of its own: a comment at once, events under their cursors, and the gap
// on the way back, by Last-Event-ID before the variables.
func TestEventStream(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.stream("parent", "", "")
		c.hears("comment", "ready @0")
		w.pay(self, self)
		c.hears("added @1", "added @2")
		second := c.last
		c.leave()
		synctest.Wait()
		if n, feeds := len(w.sockets.list()), w.followed(); n+feeds > 0 {
			t.Errorf("%d connections are left, %d feeds are followed", n, feeds)
		}
		w.pay(self)
		c = w.stream("parent", w.cursorAt(1, 0), second)
		c.hears("comment", "added @3", "ready @3")
		c.leave()
		c = w.stream("parent", w.cursorAt(1, 1), "")
		c.hears("comment", "added @2", "added @3", "ready @3")
	})
}

// The same by GET, as browsers' EventSource asks.
func TestEventStreamByGet(t *testing.T) {
	w := newWorld(t)
	w.listen()
	w.record(self)
	query := url.Values{"query": {newPayments}, "variables": {`{"after":"` + w.cursorAt(1, 0) + `"}`}, "operationName": {""}}
	response := w.do(request{method: "GET", path: "?" + query.Encode(), session: "parent", header: acceptEvents})
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Accel-Buffering": "no"} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	w.hearsOf(response, true).hears("comment", "added @1", "ready @1")
}

// Whatever is wrong with an operation is told on the stream, which then ends.
func TestEventStreamRefuses(t *testing.T) {
	w := newWorld(t)
	w.listen()
	foreign := w.codec.Feed(domain.FeedKey{Assure: other, Feed: domain.FeedPayments}, domain.Position{Epoch: 1})
	for _, row := range []struct{ why, body, lastEventID, code string }{
		{"no GraphQL", `{"query":"}"}`, "", "VALIDATION"},
		{"a query", `{"query":"{me{id}}"}`, "", "VALIDATION"},
		{"a cursor that was never given", operationOf("", "abc"), "", "VALIDATION"},
		{"a Last-Event-ID that was never given", operationOf("", ""), "abc", "VALIDATION"},
		{"a Last-Event-ID of another's feed", operationOf("", ""), foreign, "VALIDATION"},
		{"somebody else's file", `{"query":"subscription{newPayments(assure:\"` + assureID(other) + `\"){__typename}}"}`, "", "NOT_FOUND"},
	} {
		response := w.do(request{method: "POST", session: "parent", body: row.body, header: map[string]string{"Accept": "text/event-stream", "Last-Event-ID": row.lastEventID}})
		c := w.hearsOf(response, true)
		c.hears("comment", "error "+row.code, "complete")
		c.ends()
	}
	w.eventually("all streams are gone", func() bool { return len(w.sockets.list()) == 0 })
}

// What cannot be read, and who may not ask, is refused by a status.
func TestEventStreamRefusesRequests(t *testing.T) {
	w := newWorld(t)
	w.listen()
	good := operationOf("", "")
	for _, row := range []struct {
		why    string
		r      request
		status int
		code   string
	}{
		{"nobody is signed in", request{method: "POST", body: good, header: acceptEvents}, 401, "UNAUTHENTICATED"},
		{"a dead session", request{method: "POST", session: "nobody", body: good, header: acceptEvents}, 401, "UNAUTHENTICATED"},
		{"nobody reserves", request{method: "PUT"}, 401, "UNAUTHENTICATED"},
		{"no JSON", request{method: "POST", session: "parent", body: "x", header: acceptEvents}, 400, "VALIDATION"},
		{"no media type", request{method: "POST", session: "parent", header: acceptEvents}, 415, "VALIDATION"},
		{"too large", request{method: "POST", session: "parent", body: `{"query":"` + strings.Repeat("#", 70<<10) + `"}`, header: acceptEvents}, 413, "QUERY_TOO_COMPLEX"},
		{"GET without a query", request{method: "GET", session: "parent", header: acceptEvents}, 400, "VALIDATION"},
		{"GET with variables that are a list", request{method: "GET", path: "?query={x}&variables=[]", session: "parent", header: acceptEvents}, 400, "VALIDATION"},
		{"GET with bytes that are not UTF-8", request{method: "GET", path: "?query=%ff", session: "parent", header: acceptEvents}, 400, "VALIDATION"},
		{"another method", request{method: "PATCH", session: "parent", header: acceptEvents}, 405, "VALIDATION"},
	} {
		if status, code := w.status(row.r); status != row.status || code != row.code {
			t.Errorf("%s: %d %s", row.why, status, code)
		}
	}
}

// A subscription by a query's way is refused at once: nothing hangs.
func TestSubscriptionByPostIsRefused(t *testing.T) {
	w := newWorld(t)
	w.listen()
	for _, accept := range []string{"", "*/*", "application/json", "application/graphql-response+json, application/json, text/event-stream, multipart/mixed", "multipart/mixed;subscriptionSpec=1.0, application/json"} {
		_, told := w.status(request{method: "POST", session: "parent", body: operationOf("", ""), header: map[string]string{"Accept": accept}})
		if told != "VALIDATION" {
			t.Errorf("Accept %q: %s", accept, told)
		}
	}
}

// Reserved streams: operations come and go on one stream, each told by its id.
func TestReservedStream(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		token := w.reserve("parent")
		c := w.opens("parent", token)
		if status, told := w.asks("parent", token, "1", ""); status != http.StatusAccepted || told != "" {
			t.Errorf("%d %s", status, told)
		}
		c.hears("1: ready @0")
		w.asks("parent", token, "2", "")
		c.hears("2: ready @0")
		w.pay(self)
		c.hearsBoth("1: added @1", "2: added @1")
		status, _ := w.status(request{method: "DELETE", path: "?operationId=1", session: "parent", header: map[string]string{tokenHeader: token}})
		if status != http.StatusOK {
			t.Errorf("stopped: %d", status)
		}
		w.pay(self)
		c.hears("2: added @2")
		c.hearsNothing()
		if status, _ := w.asks("parent", token, "3", "abc"); status != http.StatusAccepted {
			t.Errorf("a cursor that was never given: %d", status)
		}
		c.hears("3: error VALIDATION", "3: complete")
		w.asks("parent", token, "1", w.cursorAt(1, 1))
		c.hears("1: added @2", "1: ready @2")
		c.leave()
		synctest.Wait()
		if status, _ := w.asks("parent", token, "4", ""); status != http.StatusNotFound || len(w.sockets.list()) != 0 {
			t.Errorf("a stream that is gone: %d, %d connections", status, len(w.sockets.list()))
		}
	})
}

// What is followed before the stream has come waits for it.
func TestReservedStreamThatComesLater(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		w.record(self)
		token := w.reserve("parent")
		w.asks("parent", token, "1", w.cursorAt(1, 0))
		synctest.Wait()
		w.opens("parent", token).hears("1: added @1", "1: ready @1")
	})
}

func TestReservedStreamRefuses(t *testing.T) {
	w := newWorld(t)
	w.listen()
	token := w.reserve("parent")
	c := w.opens("parent", token)
	w.asks("parent", token, "1", "")
	c.hears("1: ready @0")
	with := func(token string, more ...string) map[string]string {
		header := map[string]string{tokenHeader: token}
		if len(more) > 0 {
			header["Accept"] = more[0]
		}
		return header
	}
	for _, row := range []struct {
		why    string
		r      request
		status int
	}{
		{"a second stream", request{method: "GET", session: "parent", header: with(token, "text/event-stream")}, 409},
		{"a second stream, the token in the address", request{method: "GET", path: "?token=" + token, session: "parent", header: acceptEvents}, 409},
		{"a second stream by POST", request{method: "POST", session: "parent", header: with(token, "text/event-stream")}, 409},
		{"an unknown token", request{method: "GET", session: "parent", header: with("x", "text/event-stream")}, 404},
		{"another session's stream", request{method: "GET", session: "other", header: with(token, "text/event-stream")}, 404},
		{"an operation under another session's token", request{method: "POST", session: "other", body: operationOf("2", ""), header: with(token)}, 404},
		{"a stop under another session's token", request{method: "DELETE", path: "?operationId=1", session: "other", header: with(token)}, 404},
		{"the same person's other session", request{method: "POST", session: "narrow", body: operationOf("2", ""), header: with(token)}, 404},
		{"a token and nobody signed in", request{method: "GET", header: with(token, "text/event-stream")}, 401},
		{"a stop without a token", request{method: "DELETE", path: "?operationId=1", session: "parent"}, 404},
		{"a stop of nothing", request{method: "DELETE", session: "parent", header: with(token)}, 400},
		{"a stop of what has just ended", request{method: "DELETE", path: "?operationId=gone", session: "parent", header: with(token)}, 200},
		{"an operation without an id", request{method: "POST", session: "parent", body: operationOf("", ""), header: with(token)}, 400},
		{"an id that is a number", request{method: "POST", session: "parent", body: `{"query":"{x}","extensions":{"operationId":1}}`, header: with(token)}, 400},
		{"an id in use", request{method: "POST", session: "parent", body: operationOf("1", ""), header: with(token)}, 409},
		{"no JSON", request{method: "POST", session: "parent", body: `x`, header: with(token)}, 400},
	} {
		if status, told := w.status(row.r); status != row.status {
			t.Errorf("%s: %d %s", row.why, status, told)
		}
	}
	w.pay(self)
	c.hears("1: added @1")
}

// A reservation for which no stream comes expires, and gives its place back.
func TestReservationExpires(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.sockets.Limits.PerSession = 2
		w.pipe()
		token := w.reserve("parent")
		w.asks("parent", token, "1", "")
		w.reserve("parent")
		if status, code := w.status(request{method: "PUT", session: "parent"}); status != http.StatusTooManyRequests || code != "RATE_LIMITED" {
			t.Errorf("%d %s", status, code)
		}
		if status, _ := w.status(request{method: "POST", session: "parent", body: operationOf("", ""), header: acceptEvents}); status != http.StatusTooManyRequests {
			t.Errorf("a stream over the cap: %d", status)
		}
		time.Sleep(7 * time.Second)
		if n, feeds := len(w.sockets.list()), w.followed(); n+feeds > 0 {
			t.Errorf("%d connections are left, %d feeds are followed", n, feeds)
		}
		w.sockets.Events.mu.Lock()
		if n := len(w.sockets.Events.reserved); n > 0 {
			t.Errorf("%d tokens are left", n)
		}
		w.sockets.Events.mu.Unlock()
		w.reserve("parent")
	})
}

func TestEventStreamsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.sockets.Limits.Sockets, w.sockets.Limits.Operations = 1, 1
	w.listen()
	token := w.reserve("parent")
	if status, code := w.status(request{method: "POST", session: "other", body: operationOf("", ""), header: acceptEvents}); status != http.StatusServiceUnavailable || code != "UNAVAILABLE" {
		t.Errorf("%d %s", status, code)
	}
	c := w.opens("parent", token)
	w.asks("parent", token, "1", "")
	c.hears("1: ready @0")
	w.asks("parent", token, "2", "")
	c.hears("2: error RATE_LIMITED", "2: complete")
}

// A stream outlives the times that the server gives a request, and is given signs
// of life.
func TestEventStreamIsKeptAlive(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		c := w.stream("parent", "", "")
		c.hears("comment", "ready @0")
		for range 10 {
			began := time.Now()
			c.hears("comment")
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("after %v", took)
			}
		}
		w.pay(self)
		c.hears("added @1")
	})
}

// A dead session's streams are told within two seconds, as errors of what they
// follow: they end, and clients do not come back.
func TestEventStreamOfASessionThatEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		own, safe := w.stream("parent", "", ""), w.stream("other", "", "")
		own.hears("comment", "ready @0")
		safe.key = domain.FeedKey{Assure: other, Feed: domain.FeedPayments}
		safe.hears("comment", "ready @0")
		token := w.reserve("parent")
		shared := w.opens("parent", token)
		w.asks("parent", token, "a", "")
		shared.hears("a: ready @0")
		w.sessions.end("parent")
		ended := time.Now()
		w.pay(self)
		own.hears("error UNAUTHENTICATED", "complete")
		own.ends()
		shared.hears("a: error UNAUTHENTICATED", "a: complete")
		shared.ends()
		if took := time.Since(ended); took > 2*time.Second {
			t.Errorf("after %v", took)
		}
		safe.hearsNothing()
	})
}

// Rights that are lost end an operation with its error; a reserved stream stays.
func TestEventStreamWhoseLevelIsLost(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		own := w.stream("parent", "", "")
		own.hears("comment", "ready @0")
		token := w.reserve("parent")
		shared := w.opens("parent", token)
		w.asks("parent", token, "a", "")
		shared.hears("a: ready @0")
		weak := w.sessions.actors["parent"]
		weak.Level = actor.NoLevel
		w.sessions.set(weak)
		w.pay(self)
		own.hears("error STEP_UP_REQUIRED", "complete")
		own.ends()
		shared.hears("a: error STEP_UP_REQUIRED", "a: complete")
		shared.hearsNothing()
	})
}

// Streams just end where the server leaves, without complete: clients come back.
func TestLeaveEndsEventStreams(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.pipe()
		own := w.stream("parent", "", "")
		own.hears("comment", "ready @0")
		shared := w.opens("parent", w.reserve("parent"))
		w.reserve("parent") // for which no stream has come
		synctest.Wait()
		began := time.Now()
		patient, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		w.sockets.Leave(patient, time.Second)
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("after %v", took)
		}
		own.ends()
		shared.ends()
		if status, _ := w.status(request{method: "POST", session: "parent", body: operationOf("", ""), header: acceptEvents}); status != http.StatusServiceUnavailable {
			t.Errorf("while it leaves: %d", status)
		}
	})
}

// A client that does not read costs only itself, and is cut; what waits is bounded.
func TestEventStreamOfASlowReader(t *testing.T) {
	inBubble(t, func(t *testing.T, w *world) {
		w.sockets.Limits.QueueBytes = 4 << 10
		w.pipe()
		slow, quick := w.stream("parent", "", ""), w.stream("parent", "", "")
		slow.hears("comment", "ready @0")
		quick.hears("comment", "ready @0")
		slow.hold()
		began := time.Now()
		for range 500 {
			w.pay(self)
			synctest.Wait()
			w.queuesAreBounded()
		}
		for i := range 500 {
			quick.hears(fmt.Sprintf("added @%d", i+1))
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("the hub waited for %v", took)
		}
		time.Sleep(6 * time.Second)
		if n := len(w.sockets.list()); n != 1 {
			t.Errorf("%d connections are left, want the quick one", n)
		}
		slow.release()
		for _, err := slow.next(); err == nil; _, err = slow.next() { // what was under way
		}
	})
}

func TestWantsEvents(t *testing.T) {
	for accept, want := range map[string]bool{
		"text/event-stream":                                    true,
		"text/event-stream, multipart/mixed":                   true, // urql, of a subscription
		"text/event-stream;q=0.9, */*;q=0.1":                   true,
		"application/json, text/event-stream":                  false, // urql, of a query
		"application/graphql-response+json, text/event-stream": false,
		"*/*": false, "": false, "text/event-streams": false,
	} {
		r := &http.Request{Header: http.Header{"Accept": {accept}}}
		if got := wantsEvents(r); got != want {
			t.Errorf("%q: %v", accept, got)
		}
	}
}
