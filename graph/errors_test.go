package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// canary is a value that no answer and no log may hold.
const canary = "1850529123456"

// logTo is a logger whose text can be read.
func logTo(b *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

// shown is an error as clients read it, its trace id replaced by TRACE.
func shown(t *testing.T, err *gqlerror.Error) string {
	t.Helper()
	text, e := json.Marshal(err)
	if e != nil {
		t.Fatal(e)
	}
	return regexp.MustCompile(`"traceId":"[0-9a-f]{16}"`).ReplaceAllString(string(text), `"traceId":"TRACE"`)
}

const hidden = `"message":"internal error","path":["moi"],"locations":[{"line":3,"column":5}],"extensions":{"code":"INTERNAL","traceId":"TRACE"}`

// resolve lets gqlgen resolve a field with one argument, first, and gives the
// errors of the answer and the log.
func resolve(t *testing.T, first any, resolver func(context.Context) (any, error)) (gqlerror.List, string) {
	t.Helper()
	var text bytes.Buffer
	log := logTo(&text)
	op := &graphql.OperationContext{
		RecoverFunc:        Recover(log),
		ResolverMiddleware: func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) },
	}
	field := graphql.CollectedField{Field: &ast.Field{
		Alias: "moi", Name: "me", Position: &ast.Position{Line: 3, Column: 5},
		Definition: &ast.FieldDefinition{
			Name: "me", Type: ast.NonNullNamedType("Assure", nil),
			Arguments: ast.ArgumentDefinitionList{{Name: "first", Type: ast.NamedType("Int", nil)}},
		},
	}}
	ctx := graphql.WithOperationContext(t.Context(), op)
	ctx = graphql.WithResponseContext(ctx, ErrorPresenter(log), op.RecoverFunc)
	graphql.ResolveField(ctx, op, field,
		func(ctx context.Context, field graphql.CollectedField) (*graphql.FieldContext, error) {
			// What gqlgen generates for a field with arguments.
			fc := &graphql.FieldContext{Object: "Query", Field: field}
			ctx = graphql.WithFieldContext(ctx, fc)
			_, err := graphql.ProcessArgField(ctx, map[string]any{"first": first}, "first",
				func(ctx context.Context, v any) (int, error) {
					n, err := graphql.UnmarshalInt(v)
					return n, graphql.ErrorOnPath(ctx, err)
				})
			if err != nil {
				op.Error(ctx, err)
			}
			return fc, err
		},
		resolver, nil,
		func(context.Context, ast.SelectionSet, string) graphql.Marshaler { return graphql.Null },
		true, true)
	return graphql.GetErrors(ctx), text.String()
}

