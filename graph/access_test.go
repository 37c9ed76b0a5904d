package graph

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// noon is when the tests ask.
var noon = time.Date(2026, time.March, 29, 12, 0, 0, 0, time.UTC)

// accessTo is the extension for a schema, with the clock at noon.
func accessTo(t testing.TB, schema *ast.Schema) *Access {
	return NewAccess(rulesOf(t, schema), DefaultLimits(), true, func() time.Time { return noon })
}

// operation is the context that gqlgen makes of a valid document.
func operation(t testing.TB, schema *ast.Schema, doc *ast.QueryDocument, variables map[string]any) *graphql.OperationContext {
	t.Helper()
	op := doc.Operations[0]
	coerced, err := validator.VariableValues(schema, op, variables)
	if err != nil {
		t.Fatal(err)
	}
	return &graphql.OperationContext{Doc: doc, Operation: op, Variables: coerced, DisableIntrospection: true}
}

// as is a context in which an actor of that role asks, of a level that was
// reached so long before noon.
func as(role actor.Role, level actor.Level, age time.Duration) context.Context {
	return actor.NewContext(context.Background(), actor.Actor{Role: role, Level: level, Since: noon.Add(-age)})
}

// told is what a refusal tells programs, nil for none.
func told(err *gqlerror.Error) map[string]any {
	if err == nil {
		return nil
	}
	return err.Extensions
}

// paths are response paths written with dots.
func paths(dotted ...string) [][]string {
	var all [][]string
	for _, p := range dotted {
		all = append(all, strings.Split(p, "."))
	}
	return all
}

func refused(code domain.Code, dotted ...string) map[string]any {
	return map[string]any{"code": string(code), "paths": paths(dotted...)}
}

func stepUp(level string, maxAge int, dotted ...string) map[string]any {
	m := refused(domain.StepUpRequired, dotted...)
	m["level"] = level
	if maxAge > 0 {
		m["maxAge"] = maxAge
	}
	return m
}

func TestAccessDecides(t *testing.T) {
	t.Parallel()
	schema := schemaOf(t, sound)
	access := accessTo(t, schema)
	const (
		name  = `{me{name}}`
		iban  = `{me{name iban}}`
		note  = `{me{note iban}}`
		total = `{me{lines{total}}}`
		all   = `{me{iban lines{total}}}`
	)
	for _, row := range []struct {
		why      string
		ctx      context.Context
		document string
		want     map[string]any
	}{
		{"nobody", context.Background(), name, refused(domain.Unauthenticated, "me")},
		{"nobody, of a stricter field too", context.Background(), iban, refused(domain.Unauthenticated, "me", "me.iban")},
		{"nobody may ask what has no rule", context.Background(), `{__typename __schema{queryType{name}}}`, nil},
		{"the lowest level", as(actor.Assure, actor.Local1, time.Hour), name, nil},
		{"no level", as(actor.Assure, actor.NoLevel, 0), name, stepUp("LOCAL1", 0, "me")},
		{"another role", as(actor.Service, actor.FC2, 0), name, refused(domain.Forbidden, "me")},
		{"a role that is not known", as("PARTNER", actor.FC2, 0), name, refused(domain.Forbidden, "me")},
		{"a field that is not for the role", as(actor.Assure, actor.FC2, 0), note, refused(domain.Forbidden, "me.note")},
		{"role before level", as(actor.Assure, actor.Local1, 0), note, refused(domain.Forbidden, "me.note")},
		{"a level below", as(actor.Assure, actor.Local2, 0), iban, stepUp("FC1", 1200, "me.iban")},
		{"the level", as(actor.Assure, actor.FC1, 0), iban, nil},
		{"a level above", as(actor.Assure, actor.FC2, 0), iban, nil},
		{"a second before the age", as(actor.Assure, actor.FC1, 1199*time.Second), iban, nil},
		{"at the age", as(actor.Assure, actor.FC1, 1200*time.Second), iban, nil},
		{"just past it", as(actor.Assure, actor.FC1, 1200*time.Second+1), iban, stepUp("FC1", 1200, "me.iban")},
		{"a clock that is behind", as(actor.Assure, actor.FC1, -time.Second), iban, nil},
		{"never reached", actor.NewContext(context.Background(), actor.Actor{Role: actor.Assure, Level: actor.FC1}), iban, stepUp("FC1", 1200, "me.iban")},
		{"a type's age on a field of it, its own on another", as(actor.Assure, actor.Local1, 2*time.Minute), total, stepUp("LOCAL1", 60, "me.lines.total")},
		{"what is asked suffices for all", as(actor.Assure, actor.FC1, 2*time.Minute), all, stepUp("FC1", 60, "me.lines.total")},
		{"all that is short is named", as(actor.Assure, actor.Local1, 2*time.Hour), all, stepUp("FC1", 60, "me.iban", "me.lines.total")},
	} {
		err := access.MutateOperationContext(row.ctx, operation(t, schema, valid(t, schema, row.document), nil))
		if diff := cmp.Diff(row.want, told(err)); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", row.why, row.document, diff)
		}
	}
}

