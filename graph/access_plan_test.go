package graph

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"comptesante/domain/actor"
)

// TestPlanIsNeverExponential compiles and evaluates documents that the guard
// would refuse: 2^60 objects by fragments, each list by a variable.
func TestPlanIsNeverExponential(t *testing.T) {
	schema := schemaOf(t, sound)
	for why, text := range map[string]struct{ start, on, link, end string }{
		"lists": {"...f0", "Person", "friends(first:$n){...f%[1]d} mine:friends(first:$n){...f%[1]d}", "iban"},
		"lists that the field around sizes": {
			"lines{...f0}", "Lines",
			"edges{node{by{lines(first:$n){...f%[1]d} mine:lines(first:$n){...f%[1]d}}}}", "nodes{by{iban}}",
		},
	} {
		var b strings.Builder
		fmt.Fprintf(&b, "query($n:Int){me{%s}}", text.start)
		for i := range 60 {
			fmt.Fprintf(&b, " fragment f%[2]d on %[3]s{"+text.link+"}", i+1, i, text.on)
		}
		fmt.Fprintf(&b, " fragment f60 on %s{%s}", text.on, text.end)
		doc := walked(t, schema, b.String())
		p := newPlan(rulesOf(t, schema), DefaultLimits(), doc.Operations[0])
		for _, n := range []int{1, 100} {
			if got := p.costs.of(map[string]any{"n": n}, 100); got != saturated {
				t.Errorf("%s of %d: cost %d, want it saturated", why, n, got)
			}
		}
		if n, most := len(p.costs.amounts), 4*survey(doc).visits; n > most {
			t.Errorf("%s: %d amounts, more than %d", why, n, most)
		}
		if last := p.needs[len(p.needs)-1]; len(last.paths) != mostPaths {
			t.Errorf("%s: %d paths", why, len(last.paths))
		}
	}
}

// TestPlanKeepsFragmentsOfSizedListsApart: one fragment in two pages of
// different length has two costs.
func TestPlanKeepsFragmentsOfSizedListsApart(t *testing.T) {
	schema := schemaOf(t, sound)
	doc := valid(t, schema, `{me{a:lines(first:2){...f} b:lines(first:50){...f}}} fragment f on Lines{nodes{id}}`)
	if got := costOf(t, rulesOf(t, schema), doc, nil); got != 1+1+2+1+50 {
		t.Errorf("cost %d", got)
	}
}

// walked parses a document and connects it to the schema, as validation does,
// without its rules.
func walked(t testing.TB, schema *ast.Schema, text string) *ast.QueryDocument {
	t.Helper()
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	validator.Walk(schema, doc, &validator.Events{})
	return doc
}

// TestPlanEqualsExpansion compares plans with a naive walk of random documents.
func TestPlanEqualsExpansion(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 2))
	schema := schemaOf(t, sound)
	rules := rulesOf(t, schema)
	for range 2000 {
		text := randomOperation(random, schema)
		doc := walked(t, schema, text)
		variables := map[string]any{"n": 1 + random.IntN(9)}
		if random.IntN(4) == 0 {
			variables = nil
		}
		p := newPlan(rules, DefaultLimits(), doc.Operations[0])
		x := bill{rules: rules, variables: variables, asked: map[*Rule][]string{}}
		cost := x.set(doc.Operations[0].SelectionSet, nil, nil, 0)
		if got := p.costs.of(variables, 100); got != cost {
			t.Fatalf("seed %d: cost %d, want %d of %v\n%s", seed, got, cost, variables, text)
		}
		got := map[*Rule][]string{}
		for _, n := range p.needs {
			for _, path := range n.paths {
				got[n.rule] = append(got[n.rule], strings.Join(path, "."))
			}
		}
		for rule, all := range x.asked {
			x.asked[rule] = all[:min(len(all), mostPaths)]
		}
		if diff := cmp.Diff(keyed(x.asked), keyed(got)); diff != "" {
			t.Fatalf("seed %d: needs (-want +got):\n%s\n%s", seed, diff, text)
		}
	}
}

// keyed is asked as it can be compared and read.
func keyed(asked map[*Rule][]string) map[string][]string {
	all := map[string][]string{}
	for rule, p := range asked {
		all[fmt.Sprint(*rule)] = p
	}
	return all
}

// bill adds up an operation, following every spread.
type bill struct {
	rules     *Rules
	variables map[string]any
	asked     map[*Rule][]string
}

// set is the cost of a set. above are the rules on the way to it, path is that
// way, and length is what the field around gives its lists, 0 for nothing.
func (x *bill) set(set ast.SelectionSet, above []*Rule, path []string, length int) int {
	cost := 0
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			cost += x.field(s, above, path, length)
		case *ast.InlineFragment:
			cost += x.set(s.SelectionSet, above, path, length)
		case *ast.FragmentSpread:
			cost += x.set(s.Definition.SelectionSet, above, path, length)
		}
	}
	return cost
}

func (x *bill) field(f *ast.Field, above []*Rule, path []string, length int) int {
	if f.Name == "__typename" {
		return 0
	}
	rule := x.rules.fields[coordinate{f.ObjectDefinition.Name, f.Name}]
	path = append(path[:len(path):len(path)], f.Alias)
	dotted := strings.Join(path, ".")
	if all := x.asked[rule.access]; !slices.Contains(above, rule.access) && !slices.Contains(all, dotted) {
		x.asked[rule.access] = append(all, dotted)
	}
	if !rule.object {
		return 0
	}
	said := 0
	for _, name := range rule.size.slicing {
		said = max(said, x.said(f, name))
	}
	if said == 0 {
		said = rule.size.assumed
	}
	below := 0
	if len(rule.size.sized) > 0 {
		below = said
	}
	one := 1 + x.set(f.SelectionSet, append(above[:len(above):len(above)], rule.access), path, below)
	switch {
	case !rule.list:
		return one
	case rule.size.assumed > 0:
		return said * one
	}
	return length * one
}

