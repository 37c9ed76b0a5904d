package subscriptions

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"runtime/debug"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"comptesante/domain"
)

// socket is a connection over a WebSocket. While nothing happens it is owed neither
// a goroutine nor a large buffer: it is parked until the client sends something,
// and a writer runs only while the queue holds something.
type socket struct {
	connection
	ws      *websocket.Conn
	reader  *bufio.Reader   // what ws reads from: what it holds has left the kernel's sight
	raw     syscall.RawConn // for the poller; nil where a goroutine waits
	dialect *dialect
	header  string // Authorization of the upgrade, for programs that send one; until connection_init

	// Guarded by mu.
	asked    bool          // connection_init has come
	lastRead time.Duration // since the transport began: the last sign of the client
	lastPing time.Duration
	lastKept time.Duration // the last ka
}

var _ wire = (*socket)(nil)

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
			s.end(closeInternal)
		}
	}()
	for {
		_ = s.ws.SetReadDeadline(time.Now().Add(messagePatience)) // a closed connection fails the read
		if err := s.readOne(); err != nil {
			s.end(endOf(err))
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
		s.offerFrame(outgoing{kind: outPong, data: payload})
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
		s.end(endOf(err))
	}
}

// alive notes a sign of the client.
func (s *socket) alive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastRead = s.t.since()
}

// endOf is what is counted where a client, or the network, ends a socket.
func endOf(err error) Close {
	var closed *websocket.CloseError
	var network net.Error
	switch {
	case errors.As(err, &closed):
		return closeByClient
	case errors.Is(err, websocket.ErrReadLimit):
		return closeTooLarge // gorilla has told the client
	case errors.As(err, &network) && network.Timeout():
		return closeSilent
	}
	return closeLost
}

// refuse closes a socket that is not served.
func (s *socket) refuse(c Close) {
	deadline := time.Now().Add(s.t.Limits.WriteTimeout)
	_ = s.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(c.Code, c.Reason), deadline) // the client may be gone
	_ = s.ws.Close()
	s.t.Metrics.closed(c)
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
	m, err := s.dialect.parse(data)
	if err != nil {
		s.malformed(m.ID)
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
		s.stop(m.ID)
	case typeTerminate:
		s.close(closeOver)
	case typePong: // a sign of life, noted already
	}
}

// malformed is said of a message that cannot be read; id is that of what it asks
// for, where it has one.
func (s *socket) malformed(id string) {
	fault := errorList(refusal(domain.Errorf(domain.Validation, "%s", closeMalformed.Reason)))
	switch {
	case !s.dialect.legacy:
		s.close(closeMalformed)
	case id == "":
		s.send(frame(typeConnectionError, "", []byte(`{"message":"malformed message"}`)))
	default:
		s.send(s.dialect.errorFrame(id, fault))
	}
}

// reject closes a socket whose client may not sign in, or has not.
func (s *socket) reject(why Close) {
	if s.dialect.legacy {
		reason, _ := json.Marshal(map[string]string{"message": why.Reason}) // strings always have JSON
		s.send(frame(typeConnectionError, "", reason))
	}
	s.close(why)
}

// initialise signs the client in.
func (s *socket) initialise(m message) {
	if s.isClaimed() {
		s.reject(closeSecondInit)
		return
	}
	var payload struct {
		Authorization string `json:"authorization"`
	}
	if len(m.Payload) > 0 && json.Unmarshal(m.Payload, &payload) != nil {
		s.reject(closeMalformed)
		return
	}
	if payload.Authorization == "" {
		payload.Authorization = s.header
	}
	s.header = ""
	s.hasAsked()
	ctx, cancel := context.WithTimeout(s.t.base, s.t.Limits.InitTimeout)
	defer cancel()
	a, err := s.t.Authenticate(ctx, payload.Authorization)
	switch code := domain.CodeOf(err); {
	case payload.Authorization == "":
		s.reject(closeNoToken)
	case code == domain.Unauthenticated:
		s.reject(closeSessionDead)
	case err != nil:
		s.t.Log.Warn("a socket cannot be signed in", "error", err)
		s.reject(closeUnavailable)
	case !s.t.claim(&s.connection, a.Session, a.Assure):
		s.reject(closeTooMany)
	default:
		s.acknowledge(newView(a))
	}
}