func TestAccessNamesPaths(t *testing.T) {
	t.Parallel()
	schema := schemaOf(t, sound)
	access := accessTo(t, schema)
	low := as(actor.Assure, actor.Local1, 0)
	needs := func(dotted ...string) map[string]any { return stepUp("FC1", 1200, dotted...) }
	for _, row := range []struct {
		why, document string
		want          map[string]any
	}{
		{"aliases", `{moi:me{compte:iban}}`, needs("moi.compte")},
		{"a fragment used twice", `{a:me{...f} b:me{friends{...f}}} fragment f on Person{name ...g} fragment g on Person{iban}`, needs("a.iban", "b.friends.iban")},
		{"a fragment used twice in one place", `{me{...f ...f}} fragment f on Person{iban}`, needs("me.iban")},
		{"an inline fragment", `{found{... on Person{iban} ... on Line{by{iban}}}}`, needs("found.iban", "found.by.iban")},
		{"what is skipped counts", `{me{iban @skip(if:true)}}`, needs("me.iban")},
		{"what is not included counts", `{me{...@include(if:false){iban}}}`, needs("me.iban")},
		{"the interface's rule", `{node{id}}`, nil},
		{"the object's below it", `{node{id ... on Person{id iban}}}`, needs("node.iban")},
		{"ten at most", `{me{` + many(12, "a%d:iban ") + `}}`, needs(strings.Fields(many(10, "me.a%d "))...)},
	} {
		err := access.MutateOperationContext(low, operation(t, schema, valid(t, schema, row.document), nil))
		if diff := cmp.Diff(row.want, told(err)); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", row.why, row.document, diff)
		}
	}
	anonymous := access.MutateOperationContext(context.Background(), operation(t, schema, valid(t, schema, `{`+many(7, "a%d:me{iban} ")+`}`), nil))
	seven := strings.Fields(many(7, "a%d ") + "a0.iban a1.iban a2.iban")
	if diff := cmp.Diff(refused(domain.Unauthenticated, seven...), told(anonymous)); diff != "" {
		t.Errorf("ten of two rules (-want +got):\n%s", diff)
	}
	if err := access.MutateOperationContext(as(actor.Service, actor.Local1, 0), operation(t, schema, valid(t, schema, `{node{id}}`), nil)); err != nil {
		t.Errorf("a role that the interface lets read: %v", err)
	}
	ctx := as(actor.Service, actor.Local1, 0)
	err := access.MutateOperationContext(ctx, operation(t, schema, valid(t, schema, `{node{... on Line{amount} ... on Person{id name}}}`), nil))
	if diff := cmp.Diff(refused(domain.Forbidden, "node.amount", "node.name"), told(err)); diff != "" {
		t.Errorf("but not the objects (-want +got):\n%s", diff)
	}
}

