package subscriptions

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// operation is one subscription on a socket: a place in a feed, and how its
// events are shown. It is its follower's sink.
type operation struct {
	*socket
	id       string
	document *document
	follower
}

// subscribe compiles an operation, asks its resolver what to follow, and starts
// to follow it.
func (s *socket) subscribe(m message) {
	switch {
	case !s.isReady():
		s.close(closeNoAck)
		return
	case s.has(m.ID):
		s.close(closeDuplicate(m.ID))
		return
	}
	params, err := parseParams(m.Payload)
	if err != nil {
		s.close(closeMalformed)
		return
	}
	if refusal := s.open(m.ID, params); len(refusal) > 0 {
		s.send(errorFrame(m.ID, refusal))
	}
}

// parseParams reads a request; numbers in variables stay exact.
func parseParams(payload []byte) (*graphql.RawParams, error) {
	var p graphql.RawParams
	d := json.NewDecoder(bytes.NewReader(payload))
	d.UseNumber()
	if err := d.Decode(&p); err != nil || p.Query == "" {
		return nil, errMalformed
	}
	return &p, nil
}

// open begins an operation for who was signed in a moment ago, or, where that is
// refused, for who is now: rights may just have grown. What comes back is why it
// is refused.
func (s *socket) open(id string, params *graphql.RawParams) gqlerror.List {
	if s.count() >= s.t.Limits.Operations {
		return refusal(domain.Errorf(domain.RateLimited, "at most %d subscriptions on one socket: complete one first", s.t.Limits.Operations))
	}
	if v, recent := s.remembered(); recent && len(s.openAs(v, id, params)) == 0 {
		return nil
	}
	v, alive, err := s.look()
	switch {
	case err != nil:
		return refusal(domain.Errorf(domain.Unavailable, "the service is busy: subscribe again in a moment"))
	case !alive:
		return refusal(domain.Errorf(domain.Unauthenticated, "%s", closeSessionDead.Reason))
	}
	return s.openAs(v, id, params)
}

func (s *socket) openAs(v *view, id string, params *graphql.RawParams) gqlerror.List {
	ctx := graphql.StartOperationTrace(actor.NewContext(s.t.base, v.Actor))
	compiled, faults := s.exec.CreateOperationContext(ctx, params)
	if len(faults) > 0 {
		return s.exec.DispatchError(graphql.WithOperationContext(ctx, compiled), faults).Errors
	}
	if compiled.Operation.Operation != ast.Subscription {
		return refusal(domain.Errorf(domain.Validation, "only subscriptions run over a socket: send queries by HTTP POST"))
	}
	own, c := &document{exec: s.exec, compiled: compiled}, &call{}
	if response := own.execute(ctx, c); response != nil && len(response.Errors) > 0 {
		return response.Errors
	}
	if c.request == nil {
		return refusal(domain.Errorf(domain.Validation, "name one field of Subscription to follow"))
	}
	s.follow(id, s.t.documents.hold(s.exec, compiled), c.request)
	return nil
}

// follow enters an operation and has it brought on.
func (s *socket) follow(id string, doc *document, r *Request) {
	op := &operation{socket: s, id: id, document: doc}
	op.follower = follower{hub: s.t.Hub, key: r.Key, session: s.session, after: r.After, saw: r.Saw, only: r.Only, sink: op}
	s.mu.Lock()
	entered := !s.ended
	if entered {
		s.operations = append(s.operations, op)
		s.t.Metrics.subscriptions(1)
	}
	s.mu.Unlock()
	if !entered {
		s.t.documents.release(doc)
		return
	}
	s.t.Hub.callFor(&op.follower)
}

// refusal is an error of the transport's own; the presenter knows its kind.
func refusal(e *domain.Error) gqlerror.List {
	return gqlerror.List{{Message: e.Message, Extensions: map[string]any{"code": string(e.Code)}}}
}

func (s *socket) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.place(id) >= 0
}

// place is where an operation stands among the socket's; the caller holds mu.
func (s *socket) place(id string) int {
	return slices.IndexFunc(s.operations, func(op *operation) bool { return op.id == id })
}

func (s *socket) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.operations)
}

// deliver implements sink.
func (op *operation) deliver(v *view, shared *sharedEvent, tell func() any) bool {
	ctx := graphql.StartOperationTrace(actor.NewContext(op.t.base, v.Actor))
	if refused := op.t.Recheck(ctx, op.document.compiled); refused != nil {
		op.fail(refused)
		return false
	}
	var r *rendering
	if shared == nil {
		r = op.document.render(ctx, tell())
	} else {
		r = shared.render(ctx, op.document, v, tell)
	}
	if r.errors != nil {
		op.over(r.errors)
		return false
	}
	op.next(op.id, r.payload)
	op.t.Metrics.delivered()
	return true
}

// fail implements sink.
func (op *operation) fail(err error) {
	ctx := graphql.WithOperationContext(op.t.base, op.document.compiled)
	op.over(op.document.exec.DispatchError(ctx, gqlerror.List{gqlerror.WrapIfUnwrapped(err)}).Errors)
}

// over tells the client that the operation is over, and why. The follower's mu
// may be held.
func (op *operation) over(why gqlerror.List) {
	if op.take(op.id) == op {
		op.send(errorFrame(op.id, why))
		op.quit()
	}
}

// take takes an operation from the socket; nil where there is none.
func (s *socket) take(id string) (op *operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.place(id); i >= 0 {
		op = s.operations[i]
		s.operations = slices.Delete(s.operations, i, i+1)
	}
	return op
}

// complete ends an operation at the client's wish; an unknown id is one that
// has just ended.
func (s *socket) complete(id string) {
	if op := s.take(id); op != nil {
		op.leave()
	}
}

// leave ends an operation that was taken from its socket: nothing is told of it
// any more.
func (op *operation) leave() {
	op.stop()
	op.quit()
}

// quit gives back what an operation holds, once.
func (op *operation) quit() {
	op.hub.remove(&op.follower)
	op.t.documents.release(op.document)
	op.t.Metrics.subscriptions(-1)
}