func TestErrorsOfResolvers(t *testing.T) {
	secret := errors.New("pq: duplicate key (nir)=(" + canary + ")")
	fail := func(err error) func(context.Context) (any, error) {
		return func(context.Context) (any, error) { return nil, err }
	}
	at := `"path":["moi"],"locations":[{"line":3,"column":5}]`
	for _, row := range []struct {
		why      string
		resolver func(context.Context) (any, error)
		want     string
		logged   string // a part of the log, empty where nothing may be logged
	}{
		{"for clients", fail(domain.Errorf(domain.NotFound, "no such payment").With("id", "x")),
			`{"message":"no such payment",` + at + `,"extensions":{"code":"NOT_FOUND","id":"x"}}`, ""},
		{"for clients, wrapped on the way", fail(fmt.Errorf("db.Payment(%s): %w", canary, domain.Errorf(domain.NotFound, "no such payment"))),
			`{"message":"no such payment",` + at + `,"extensions":{"code":"NOT_FOUND"}}`, ""},
		{"data cannot change the code", fail(domain.Errorf(domain.Conflict, "changed").With("code", "OK")),
			`{"message":"changed",` + at + `,"extensions":{"code":"CONFLICT"}}`, ""},
		{"nobody's", fail(secret), `{` + hidden + `}`, "duplicate key"},
		{"nobody's, wrapped on the way", fail(fmt.Errorf("db.Payments: %w", secret)), `{` + hidden + `}`, "error=\"db.Payments: pq"},
		{"nobody's, dressed as GraphQL", fail(gqlerror.Wrap(secret)), `{` + hidden + `}`, "duplicate key"},
		{"dressed as a fault of the request", fail(&gqlerror.Error{Err: secret, Message: secret.Error(), Extensions: map[string]any{"code": "GRAPHQL_VALIDATION_FAILED"}}),
			`{` + hidden + `}`, "duplicate key"},
		{"a GraphQL error that nobody vouches for", fail(gqlerror.Errorf("table %s", canary)), `{` + hidden + `}`, "table"},
		{"internal by its own word", fail(domain.Errorf(domain.Internal, "index payments_pk")), `{` + hidden + `}`, "payments_pk"},
		{"a code that is not listed", fail(domain.Errorf("TEAPOT", "short and stout")), `{` + hidden + `}`, "stout"},
		{"the client left", fail(fmt.Errorf("query: %w", context.Canceled)),
			`{"message":"the request was given up before it was answered: send it again",` + at + `,"extensions":{"code":"UNAVAILABLE"}}`, ""},
		{"too slow", fail(fmt.Errorf("timeout: %w", context.DeadlineExceeded)),
			`{"message":"the request took too long: ask for less at once, or try again later",` + at + `,"extensions":{"code":"UNAVAILABLE"}}`, ""},
		{"null where there is none", func(context.Context) (any, error) { return nil, nil },
			`{"message":"internal error","path":["moi"],"extensions":{"code":"INTERNAL","traceId":"TRACE"}}`, "Query.me"},
		{"a panic", func(context.Context) (any, error) { panic(canary) },
			`{"message":"internal error","path":["moi"],"extensions":{"code":"INTERNAL","traceId":"TRACE"}}`, "panic=string"},
		{"a panic of the run time", func(context.Context) (any, error) { return noMap(nil), nil },
			`{"message":"internal error","path":["moi"],"extensions":{"code":"INTERNAL","traceId":"TRACE"}}`, "nil map"},
	} {
		list, log := resolve(t, nil, row.resolver)
		if len(list) != 1 {
			t.Errorf("%s: %v", row.why, list)
			continue
		}
		if diff := cmp.Diff(row.want, shown(t, list[0])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.why, diff)
		}
		if (log == "") != (row.logged == "") || !strings.Contains(log, row.logged) || strings.Count(log, "level=ERROR") > 1 {
			t.Errorf("%s: log %q, want %q, once", row.why, log, row.logged)
		}
		if id, ok := list[0].Extensions["traceId"].(string); ok && (!strings.Contains(log, id) || !strings.Contains(log, "field=Query.me")) {
			t.Errorf("%s: trace %s or the field is not in the log %q", row.why, id, log)
		}
		if strings.Contains(log, "moi") {
			t.Errorf("%s: a name of the client's is in the log %q", row.why, log)
		}
	}
	if _, log := resolve(t, nil, func(context.Context) (any, error) { panic(canary) }); strings.Contains(log, canary) {
		t.Errorf("what was thrown is in the log: %s", log)
	}
}

func TestErrorsOfArguments(t *testing.T) {
	never := func(context.Context) (any, error) { return nil, errors.New("never") }
	list, log := resolve(t, canary+"x", never)
	want := `{"message":"an argument does not have the form of its type (see path): look it up in the schema","path":["moi","first"],"extensions":{"code":"VALIDATION"}}`
	if len(list) != 1 || shown(t, list[0]) != want || log != "" {
		t.Errorf("%v, log %q", list, log)
	}
}

// request lets gqlgen read a request, with the gates of the sound schema, and
// gives its refusals as clients read them.
func request(t *testing.T, ctx context.Context, params *graphql.RawParams) (list gqlerror.List, log string) {
	t.Helper()
	schema := schemaOf(t, sound)
	var text bytes.Buffer
	exec := executor.New(&served{schema: schema})
	exec.SetErrorPresenter(ErrorPresenter(logTo(&text)))
	exec.Use(NewGuard(DefaultLimits()))
	exec.Use(accessTo(t, schema))
	ctx = graphql.StartOperationTrace(ctx)
	op, faults := exec.CreateOperationContext(ctx, params)
	if len(faults) == 0 {
		return nil, text.String()
	}
	return exec.DispatchError(graphql.WithOperationContext(ctx, op), faults).Errors, text.String()
}

