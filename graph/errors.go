package graph

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"comptesante/domain"
)

// ErrorPresenter is the one place where Go errors become what a client reads.
// gqlgen passes every error of a request through it: those of resolvers, of the
// gates, and of parsing and validation (by Executor.DispatchError).
//
//   - *domain.Error, however deep: its message, its code and its data.
//   - What gqlgen and gqlparser say of a request: VALIDATION, with locations and
//     path, and without the values that the request held.
//   - A context that ended: UNAVAILABLE.
//   - Anything else: INTERNAL with a trace id and nothing else. The cause goes to
//     log under that id, once.
func ErrorPresenter(log *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		if err == nil {
			return nil
		}
		// The outer error is only looked at for where it happened: its message
		// may be that of the cause.
		var where *gqlerror.Error
		if !errors.As(err, &where) {
			where = gqlerror.WrapPath(graphql.GetPath(ctx), err)
		}
		shown := asGraphQL(explain(ctx, log, err, where))
		shown.Path, shown.Locations = shownPath(where.Path), where.Locations
		return shown
	}
}

// explain gives what a client may know of err.
func explain(ctx context.Context, log *slog.Logger, err error, where *gqlerror.Error) *domain.Error {
	var known *domain.Error
	var caught *recovered
	switch {
	case errors.As(err, &caught): // logged where it was caught
		return internal(caught.trace)
	case errors.As(err, &known) && presentable(known.Code):
		return known
	case errors.Is(err, context.Canceled):
		return domain.Errorf(domain.Unavailable, "the request was given up before it was answered: send it again")
	case errors.Is(err, context.DeadlineExceeded):
		return domain.Errorf(domain.Unavailable, "the request took too long: ask for less at once, or try again later")
	}
	if message, ok := faultOfRequest(ctx, where); ok {
		return domain.Errorf(domain.Validation, "%s", message)
	}
	// No one vouched for this error, so nothing of it is shown: its text may
	// hold SQL, a stack, or somebody's data.
	trace := newTrace()
	log.ErrorContext(ctx, "graphql: internal error", "trace", trace, "field", fieldOf(ctx), "error", causeText(err))
	return internal(trace)
}

// presentable tells whether an error of this code was written for clients.
// INTERNAL was not, nor is a code that is not listed here.
func presentable(c domain.Code) bool {
	switch c {
	case domain.Unauthenticated, domain.Forbidden, domain.NotFound, domain.StepUpRequired,
		domain.RateLimited, domain.Validation, domain.Conflict, domain.QueryTooComplex,
		domain.Unavailable, domain.IdempotencyClash:
		return true
	}
	return false
}

// internal is all that a client learns of a fault of ours.
func internal(trace string) *domain.Error {
	return domain.Errorf(domain.Internal, "internal error").With("traceId", trace)
}

// newTrace makes the id, 16 hexadecimal digits, under which a fault is logged.
func newTrace() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// asGraphQL is e as gqlgen carries errors. It holds e, so that the presenter
// finds it again.
func asGraphQL(e *domain.Error) *gqlerror.Error {
	extensions := make(map[string]any, len(e.Data)+1)
	maps.Copy(extensions, e.Data)
	extensions["code"] = string(e.Code)
	return &gqlerror.Error{Err: e, Message: e.Message, Extensions: extensions}
}

// faultOfRequest is the message of an error that gqlgen or gqlparser made
// because of the request; ok is false for any other. An error that wraps a
// cause never shows its own message, which is the cause's.
func faultOfRequest(ctx context.Context, e *gqlerror.Error) (message string, ok bool) {
	code, _ := e.Extensions["code"].(string)
	switch {
	case code == errcode.ParseFailed && e.Err == nil:
		return withoutValues(e.Message), true
	case code == errcode.ValidationFailed && inVariables(e.Path):
		return "a variable does not have the form of its type (see path): " + variableFault(e), true
	case code == errcode.ValidationFailed && e.Err == nil:
		return withoutValues(e.Message), true
	case isArgument(ctx, e.Path):
		return "an argument does not have the form of its type (see path): look it up in the schema", true
	case !graphql.HasOperationContext(ctx) && e.Err == nil && code == "":
		// gqlgen's transports echo the body here.
		return "the request cannot be read: send one JSON object with `query`, and `variables` if any", true
	}
	return "", false
}

// inVariables tells whether path is that of a variable, as gqlparser writes it.
func inVariables(path ast.Path) bool {
	return len(path) > 0 && path[0] == ast.PathName("variable")
}

