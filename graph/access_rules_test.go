package graph

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptesante/domain/actor"
)

// sound is a schema without fault, for tests to mend or to break.
const sound = `
type Query {
  me: Person! @access(roles: [ASSURE], level: LOCAL1)
  node: Node @access(roles: [ASSURE, SERVICE], level: LOCAL1)
  found: Found @access(roles: [ASSURE], level: LOCAL1)
  audit: [Line!]! @access(roles: [SERVICE], level: LOCAL2) @listSize(assumedSize: 50)
}
type Subscription {
  events: Found! @access(roles: [ASSURE], level: LOCAL1)
  others: Found! @access(roles: [ASSURE], level: LOCAL1)
}
interface Node @access(roles: [ASSURE, SERVICE], level: LOCAL1) {
  id: ID!
}
type Person implements Node @access(roles: [ASSURE], level: LOCAL1) {
  id: ID! @access(roles: [ASSURE, SERVICE])
  name: String!
  iban: String @access(level: FC1, maxAge: 1200)
  note: String @access(roles: SERVICE)
  friends(first: Int = 7, last: Int): [Person!]! @listSize(assumedSize: 5, slicingArguments: ["first", "last"])
  tags: [String!]! @listSize(assumedSize: 4)
  lines(first: Int, last: Int): Lines! @listSize(assumedSize: 20, slicingArguments: ["first", "last"], sizedFields: ["edges", "nodes"])
}
type Lines @access(roles: [ASSURE], level: LOCAL1, maxAge: 3600) {
  edges: [Edge!]!
  nodes: [Line!]!
  total: Int! @access(maxAge: 60)
}
type Edge @access(roles: [ASSURE], level: LOCAL1) { node: Line! }
type Line implements Node @access(roles: [ASSURE, SERVICE], level: LOCAL1) {
  id: ID!
  amount: Int! @access(roles: [ASSURE])
  by: Person
}
union Found = Person | Line
`

