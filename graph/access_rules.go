package graph

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"comptesante/domain/actor"
)

// Rule says who may read a field.
type Rule struct {
	Roles  []actor.Role  // those that may, in alphabetical order; never empty
	Level  actor.Level   // the lowest that suffices
	MaxAge time.Duration // how long ago the level was reached at most; 0 for no limit
}

// Rules are what a schema states of access and of sizes, by field. They do not
// change once made.
type Rules struct {
	fields map[coordinate]fieldRule
}

// coordinate names a field: Payment.amount.
type coordinate struct{ owner, field string }

func (c coordinate) String() string { return c.owner + "." + c.field }

// fieldRule is all that the walk of an operation needs to know of a field.
type fieldRule struct {
	access *Rule // equal rules are one
	size   listSize
	weight int  // what the field costs by itself
	object bool // gives objects, not scalars
	list   bool
}

// roles are the names of the roles in the schema.
var roles = map[string]actor.Role{
	"ASSURE":  actor.Assure,
	"SERVICE": actor.Service,
}

// NewRules reads the rules of a schema. The error joins every fault of it: a
// field without roles or level, a field of Query, Mutation or Subscription that
// leaves either to its type, a field that is stricter than its interface's, a
// role or a level that is unknown, a list whose size is not stated, or stated
// twice. __typename and the types of introspection are exempt.
func NewRules(schema *ast.Schema) (*Rules, error) {
	c := compiler{
		schema:   schema,
		rules:    &Rules{fields: map[coordinate]fieldRule{}},
		interned: map[string]*Rule{},
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Types)) {
		if def := schema.Types[name]; !strings.HasPrefix(name, "__") && (def.Kind == ast.Object || def.Kind == ast.Interface) {
			c.types = append(c.types, def)
		}
	}
	for _, def := range c.types {
		c.compile(def)
	}
	for _, def := range c.types {
		c.compareWithInterfaces(def)
		c.checkSizes(def)
	}
	if len(c.faults) > 0 {
		return nil, errors.Join(c.faults...)
	}
	return c.rules, nil
}

// Of is the rule of a field; ok is false where the schema has no such field.
func (r *Rules) Of(owner, field string) (rule Rule, ok bool) {
	f, ok := r.fields[coordinate{owner, field}]
	if !ok {
		return Rule{}, false
	}
	return *f.access, true
}

// compiler gathers the rules of a schema and its faults.
type compiler struct {
	schema   *ast.Schema
	types    []*ast.Definition // objects and interfaces, by name
	rules    *Rules
	interned map[string]*Rule
	faults   []error
}

func (c *compiler) fault(at coordinate, format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...)))
}

// compile enters the fields of a type.
func (c *compiler) compile(def *ast.Definition) {
	root := def == c.schema.Query || def == c.schema.Mutation || def == c.schema.Subscription
	byType := c.stated(coordinate{def.Name, "*"}, def.Directives)
	for _, field := range def.Fields {
		if strings.HasPrefix(field.Name, "__") {
			continue
		}
		at := coordinate{def.Name, field.Name}
		rule := c.stated(at, field.Directives)
		if !root {
			rule = rule.over(byType)
		}
		if len(rule.Roles) == 0 {
			c.fault(at, "no roles: state @access(roles:) %s", whereToState(root))
		}
		if rule.Level == actor.NoLevel {
			c.fault(at, "no level: state @access(level:) %s", whereToState(root))
		}
		result := c.schema.Types[field.Type.Name()]
		c.rules.fields[at] = fieldRule{
			access: c.intern(rule),
			size:   c.listSize(at, field),
			weight: c.weight(at, field),
			object: result.IsCompositeType(),
			list:   field.Type.Elem != nil,
		}
	}
}

func whereToState(root bool) string {
	if root {
		return "on the field itself"
	}
	return "on the field or on its type"
}

// over merges r, of a field, over that of its type, argument by argument.
func (r Rule) over(byType Rule) Rule {
	if len(r.Roles) == 0 {
		r.Roles = byType.Roles
	}
	return Rule{Roles: r.Roles, Level: cmp.Or(r.Level, byType.Level), MaxAge: cmp.Or(r.MaxAge, byType.MaxAge)}
}

// intern gives equal rules one address.
func (c *compiler) intern(r Rule) *Rule {
	key := fmt.Sprint(r)
	if c.interned[key] == nil {
		c.interned[key] = &r
	}
	return c.interned[key]
}

// stated is what @access says among directives, the zero rule where it is not
// there.
func (c *compiler) stated(at coordinate, directives ast.DirectiveList) Rule {
	var rule Rule
	all := directives.ForNames("access")
	if len(all) > 1 {
		c.fault(at, "@access twice: merge the two")
	}
	for _, d := range all {
		for _, arg := range d.Arguments {
			c.argument(at, &rule, arg)
		}
	}
	slices.Sort(rule.Roles)
	rule.Roles = slices.Compact(rule.Roles)
	return rule
}

// argument reads one argument of @access.
func (c *compiler) argument(at coordinate, rule *Rule, arg *ast.Argument) {
	switch arg.Name {
	case "roles":
		for _, name := range names(arg.Value) {
			role, ok := roles[name]
			if !ok {
				c.fault(at, "unknown role %s", name)
				continue
			}
			rule.Roles = append(rule.Roles, role)
		}
	case "level":
		level, ok := actor.ParseLevel(arg.Value.Raw)
		if !ok {
			c.fault(at, "unknown level %s", arg.Value.Raw)
		}
		rule.Level = level
	case "maxAge":
		seconds, err := strconv.Atoi(arg.Value.Raw)
		if err != nil || seconds <= 0 {
			c.fault(at, "maxAge is a number of seconds above zero, not %s", arg.Value.Raw)
		}
		rule.MaxAge = time.Duration(seconds) * time.Second
	default:
		c.fault(at, "unknown argument %s of @access", arg.Name)
	}
}

// names are the names or texts in a list, or of a single value that stands for
// a list of one.
func names(v *ast.Value) []string {
	if v.Kind != ast.ListValue {
		return []string{v.Raw}
	}
	var all []string
	for _, child := range v.Children {
		all = append(all, child.Value.Raw)
	}
	return all
}

// compareWithInterfaces faults the fields that are stricter than those of the
// interfaces: to ask through the interface would go around the stricter rule.
func (c *compiler) compareWithInterfaces(def *ast.Definition) {
	for _, name := range def.Interfaces {
		for _, field := range c.schema.Types[name].Fields {
			at := coordinate{def.Name, field.Name}
			own, theirs := c.rules.fields[at].access, c.rules.fields[coordinate{name, field.Name}].access
			if len(own.Roles) == 0 || own.Level == actor.NoLevel {
				continue // a fault already
			}
			if how := own.stricterThan(theirs); how != "" {
				c.fault(at, "stricter than %s.%s (%s): loosen it, or tighten the interface", name, field.Name, how)
			}
		}
	}
}

// stricterThan says in what r is stricter than o, and is empty where it is not.
func (r *Rule) stricterThan(o *Rule) string {
	for _, role := range o.Roles {
		if !slices.Contains(r.Roles, role) {
			return "no " + string(role)
		}
	}
	switch {
	case r.Level > o.Level:
		return "level " + r.Level.String()
	case r.MaxAge > 0 && (o.MaxAge == 0 || r.MaxAge < o.MaxAge):
		return "maxAge " + strconv.Itoa(int(r.MaxAge.Seconds()))
	}
	return ""
}
