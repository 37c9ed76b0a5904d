package subscriptions

import (
	"encoding/json"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// outgoing is what waits to be sent.
type outgoing struct {
	kind   outgoingKind
	id     string // of the operation that it is of
	data   []byte // as kind says; what is many clients' is shared
	cursor string // of an event, where the wire sends it
	close  *Close // of the end
}

// outgoingKind says what data is.
type outgoingKind byte

const (
	outText  outgoingKind = iota // as the wire sends it
	outNext                      // the payload of an event
	outError                     // the errors, a list, that end an operation
	outPing                      // of RFC 6455
	outPong
	outClose // nothing: the end
)

// frameCost is what a frame holds beside its text, in bytes, about: many that are
// empty, such as pongs, fill a queue too.
const frameCost = 96

// size is what a frame counts for while it waits.
func (f *outgoing) size() int { return len(f.data) + len(f.id) + frameCost }

// send queues what is ready for the wire. Nothing that is queued waits for the
// client: one whose queue is full is closed, and resumes by its cursor.
func (c *connection) send(text []byte) { c.offerFrame(outgoing{kind: outText, data: text}) }

// next queues an event of an operation; payload may be shared.
func (c *connection) next(id string, payload []byte, cursor string) {
	c.offerFrame(outgoing{kind: outNext, id: id, data: payload, cursor: cursor})
}

// failed queues the end of an operation, and why.
func (c *connection) failed(id string, why gqlerror.List) {
	c.offerFrame(outgoing{kind: outError, id: id, data: errorList(why)})
	if c.sole {
		c.close(closeOver)
	}
}

func errorList(list gqlerror.List) []byte {
	text, err := json.Marshal(list)
	if err != nil {
		return []byte(`[{"message":"internal error","extensions":{"code":"INTERNAL"}}]`)
	}
	return text
}

func (c *connection) offerFrame(f outgoing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closing:
	case c.queued+f.size() > c.t.Limits.QueueBytes:
		c.hangUp(closeTooSlow)
	default:
		c.enqueue(f)
	}
}

// enqueue queues a frame and sees to it that somebody writes; the caller holds mu.
func (c *connection) enqueue(f outgoing) {
	c.queue = append(c.queue, f)
	c.queued += f.size()
	if !c.writing && !c.ended {
		c.writing = true
		c.wire.wake()
	}
}

// close sends what is queued, then the end; nothing follows it. The first reason
// given counts.
func (c *connection) close(why Close) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeWith(why)
}

// closeWith is close for who holds mu.
func (c *connection) closeWith(why Close) {
	if c.closing {
		return
	}
	c.closing = true
	c.t.Metrics.closed(why)
	c.enqueue(outgoing{kind: outClose, close: &why})
}

// signOut closes a connection whose session is dead. What is queued is not sent: a
// slow client would go on reading it.
func (c *connection) signOut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closing {
		c.hangUp(closeSessionDead)
	}
}

// hangUp closes without sending what is queued; the caller holds mu.
func (c *connection) hangUp(why Close) {
	c.queue, c.hungUp = nil, true
	c.closeWith(why)
}

// flush sends what is queued and returns when nothing is left. A frame that does
// not leave in time ends the connection.
func (c *connection) flush() {
	for batch := c.takeQueue(); len(batch) > 0; batch = c.takeQueue() {
		for _, f := range batch {
			if f.kind == outClose {
				c.wire.goodbye(*f.close)
				return
			}
			if c.isHungUp() {
				break
			}
			if err := c.wire.write(f); err != nil {
				c.end(closeTooSlow)
				return
			}
			c.wrote(f.size())
		}
	}
}

func (c *connection) isHungUp() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hungUp
}

func (c *connection) wrote(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queued -= n
}

// takeQueue takes all that waits; where nothing does, the writer is over, and who
// has waited for that is brought on.
func (c *connection) takeQueue() []outgoing {
	c.mu.Lock()
	batch, waiting := c.queue, c.waiting
	c.queue = nil
	if len(batch) > 0 || c.ended {
		waiting = nil
	} else {
		c.writing, c.waiting = false, nil
	}
	c.mu.Unlock()
	if len(waiting) > 0 {
		c.t.Hub.callFor(waiting...)
	}
	return batch
}

// waitingBytes is what waits in all queues.
func (t *Transport) waitingBytes() (sum int) {
	for _, c := range t.list() {
		c.mu.Lock()
		if !c.hungUp { // else what waited is dropped
			sum += c.queued
		}
		c.mu.Unlock()
	}
	return sum
}

// full implements sink: a quarter of the queue is taken, and the rest is for what
// is live.
func (c *connection) full() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.queued > c.t.Limits.QueueBytes/4
}

// whenDrained implements sink.
func (c *connection) whenDrained(f *follower) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writing && !c.ended {
		c.waiting = append(c.waiting, f)
		return true
	}
	return c.ended
}