// TestRulesNameFaults breaks the sound schema in one place a row.
func TestRulesNameFaults(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ why, old, new, says string }{
		{"no roles anywhere", `type Edge @access(roles: [ASSURE], level: LOCAL1)`, `type Edge @access(level: LOCAL1)`, "Edge.node: no roles"},
		{"an empty list of roles", `type Edge @access(roles: [ASSURE], level: LOCAL1)`, `type Edge @access(roles: [], level: LOCAL1)`, "Edge.node: no roles"},
		{"no level anywhere", `type Edge @access(roles: [ASSURE], level: LOCAL1)`, `type Edge @access(roles: [ASSURE])`, "Edge.node: no level"},
		{"no rule at all", `type Edge @access(roles: [ASSURE], level: LOCAL1)`, `type Edge`, "Edge.node: no level"},
		{"Query takes no roles from its type", "type Query {\n  me: Person! @access(roles: [ASSURE], ", "type Query @access(roles: [ASSURE], level: LOCAL1) {\n  me: Person! @access(", "Query.me: no roles"},
		{"nor a level", "type Query {\n  me: Person! @access(roles: [ASSURE], level: LOCAL1)", "type Query @access(roles: [ASSURE], level: LOCAL1) {\n  me: Person! @access(roles: [ASSURE])", "Query.me: no level"},
		{"nor does Subscription", "events: Found! @access(roles: [ASSURE], level: LOCAL1)", "events: Found!", "Subscription.events: no roles"},
		{"nor Mutation", "type Query {", "type Mutation @access(roles: [ASSURE], level: LOCAL1) { pay: Int }\ntype Query {", "Mutation.pay: no roles"},
		{"a role the interface has", `id: ID! @access(roles: [ASSURE, SERVICE])`, `id: ID!`, "Person.id: stricter than Node.id (no SERVICE)"},
		{"a higher level than the interface's", `id: ID! @access(roles: [ASSURE, SERVICE])`, `id: ID! @access(roles: [ASSURE, SERVICE], level: FC1)`, "Person.id: stricter than Node.id (level FC1)"},
		{"an age where the interface has none", `id: ID! @access(roles: [ASSURE, SERVICE])`, `id: ID! @access(roles: [ASSURE, SERVICE], maxAge: 60)`, "Person.id: stricter than Node.id (maxAge 60)"},
		{"a role nobody has", `roles: SERVICE)`, `roles: [SERVICE, ADMIN])`, "Person.note: unknown role ADMIN"},
		{"a level nobody reaches", `level: FC1, maxAge: 1200`, `level: FC9, maxAge: 1200`, "Person.iban: unknown level FC9"},
		{"two rules of one type", `union Found`, `extend type Edge @access(roles: [SERVICE], level: FC1)
union Found`, "Edge.*: @access twice"},
		{"an age of nothing", `level: FC1, maxAge: 1200`, `level: FC1, maxAge: 0`, "Person.iban: maxAge"},
		{"an age that is none", `level: FC1, maxAge: 1200`, `level: FC1, maxAge: "1h"`, "Person.iban: maxAge"},
		{"a list without size", ` @listSize(assumedSize: 4)`, ``, "Person.tags: a list without size"},
		{"a list of a root without size", ` @listSize(assumedSize: 50)`, ``, "Query.audit: a list without size"},
		{"a list that its connection does not size", `["edges", "nodes"]`, `["edges"]`, "Lines.nodes: a list without size: state @listSize, or name it in the sizedFields of Person.lines"},
		{"a connection without size", ` @listSize(assumedSize: 20, slicingArguments: ["first", "last"], sizedFields: ["edges", "nodes"])`, ``, "Lines.edges: a list without size"},
		{"reached another way, unsized", `type Edge @access(roles: [ASSURE], level: LOCAL1) {`, `type Edge @access(roles: [ASSURE], level: LOCAL1) { up: Lines`, "Lines.edges: a list without size: state @listSize, or name it in the sizedFields of Edge.up"},
		{"reached through a union, unsized", `union Found = Person`, `union Found = Lines | Person`, "Lines.edges: a list without size: state @listSize, or name it in the sizedFields of Query.found"},
		{"two sizes", `nodes: [Line!]!`, `nodes: [Line!]! @listSize(assumedSize: 3)`, "Lines.nodes: sized twice"},
		{"a size of nothing", `assumedSize: 4`, `assumedSize: 0`, "Person.tags: @listSize needs an assumedSize"},
		{"no assumed size", `assumedSize: 20, `, ``, "Person.lines: @listSize needs an assumedSize"},
		{"a slicing argument that is none", `assumedSize: 20, slicingArguments: ["first"`, `assumedSize: 20, slicingArguments: ["frist"`, "Person.lines: slicing argument frist"},
		{"a slicing argument that is no number", `lines(first: Int,`, `lines(first: String,`, "Person.lines: slicing argument first"},
		{"a sized field that is no list", `["edges", "nodes"]`, `["edges", "nodes", "total"]`, "Person.lines: sized field total"},
		{"a sized field that is none", `["edges", "nodes"]`, `["edges", "nodes", "noodles"]`, "Person.lines: sized field noodles"},
		{"sized fields of a list", `@listSize(assumedSize: 4)`, `@listSize(assumedSize: 4, sizedFields: ["a"])`, "Person.tags: sizedFields on a field that is itself a list"},
		{"a size of what is no list", `total: Int!`, `total: Int! @listSize(assumedSize: 1)`, "Lines.total: @listSize on a field that is no list"},
		{"a list of lists", `tags: [String!]!`, `tags: [[String!]!]!`, "Person.tags: a list of lists"},
	} {
		if !strings.Contains(sound, row.old) {
			t.Errorf("%s: %q is not in the schema", row.why, row.old)
			continue
		}
		_, err := NewRules(schemaOf(t, strings.Replace(sound, row.old, row.new, 1)))
		if err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v, want %q", row.why, err, row.says)
		}
	}
}

func TestRulesNameAllFaults(t *testing.T) {
	broken := strings.NewReplacer("level: FC1", "level: FC9", "roles: SERVICE)", "roles: [ADMIN])").Replace(sound)
	_, err := NewRules(schemaOf(t, broken))
	want := "Person.iban: unknown level FC9\nPerson.note: unknown role ADMIN"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want\n%s", err, want)
	}
}

func TestRulesMergeArgumentByArgument(t *testing.T) {
	r := rulesOf(t, schemaOf(t, sound))
	both := []actor.Role{actor.Assure, actor.Service}
	for _, row := range []struct {
		why, owner, field string
		want              Rule
	}{
		{"all from the type", "Lines", "edges", Rule{both[:1], actor.Local1, time.Hour}},
		{"no age", "Person", "name", Rule{both[:1], actor.Local1, 0}},
		{"roles from the field", "Person", "note", Rule{both[1:], actor.Local1, 0}},
		{"age from the field", "Lines", "total", Rule{both[:1], actor.Local1, time.Minute}},
		{"level and age from the field", "Person", "iban", Rule{both[:1], actor.FC1, 20 * time.Minute}},
		{"of an interface", "Node", "id", Rule{both, actor.Local1, 0}},
		{"of a root", "Query", "audit", Rule{both[1:], actor.Local2, 0}},
	} {
		got, ok := r.Of(row.owner, row.field)
		if diff := cmp.Diff(row.want, got); !ok || diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.why, diff)
		}
	}
	if _, ok := r.Of("Person", "nothing"); ok {
		t.Error("a rule for a field that is not there")
	}
}