// said is what an argument says, 0 for nothing.
func (x *bill) said(f *ast.Field, name string) int {
	switch n := f.ArgumentMap(x.variables)[name].(type) {
	case int64:
		return int(n)
	case int:
		return n
	}
	return 0
}

// randomOperation is a document of one query with fragments, each of which
// spreads only those after it.
func randomOperation(r *rand.Rand, schema *ast.Schema) string {
	w := documentWriter{random: r, schema: schema}
	for range r.IntN(6) {
		w.fragments = append(w.fragments, []string{"Person", "Lines", "Node", "Line"}[r.IntN(4)])
	}
	w.WriteString("query($n:Int)")
	w.set(schema.Types["Query"], 0, 4)
	for i, on := range w.fragments {
		fmt.Fprintf(&w, " fragment f%d on %s", i, on)
		w.set(schema.Types[on], i+1, 3)
	}
	return w.String()
}

// documentWriter writes random documents that fit a schema.
type documentWriter struct {
	strings.Builder
	random    *rand.Rand
	schema    *ast.Schema
	fragments []string // the types that they are on
}

// set writes a selection set of a type that spreads fragments from first on.
func (w *documentWriter) set(on *ast.Definition, first, depth int) {
	w.WriteString("{ __typename ")
	for range 1 + w.random.IntN(4) {
		i := first + w.random.IntN(len(w.fragments)-first+1)
		switch {
		case w.random.IntN(3) == 0 && i < len(w.fragments) && w.fits(w.fragments[i], on):
			fmt.Fprintf(w, "...f%d ", i)
		case w.random.IntN(6) == 0 && depth > 0:
			w.WriteString("... ")
			w.set(on, first, depth-1)
		case len(on.Fields) > 0:
			w.field(on.Fields[w.random.IntN(len(on.Fields))], first, depth)
		}
	}
	w.WriteString("} ")
}

// fits tells whether a fragment on a type can be spread in a set of another.
func (w *documentWriter) fits(fragment string, on *ast.Definition) bool {
	return slices.Contains(w.schema.GetPossibleTypes(on), w.schema.Types[fragment]) || fragment == on.Name
}

func (w *documentWriter) field(f *ast.FieldDefinition, first, depth int) {
	def := w.schema.Types[f.Type.Name()]
	if strings.HasPrefix(f.Name, "__") || def.IsCompositeType() && depth == 0 {
		return
	}
	if w.random.IntN(3) == 0 {
		fmt.Fprintf(w, "a%d:", w.random.IntN(3))
	}
	w.WriteString(f.Name)
	if len(f.Arguments) > 0 && w.random.IntN(3) > 0 {
		values := []string{"1", "2", "3", "$n", "null"}
		fmt.Fprintf(w, "(first:%s,last:%s)", values[w.random.IntN(5)], values[w.random.IntN(5)])
	}
	w.WriteString(" ")
	if def.IsCompositeType() {
		w.set(def, first, depth-1)
	}
}

// TestGatesAreSafeTogether lets many requests pass the same gates at once.
func TestGatesAreSafeTogether(t *testing.T) {
	schema := realSchema(t)
	guard, access := NewGuard(DefaultLimits()), accessTo(t, schema)
	doc := valid(t, schema, history)
	ctx := as(actor.Assure, actor.Local1, 0)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				if err := guard.MutateOperationParameters(ctx, &graphql.RawParams{Query: history}); err != nil {
					t.Error(err)
				}
				op := &graphql.OperationContext{Doc: doc, Operation: doc.Operations[0]}
				if err := access.MutateOperationContext(ctx, op); err != nil {
					t.Error(err)
				}
				if err := access.Recheck(context.Background(), op); err == nil {
					t.Error("nobody passed")
				}
			}
		})
	}
	all.Wait()
}

// FuzzAccess holds that what passes the guard and validation is planned in
// bounded work and decided without a panic, and that nobody may ask for a
// field.
func FuzzAccess(f *testing.F) {
	schema := realSchema(f)
	guard, access := NewGuard(DefaultLimits()), accessTo(f, schema)
	f.Add(history)
	f.Add(standardIntrospection)
	f.Add(`subscription{newPayments{... on PaymentAdded{payment{lines{act}}} ... on FeedReady{cursor}}}`)
	f.Add(`query($n:Int){a:me{...f payments(first:$n){...p}} b:me{payments(last:3){...p}}} fragment f on Assure{id} fragment p on PaymentConnection{nodes{id}}`)
	f.Add(`{node(id:"x"){__typename id ...on Payment{id}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		if guard.checkText(text) != nil {
			return
		}
		doc, errs := gqlparser.LoadQueryWithRules(schema, text, rules.NewDefaultRules())
		if errs != nil || len(doc.Operations) == 0 {
			return
		}
		seen := survey(doc)
		for _, op := range doc.Operations {
			p := newPlan(access.rules, access.limits, op)
			// A fragment is walked once for each field whose sizes its lists take.
			if most := 4 * seen.visits * (1 + seen.visits); len(p.costs.amounts) > most {
				t.Errorf("%d amounts for %d selections", len(p.costs.amounts), seen.visits)
			}
			err := access.MutateOperationContext(context.Background(), &graphql.OperationContext{Doc: doc, Operation: op})
			if err == nil && len(p.needs) > 0 {
				t.Errorf("nobody may ask %s", text)
			}
		}
	})
}