func TestErrorsOfRequests(t *testing.T) {
	t.Parallel()
	signedIn := as(actor.Assure, actor.Local1, 0)
	long := strings.Repeat("x", 5000)
	for _, row := range []struct {
		why, query, variables, want string
	}{
		{"a syntax error", `{me{`, ``, `{"message":"Expected Name, found \u003cEOF\u003e","locations":[{"line":1,"column":5}],"extensions":{"code":"VALIDATION"}}`},
		{"a text out of place", `{me{"` + canary + `"}}`, ``, `{"message":"Expected Name, found String","locations":[{"line":1,"column":6}],"extensions":{"code":"VALIDATION"}}`},
		{"a text where nothing starts", `"` + canary + `" {me{name}} "` + canary + `"`, ``, ``},
		{"a bad escape, which gqlparser answers with the rest of the text", `{me(a:"\q` + canary + `"){name}}`, ``, ``},
		{"an unknown field", `{me{nom}}`, ``, ``},
		{"a value of another type", `{me{friends(first:"` + canary + `"){name}}}`, ``, `{"message":"Int cannot represent non 32-bit signed integer value","locations":[{"line":1,"column":20}],"extensions":{"code":"VALIDATION"}}`},
		{"a number that is too much", `{me{friends(first:` + canary + `99999999999){name}}}`, ``, `{"message":"a number in the document does not fit in 64 bits: write a smaller one","extensions":{"code":"VALIDATION"}}`},
		{"a variable of another type", `query($n:Int){me{friends(first:$n){name}}}`, `{"n":"` + canary + `x"}`, ``},
		{"a variable that is no whole number", `query($n:Int){me{friends(first:$n){name}}}`, `{"n":` + canary + `.5}`, ``},
		{"a variable that is missing", `query($n:Int!){me{friends(first:$n){name}}}`, ``, `{"message":"a variable does not have the form of its type (see path): it must be defined","path":["variable","n"],"extensions":{"code":"VALIDATION"}}`},
		{"a default that is too much", `query($n:Int=99999999999999999999){me{friends(first:$n){name}}}`, ``, ``},
		{"an operation that is not there", `query a{me{name}}`, `operation`, ``},
		{"no operation", `fragment f on Person{name}`, ``, ``},
		{"refused by the guard", `{me{...@defer{name}}}`, ``, `{"message":"@defer is not supported: ask without it","extensions":{"code":"VALIDATION"}}`},
		{"refused by the rules", `{me{iban}}`, ``, `{"message":"the request needs level FC1, reached at most 1200 seconds ago: sign in again at that level or above","extensions":{"code":"STEP_UP_REQUIRED","level":"FC1","maxAge":1200,"paths":[["me","iban"]]}}`},
		{"refused by the cost", `{me{friends(first:100){friends(first:100){name}}}}`, ``, `{"message":"the request has 10101 points of cost, and 5000 is the most: ask for less at once: a smaller first, fewer lists, sums and counters (docs/api.md says what each costs)","extensions":{"code":"QUERY_TOO_COMPLEX","cost":10101,"limit":"cost","max":5000,"value":10101}}`},
		{"a long name", `{me{` + long + `}}`, ``, ``},
	} {
		params := &graphql.RawParams{Query: row.query}
		switch {
		case row.variables == "operation":
			params.OperationName = long
		case row.variables != "":
			d := json.NewDecoder(strings.NewReader(row.variables))
			d.UseNumber()
			if err := d.Decode(&params.Variables); err != nil {
				t.Fatal(err)
			}
		}
		list, log := request(t, signedIn, params)
		if len(list) == 0 || log != "" {
			t.Errorf("%s: %d errors, log %q", row.why, len(list), log)
			continue
		}
		got := shown(t, list[0])
		if row.want != "" && got != row.want {
			t.Errorf("%s (-want +got):\n%s", row.why, cmp.Diff(row.want, got))
		}
		if code := list[0].Extensions["code"]; row.want == "" && code != string(domain.Validation) {
			t.Errorf("%s: code %v: %s", row.why, code, got)
		}
		if strings.Contains(got, canary) || len(got) > 600 {
			t.Errorf("%s: repeats the request: %s", row.why, got)
		}
	}
}

