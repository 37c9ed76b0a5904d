package subscriptions

import (
	"encoding/json"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// outgoing is a frame that waits to be sent: bytes of its own, or a payload that
// many share with the operation's id before it.
type outgoing struct {
	kind int // of websocket's message types
	data []byte
	next string // the operation whose next message data is the payload of; empty: data is all
}

// frames are buffers in which next messages are put together.
var frames = sync.Pool{New: func() any { return new([]byte) }}

// send queues a text frame. It never waits: a client whose queue is full is
// closed, and resumes by its cursor.
func (s *socket) send(data []byte) { s.offerFrame(outgoing{kind: websocket.TextMessage, data: data}) }

// next queues an event of an operation; payload may be shared.
func (s *socket) next(id string, payload []byte) {
	s.offerFrame(outgoing{kind: websocket.TextMessage, data: payload, next: id})
}

func (s *socket) offerFrame(f outgoing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
	case s.queued+len(f.data) > s.t.Limits.QueueBytes:
		s.hangUp(closeTooSlow)
	default:
		s.enqueue(f)
	}
}

// answer sends the pong of a ping.
func (s *socket) answer(payload []byte) {
	s.offerFrame(outgoing{kind: websocket.PongMessage, data: payload})
}

// enqueue queues a frame and sees to it that a writer runs; the caller holds mu.
func (s *socket) enqueue(f outgoing) {
	s.queue = append(s.queue, f)
	s.queued += len(f.data)
	if !s.writing && !s.ended {
		s.writing = true
		s.t.running.Go(s.write)
	}
}

// close sends what is queued, then a close frame; nothing follows it. The first
// reason given counts.
func (s *socket) close(c Close) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeWith(c)
}

// closeWith is close for who holds mu.
func (s *socket) closeWith(c Close) {
	if s.closing {
		return
	}
	s.closing = true
	s.t.Metrics.closed(c.Code)
	s.enqueue(outgoing{kind: websocket.CloseMessage, data: websocket.FormatCloseMessage(c.Code, c.Reason)})
}

// signOut closes a socket whose session is dead. What is queued is not sent: a
// slow client would go on reading it.
func (s *socket) signOut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.hangUp(closeSessionDead)
	}
}

// hangUp closes without sending what is queued; the caller holds mu.
func (s *socket) hangUp(c Close) {
	s.queue, s.hungUp = nil, true
	s.closeWith(c)
}

// write sends what is queued and ends when nothing is left. A frame that does
// not leave in time ends the socket.
func (s *socket) write() {
	for batch := s.takeQueue(); len(batch) > 0; batch = s.takeQueue() {
		for _, f := range batch {
			deadline := time.Now().Add(s.t.Limits.WriteTimeout)
			if f.kind == websocket.CloseMessage {
				s.sayGoodbye(f.data, deadline)
				return
			}
			if s.isHungUp() {
				break
			}
			_ = s.ws.SetWriteDeadline(deadline) // never fails (gorilla notes it)
			if err := s.writeFrame(f); err != nil {
				s.end(closeTooSlow.Code)
				return
			}
			s.wrote(len(f.data))
		}
	}
}

// writeFrame sends a frame in one write.
func (s *socket) writeFrame(f outgoing) error {
	if f.next == "" {
		return s.ws.WriteMessage(f.kind, f.data)
	}
	b := frames.Get().(*[]byte)
	defer frames.Put(b)
	*b = appendNext((*b)[:0], f.next, f.data)
	return s.ws.WriteMessage(f.kind, *b)
}

// appendNext writes a next message of an operation.
func appendNext(b []byte, id string, payload []byte) []byte {
	quoted, _ := json.Marshal(id) // a string always has JSON
	b = append(append(b, `{"type":"next","id":`...), quoted...)
	b = append(append(b, `,"payload":`...), payload...)
	return append(b, '}')
}

func (s *socket) isHungUp() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hungUp
}

func (s *socket) wrote(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued -= n
}

// takeQueue takes all that waits; where nothing does, the writer is over, and who
// has waited for that is brought on.
func (s *socket) takeQueue() []outgoing {
	s.mu.Lock()
	batch, waiting := s.queue, s.waiting
	s.queue = nil
	if len(batch) > 0 || s.ended {
		waiting = nil
	} else {
		s.writing, s.waiting = false, nil
	}
	s.mu.Unlock()
	if len(waiting) > 0 {
		s.t.Hub.callFor(waiting...)
	}
	return batch
}

// sayGoodbye sends the close frame and leaves the client a moment to answer it,
// so that the frame is not lost with the connection.
func (s *socket) sayGoodbye(data []byte, deadline time.Time) {
	if err := s.ws.WriteControl(websocket.CloseMessage, data, deadline); err != nil {
		s.end(closeTooSlow.Code)
		return
	}
	time.AfterFunc(lingering, func() { s.end(closeTooSlow.Code) })
}

// full implements sink: a quarter of the queue is taken, and the rest is for what
// is live.
func (s *socket) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queued > s.t.Limits.QueueBytes/4
}

// whenDrained implements sink.
func (s *socket) whenDrained(f *follower) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writing && !s.ended {
		s.waiting = append(s.waiting, f)
		return true
	}
	return s.ended
}
