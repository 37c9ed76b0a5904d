package subscriptions

import (
	"slices"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"comptesante/domain/actor"
)

// connection is one client's way to hear: a WebSocket, or a stream of server-sent
// events. It knows whose it is, what is followed on it, and what waits to be sent;
// its wire knows how that is written.
type connection struct {
	t    *Transport
	exec graphql.GraphExecutor
	wire wire
	sole bool // it ends with its one operation

	assure  int64       // whose kin it is among; with sibling guarded by the transport's mu
	sibling *connection // of the same assuré; nil for none

	mu         sync.Mutex // guards what follows, and what the wire says
	who        *view      // as of the last look; nil before the client has signed in
	session    string     // set with the claim on a place
	queue      []outgoing
	queued     int  // bytes that wait, in queue or in the writer's hands
	hungUp     bool // what waits is not sent: the end comes next
	writing    bool
	closing    bool // the end is queued or sent: nothing follows it
	ended      bool
	waiting    []*follower   // to be called once the queue is empty
	looked     time.Duration // when who was read; before that, when the connection was opened
	operations []*operation
}

// wire is what a connection goes over. It is an interface because there are two:
// socket and stream.
type wire interface {
	// wake has the connection flushed soon, by one goroutine at a time. The
	// connection's mu is held.
	wake()
	// write sends one frame; it takes no longer than Limits.WriteTimeout.
	write(f outgoing) error
	// goodbye tells the client that all is over, and ends the connection.
	goodbye(c Close)
	// cut ends what the connection goes over. Nobody calls it twice.
	cut()
	// tend does what time asks for, about once a second.
	tend()
}

// end ends the connection, whoever finds first that it is over: what runs on it
// ends by itself. code is counted where nobody has decided on one.
func (c *connection) end(code int) {
	c.mu.Lock()
	if c.ended {
		c.mu.Unlock()
		return
	}
	c.ended = true
	if !c.closing {
		c.closing = true
		c.t.Metrics.closed(code)
	}
	operations := c.operations
	c.operations, c.queue, c.waiting = nil, nil, nil
	c.mu.Unlock()
	c.wire.cut()
	for _, op := range operations {
		op.leave()
	}
	c.t.exit(c)
}

// belongTo notes whose connection it is, while it has not ended.
func (c *connection) belongTo(session string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.session = session
	}
	return !c.ended
}

func (c *connection) isOver() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// start runs f where the connection has not ended: the transport waits for it.
func (c *connection) start(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.ended {
		c.t.running.Go(f)
	}
}

func (c *connection) isClaimed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session != ""
}

func (c *connection) isReady() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.who != nil
}

func (c *connection) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// acknowledged is the session of a connection that is signed in, else empty.
func (c *connection) acknowledged() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.who == nil || c.closing {
		return ""
	}
	return c.session
}

// checked takes what the session is now.
func (c *connection) checked(a actor.Actor, alive bool) {
	if !alive {
		c.signOut()
		return
	}
	c.mu.Lock()
	c.looked = c.t.since()
	was := c.who
	if was.Equal(a) {
		c.mu.Unlock()
		return
	}
	c.who = newView(a)
	v, operations := c.who, slices.Clone(c.operations)
	c.mu.Unlock()
	if was.shows == v.shows {
		return
	}
	for _, op := range operations {
		op.refresh(v)
	}
}

// remembered is who is signed in as of the last look, which was not long ago.
func (c *connection) remembered() (v *view, recent bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.who, c.t.since()-c.looked <= keepEvery
}

// look reads who is signed in; false: the session is dead.
func (c *connection) look() (v *view, alive bool, err error) {
	actors, err := c.t.Hub.actors(c.t.base, []string{c.session})
	if err != nil {
		return nil, false, err
	}
	a, alive := actors[c.session]
	if !alive {
		c.signOut()
	}
	return newView(a), alive, nil
}