// TestErrorsHideEveryEcho holds that each form in which gqlparser repeats a
// value is known.
func TestErrorsHideEveryEcho(t *testing.T) {
	for message, want := range map[string]string{
		`Int cannot represent non 32-bit signed integer value: ` + canary:                                 `Int cannot represent non 32-bit signed integer value`,
		`Expected value of type "Int!", found "` + canary + "\n\".":                                       `Expected value of type "Int!"`,
		`Enum "E" cannot represent non-enum value: "` + canary + `". Did you mean the enum value "A"?`:    `Enum "E" cannot represent non-enum value`,
		`Value "` + canary + `" does not exist in "E" enum.`:                                              `A value does not exist in "E" enum.`,
		`Unexpected BlockString "` + canary + `"`:                                                         `Unexpected BlockString`,
		`Expected Name, found Int "` + canary + `"`:                                                       `Expected Name, found Int`,
		"Invalid character escape sequence: \\" + canary + "\n}":                                          `Invalid character escape sequence`,
		`Variable "$a" of type "Int" used in position expecting type "String".`:                           `Variable "$a" of type "Int" used in position expecting type "String".`,
		`Cannot query field "value" on type "String".`:                                                    `Cannot query field "value" on type "String".`,
		`Field "me" argument "first" of type "Int!" is required, but it was not provided.`:                `Field "me" argument "first" of type "Int!" is required, but it was not provided.`,
		`Fields "a" conflict because they return conflicting types Int and String. Use different aliases`: `Fields "a" conflict because they return conflicting types Int and String. Use different aliases`,
	} {
		if got := withoutValues(message); got != want {
			t.Errorf("%s: %s, want %s", message, got, want)
		}
	}
}

func TestErrorsOutsideOperations(t *testing.T) {
	var log bytes.Buffer
	present := ErrorPresenter(logTo(&log))
	got := present(t.Context(), gqlerror.Errorf("json request body could not be decoded: body:%s", canary))
	want := "{\"message\":\"the request cannot be read: send one JSON object with `query`, and `variables` if any\",\"extensions\":{\"code\":\"VALIDATION\"}}"
	if shown(t, got) != want || log.Len() > 0 {
		t.Errorf("%s, log %s", shown(t, got), &log)
	}
	if got := present(t.Context(), io.ErrUnexpectedEOF); got.Extensions["code"] != string(domain.Internal) {
		t.Errorf("a cause of ours: %s", shown(t, got))
	}
	if got := present(t.Context(), nil); got != nil {
		t.Errorf("no error: %v", got)
	}
}

// noMap writes into a map, which panics where there is none.
func noMap(m map[string]int) map[string]int {
	m["a"] = 1
	return m
}

func TestErrorsKeepInputOutOfTheLog(t *testing.T) {
	_, number := strconv.ParseInt(canary+"x", 10, 64)
	_, day := time.Parse(time.DateOnly, canary)
	for _, err := range []error{number, fmt.Errorf("read: %w", number), day, fmt.Errorf("read: %w", day)} {
		var log bytes.Buffer
		_ = ErrorPresenter(logTo(&log))(t.Context(), err) // the log is looked at
		if text := log.String(); strings.Contains(text, canary) || !strings.Contains(text, "error=") {
			t.Errorf("%v: %s", err, text)
		}
	}
}

func TestErrorsShortenNamesOfVariables(t *testing.T) {
	long := strings.Repeat("é", 100)
	err := gqlerror.ErrorPathf(ast.Path{ast.PathName("variable"), ast.PathName("a"), ast.PathIndex(3), ast.PathName(long)}, "unknown field")
	err.Extensions = map[string]any{"code": "GRAPHQL_VALIDATION_FAILED"}
	got := ErrorPresenter(logTo(new(bytes.Buffer)))(t.Context(), err)
	want := ast.Path{ast.PathName("variable"), ast.PathName("a"), ast.PathIndex(3), ast.PathName(long[:64] + "…")}
	if diff := cmp.Diff(want, got.Path); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.HasSuffix(got.Message, "it is an unknown field") {
		t.Errorf("%s", got.Message)
	}
}
