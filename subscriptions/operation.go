package subscriptions

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// operation is one subscription on a socket: compiled once, executed for each
// event. It is its follower's sink.
type operation struct {
	*socket
	ctx      context.Context // ends with the operation
	cancel   context.CancelFunc
	id       string
	compiled *graphql.OperationContext
	follower *follower
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
	op := &operation{socket: s, id: m.ID}
	op.ctx, op.cancel = context.WithCancel(s.ctx)
	if refusal := op.open(params); len(refusal) > 0 {
		op.cancel()
		s.send(errorFrame(m.ID, refusal))
		return
	}
	op.start(op.follower.run)
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

// open fills the operation; what comes back is why it is refused.
func (op *operation) open(params *graphql.RawParams) gqlerror.List {
	s := op.socket
	if s.count() >= s.t.Limits.Operations {
		return refusal(domain.Errorf(domain.RateLimited, "at most %d subscriptions on one socket: complete one first", s.t.Limits.Operations))
	}
	actors, err := s.t.Hub.actors(op.ctx, []string{s.session})
	if err != nil {
		return refusal(domain.Errorf(domain.Unavailable, "the service is busy: subscribe again in a moment"))
	}
	a, alive := actors[s.session]
	if !alive {
		s.signOut()
		return refusal(domain.Errorf(domain.Unauthenticated, "%s", closeSessionDead.Reason))
	}
	ctx := graphql.StartOperationTrace(actor.NewContext(op.ctx, a))
	compiled, faults := s.exec.CreateOperationContext(ctx, params)
	if len(faults) > 0 {
		return s.exec.DispatchError(graphql.WithOperationContext(ctx, compiled), faults).Errors
	}
	if compiled.Operation.Operation != ast.Subscription {
		return refusal(domain.Errorf(domain.Validation, "only subscriptions run over a socket: send queries by HTTP POST"))
	}
	op.compiled = compiled
	c := &call{}
	if response := op.execute(ctx, c); response != nil && len(response.Errors) > 0 {
		return response.Errors
	}
	if c.request == nil {
		return refusal(domain.Errorf(domain.Validation, "name one field of Subscription to follow"))
	}
	op.follower = &follower{hub: s.t.Hub, key: c.request.Key, after: c.request.After, saw: c.request.Saw, session: s.session, sink: op}
	op.enter()
	return nil
}

// refusal is an error of the transport's own; the presenter knows its kind.
func refusal(e *domain.Error) gqlerror.List {
	return gqlerror.List{{Message: e.Message, Extensions: map[string]any{"code": string(e.Code)}}}
}

func (s *socket) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.operations[id] != nil
}

func (s *socket) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.operations)
}

func (op *operation) enter() {
	op.mu.Lock()
	defer op.mu.Unlock()
	op.operations[op.id] = op
	op.t.Metrics.subscriptions(1)
}

// start implements sink.
func (op *operation) start(f func(ctx context.Context)) {
	op.socket.start(func() { f(op.ctx) })
}

// execute runs the compiled operation once, with a call in the context.
func (op *operation) execute(ctx context.Context, c *call) *graphql.Response {
	responses, ctx := op.exec.DispatchOperation(context.WithValue(ctx, callKey{}, c), op.compiled)
	return responses(ctx)
}

// deliver implements sink.
func (op *operation) deliver(a actor.Actor, event domain.PaymentEvent) bool {
	ctx := graphql.StartOperationTrace(actor.NewContext(op.ctx, a))
	if refused := op.t.Recheck(ctx, op.compiled); refused != nil {
		op.end(op.presented(refused))
		return false
	}
	response := op.execute(ctx, &call{event: event})
	if response == nil {
		return false // the operation is over
	}
	if len(response.Errors) > 0 && (len(response.Data) == 0 || string(response.Data) == "null") {
		op.end(response.Errors) // the client comes back with the cursor of the event before
		return false
	}
	payload, err := json.Marshal(response)
	if err != nil {
		op.t.Log.Error("an event cannot be written", "error", err)
		op.end(refusal(domain.Errorf(domain.Internal, "internal error")))
		return false
	}
	op.send(frame(typeNext, op.id, payload))
	op.t.Metrics.delivered()
	return true
}

// fail implements sink.
func (op *operation) fail(err error) {
	op.end(op.presented(gqlerror.Wrap(err)))
}

// presented is what the client reads of an error.
func (op *operation) presented(err *gqlerror.Error) gqlerror.List {
	return op.exec.DispatchError(graphql.WithOperationContext(op.ctx, op.compiled), gqlerror.List{err}).Errors
}

// end tells the client that the operation is over, and why. The follower leaves
// the hub in a goroutine of its own, since its lock may be held here.
func (op *operation) end(why gqlerror.List) {
	op.mu.Lock()
	mine := op.operations[op.id] == op && op.socket.ctx.Err() == nil // else serve stops it
	if mine {
		delete(op.operations, op.id)
		op.work.Go(op.follower.stop)
	}
	op.mu.Unlock()
	if mine {
		op.t.Metrics.subscriptions(-1)
		op.send(errorFrame(op.id, why))
		op.cancel()
	}
}

// complete ends an operation at the client's wish; an unknown id is one that
// has just ended.
func (s *socket) complete(id string) {
	s.mu.Lock()
	op := s.operations[id]
	delete(s.operations, id)
	s.mu.Unlock()
	if op != nil {
		s.t.Metrics.subscriptions(-1)
		op.cancel()
		op.follower.stop()
	}
}
