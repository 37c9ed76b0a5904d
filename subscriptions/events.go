package subscriptions

import (
	"crypto/rand"
	"mime"
	"net/http"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// EventStreams are the requests of GraphQL over server-sent events, for networks
// that break WebSockets. Who asks is in the request's context.
//
//   - GET or POST that accepts text/event-stream: one subscription, whose stream is
//     the answer. Each event's id is its cursor; Last-Event-ID counts in place of
//     the root's after.
//   - PUT reserves a stream and answers its token. GET or POST that accepts
//     text/event-stream, with the token, is that stream; POST with the token and
//     extensions.operationId follows on it, and DELETE with operationId stops.
//
// Whatever is wrong with an operation is told on its stream; only requests that
// cannot be read are refused by a status.
type EventStreams struct {
	Read   func(http.ResponseWriter, *http.Request) (*graphql.RawParams, int, *domain.Error) // a request, or with which status it is refused
	Refuse func(http.ResponseWriter, *http.Request, int, *domain.Error)

	mu       sync.Mutex
	reserved map[string]*stream // by token
}

const (
	tokenHeader    = "X-GraphQL-Event-Stream-Token"
	tokenParameter = "token"
	typeEvents     = "text/event-stream"
)

// serves tells whether a request is one of event streams.
func (e *EventStreams) serves(r *http.Request) bool {
	return e != nil && (r.Method == http.MethodPut || r.Method == http.MethodDelete || streamToken(r) != "" || wantsEvents(r))
}

// wantsEvents tells whether a client wants a stream of events: it accepts that and
// no JSON. Some clients accept both for whatever they ask.
func wantsEvents(r *http.Request) (wants bool) {
	for accepted := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		switch media, _, _ := mime.ParseMediaType(accepted); media {
		case typeEvents:
			wants = true
		case "application/json", "application/graphql-response+json":
			return false
		}
	}
	return wants
}

func streamToken(r *http.Request) string {
	if token := r.Header.Get(tokenHeader); token != "" {
		return token
	}
	return r.URL.Query().Get(tokenParameter)
}

// serveEvents serves a request of event streams.
func (t *Transport) serveEvents(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	a, token := actor.FromContext(r.Context()), streamToken(r)
	switch {
	case a.Session == "":
		t.Events.Refuse(w, r, http.StatusUnauthorized, domain.Errorf(domain.Unauthenticated, "sign in: send Authorization: Bearer <token>"))
	case r.Method == http.MethodPut:
		t.reserve(w, r, exec, a)
	case r.Method == http.MethodDelete:
		t.stopOnStream(w, r, t.reserved(token, a))
	case token == "":
		t.streamOne(w, r, exec, a)
	case wantsEvents(r):
		t.streamReserved(w, r, t.reserved(token, a))
	default:
		t.followOnStream(w, r, t.reserved(token, a))
	}
}

// streamOne follows what the request asks for, and writes it as its answer.
func (t *Transport) streamOne(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor, a actor.Actor) {
	params, status, refused := t.Events.Read(w, r)
	if refused != nil {
		t.Events.Refuse(w, r, status, refused)
		return
	}
	s := t.newStream(exec, a)
	s.sole = true
	s.accept(w)
	if !t.admit(w, r, s, a) {
		return
	}
	defer s.end(closeInternal) // of a panic alone
	s.begin(ask{params: params, from: r.Header.Get("Last-Event-ID")})
	s.run(r.Context())
}

func (t *Transport) newStream(exec graphql.GraphExecutor, a actor.Actor) *stream {
	s := &stream{woken: make(chan struct{}, 1), over: make(chan struct{}), lastKept: t.since()}
	s.connection = connection{t: t, exec: exec, wire: s, who: newView(a), looked: t.since()}
	return s
}

