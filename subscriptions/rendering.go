package subscriptions

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// document is a compiled subscription, one for all sockets that ask for the
// same: the same text, operation and variables, but for those of the root's
// after, which say where to begin and never what is shown.
type document struct {
	exec     graphql.GraphExecutor
	compiled *graphql.OperationContext
	users    int // operations that hold it; guarded by the documents' mu
	key      documentKey
}

type documentKey [sha256.Size]byte

// documents are those in use on a node.
type documents struct {
	mu    sync.Mutex
	inUse map[documentKey]*document
}

// hold gives the document that an operation shares with others, until release.
func (d *documents) hold(exec graphql.GraphExecutor, compiled *graphql.OperationContext) *document {
	key := keyOf(compiled)
	d.mu.Lock()
	defer d.mu.Unlock()
	doc := d.inUse[key]
	if doc == nil {
		if d.inUse == nil {
			d.inUse = make(map[documentKey]*document)
		}
		doc = &document{exec: exec, compiled: compiled, key: key}
		d.inUse[key] = doc
	}
	doc.users++
	return doc
}

func (d *documents) release(doc *document) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if doc.users--; doc.users == 0 {
		delete(d.inUse, doc.key)
	}
}

// keyOf is the same for operations that show the same.
func keyOf(op *graphql.OperationContext) (key documentKey) {
	shown := make(map[string]any, len(op.Variables))
	begins := beginningOnly(op)
	for name, value := range op.Variables {
		if !begins[name] {
			shown[name] = value
		}
	}
	variables, err := json.Marshal(shown) // in order of their names
	if err != nil {
		variables = []byte("null") // what came as JSON has JSON
	}
	h := sha256.New()
	for _, part := range [][]byte{[]byte(op.RawQuery), []byte(op.Operation.Name), variables} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write(part)
	}
	h.Sum(key[:0])
	return key
}

// beginningOnly are the variables that the operation uses for its root's after
// and nowhere else.
func beginningOnly(op *graphql.OperationContext) map[string]bool {
	uses, begins := make(map[string]int), make(map[string]int)
	count := func(counts map[string]int, v *ast.Value) { countVariables(counts, v) }
	var walk func(set ast.SelectionSet, root bool)
	directives := func(list ast.DirectiveList) {
		for _, d := range list {
			for _, a := range d.Arguments {
				count(uses, a.Value)
			}
		}
	}
	walk = func(set ast.SelectionSet, root bool) {
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				for _, a := range s.Arguments {
					count(uses, a.Value)
					if root && a.Name == "after" {
						count(begins, a.Value)
					}
				}
				directives(s.Directives)
				walk(s.SelectionSet, false)
			case *ast.InlineFragment:
				directives(s.Directives)
				walk(s.SelectionSet, root)
			case *ast.FragmentSpread:
				directives(s.Directives)
			}
		}
	}
	walk(op.Operation.SelectionSet, true)
	for _, f := range op.Doc.Fragments { // a root's after in a fragment is not looked for: it only shares less
		walk(f.SelectionSet, false)
	}
	only := make(map[string]bool)
	for name, n := range begins {
		only[name] = n == uses[name]
	}
	return only
}

func countVariables(counts map[string]int, v *ast.Value) {
	if v == nil {
		return
	}
	if v.Kind == ast.Variable {
		counts[v.Raw]++
	}
	for _, child := range v.Children {
		countVariables(counts, child.Value)
	}
}

// execute runs the operation once for who is in ctx, with a call.
func (d *document) execute(ctx context.Context, c *call) *graphql.Response {
	responses, ctx := d.exec.DispatchOperation(context.WithValue(ctx, callKey{}, c), d.compiled)
	return responses(ctx)
}

// view is who follows, at one instant.
type view struct {
	actor.Actor
	shows string // equal for all to whom an event looks the same
}

func newView(a actor.Actor) *view {
	b := append(append([]byte(nil), a.Role...), byte(a.Level))
	b = binary.AppendVarint(b, a.Assure) // whose own file it is
	for _, s := range a.Sights {
		b = binary.AppendVarint(binary.AppendVarint(b, s.Assure), int64(len(s.Beneficiaries)))
		for _, beneficiary := range s.Beneficiaries {
			b = binary.AppendVarint(b, beneficiary)
		}
	}
	return &view{Actor: a, shows: string(b)}
}

// views are those of many sessions; one that is missing is dead.
type views map[string]*view

func newViews(actors map[string]actor.Actor) views {
	all := make(views, len(actors))
	for session, a := range actors {
		all[session] = newView(a)
	}
	return all
}

// sharedEvent is an event on its way to many followers. It is rendered once for
// all whose operation and view are the same. One goroutine has it.
type sharedEvent struct {
	*domain.Event
	rendered map[look]*rendering
}

// look is all that a rendering hangs on beside the event.
type look struct {
	document *document
	shows    string
}

// rendering is what is sent of an event: a payload of a next message, or the
// errors that end the operation.
type rendering struct {
	payload []byte
	errors  gqlerror.List
}

func share(events []domain.Event) []sharedEvent {
	all := make([]sharedEvent, len(events))
	for i := range events {
		all[i] = sharedEvent{Event: &events[i], rendered: make(map[look]*rendering, 1)}
	}
	return all
}

// render gives what is sent of the event to who looks so, and calls tell for
// what is told where it was not rendered yet.
func (e *sharedEvent) render(ctx context.Context, doc *document, v *view, tell func() any) *rendering {
	l := look{doc, v.shows}
	r := e.rendered[l]
	if r == nil {
		r = doc.render(ctx, tell())
		e.rendered[l] = r
	}
	return r
}

// render executes the operation for an event of its feed's union, for the actor in
// ctx.
func (d *document) render(ctx context.Context, event any) *rendering {
	response := d.execute(ctx, &call{event: event})
	if response == nil { // the server is leaving
		return &rendering{errors: refusal(domain.Errorf(domain.Unavailable, "the service is busy: subscribe again in a moment"))}
	}
	if len(response.Errors) > 0 && (len(response.Data) == 0 || string(response.Data) == "null") {
		return &rendering{errors: response.Errors} // the client comes back with the cursor of the event before
	}
	payload, err := json.Marshal(response)
	if err != nil {
		return &rendering{errors: refusal(domain.Errorf(domain.Internal, "internal error"))}
	}
	return &rendering{payload: payload}
}
