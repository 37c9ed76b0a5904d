package graph

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"comptesante/domain"
)

// history is what a front end asks for to show payments.
const history = `query History($first: Int = 20, $after: Cursor) {
  me {
    ...Person
    payments(first: $first, after: $after) {
      liveCursor
      pageInfo { hasNextPage endCursor }
      edges { cursor node { ...Line } }
    }
  }
}
fragment Person on Assure { id familyName givenName nir beneficiaries { id givenName } }
fragment Line on Payment {
  id reference paidOn recipient amount movement { reference }
  beneficiary { id givenName }
  lines { caredOn act label professional { name } spent base rate reimbursed retained paid }
  complementary {
    __typename
    ... on ComplementaryKnown { amount mutuelle { name } paidOn }
    ... on ComplementaryAwaited { mutuelle { name } }
    ... on ComplementaryNone { message }
    ... on ComplementaryElsewhere { mutuelle { name site } }
  }
}`

// fanOut is a document with a chain of n fragments that each spread the next
// one twice: 2^n fields once expanded.
func fanOut(n int) string {
	var b strings.Builder
	b.WriteString("{me{...f0}}")
	for i := range n {
		fmt.Fprintf(&b, " fragment f%d on A{a{...f%d} b{...f%d}}", i, i+1, i+1)
	}
	fmt.Fprintf(&b, " fragment f%d on A{id}", n)
	return b.String()
}

// nested is a document whose longest path has n fields.
func nested(n int) string { return strings.Repeat("{a", n) + strings.Repeat("}", n) }

// many writes format n times, each with its index.
func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// attacks are documents of the kinds that other servers fell to. limit is what
// refuses them, empty where validation has to.
var attacks = []struct{ name, why, text, limit string }{
	{"fan-out n=24", "gqlgen's complexity takes 8.5 s for it", fanOut(24), "nodes"},
	{"fan-out n=48", "no machine ends it", fanOut(48), "fragments"},
	{"unused fan-out", "validation walks fragments that nobody spreads", strings.Replace(fanOut(24), "...f0", "id", 1), "nodes"},
	{"introspection fan-out", "introspection's limits are no way around", strings.Replace(fanOut(24), "me", "__schema", 1), "nodes"},
	{"alias overload", "one expensive field many times", "{me{" + many(200, "a%d:id ") + "}}", "aliases"},
	{"root batch", "guessing codes in one request", "{" + strings.Repeat("login ", 11) + "}", "rootFields"},
	{"root batch in fragments", "the same, hidden", "{...a ...a ...a} fragment a on Query{b c d e}", "rootFields"},
	{"root batch of aliases", "the same, by aliases", "{" + many(50, "a%d:login ") + "}", "aliases"},
	{"duplicate keys 950", "validation is quadratic", "{me{" + strings.Repeat("id ", 950) + "}}", "selections"},
	{"duplicate keys 290", "the same, below the limit of selections", "{me{" + strings.Repeat("id ", 290) + "}}", "sameKey"},
	{"duplicate keys inline", "the same, in inline fragments", "{me{" + strings.Repeat("...{id} ", 140) + "}}", "sameKey"},
	{"duplicate keys 5000", "the same, 4 s", "{me{" + strings.Repeat("id ", 5000) + "}}", "tokens"},
	{"duplicate keys 15000", "the same, 29 s and 2.6 GB", "{me{" + strings.Repeat("id ", 15000) + "}}", "documentBytes"},
	{"directives 450", "an error for each", "{me" + strings.Repeat("@a ", 450) + "}", "directives"},
	{"directives 50000", "CVE-2023-49559", "{me" + strings.Repeat("@a ", 50000) + "}", "documentBytes"},
	{"deep nesting", "stacks", nested(330), "selections"},
	{"deep nesting in fragments", "depth counts through spreads", "{a{b{c{d{e{...f}}}}}} fragment f on A{g{h{i{j{k{l}}}}}}", "depth"},
	{"deep list value", "CVE-2023-28867, stacks", "{a(b:" + strings.Repeat("[", 900) + strings.Repeat("]", 900) + ")}", "tokens"},
	{"introspection nesting", "the answer grows with each level", "{__schema{types{" + strings.Repeat("fields{type{", 3) + "name" + strings.Repeat("}}", 3) + "}}}", "introspectionLists"},
	{"introspection depth", "the same by ofType", "{__schema{types" + strings.Repeat("{ofType", 20) + strings.Repeat("}", 20) + "}}", "introspectionDepth"},
	{"list argument", "each element is work", "{a(b:[" + strings.Repeat("1,", 101) + "])}", "listElements"},
	{"list in an object in a default", "the same, hidden", "query($a:B={c:[[" + strings.Repeat("1,", 101) + "]]}){a}", "listElements"},
	{"spread overload", "each is looked up", "{me{" + strings.Repeat("...f ", 400) + "}} fragment f on A{id}", "selections"},
	{"comments", "comments are tokens", "{me{id}}" + strings.Repeat("#\n", 5000), "tokens"},
	{"syntax error late", "the parser stops before it", strings.Repeat("{a", 600) + "(", "tokens"},
	{"circular fragments", "validation says which", "{...a} fragment a on A{x{...b}} fragment b on A{x{...a ...a}}", ""},
	{"many operations", "one of them runs", many(40, "query q%d{me{id a b c}} "), ""},
}

