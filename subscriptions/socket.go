package subscriptions

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// socket is one client's connection. While nothing happens it is owed neither a
// goroutine nor a large buffer: it is parked until the client sends something,
// and a writer runs only while the queue holds something.
type socket struct {
	t       *Transport
	ws      *websocket.Conn
	reader  *bufio.Reader   // what ws reads from: what it holds has left the kernel's sight
	raw     syscall.RawConn // for the poller; nil where a goroutine waits
	exec    graphql.GraphExecutor
	header  string  // Authorization of the upgrade, for programs that send one; until connection_init
	assure  int64   // whose kin it is among; with sibling guarded by the transport's mu
	sibling *socket // of the same assuré; nil for none

	mu         sync.Mutex // guards what follows
	who        *view      // as of the last look; nil before connection_ack
	session    string     // set with the claim on a place
	queue      []outgoing
	queued     int  // bytes that wait, in queue or in the writer's hands
	hungUp     bool // what waits is not sent: the close frame comes next
	writing    bool
	closing    bool // a close frame is queued or sent: nothing follows it
	ended      bool
	waiting    []*follower   // to be called once the queue is empty
	lastRead   time.Duration // since the transport began: the last sign of the client
	lastPing   time.Duration
	looked     time.Duration // when who was read; before that, when the socket was opened
	operations []*operation
}

// lingering is how long a client has to answer a close frame before the
// connection is cut.
const lingering = 2 * time.Second

// messagePatience is how long a message may take to come, from its first byte.
const messagePatience = 10 * time.Second

// awake reads what has come, and parks the socket again. A panic ends this
// socket alone.
func (s *socket) awake() {
	defer func() {
		if fault := recover(); fault != nil {
			s.t.Log.Error("a socket's message made the server panic", "error", fault, "stack", string(debug.Stack()))
			s.end(websocket.CloseInternalServerErr)
		}
	}()
	for {
		_ = s.ws.SetReadDeadline(time.Now().Add(messagePatience)) // a closed connection fails the read
		if err := s.readOne(); err != nil {
			s.end(codeOf(err))
			return
		}
		s.alive()
		if s.reader.Buffered() == 0 {
			s.park()
			return
		}
	}
}

// readOne reads one message, or a ping or pong between messages.
func (s *socket) readOne() error {
	ping, payload, ok, err := betweenMessages(s.reader)
	switch {
	case err != nil:
		return err
	case ok && ping:
		s.answer(payload)
		return nil
	case ok:
		return nil
	}
	kind, data, err := s.ws.ReadMessage()
	if err == nil {
		s.read(kind, data)
	}
	return err
}

// park has the socket awake once the client sends something.
func (s *socket) park() {
	_ = s.ws.SetReadDeadline(time.Time{}) // that the client is silent for long is for tend
	if err := s.t.parked.park(s); err != nil {
		s.end(codeOf(err))
	}
}

// alive notes a sign of the client.
func (s *socket) alive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastRead = s.t.since()
}

// codeOf is what is counted where a client, or the network, ends a socket.
func codeOf(err error) int {
	var closed *websocket.CloseError
	var network net.Error
	switch {
	case errors.As(err, &closed):
		return min(closed.Code, 3000) // what is above is the client's own, and counted as one
	case errors.Is(err, websocket.ErrReadLimit):
		return websocket.CloseMessageTooBig // gorilla has told the client
	case errors.As(err, &network) && network.Timeout():
		return websocket.CloseGoingAway
	}
	return websocket.CloseAbnormalClosure
}

// end ends the socket, whoever finds first that it is over: what runs on it ends
// by itself. code is counted where nobody has decided on one.
func (s *socket) end(code int) {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	s.ended = true
	if !s.closing {
		s.closing = true
		s.t.Metrics.closed(code)
	}
	operations := s.operations
	s.operations, s.queue, s.waiting = nil, nil, nil
	s.mu.Unlock()
	s.t.parked.forget(s)
	_ = s.ws.Close()
	for _, op := range operations {
		op.leave()
	}
	s.t.exit(s)
}

// refuse closes a socket that is not served.
func (s *socket) refuse(c Close) {
	deadline := time.Now().Add(s.t.Limits.WriteTimeout)
	_ = s.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(c.Code, c.Reason), deadline) // the client may be gone
	_ = s.ws.Close()
	s.t.Metrics.closed(c.Code)
}

