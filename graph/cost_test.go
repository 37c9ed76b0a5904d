package graph

import (
	"encoding/json"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// costOf is the cost of the first operation of a valid document.
func costOf(t testing.TB, rules *Rules, doc *ast.QueryDocument, variables map[string]any) int {
	t.Helper()
	p := newPlan(rules, DefaultLimits(), doc.Operations[0])
	if p.fault != nil {
		t.Fatal(p.fault)
	}
	return p.costs.of(variables, DefaultLimits().Page)
}

// TestCostOfTypicalOperations is the published price list: a change of a figure
// here is a change for clients.
func TestCostOfTypicalOperations(t *testing.T) {
	schema := realSchema(t)
	rules := rulesOf(t, schema)
	for _, row := range []struct {
		why, document string
		variables     map[string]any
		want          int
	}{
		{"one object", `{me{id nir}}`, nil, 1},
		{"a list of assumed size 5", `{me{beneficiaries{id}}}`, nil, 1 + 5},
		{"a page of assumed size 20: connection and edges", `{me{payments{edges{cursor}}}}`, nil, 1 + 1 + 20},
		{"what is in each edge", `{me{payments{edges{node{id}}}}}`, nil, 1 + 1 + 20*2},
		{"nodes without edges", `{me{payments(first:100){nodes{id}}}}`, nil, 1 + 1 + 100},
		{"both", `{me{payments(first:10){nodes{id} edges{cursor}}}}`, nil, 1 + 1 + 10 + 10},
		{"a page without its list", `{me{payments(first:100){liveCursor pageInfo{endCursor}}}}`, nil, 1 + 1 + 1},
		{"from the end", `{me{payments(last:3){nodes{id}}}}`, nil, 1 + 1 + 3},
		{"by a variable", `query($n:Int){me{payments(first:$n){nodes{id}}}}`, map[string]any{"n": int64(7)}, 1 + 1 + 7},
		{"by a variable that is absent", `query($n:Int){me{payments(first:$n){nodes{id}}}}`, nil, 1 + 1 + 20},
		{"history, the first page", history, map[string]any{"first": int64(20)}, 8 + 20*14},
		{"history, the longest page", history, map[string]any{"first": int64(100)}, 8 + 100*14},
		{"totals are a pass over the history", `{me{payments(first:1){totals{count}}}}`, nil, 1 + 1 + 100 + 1},
		{"a summary is a dear one, under each of its names", `{me{payments(first:1){a:summary(by:[MONTH]){month} b:summary(by:[KIND]){kind}}}}`, nil, 1 + 1 + 2*(400+30)},
		{"the counters of a year with where they come from", `{me{retentionCounters{amount entries{label}}}}`, nil, 1 + 200 + 10*(1+20)},
		{"any object by its id", `query($id:ID!){node(id:$id){id ... on Payment{lines{act}} ... on Caisse{name}}}`, nil, 1 + 3},
		{"an event of the feed", `subscription{newPayments{... on PaymentAdded{payment{lines{act}}} ... on PaymentCorrected{payment{id} changes{field}} ... on FeedReady{cursor}}}`, nil, 1 + (1 + 3) + 1 + 3},
		{"introspection", standardIntrospection, nil, 100},
		{"a name is free", `{__typename}`, nil, 0},
		{"asked twice by alias", `{a:me{id} b:me{id}}`, nil, 2},
		{"skipped", `{me{beneficiaries @skip(if:true){id}}}`, nil, 1 + 5},
	} {
		if got := costOf(t, rules, valid(t, schema, row.document), row.variables); got != row.want {
			t.Errorf("%s: %d, want %d: %s", row.why, got, row.want, row.document)
		}
	}
}

func TestCostOfSlicingArguments(t *testing.T) {
	schema := schemaOf(t, sound)
	rules := rulesOf(t, schema)
	for _, row := range []struct {
		why, arguments string
		n              any
		want           int
	}{
		{"the argument's default", ``, nil, 7},
		{"null is not the default", `(first:null)`, nil, 5},
		{"a variable of null, too", `(first:$n)`, nil, 5},
		{"a literal", `(first:3)`, nil, 3},
		{"the greater of two", `(first:3,last:9)`, nil, 9},
		{"of a literal and a variable", `(first:3,last:$n)`, int64(2), 3},
		{"zero is a full page", `(first:0)`, nil, 100},
		{"so is what is negative", `(first:-1)`, nil, 100},
		{"and what is more", `(first:101)`, nil, 100},
		{"a number of JSON", `(first:$n)`, json.Number("12"), 12},
		{"a float of JSON", `(first:$n)`, float64(12), 12},
		{"a number as text, which gqlparser lets pass", `(first:$n)`, "12", 12},
		{"an int", `(first:$n)`, 12, 12},
		{"a variable that is no number", `(first:$n)`, true, 100},
		{"a variable that is too much", `(first:$n)`, json.Number("99999999999999999999"), 100},
	} {
		text := `query($n:Int){me{friends` + row.arguments + `{name} lines(first:$n){total}}}`
		got := costOf(t, rules, valid(t, schema, text), map[string]any{"n": row.n})
		if want := 2 + row.want; got != want {
			t.Errorf("%s: %d, want %d", row.why, got, want)
		}
	}
	absent := valid(t, schema, `query($n:Int){me{friends(first:$n){name}}}`)
	if got := costOf(t, rules, absent, nil); got != 1+7 {
		t.Errorf("an absent variable: %d, want the argument's default", got)
	}
}