// variableFault is what gqlparser says of a variable where it says it without
// the value, and how to mend it where it does not.
func variableFault(e *gqlerror.Error) string {
	switch e.Message {
	case "must be defined", "cannot be null", "unknown field":
		return "it " + strings.Replace(e.Message, "unknown", "is an unknown", 1)
	}
	return "look it up in the schema"
}

// isArgument tells whether path leads into an argument of the field that ctx is
// resolving: then it was reading the argument that failed, not the resolver.
func isArgument(ctx context.Context, path ast.Path) bool {
	field := graphql.GetFieldContext(ctx)
	if field == nil || field.Field.Field == nil || field.Field.Definition == nil {
		return false
	}
	at := len(field.Path())
	if len(path) <= at {
		return false
	}
	name, ok := path[at].(ast.PathName)
	return ok && field.Field.Definition.Arguments.ForName(string(name)) != nil
}

// longestMessage is how much of a message of gqlparser is shown, in bytes: it may
// repeat names of any length.
const longestMessage = 300

// echoes are the forms in which gqlparser repeats a value of the document, each
// with what remains of it.
var echoes = []struct {
	form    *regexp.Regexp
	remains string
}{
	{regexp.MustCompile(`(?s)^Value ".*" does not exist in `), "A value does not exist in "},
	{regexp.MustCompile(`(?s)(value of type "[^"]*"), found .*`), "$1"},
	{regexp.MustCompile(`(?s)( value): .*`), "$1"},
	{regexp.MustCompile(`(?s)\b(String|BlockString|Int|Float|Comment) ".*`), "$1"},
	{regexp.MustCompile(`(?s)(escape sequence): .*`), "$1"},
}

// withoutValues is a message of gqlparser without the values of the document,
// which may be somebody's data.
func withoutValues(message string) string {
	for _, e := range echoes {
		message = e.form.ReplaceAllString(message, e.remains)
	}
	return clip(message, longestMessage)
}

// clip cuts text to at most n bytes, and says so.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "") + "…"
}

// shownPath is the path as it is shown. Names in the path of a variable are the
// client's own and of any length; the others are left, since gqlgen finds the
// errors of a field by them.
func shownPath(path ast.Path) ast.Path {
	if !inVariables(path) {
		return path
	}
	shown := slices.Clone(path)
	for i, part := range shown {
		if name, ok := part.(ast.PathName); ok {
			shown[i] = ast.PathName(clip(string(name), 64))
		}
	}
	return shown
}

// fieldOf is the field of the schema that ctx is resolving, such as Query.me,
// for the log; a path would hold the client's own names.
func fieldOf(ctx context.Context) string {
	for f := graphql.GetFieldContext(ctx); f != nil; f = f.Parent {
		if f.Field.Field != nil {
			return coordinate{f.Object, f.Field.Name}.String()
		}
	}
	return ""
}

// causeText is the text of err for the log, without the path that gqlgen puts
// around it and without the input that the errors of strconv and time repeat.
func causeText(err error) string {
	for {
		wrapper, wrapped := err.(*gqlerror.Error) //nolint:errorlint // the wrappers are taken off one by one
		if !wrapped {
			break
		}
		if wrapper.Err == nil {
			return wrapper.Message
		}
		err = wrapper.Err
	}
	text := err.Error()
	var number *strconv.NumError
	if errors.As(err, &number) {
		text = strings.ReplaceAll(text, number.Error(), number.Func+": "+number.Err.Error())
	}
	var instant *time.ParseError
	if errors.As(err, &instant) {
		text = strings.ReplaceAll(text, instant.Error(), "time.Parse: not of the form "+instant.Layout)
	}
	return text
}

// recovered stands for a panic that was caught and logged under trace.
type recovered struct{ trace string }

func (r *recovered) Error() string { return "recovered from a panic, trace " + r.trace }

// Recover turns a panic into INTERNAL with a trace id. The log has the stack
// under that id, and what was thrown: its text where the run time made it, else
// its type alone, since it may hold anything.
func Recover(log *slog.Logger) graphql.RecoverFunc {
	return func(ctx context.Context, thrown any) error {
		what := fmt.Sprintf("%T", thrown)
		if e, ok := thrown.(runtime.Error); ok {
			what = e.Error()
		}
		trace := newTrace()
		log.ErrorContext(ctx, "graphql: panic", "trace", trace, "field", fieldOf(ctx), "panic", what, "stack", string(debug.Stack()))
		return &recovered{trace: trace}
	}
}