// belongTo notes whose socket it is, while it has not ended.
func (s *socket) belongTo(session string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.session = session
	}
	return !s.ended
}

func (s *socket) isOver() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// start runs f where the socket has not ended: the transport waits for it.
func (s *socket) start(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.t.running.Go(f)
	}
}

// read takes one message.
func (s *socket) read(kind int, data []byte) {
	switch {
	case s.isClosing():
		return // lingering: what still comes is not listened to
	case kind != websocket.TextMessage:
		s.close(closeMalformed)
		return
	case !utf8.Valid(data):
		s.close(closeNotUTF8)
		return
	}
	m, err := parseMessage(data)
	if err != nil {
		s.close(closeMalformed)
		return
	}
	switch m.Type {
	case typeInit:
		s.initialise(m)
	case typePing:
		s.send(frame(typePong, "", nil))
	case typeSubscribe:
		s.subscribe(m)
	case typeComplete:
		s.complete(m.ID)
	case typePong: // a sign of life, noted already
	}
}

// initialise signs the client in.
func (s *socket) initialise(m message) {
	if s.isClaimed() {
		s.close(closeSecondInit)
		return
	}
	var payload struct {
		Authorization string `json:"authorization"`
	}
	if len(m.Payload) > 0 && json.Unmarshal(m.Payload, &payload) != nil {
		s.close(closeMalformed)
		return
	}
	if payload.Authorization == "" {
		payload.Authorization = s.header
	}
	s.header = ""
	ctx, cancel := context.WithTimeout(s.t.base, s.t.Limits.InitTimeout)
	defer cancel()
	a, err := s.t.Authenticate(ctx, payload.Authorization)
	switch code := domain.CodeOf(err); {
	case payload.Authorization == "":
		s.close(closeSignIn)
	case code == domain.Unauthenticated:
		s.close(closeSessionDead)
	case err != nil:
		s.t.Log.Warn("a socket cannot be signed in", "error", err)
		s.close(closeUnavailable)
	case !s.t.claim(s, a.Session, a.Assure):
		s.close(closeTooMany)
	default:
		s.acknowledge(newView(a))
	}
}

func (s *socket) acknowledge(v *view) {
	s.mu.Lock()
	s.who, s.looked = v, s.t.since()
	s.mu.Unlock()
	s.send(frame(typeAck, "", nil))
}

func (s *socket) isClaimed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.session != ""
}

func (s *socket) isReady() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.who != nil
}

func (s *socket) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// acknowledged is the session of a socket that is signed in, else empty.
func (s *socket) acknowledged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.who == nil || s.closing {
		return ""
	}
	return s.session
}

// checked takes what the session is now.
func (s *socket) checked(a actor.Actor, alive bool) {
	if !alive {
		s.signOut()
		return
	}
	s.mu.Lock()
	s.looked = s.t.since()
	was := s.who
	if was.Equal(a) {
		s.mu.Unlock()
		return
	}
	s.who = newView(a)
	v, operations := s.who, slices.Clone(s.operations)
	s.mu.Unlock()
	if was.shows == v.shows {
		return
	}
	for _, op := range operations {
		op.refresh(v)
	}
}

// remembered is who is signed in as of the last look, which was not long ago.
func (s *socket) remembered() (v *view, recent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.who, s.t.since()-s.looked <= keepEvery
}

// look reads who is signed in; false: the session is dead.
func (s *socket) look() (v *view, alive bool, err error) {
	actors, err := s.t.Hub.actors(s.t.base, []string{s.session})
	if err != nil {
		return nil, false, err
	}
	a, alive := actors[s.session]
	if !alive {
		s.signOut()
	}
	return newView(a), alive, nil
}

// tend does what time asks for: it closes a socket whose client does not sign
// in or has fallen silent, and pings one of which nothing was heard for a while.
func (s *socket) tend() {
	now, l := s.t.since(), s.t.Limits
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
	case s.who == nil && now-s.looked >= l.InitTimeout:
		s.closeWith(closeInitTimeout)
	case now-s.lastRead >= l.Silence:
		s.t.running.Go(func() { s.end(websocket.CloseGoingAway) })
	case now-max(s.lastRead, s.lastPing) >= l.PingEvery:
		s.lastPing = now
		s.enqueue(outgoing{kind: websocket.PingMessage})
	}
}