// codeOf says what a guard answers: a limit, VALIDATION, or nothing.
func codeOf(refusal *domain.Error) string {
	switch {
	case refusal == nil:
		return ""
	case refusal.Code == domain.QueryTooComplex:
		return refusal.Data["limit"].(string)
	}
	return string(refusal.Code)
}

func TestGuardRefusesAttacks(t *testing.T) {
	for _, row := range attacks {
		refusal := NewGuard(DefaultLimits()).checkText(row.text)
		if got := codeOf(refusal); got != row.limit {
			t.Errorf("%s (%s): %q, want %q: %v", row.name, row.why, got, row.limit, refusal)
		}
	}
}

func TestGuardLetsPass(t *testing.T) {
	for name, text := range map[string]string{
		"a page of payments":         history,
		"what tools send":            standardIntrospection,
		"introspection beside data":  "{__type(name:\"A\"){fields{type{fields{name}}}} me{id}}",
		"domain fields of that name": "{me{fields{fields{fields{fields{id}}}}}}",
		"a syntax error":             "{me{",
		"an unknown fragment":        "{...nobody}",
		"a name that is an alias":    "{me:me{id:id}}",
	} {
		if refusal := NewGuard(DefaultLimits()).checkText(text); refusal != nil {
			t.Errorf("%s: %v", name, refusal)
		}
	}
}

