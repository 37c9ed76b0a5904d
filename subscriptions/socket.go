package subscriptions

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/gorilla/websocket"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// socket is one client's connection. Its one lasting goroutine is the reader
// (serve); a writer runs only while the queue holds something, and a follower
// only while it catches up.
type socket struct {
	t      *Transport
	ws     *websocket.Conn
	exec   graphql.GraphExecutor
	ctx    context.Context // ends with the socket
	cancel context.CancelFunc
	header string // Authorization of the upgrade, for programs that send one

	work    sync.WaitGroup // the writer and the followers that catch up
	session string         // set once, by the reader, under the transport's mu

	mu         sync.Mutex // guards what follows
	ready      bool       // connection_ack was sent
	queue      []outgoing
	queued     int  // bytes that wait, in queue or in the writer's hands
	hungUp     bool // what waits is not sent: the close frame comes next
	writing    bool
	closing    bool          // a close frame is queued or sent: nothing follows it
	drain      chan struct{} // closed, and made anew, whenever the queue has emptied
	lastWrite  time.Time
	operations map[string]*operation
}

// outgoing is a frame that waits to be sent.
type outgoing struct {
	kind int // of websocket's message types
	data []byte
}

// lingering is how long a client has to answer a close frame before the
// connection is cut.
const lingering = 2 * time.Second

// refuse closes a socket that is not served.
func (s *socket) refuse(c Close) {
	s.cancel()
	deadline := time.Now().Add(s.t.Limits.WriteTimeout)
	_ = s.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(c.Code, c.Reason), deadline) // the client may be gone
	_ = s.ws.Close()
	s.t.Metrics.closed(c.Code)
}

// serve reads until the socket ends, then waits for what runs on it.
func (s *socket) serve() {
	defer func() {
		s.cancel()
		_ = s.ws.Close()
		for _, op := range s.takeOperations() {
			op.follower.stop()
		}
		s.work.Wait()
	}()
	if s.ws.Subprotocol() != protocol {
		s.close(closeProtocol)
	}
	s.ws.SetReadLimit(s.t.Limits.MessageBytes)
	s.ws.SetPongHandler(func(string) error { return s.alive() })
	pong := s.ws.PingHandler()
	s.ws.SetPingHandler(func(data string) error { return errors.Join(s.alive(), pong(data)) })
	init := time.AfterFunc(s.t.Limits.InitTimeout, func() {
		if !s.isReady() {
			s.close(closeInitTimeout)
		}
	})
	defer init.Stop()
	for s.alive() == nil {
		kind, data, err := s.ws.ReadMessage()
		if err != nil {
			s.lost(err)
			return
		}
		s.read(kind, data)
	}
}

// alive notes a sign of the client: it may be silent for a while from now on.
// A socket that is closing has only its lingering left.
func (s *socket) alive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil
	}
	return s.ws.SetReadDeadline(time.Now().Add(s.t.Limits.Silence))
}

// lost counts the end of a socket that the client, or the network, ended.
func (s *socket) lost(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return // counted when it was decided
	}
	code := websocket.CloseAbnormalClosure
	var closed *websocket.CloseError
	var network net.Error
	switch {
	case errors.As(err, &closed):
		code = min(closed.Code, 3000) // what is above is the client's own, and counted as one
	case errors.Is(err, websocket.ErrReadLimit):
		code = websocket.CloseMessageTooBig // gorilla has told the client
	case errors.As(err, &network) && network.Timeout():
		code = websocket.CloseGoingAway
	}
	s.t.Metrics.closed(code)
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
	if s.session != "" {
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
	ctx, cancel := context.WithTimeout(s.ctx, s.t.Limits.InitTimeout)
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
	case !s.t.claim(s, a.Session):
		s.close(closeTooMany)
	default:
		s.mu.Lock()
		s.ready = true
		s.mu.Unlock()
		s.send(frame(typeAck, "", nil))
	}
}

func (s *socket) isReady() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready
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
	if !s.ready || s.closing {
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
	followers := make([]*follower, 0, len(s.operations))
	for _, op := range s.operations {
		followers = append(followers, op.follower)
	}
	s.mu.Unlock()
	for _, f := range followers {
		f.refresh(a)
	}
}

// start runs f on the socket.
func (s *socket) start(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return // serve may wait already
	}
	s.work.Go(f)
}

func (s *socket) takeOperations() map[string]*operation {
	s.mu.Lock()
	defer s.mu.Unlock()
	ops := s.operations
	s.operations = nil
	s.t.Metrics.subscriptions(-float64(len(ops)))
	return ops
}