// admit counts a stream among the connections, or refuses it.
func (t *Transport) admit(w http.ResponseWriter, r *http.Request, s *stream, a actor.Actor) bool {
	from, welcome := t.receive(r)
	if !welcome {
		w.Header().Set("Retry-After", "5")
		t.Events.Refuse(w, r, http.StatusTooManyRequests, errCrowded)
		return false
	}
	s.address = from
	if !t.enter(&s.connection) {
		t.dismiss(from)
		w.Header().Set("Retry-After", "5")
		t.Events.Refuse(w, r, http.StatusServiceUnavailable, domain.Errorf(domain.Unavailable, "too many connections, or the server is leaving: try again later"))
		return false
	}
	if !t.claim(&s.connection, a.Session, a.Assure) {
		s.end(closeTooMany)
		w.Header().Set("Retry-After", "5")
		t.Events.Refuse(w, r, http.StatusTooManyRequests, domain.Errorf(domain.RateLimited, "too many connections of this session or this person at once: end one first"))
		return false
	}
	return true
}

// reserve makes a stream to come, and answers its token.
func (t *Transport) reserve(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor, a actor.Actor) {
	s := t.newStream(exec, a)
	s.token = rand.Text()
	if !t.admit(w, r, s, a) {
		return
	}
	t.Events.mu.Lock()
	if t.Events.reserved == nil {
		t.Events.reserved = make(map[string]*stream)
	}
	t.Events.reserved[s.token] = s
	t.Events.mu.Unlock()
	if s.isOver() { // before it was noted
		t.unreserve(s)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write([]byte(s.token)) // the client may be gone
}

// reserved is the stream of a token that the session was given; nil for none. That
// of another session is not there.
func (t *Transport) reserved(token string, a actor.Actor) *stream {
	t.Events.mu.Lock()
	s := t.Events.reserved[token]
	t.Events.mu.Unlock()
	if s == nil || s.session != a.Session {
		return nil
	}
	return s
}

func (t *Transport) unreserve(s *stream) {
	t.Events.mu.Lock()
	defer t.Events.mu.Unlock()
	delete(t.Events.reserved, s.token)
}

// streamReserved writes a reserved stream as the answer of this request.
func (t *Transport) streamReserved(w http.ResponseWriter, r *http.Request, s *stream) {
	switch {
	case s == nil:
		t.refuseToken(w, r)
	case !s.accept(w):
		t.Events.Refuse(w, r, http.StatusConflict, domain.Errorf(domain.Conflict, "the stream of this token is open already: reserve another by PUT"))
	default:
		s.run(r.Context())
	}
}

// followOnStream begins an operation on a reserved stream.
func (t *Transport) followOnStream(w http.ResponseWriter, r *http.Request, s *stream) {
	if s == nil {
		t.refuseToken(w, r)
		return
	}
	params, status, refused := t.Events.Read(w, r)
	if refused != nil {
		t.Events.Refuse(w, r, status, refused)
		return
	}
	id, _ := params.Extensions["operationId"].(string)
	s.asking.Lock()
	defer s.asking.Unlock()
	switch {
	case id == "" || len(id) > longestID:
		t.Events.Refuse(w, r, http.StatusBadRequest, domain.Errorf(domain.Validation, "name the operation: extensions.operationId is a text of your choice, of at most %d bytes", longestID))
	case s.has(id):
		t.Events.Refuse(w, r, http.StatusConflict, domain.Errorf(domain.Conflict, "there is an operation with this operationId already: choose another, or stop it by DELETE"))
	default:
		s.begin(ask{id: id, params: params})
		w.WriteHeader(http.StatusAccepted)
	}
}

// stopOnStream ends an operation on a reserved stream; one that is not there has
// just ended.
func (t *Transport) stopOnStream(w http.ResponseWriter, r *http.Request, s *stream) {
	id := r.URL.Query().Get("operationId")
	switch {
	case s == nil:
		t.refuseToken(w, r)
	case id == "":
		t.Events.Refuse(w, r, http.StatusBadRequest, domain.Errorf(domain.Validation, "name the operation to stop: DELETE with the parameter operationId"))
	default:
		s.complete(id)
		w.WriteHeader(http.StatusOK)
	}
}

func (t *Transport) refuseToken(w http.ResponseWriter, r *http.Request) {
	t.Events.Refuse(w, r, http.StatusNotFound, domain.Errorf(domain.NotFound, "no stream of yours has this token: reserve one by PUT"))
}