func TestGuardLimitsAreInclusive(t *testing.T) {
	l := DefaultLimits()
	for _, row := range []struct {
		limit    string
		most     int
		document func(n int) string
	}{
		{"documentBytes", l.DocumentBytes, func(n int) string { return "{a}" + strings.Repeat(" ", n-3) }},
		{"tokens", l.Tokens, func(n int) string { return "{a(b:[" + strings.Repeat("c ", n-9) + "])}" }},
		{"selections", l.Selections, func(n int) string { return "{x{" + distinct(n-1) + "}}" }},
		{"fragments", l.Fragments, func(n int) string { return "{a}" + many(n, " fragment f%d on A{a}") }},
		{"aliases", l.Aliases, func(n int) string { return "{x{" + many(n, "a%d:b ") + "}}" }},
		{"directives", l.Directives, func(n int) string { return "query @a{x " + strings.Repeat("@b ", n-1) + "}" }},
		{"sameKey", l.SameKey, func(n int) string { return "{x{... on A{a} " + strings.Repeat("a ", n-1) + "}}" }},
		{"listElements", l.ListElements, func(n int) string { return "{a(b:{c:[" + strings.Repeat("1 ", n) + "]})}" }},
		{"depth", l.Depth, nested},
		{"nodes", l.Nodes, func(n int) string {
			// 14 spreads, of 100 fields each: 1 + 14 × 101 = 1415
			return "{x{" + strings.Repeat("...f ", 14) + distinct(n-1415) + "}} fragment f on A{" + distinct(100) + "}"
		}},
		{"rootFields", l.RootFields, func(n int) string { return "{...f " + distinct(n-2) + "} fragment f on Query{x y}" }},
		{"introspectionDepth", l.IntrospectionDepth, func(n int) string { return "{__schema" + nested(n-1) + "}" }},
		{"introspectionLists", l.IntrospectionLists, func(n int) string {
			return "{__type" + strings.Repeat("{fields{type", n) + "{name}" + strings.Repeat("}}", n) + "}"
		}},
	} {
		l := l
		if row.limit == "tokens" {
			l.ListElements = row.most // the list is what has the tokens
		}
		if refusal := NewGuard(l).checkText(row.document(row.most)); refusal != nil {
			t.Errorf("at the limit of %s: %v", row.limit, refusal)
		}
		refusal := NewGuard(l).checkText(row.document(row.most + 1))
		want := map[string]any{"limit": row.limit, "value": row.most + 1, "max": row.most}
		if refusal == nil {
			t.Errorf("above the limit of %s: passed", row.limit)
		} else if diff := cmp.Diff(want, refusal.Data); diff != "" {
			t.Errorf("above the limit of %s (-want +got):\n%s", row.limit, diff)
		}
	}
}

// distinct are n fields of different names.
func distinct(n int) string { return many(n, "d%d ") }

func TestGuardRefusesByName(t *testing.T) {
	for _, row := range []struct{ why, text, says string }{
		{"there is nothing to do", "", "query"},
		{"the rest of the answer would be lost over plain HTTP", "{me{... @defer{id}}}", "@defer"},
		{"on a spread, too", "{me{...f @defer(label:\"a\")}} fragment f on A{id}", "@defer"},
		{"gqlgen has no such thing", "{me{beneficiaries @stream{id}}}", "@stream"},
		{"gqlgen panics where the scalar is our own", "{a(b:99999999999999999999)}", "64 bits"},
		{"gqlgen panics here too", "{a(b:{c:[1e999]})}", "64 bits"},
	} {
		refusal := NewGuard(DefaultLimits()).checkText(row.text)
		if codeOf(refusal) != string(domain.Validation) || !strings.Contains(refusal.Message, row.says) {
			t.Errorf("%q (%s): %v, want VALIDATION that says %s", row.text, row.why, refusal, row.says)
		}
	}
}

func TestGuardVariables(t *testing.T) {
	l := DefaultLimits()
	list := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("1,", n), ",") + "]" }
	deep := func(n int) string { return strings.Repeat(`{"a":[`, n/2) + "1" + strings.Repeat("]}", n/2) }
	objects := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat(list(100)+",", n), ",") + "]" }
	for _, row := range []struct{ why, variables, limit string }{
		{"none", `null`, ""},
		{"at the limit", `{"a":` + list(l.ListElements) + `}`, ""},
		{"above it", `{"a":` + list(l.ListElements+1) + `}`, "listElements"},
		{"above it, within an object", `{"a":{"b":[` + list(l.ListElements+1) + `]}}`, "listElements"},
		{"at the limit of depth", `{"a":` + deep(l.VariableDepth) + `}`, ""},
		{"above it", `{"a":` + deep(l.VariableDepth+2) + `}`, "variableDepth"},
		{"short lists of short lists", `{"a":` + objects(19) + `}`, ""},
		{"which add up", `{"a":` + objects(20) + `}`, "variableValues"},
		{"many variables", `{` + strings.TrimSuffix(many(l.VariableValues+1, `"a%d":1,`), ",") + `}`, "variableValues"},
	} {
		var variables map[string]any
		if err := json.Unmarshal([]byte(row.variables), &variables); err != nil {
			t.Fatal(err)
		}
		err := NewGuard(l).MutateOperationParameters(t.Context(), &graphql.RawParams{Query: "{a}", Variables: variables})
		if err == nil {
			if row.limit != "" {
				t.Errorf("%s: passed", row.why)
			}
			continue
		}
		if got := err.Extensions["limit"]; got != row.limit {
			t.Errorf("%s: refused by %v, want %q", row.why, got, row.limit)
		}
	}
}

