package graph

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// accessName is the extension's name in gqlgen's statistics, under which its
// verdict stays with the operation.
const accessName = "Access"

// Access decides, before an operation runs, whether whoever asks may ask for
// all of it, and what it costs. What does not depend on the actor nor on the
// variables is kept for each operation of each document: with a query cache, a
// repeated query is decided in less than a microsecond; without one, each request
// brings a document of its own to keep. It may be used by many requests at once.
type Access struct {
	rules         *Rules
	limits        Limits
	introspection bool
	now           func() time.Time
	plans         *lru.Cache[*ast.OperationDefinition, *plan]
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
} = (*Access)(nil)

// NewAccess makes the extension for the schema of rules. With introspection
// off, __schema and __type are refused. now is the clock that the age of a
// sign-in is read against.
func NewAccess(rules *Rules, limits Limits, introspection bool, now func() time.Time) *Access {
	return &Access{
		rules:         rules,
		limits:        limits,
		introspection: introspection,
		now:           now,
		plans:         remember[*ast.OperationDefinition, *plan](limits.Remembered),
	}
}

// ExtensionName is the extension's name in gqlgen's statistics.
func (*Access) ExtensionName() string { return accessName }

// Validate refuses to serve a schema that the rules are not of.
func (a *Access) Validate(schema graphql.ExecutableSchema) error {
	served, err := NewRules(schema.Schema())
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(served, a.rules) {
		return errors.New("graph: the access rules are of another schema than the one that is served")
	}
	return nil
}

// verdict is what Access leaves with an operation.
type verdict struct {
	plan *plan
	cost int
}

// MutateOperationContext decides an operation for the actor in ctx, the first
// refusal of:
//   - VALIDATION for introspection where it is off, and for a subscription that
//     is not of one stream;
//   - UNAUTHENTICATED, FORBIDDEN or STEP_UP_REQUIRED, see Recheck;
//   - QUERY_TOO_COMPLEX with cost, and limit, value and max as in Limits.
//
// What @skip and @include may leave out counts as taken.
func (a *Access) MutateOperationContext(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	p := a.planOf(op)
	v := &verdict{plan: p, cost: p.costs.of(op.Variables, a.limits.Page)}
	op.Stats.SetExtension(accessName, v)
	op.DisableIntrospection = !a.introspection
	if err := a.general(p); err != nil {
		return err
	}
	if refusal := a.decide(actor.FromContext(ctx), p); refusal != nil {
		return asGraphQL(refusal)
	}
	most := a.limits.Cost
	if op.Operation.Operation == ast.Subscription {
		most = a.limits.EventCost
	}
	if v.cost > most {
		refusal := tooComplex("cost", v.cost, most, "points of cost").With("cost", v.cost)
		refusal.Message += ": a smaller first, fewer lists, sums and counters (docs/api.md says what each costs)"
		return asGraphQL(refusal)
	}
	return nil
}

// Recheck decides again, for the actor now in ctx, an operation that has passed
// MutateOperationContext: roles, levels and their age only. For the events of a
// subscription. The refusals, with the outermost fields refused in
// extensions.paths, 10 at most:
//   - UNAUTHENTICATED: nobody is signed in;
//   - FORBIDDEN: the role may not, whatever its level;
//   - STEP_UP_REQUIRED: with extensions.level, the lowest that suffices for the
//     whole operation, and extensions.maxAge, in seconds, where a field sets one.
func (a *Access) Recheck(ctx context.Context, op *graphql.OperationContext) *gqlerror.Error {
	p := a.planOf(op)
	if err := a.general(p); err != nil {
		return err
	}
	if refusal := a.decide(actor.FromContext(ctx), p); refusal != nil {
		return asGraphQL(refusal)
	}
	return nil
}

// planOf is the plan of an operation: the one it carries, the one kept in
// memory, or a new one.
func (a *Access) planOf(op *graphql.OperationContext) *plan {
	if v, ok := op.Stats.GetExtension(accessName).(*verdict); ok {
		return v.plan
	}
	if p, ok := a.plans.Get(op.Operation); ok {
		return p
	}
	p := newPlan(a.rules, a.limits, op.Operation)
	a.plans.Add(op.Operation, p)
	return p
}

// general refuses what nobody may run.
func (a *Access) general(p *plan) *gqlerror.Error {
	var refusal *domain.Error
	switch {
	case errors.As(p.fault, &refusal):
		return asGraphQL(refusal)
	case p.fault != nil:
		return gqlerror.Wrap(p.fault) // of ours: the presenter hides it
	case p.introspects && !a.introspection:
		return asGraphQL(domain.Errorf(domain.Validation,
			"introspection is off on this server: read the published schema instead"))
	}
	return nil
}

// decide is the refusal for an actor, nil where all may be read.
func (a *Access) decide(who actor.Actor, p *plan) *domain.Error {
	if len(p.needs) == 0 {
		return nil
	}
	if who.Role == actor.Anonymous {
		return domain.Errorf(domain.Unauthenticated, "nobody is signed in: sign in, then send the request again").
			With("paths", p.paths(func(*Rule) bool { return true }))
	}
	age := a.now().Sub(who.Since)
	allowed, reached := true, true
	for _, n := range p.needs {
		allowed = allowed && n.rule.allows(who.Role)
		reached = reached && n.rule.reachedBy(who.Level, age)
	}
	switch {
	case !allowed:
		return domain.Errorf(domain.Forbidden, "this session may not ask for some fields (see paths): ask without them").
			With("paths", p.paths(func(r *Rule) bool { return !r.allows(who.Role) }))
	case !reached:
		return p.stepUp(who.Level, age)
	}
	return nil
}

// paths are those of the needs whose rule is as asked, mostPaths at most.
func (p *plan) paths(which func(*Rule) bool) [][]string {
	var all [][]string
	for _, n := range p.needs {
		if which(n.rule) {
			all = append(all, n.paths...)
		}
	}
	return all[:min(len(all), mostPaths)]
}

// stepUp asks for the sign-in that suffices for all that the plan needs, and
// names the fields that this one, of level has and that old, does not do for.
func (p *plan) stepUp(has actor.Level, age time.Duration) *domain.Error {
	var level actor.Level
	var maxAge time.Duration
	for _, n := range p.needs {
		level = max(level, n.rule.Level)
		if n.rule.MaxAge > 0 && (maxAge == 0 || n.rule.MaxAge < maxAge) {
			maxAge = n.rule.MaxAge
		}
	}
	paths := p.paths(func(r *Rule) bool { return !r.reachedBy(has, age) })
	if maxAge == 0 {
		return domain.Errorf(domain.StepUpRequired, "the request needs level %s: sign in at that level or above", level).
			With("level", level.String()).With("paths", paths)
	}
	seconds := int(maxAge.Seconds())
	return domain.Errorf(domain.StepUpRequired,
		"the request needs level %s, reached at most %d seconds ago: sign in again at that level or above", level, seconds).
		With("level", level.String()).With("maxAge", seconds).With("paths", paths)
}

// allows tells whether the role may read, level aside.
func (r *Rule) allows(role actor.Role) bool { return slices.Contains(r.Roles, role) }

// reachedBy tells whether a level that was reached so long ago suffices.
func (r *Rule) reachedBy(level actor.Level, age time.Duration) bool {
	return level >= r.Level && (r.MaxAge == 0 || age <= r.MaxAge)
}
