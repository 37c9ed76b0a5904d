package subscriptions

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// stream is a connection over server-sent events, after graphql-sse's PROTOCOL.md.
// Its request's goroutine writes all of it. One with a token is a reservation, in
// whose name other requests say what to follow; one without has one operation, of
// its own request.
type stream struct {
	connection
	token  string
	asking sync.Mutex    // one request at a time says what to follow
	woken  chan struct{} // something is queued
	over   chan struct{} // closed as the stream ends

	out      http.ResponseWriter      // nil until the request for the stream has come; set under mu
	control  *http.ResponseController // of out
	lastKept time.Duration            // the last sign of life, or when the reservation was made; guarded by mu
}

var _ wire = (*stream)(nil)

// accept takes the request that the stream is written to; false where there is one
// already, or the stream has ended.
func (s *stream) accept(w http.ResponseWriter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out != nil || s.ended {
		return false
	}
	s.out, s.control, s.lastKept = w, http.NewResponseController(w), s.t.since()
	return true
}

// run writes the stream until it ends, or the client is gone.
func (s *stream) run(ctx context.Context) {
	defer func() {
		s.end(websocket.CloseAbnormalClosure)
		_ = s.control.SetWriteDeadline(time.Now().Add(s.t.Limits.WriteTimeout)) // for the server's own last bytes
	}()
	header := s.out.Header()
	header.Set("Content-Type", "text/event-stream; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	s.out.WriteHeader(http.StatusOK)
	if s.put(keepAlive) != nil {
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.over:
			return
		case <-s.woken:
			s.flush()
		}
	}
}

// keepAlive is a comment. One comes first, too: some browsers tell that a stream is
// open only once something has come.
var keepAlive = []byte(":\n\n")

// wake implements wire.
func (s *stream) wake() {
	select {
	case s.woken <- struct{}{}:
	default: // it is awake
	}
}

// write implements wire.
func (s *stream) write(f outgoing) error {
	switch f.kind {
	case outNext:
		return s.put(s.event(f.id, f.cursor, f.data))
	case outError:
		return s.put(s.failure(f.id, f.data))
	}
	return s.put(f.data)
}

// put writes and has it leave at once.
func (s *stream) put(text []byte) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(s.t.Limits.WriteTimeout)); err != nil {
		return err
	}
	if _, err := s.out.Write(text); err != nil {
		return err
	}
	return s.control.Flush()
}

// event is a next event; a payload is JSON without line ends.
func (s *stream) event(id, cursor string, payload []byte) []byte {
	b := make([]byte, 0, len(id)+len(cursor)+len(payload)+64)
	b = append(b, "event: next\n"...)
	if cursor != "" {
		b = append(append(append(b, "id: "...), cursor...), '\n')
	}
	b = append(b, "data: "...)
	if s.sole {
		return append(append(b, payload...), "\n\n"...)
	}
	quoted, _ := json.Marshal(id) // a string always has JSON
	b = append(append(append(b, `{"id":`...), quoted...), `,"payload":`...)
	return append(append(b, payload...), "}\n\n"...)
}

// failure is the end of an operation, and why: the protocol has no error event, so
// that the errors come as a result.
func (s *stream) failure(id string, errors []byte) []byte {
	b := s.event(id, "", append(append([]byte(`{"errors":`), errors...), '}'))
	b = append(b, "event: complete\ndata:"...)
	if !s.sole {
		quoted, _ := json.Marshal(id) // a string always has JSON
		b = append(append(append(b, ` {"id":`...), quoted...), '}')
	}
	return append(b, "\n\n"...)
}

// goodbye implements wire. Stock clients come back where a stream just ends, with
// their last cursor: all that they must not come back from is told as an error of
// each operation.
func (s *stream) goodbye(c Close) {
	if c == closeSessionDead {
		why := errorList(refusal(errSessionDead))
		for _, id := range s.following() {
			if s.put(s.failure(id, why)) != nil {
				break
			}
		}
	}
	s.end(c.Code)
}

// following are the ids of all operations.
func (s *stream) following() (ids []string) {
	if s.sole {
		return []string{""} // also one that has not begun
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, op := range s.operations {
		ids = append(ids, op.id)
	}
	return ids
}

// cut implements wire.
func (s *stream) cut() {
	s.t.unreserve(s)
	close(s.over)
}

// tend implements wire: it gives a sign of life, and ends a reservation for which
// no stream has come in time.
func (s *stream) tend() {
	now, l := s.t.since(), s.t.Limits
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.out == nil && (s.closing || now-s.lastKept >= l.InitTimeout): // nobody is there to be told
		s.t.running.Go(func() { s.end(closeInitTimeout.Code) })
	case s.closing:
	case s.out != nil && now-s.lastKept >= l.KeepAlive:
		s.lastKept = now
		s.enqueue(outgoing{kind: outText, data: keepAlive})
	}
}