// TestAccessIsNotRemembered holds that what is kept of a document says nothing
// of who asked before.
func TestAccessIsNotRemembered(t *testing.T) {
	schema := schemaOf(t, sound)
	access := accessTo(t, schema)
	doc := valid(t, schema, `{me{iban}}`)
	allowed, low := as(actor.Assure, actor.FC2, 0), as(actor.Assure, actor.Local1, 0)
	for i, row := range []struct {
		ctx  context.Context
		want map[string]any
	}{
		{allowed, nil},
		{low, stepUp("FC1", 1200, "me.iban")},
		{context.Background(), refused(domain.Unauthenticated, "me", "me.iban")},
		{as(actor.Service, actor.FC2, 0), refused(domain.Forbidden, "me", "me.iban")},
		{low, stepUp("FC1", 1200, "me.iban")},
		{allowed, nil},
	} {
		err := access.MutateOperationContext(row.ctx, operation(t, schema, doc, nil))
		if diff := cmp.Diff(row.want, told(err)); diff != "" {
			t.Errorf("turn %d (-want +got):\n%s", i, diff)
		}
	}
	if n := access.plans.Len(); n != 1 {
		t.Errorf("%d plans of one operation", n)
	}
}

func TestAccessRechecks(t *testing.T) {
	schema := schemaOf(t, sound)
	access := accessTo(t, schema)
	op := operation(t, schema, valid(t, schema, `subscription{events{... on Person{iban}}}`), nil)
	allowed := as(actor.Assure, actor.FC1, 0)
	if err := access.MutateOperationContext(allowed, op); err != nil {
		t.Fatal(err)
	}
	access.plans.Purge() // the operation has its own
	for i, row := range []struct {
		ctx  context.Context
		want map[string]any
	}{
		{allowed, nil},
		{as(actor.Assure, actor.FC1, time.Hour), stepUp("FC1", 1200, "events.iban")},
		{context.Background(), refused(domain.Unauthenticated, "events", "events.iban")},
		{allowed, nil},
	} {
		if diff := cmp.Diff(row.want, told(access.Recheck(row.ctx, op))); diff != "" {
			t.Errorf("turn %d (-want +got):\n%s", i, diff)
		}
	}
	if n := access.plans.Len(); n != 0 {
		t.Errorf("%d plans made anew", n)
	}
}

func TestAccessIntrospectionSwitch(t *testing.T) {
	schema := schemaOf(t, sound)
	for _, document := range []string{`{__schema{queryType{name}}}`, `{...f} fragment f on Query{__type(name:"A"){name}}`} {
		for _, on := range []bool{true, false} {
			access := NewAccess(rulesOf(t, schema), DefaultLimits(), on, time.Now)
			op := operation(t, schema, valid(t, schema, document), nil)
			err := access.MutateOperationContext(context.Background(), op)
			if on && (err != nil || op.DisableIntrospection) {
				t.Errorf("on: %v, disabled %t", err, op.DisableIntrospection)
			}
			if !on && (err == nil || err.Extensions["code"] != string(domain.Validation) || !op.DisableIntrospection) {
				t.Errorf("off: %v, disabled %t", err, op.DisableIntrospection)
			}
		}
	}
}

func TestAccessSubscriptionsHaveOneStream(t *testing.T) {
	schema := schemaOf(t, sound)
	access := accessTo(t, schema)
	for document, ok := range map[string]bool{
		`subscription{events{__typename}}`:                                                                                  true,
		`subscription{events{__typename} events{... on Line{id}}}`:                                                          true,
		`subscription{a:events{__typename} b:events{__typename}}`:                                                           false, // gqlparser lets it pass
		`subscription{...f b:events{__typename}} fragment f on Subscription{events{__typename}}`:                            false,
		`subscription{events @skip(if:true){__typename}}`:                                                                   false,
		`subscription{... @include(if:true){events{__typename}}}`:                                                           false,
		`subscription{...f} fragment f on Subscription{...g @skip(if:true)} fragment g on Subscription{events{__typename}}`: false,
	} {
		op := operation(t, schema, valid(t, schema, document), nil)
		err := access.MutateOperationContext(as(actor.Assure, actor.FC2, 0), op)
		if (err == nil) != ok || err != nil && err.Extensions["code"] != string(domain.Validation) {
			t.Errorf("%s: %v", document, err)
		}
	}
}

