package graph

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"comptesante/domain"
)

// Answers is the extension that bounds what one execution of an operation
// answers, and that stops it where its time is over: gqlgen goes on with what was
// read whatever it comes to, and whoever waits for it. Each execution is given a
// middleware of its fields, in place of any other.
type Answers struct{ Limits Limits }

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
	graphql.OperationInterceptor
} = Answers{}

// ExtensionName is the extension's name in gqlgen's statistics.
func (Answers) ExtensionName() string { return "Answers" }

// Validate accepts any schema.
func (Answers) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext has the fields of a subscription find what they are
// counted for in their context: one compiled subscription is executed for many at
// once. A query is executed once, and spared the search.
func (Answers) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	if op.Operation.Operation == ast.Subscription {
		op.ResolverMiddleware = func(ctx context.Context, next graphql.Resolver) (any, error) {
			return ctx.Value(answeringKey{}).(*answering).field(ctx, next)
		}
	}
	return nil
}

// InterceptOperation watches an execution. One that goes over the limit is
// answered QUERY_TOO_COMPLEX, with limit and max, and one whose time is over
// UNAVAILABLE: without data.
func (l Answers) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	a := &answering{ctx: ctx, limit: "answerBytes", most: int64(l.Limits.AnswerBytes)}
	if op.Operation.Operation == ast.Subscription {
		a.limit, a.most = "eventBytes", int64(l.Limits.EventBytes)
		ctx = context.WithValue(ctx, answeringKey{}, a)
	} else {
		op.ResolverMiddleware = a.field
	}
	responses := next(ctx)
	return func(ctx context.Context) *graphql.Response {
		response := responses(ctx)
		if why := a.stopped.Load(); why != nil && response != nil {
			return &graphql.Response{Errors: gqlerror.List{asGraphQL(why)}}
		}
		return response
	}
}

type answeringKey struct{}

// answering is what an execution has answered so far.
type answering struct {
	ctx     context.Context
	limit   string
	most    int64
	bytes   atomic.Int64
	stopped atomic.Pointer[domain.Error] // why nothing more is answered
}

const (
	fieldBytes = 12      // what a field takes beside its name and its text
	glance     = 1 << 12 // bytes after which the clock is looked at
)

// field resolves a field, and counts it about as long as it will be written. Once
// the execution is stopped, what is left of it resolves to nothing, and costs
// nothing below: errors would be gathered by the thousand.
func (a *answering) field(ctx context.Context, next graphql.Resolver) (any, error) {
	if a.stopped.Load() != nil {
		return nothing, nil
	}
	value, err := next(ctx)
	size := int64(fieldBytes + len(graphql.GetFieldContext(ctx).Field.Alias))
	switch text := value.(type) {
	case string:
		size += int64(len(text))
	case *string:
		if text != nil {
			size += int64(len(*text))
		}
	}
	switch now := a.bytes.Add(size); {
	case now > a.most:
		a.stopped.Store(domain.Errorf(domain.QueryTooComplex, "the answer is longer than %d bytes: ask for fewer payments at once, with a smaller first, or for less of each", a.most).
			With("limit", a.limit).With("max", a.most))
	case now/glance != (now-size)/glance && a.ctx.Err() != nil:
		a.stopped.Store(domain.Errorf(domain.Unavailable, "the request took too long: ask for less at once, or try again later"))
	}
	return value, err
}

// nothing stands for what is not answered any more. It is never sent.
var nothing graphql.Marshaler = graphql.WriterFunc(func(w io.Writer) { _, _ = io.WriteString(w, "0") })
