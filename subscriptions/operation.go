package subscriptions

import (
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// operation is one subscription on a connection: a place in a feed, and how its
// events are shown. It is its follower's sink.
type operation struct {
	*connection
	id       string
	document *document
	follower
}

// ask is what a client asks to follow.
type ask struct {
	id     string
	params *graphql.RawParams
	from   string // a cursor that counts in place of the root's after; empty for none
}

// begin compiles an operation, asks its resolver what to follow, and starts to
// follow it, or tells the client why not.
func (c *connection) begin(a ask) {
	if refused := c.open(a); len(refused) > 0 {
		c.failed(a.id, refused)
	}
}

// open begins an operation for who was signed in a moment ago, or, where that is
// refused, for who is now: rights may just have grown. What comes back is why it
// is refused.
func (c *connection) open(a ask) gqlerror.List {
	if c.count() >= c.t.Limits.Operations {
		return refusal(domain.Errorf(domain.RateLimited, "at most %d subscriptions on one connection: complete one first", c.t.Limits.Operations))
	}
	if v, recent := c.remembered(); recent && len(c.openAs(v, a)) == 0 {
		return nil
	}
	v, alive, err := c.look()
	switch {
	case err != nil:
		return refusal(domain.Errorf(domain.Unavailable, "the service is busy: subscribe again in a moment"))
	case !alive:
		return refusal(errSessionDead)
	}
	return c.openAs(v, a)
}

var errSessionDead = domain.Errorf(domain.Unauthenticated, "%s", closeSessionDead.Reason)

func (c *connection) openAs(v *view, a ask) gqlerror.List {
	ctx := graphql.StartOperationTrace(actor.NewContext(c.t.base, v.Actor))
	compiled, faults := c.exec.CreateOperationContext(ctx, a.params)
	if compiled.Operation != nil && compiled.Operation.Operation != ast.Subscription { // whatever else is wrong with it
		return refusal(domain.Errorf(domain.Validation, "only subscriptions run here: send queries and mutations by HTTP POST, as JSON"))
	}
	if len(faults) > 0 {
		return c.exec.DispatchError(graphql.WithOperationContext(ctx, compiled), faults).Errors
	}
	own, asked := &document{exec: c.exec, compiled: compiled}, &call{}
	if response := own.execute(ctx, asked); response != nil && len(response.Errors) > 0 {
		return response.Errors
	}
	if asked.request == nil {
		return refusal(domain.Errorf(domain.Validation, "name one field of Subscription to follow"))
	}
	if a.from != "" {
		at, saw, err := c.t.Hub.Cursor.ParseFeed(asked.request.Key, a.from)
		if err != nil {
			return refusal(domain.Errorf(domain.Validation, "Last-Event-ID is not a cursor of this feed: connect without it"))
		}
		asked.request.After, asked.request.Saw = &at, saw
	}
	c.follow(a.id, c.t.documents.hold(c.exec, compiled), asked.request)
	return nil
}

// follow enters an operation and has it brought on.
func (c *connection) follow(id string, doc *document, r *Request) {
	op := &operation{connection: c, id: id, document: doc}
	op.follower = follower{hub: c.t.Hub, key: r.Key, session: c.session, after: r.After, saw: r.Saw, only: r.Only, sink: op}
	c.mu.Lock()
	entered := !c.ended
	if entered {
		c.operations = append(c.operations, op)
		c.t.Metrics.subscriptions(1)
	}
	c.mu.Unlock()
	if !entered {
		c.t.documents.release(doc)
		return
	}
	c.t.Hub.callFor(&op.follower)
}

// refusal is an error of the transport's own; the presenter knows its kind.
func refusal(e *domain.Error) gqlerror.List {
	return gqlerror.List{{Message: e.Message, Extensions: map[string]any{"code": string(e.Code)}}}
}

func (c *connection) has(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.place(id) >= 0
}

// place is where an operation stands among the connection's; the caller holds mu.
func (c *connection) place(id string) int {
	return slices.IndexFunc(c.operations, func(op *operation) bool { return op.id == id })
}

func (c *connection) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.operations)
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
	op.next(op.id, r.payload, op.eventID())
	op.t.Metrics.delivered()
	return true
}

// eventID is the cursor of the event that is being delivered, where it goes along
// with it: who connects again names it. The follower's mu is held.
func (op *operation) eventID() string {
	if !op.sole {
		return ""
	}
	return op.cursor()
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
		op.failed(op.id, why)
		op.quit()
	}
}

// take takes an operation from the connection; nil where there is none.
func (c *connection) take(id string) (op *operation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := c.place(id); i >= 0 {
		op = c.operations[i]
		c.operations = slices.Delete(c.operations, i, i+1)
	}
	return op
}

// complete ends an operation, and tells whether there was one.
func (c *connection) complete(id string) bool {
	op := c.take(id)
	if op != nil {
		op.leave()
	}
	return op != nil
}

// leave ends an operation that was taken from its connection: nothing is told of it
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
