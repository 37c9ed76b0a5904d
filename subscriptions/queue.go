package subscriptions

import (
	"context"
	"time"

	"github.com/gorilla/websocket"
)

// send queues a text frame. It never waits: a client whose queue is full is
// closed, and resumes by its cursor.
func (s *socket) send(data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return
	}
	if s.queued+len(data) > s.t.Limits.QueueBytes {
		s.hangUp(closeTooSlow)
		return
	}
	s.enqueue(outgoing{websocket.TextMessage, data})
}

// enqueue queues a frame and sees to it that a writer runs; the caller holds mu.
func (s *socket) enqueue(f outgoing) {
	s.queue = append(s.queue, f)
	s.queued += len(f.data)
	if !s.writing && s.ctx.Err() == nil {
		s.writing = true
		s.work.Go(s.write)
	}
}

// close sends what is queued, then a close frame; nothing follows it. The first
// reason given counts.
func (s *socket) close(c Close) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return
	}
	s.closing = true
	s.t.Metrics.closed(c.Code)
	s.enqueue(outgoing{websocket.CloseMessage, websocket.FormatCloseMessage(c.Code, c.Reason)})
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
	s.closing, s.hungUp = true, true
	s.t.Metrics.closed(c.Code)
	s.queue = nil
	s.enqueue(outgoing{websocket.CloseMessage, websocket.FormatCloseMessage(c.Code, c.Reason)})
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
			if err := s.ws.WriteMessage(f.kind, f.data); err != nil {
				s.cut()
				return
			}
			s.wrote(len(f.data))
		}
	}
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
	s.lastWrite = time.Now()
}

// takeQueue takes all that waits; where nothing does, the writer is over.
func (s *socket) takeQueue() []outgoing {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := s.queue
	s.queue = nil
	if len(batch) == 0 {
		s.writing = false
		close(s.drain)
		s.drain = make(chan struct{})
	}
	return batch
}

// sayGoodbye sends the close frame and leaves the client a moment to answer it,
// so that the frame is not lost with the connection.
func (s *socket) sayGoodbye(data []byte, deadline time.Time) {
	if err := s.ws.WriteControl(websocket.CloseMessage, data, deadline); err != nil {
		s.cut()
		return
	}
	_ = s.ws.SetReadDeadline(time.Now().Add(lingering)) // a closed connection ends the reader anyway
}

// cut ends the connection at once: the reader wakes and ends the rest.
func (s *socket) cut() {
	s.mu.Lock()
	if !s.closing {
		s.closing = true
		s.t.Metrics.closed(closeTooSlow.Code)
	}
	s.mu.Unlock()
	_ = s.ws.Close()
}

// full tells that a quarter of the queue is taken: the rest is for what is live.
func (s *socket) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queued > s.t.Limits.QueueBytes/4
}

// drained waits until everything queued has left.
func (s *socket) drained(ctx context.Context) error {
	s.mu.Lock()
	drain, idle := s.drain, !s.writing
	s.mu.Unlock()
	if idle {
		return ctx.Err()
	}
	select {
	case <-drain:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pingIfSilent pings a client to which nothing was written for a while.
func (s *socket) pingIfSilent(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || s.writing || now.Sub(s.lastWrite) < s.t.Limits.PingEvery {
		return
	}
	s.enqueue(outgoing{kind: websocket.PingMessage})
}