func TestGuardLooksOnceAtWhatPasses(t *testing.T) {
	g := NewGuard(DefaultLimits())
	for _, text := range []string{history, history, fanOut(24), "{me{"} {
		_ = g.checkText(text)
	}
	if n := g.passed.Len(); n != 1 {
		t.Errorf("%d texts in memory, want the one that passed", n)
	}
	g.limits.Selections = 1 // a second look would refuse it
	if refusal := g.checkText(history); refusal != nil {
		t.Error(refusal)
	}
	small := NewGuard(Limits{DocumentBytes: 99, Tokens: 9, Selections: 9, RootFields: 9, Depth: 9, Nodes: 9, SameKey: 9, Remembered: 2})
	for i := range 5 {
		if refusal := small.checkText(fmt.Sprintf("{a%d}", i)); refusal != nil {
			t.Error(refusal)
		}
	}
	if n := small.passed.Len(); n != 2 {
		t.Errorf("%d texts in a memory of 2", n)
	}
}

// FuzzGuard holds that the guard never panics and visits each selection once,
// whatever the text; that what it refuses has a limit, a value and a maximum;
// and that it says the same the second time.
func FuzzGuard(f *testing.F) {
	for _, row := range attacks {
		f.Add(row.text)
	}
	f.Add(history)
	f.Add(standardIntrospection)
	g := NewGuard(DefaultLimits())
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > g.limits.BodyBytes {
			return
		}
		refusal := g.checkText(text)
		if again := g.checkText(text); codeOf(again) != codeOf(refusal) {
			t.Errorf("first %v, then %v", refusal, again)
		}
		if refusal != nil && refusal.Code == domain.QueryTooComplex {
			if value, most := refusal.Data["value"].(int), refusal.Data["max"].(int); value <= most {
				t.Errorf("refused within the limit: %v %v", refusal, refusal.Data)
			}
		}
		if len(text) > g.limits.DocumentBytes {
			return
		}
		doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, g.limits.Tokens)
		if err != nil {
			return
		}
		if visits := survey(doc).visits; visits > g.limits.Tokens {
			t.Errorf("%d visits of a document of at most %d tokens", visits, g.limits.Tokens)
		}
	})
}

func BenchmarkGuard(b *testing.B) {
	run := func(name, text string) {
		b.Run(name, func(b *testing.B) {
			g := NewGuard(DefaultLimits())
			b.ReportAllocs()
			for b.Loop() {
				g.passed.Purge()
				_ = g.checkText(text)
			}
		})
	}
	run("history", history)
	run("introspection", standardIntrospection)
	for _, row := range attacks {
		run(row.name, row.text)
	}
	b.Run("history again", func(b *testing.B) {
		g := NewGuard(DefaultLimits())
		request := &graphql.RawParams{Query: history, Variables: map[string]any{"first": 20}}
		b.ReportAllocs()
		for b.Loop() {
			_ = g.MutateOperationParameters(b.Context(), request)
		}
	})
	b.Run("for scale: parse and validate history", func(b *testing.B) {
		schema := realSchema(b)
		b.ReportAllocs()
		for b.Loop() {
			valid(b, schema, history)
		}
	})
}