// hasAsked notes that the client waits for the server, and not the server for it.
func (s *socket) hasAsked() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = true
}

func (s *socket) acknowledge(v *view) {
	s.mu.Lock()
	s.who, s.looked, s.lastKept = v, s.t.since(), s.t.since()
	s.mu.Unlock()
	s.send(frame(typeAck, "", nil))
	if s.dialect.legacy {
		s.send(frame(typeKeepAlive, "", nil))
	}
}

// subscribe begins an operation.
func (s *socket) subscribe(m message) {
	switch {
	case !s.isReady():
		s.reject(closeNoAck)
		return
	case !s.has(m.ID):
	case s.dialect.legacy:
		s.complete(m.ID) // and nothing is told: the id is the new one's
	default:
		s.close(closeDuplicate(m.ID))
		return
	}
	params, err := parseParams(m.Payload)
	if err != nil {
		s.malformed(m.ID)
		return
	}
	s.begin(ask{id: m.ID, params: params})
}

// stop ends an operation at the client's wish; an unknown id is one that has just
// ended.
func (s *socket) stop(id string) {
	if s.complete(id) && s.dialect.legacy {
		s.send(frame(typeComplete, id, nil))
	}
}

// tend implements wire: it closes a socket whose client does not sign in or has
// fallen silent, and pings one of which nothing was heard for a while.
func (s *socket) tend() {
	now, l := s.t.since(), s.t.Limits
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closing:
	case s.who == nil && now-s.looked >= l.InitTimeout && s.asked: // the database is slow
		s.hangUp(closeUnavailable)
	case s.who == nil && now-s.looked >= l.InitTimeout:
		s.hangUp(closeInitTimeout)
	case now-s.lastRead >= l.Silence:
		s.t.running.Go(func() { s.end(closeSilent) })
	case now-max(s.lastRead, s.lastPing) >= l.PingEvery:
		s.lastPing = now
		s.enqueue(outgoing{kind: outPing})
	case s.dialect.legacy && s.who != nil && now-s.lastKept >= l.KeepAlive:
		s.lastKept = now
		s.enqueue(outgoing{kind: outText, data: frame(typeKeepAlive, "", nil)})
	}
}

// kind implements wire.
func (s *socket) kind() string {
	if s.dialect.legacy {
		return "legacy"
	}
	return "websocket"
}

// wake implements wire.
func (s *socket) wake() { s.t.running.Go(s.flush) }

// frames are buffers in which next messages are put together.
var frames = sync.Pool{New: func() any { return new([]byte) }}

// write implements wire: each frame is one write.
func (s *socket) write(f outgoing) error {
	_ = s.ws.SetWriteDeadline(time.Now().Add(s.t.Limits.WriteTimeout)) // never fails (gorilla notes it)
	switch f.kind {
	case outNext:
		b := frames.Get().(*[]byte)
		defer frames.Put(b)
		*b = appendFrame((*b)[:0], s.dialect.next, f.id, f.data)
		return s.ws.WriteMessage(websocket.TextMessage, *b)
	case outError:
		return s.ws.WriteMessage(websocket.TextMessage, s.dialect.errorFrame(f.id, f.data))
	case outPing:
		return s.ws.WriteMessage(websocket.PingMessage, f.data)
	case outPong:
		return s.ws.WriteMessage(websocket.PongMessage, f.data)
	}
	return s.ws.WriteMessage(websocket.TextMessage, f.data)
}

// goodbye implements wire. It leaves the client a moment to answer the close
// frame, so that the frame is not lost with the connection.
func (s *socket) goodbye(c Close) {
	deadline := time.Now().Add(s.t.Limits.WriteTimeout)
	if err := s.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(c.Code, c.Reason), deadline); err != nil {
		s.end(closeTooSlow)
		return
	}
	time.AfterFunc(lingering, func() { s.end(closeTooSlow) })
}

// cut implements wire.
func (s *socket) cut() {
	s.t.parked.forget(s)
	_ = s.ws.Close()
}