// TestAccessDeniesWhatHasNoRule holds the default where the rules are not those
// of the schema that the document was validated against.
func TestAccessDeniesWhatHasNoRule(t *testing.T) {
	bigger := schemaOf(t, strings.Replace(sound, "name: String!", "name: String! secret: String", 1))
	access := accessTo(t, schemaOf(t, sound))
	op := operation(t, bigger, valid(t, bigger, `{me{secret}}`), nil)
	ctx := as(actor.Assure, actor.FC2, 0)
	for _, decide := range []func(context.Context, *graphql.OperationContext) *gqlerror.Error{access.MutateOperationContext, access.Recheck} {
		err := decide(ctx, op)
		if err == nil {
			t.Fatal("allowed")
		}
		if shown := ErrorPresenter(slog.New(slog.DiscardHandler))(ctx, err); shown.Extensions["code"] != string(domain.Internal) {
			t.Errorf("%v", shown)
		}
	}
	if err := access.Validate(&served{schema: bigger}); err == nil {
		t.Error("served with the rules of another schema")
	}
	if err := access.Validate(&served{schema: schemaOf(t, sound)}); err != nil {
		t.Errorf("another copy of the schema: %v", err)
	}
	if err := access.Validate(&served{schema: schemaOf(t, "type Query { a: Int }")}); err == nil {
		t.Error("served without rules")
	}
}

// served is a schema as gqlgen serves it.
type served struct {
	graphql.ExecutableSchema
	schema *ast.Schema
}

func (s *served) Schema() *ast.Schema { return s.schema }

func TestAccessHoldsTheCost(t *testing.T) {
	schema := schemaOf(t, sound)
	access := accessTo(t, schema)
	doc := valid(t, schema, `query($n:Int){me{friends(first:$n){friends(first:$n){name}}}}`)
	ctx := as(actor.Assure, actor.FC2, 0)
	// 1 + n × (1 + n)
	for _, row := range []struct {
		n    any
		cost int
	}{
		{nil, 1 + 5*6}, {1, 1 + 1*2}, {70, 1 + 70*71}, {71, 1 + 71*72}, {100, 10101}, {101, 10101}, {0, 10101}, {-5, 10101},
	} {
		op := operation(t, schema, doc, map[string]any{"n": row.n})
		err := access.MutateOperationContext(ctx, op)
		if got := CostOf(graphql.WithOperationContext(ctx, op)); got != row.cost {
			t.Errorf("n = %v: cost %d, want %d", row.n, got, row.cost)
		}
		var want map[string]any
		if row.cost > 5000 {
			want = map[string]any{"code": string(domain.QueryTooComplex), "cost": row.cost, "limit": "cost", "value": row.cost, "max": 5000}
		}
		if diff := cmp.Diff(want, told(err)); diff != "" {
			t.Errorf("n = %v (-want +got):\n%s", row.n, diff)
		}
	}
	if got := CostOf(ctx); got != 0 {
		t.Errorf("cost %d without an operation", got)
	}
}

// TestGatesCarryDomainErrors holds that refusals can be told apart in Go, too.
func TestGatesCarryDomainErrors(t *testing.T) {
	schema := schemaOf(t, sound)
	err := accessTo(t, schema).MutateOperationContext(context.Background(), operation(t, schema, valid(t, schema, `{me{name}}`), nil))
	var e *domain.Error
	if !errors.As(err, &e) || e.Code != domain.Unauthenticated {
		t.Errorf("%v", err)
	}
}

func BenchmarkAccess(b *testing.B) {
	schema := realSchema(b)
	access := accessTo(b, schema)
	doc := valid(b, schema, history)
	op := operation(b, schema, doc, map[string]any{"first": 50})
	ctx := as(actor.Assure, actor.Local1, 0)
	b.Run("first time", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			newPlan(access.rules, access.limits, op.Operation)
		}
	})
	b.Run("again", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			fresh := graphql.OperationContext{Doc: doc, Operation: op.Operation, Variables: op.Variables}
			if err := access.MutateOperationContext(ctx, &fresh); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("refused again", func(b *testing.B) {
		for b.Loop() {
			fresh := graphql.OperationContext{Doc: doc, Operation: op.Operation, Variables: op.Variables}
			_ = access.MutateOperationContext(context.Background(), &fresh)
		}
	})
	b.Run("recheck", func(b *testing.B) {
		_ = access.MutateOperationContext(ctx, op)
		b.ReportAllocs()
		for b.Loop() {
			if err := access.Recheck(ctx, op); err != nil {
				b.Fatal(err)
			}
		}
	})
}
