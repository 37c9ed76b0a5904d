package graph

import (
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"comptesante/domain"
)

// mostPaths is how many paths a refusal names at most.
const mostPaths = 10

// plan is what one operation of one document asks for, whoever asks and
// whatever its variables. It does not change once made.
type plan struct {
	needs       []need // by rule, in the order in which the operation meets them
	costs       costs
	introspects bool
	fault       error // why nobody may run the operation: a *domain.Error, or a fault of ours
}

// need is a rule and the fields it is needed for. A field below another of the
// same rule is left out: whoever may not read the one is told of that.
type need struct {
	rule  *Rule
	paths [][]string // response paths, at most mostPaths
}

// newPlan walks an operation that validation has passed, each fragment once for
// each size that a list in it can have.
func newPlan(rules *Rules, limits Limits, op *ast.OperationDefinition) *plan {
	w := planner{
		rules:   rules,
		limits:  limits,
		objects: map[*ast.Field]part{},
		spreads: map[spread]part{},
	}
	if op.Operation == ast.Subscription {
		w.plan.fault = checkSubscription(op)
	}
	all := w.set(op.SelectionSet, nil)
	w.plan.costs.total = all.price
	for _, a := range all.asked {
		n := need{rule: a.rule}
		for _, t := range a.trails {
			n.paths = append(n.paths, t.path())
		}
		w.plan.needs = append(w.plan.needs, n)
	}
	return &w.plan
}

// planner makes a plan.
type planner struct {
	rules   *Rules
	limits  Limits
	plan    plan
	objects map[*ast.Field]part // one object of each field that gives objects
	spreads map[spread]part
}

// spread is a fragment within a field that sizes its lists, or none.
type spread struct {
	fragment *ast.FragmentDefinition
	around   *sizing
}

// sizing is the size that a field gives to lists of its object.
type sizing struct {
	lists []string
	size  size
}

// part is what a piece of an operation asks for, and what it costs.
type part struct {
	asked []asked
	price price
}

// asked is a rule and where below the piece it is needed.
type asked struct {
	rule   *Rule
	trails []*trail
}

// trail is a response path. Pieces that lie below share their ends.
type trail struct {
	key  string
	rest *trail
}

func (t *trail) path() []string {
	var path []string
	for ; t != nil; t = t.rest {
		path = append(path, t.key)
	}
	return path
}

func (t *trail) equal(o *trail) bool {
	for t != nil && o != nil && t != o && t.key == o.key {
		t, o = t.rest, o.rest
	}
	return t == o
}

// free is the part of what neither asks nor costs.
var free = part{price: price{at: -1}}

// set is the part of a selection set; around sizes its lists.
func (w *planner) set(set ast.SelectionSet, around *sizing) part {
	var asked []asked
	var cost amount
	for _, s := range set {
		p := w.selection(s, around)
		cost.add(once, p.price)
		asked = gather(asked, p.asked)
	}
	return part{asked, w.plan.costs.enter(cost)}
}

func (w *planner) selection(s ast.Selection, around *sizing) part {
	switch s := s.(type) {
	case *ast.Field:
		return w.field(s, around)
	case *ast.InlineFragment:
		return w.set(s.SelectionSet, around)
	case *ast.FragmentSpread:
		return w.fragment(s.Definition, around)
	}
	return free
}

// fragment is the part of a fragment. One that is met within itself adds
// nothing: validation does not let it pass.
func (w *planner) fragment(f *ast.FragmentDefinition, around *sizing) part {
	if f == nil {
		return free
	}
	key := spread{f, around}
	p, ok := w.spreads[key]
	if !ok {
		w.spreads[key] = free
		p = w.set(f.SelectionSet, around)
		w.spreads[key] = p
	}
	return p
}

// field is the part of a field, all elements of a list included.
func (w *planner) field(f *ast.Field, around *sizing) part {
	switch {
	case f.Name == "__typename":
		return free
	case isIntrospection(f.Name):
		w.plan.introspects = true
		return part{price: price{fixed: w.limits.IntrospectionCost, at: -1}}
	case f.Definition == nil || f.ObjectDefinition == nil:
		w.plan.fault = fmt.Errorf("graph: field %s is not validated", f.Name)
		return free
	}
	at := coordinate{f.ObjectDefinition.Name, f.Name}
	rule, ok := w.rules.fields[at]
	if !ok {
		w.plan.fault = fmt.Errorf("graph: no access rule for %s", at)
		return free
	}
	p := part{asked: []asked{{rule.access, []*trail{{key: f.Alias}}}}, price: price{fixed: rule.weight, at: -1}}
	if !rule.object {
		return p
	}
	object := w.object(f, rule)
	p.asked = append(p.asked, under(f.Alias, rule.access, object.asked)...)
	length := once
	if rule.list {
		length = w.length(f, rule, around)
	}
	all := amount{fixed: rule.weight}
	all.add(length, object.price)
	p.price = w.plan.costs.enter(all)
	return p
}

// length is the size of a list: its own, or what the field around it gives.
// NewRules has made sure that there is one.
func (w *planner) length(f *ast.Field, rule fieldRule, around *sizing) size {
	if rule.size.assumed > 0 {
		return sizeOf(rule.size, f, w.limits.Page)
	}
	if around != nil && slices.Contains(around.lists, f.Name) {
		return around.size
	}
	return size{assumed: w.limits.Page}
}

// object is the part of one object that a field gives, with what is asked of
// it.
func (w *planner) object(f *ast.Field, rule fieldRule) part {
	p, ok := w.objects[f]
	if ok {
		return p
	}
	var around *sizing
	if len(rule.size.sized) > 0 {
		around = &sizing{rule.size.sized, sizeOf(rule.size, f, w.limits.Page)}
	}
	p = w.set(f.SelectionSet, around)
	cost := amount{fixed: 1}
	cost.add(once, p.price)
	p.price = w.plan.costs.enter(cost)
	w.objects[f] = p
	return p
}

// under is what is asked below a field, seen from above it, without what needs
// no more than the field's own rule.
func under(key string, own *Rule, below []asked) []asked {
	var all []asked
	for _, b := range below {
		if b.rule == own {
			continue
		}
		a := asked{rule: b.rule}
		for _, t := range b.trails {
			a.trails = append(a.trails, &trail{key, t})
		}
		all = append(all, a)
	}
	return all
}

// gather adds more to all: each rule once, each trail once, no more than are
// named.
func gather(all, more []asked) []asked {
	for _, m := range more {
		i := slices.IndexFunc(all, func(a asked) bool { return a.rule == m.rule })
		if i < 0 {
			i = len(all)
			all = append(all, asked{rule: m.rule})
		}
		for _, t := range m.trails {
			if len(all[i].trails) < mostPaths && !slices.ContainsFunc(all[i].trails, t.equal) {
				all[i].trails = append(all[i].trails, t)
			}
		}
	}
	return all
}

// checkSubscription refuses what gqlgen would answer with a fault of its own: a
// subscription to several streams, or to one that @skip or @include may leave
// out. (gqlparser compares the names of the root fields and lets the same field
// pass twice.)
func checkSubscription(op *ast.OperationDefinition) error {
	keys := map[string]bool{}
	conditional := false
	rootKeys(op.SelectionSet, keys, map[string]bool{}, &conditional)
	switch {
	case conditional:
		return domain.Errorf(domain.Validation, "a subscription has one stream without @skip or @include: open another instead")
	case len(keys) != 1:
		return domain.Errorf(domain.Validation, "a subscription has one stream, not %d: open one for each", len(keys))
	}
	return nil
}

// rootKeys gathers the response keys of a set, and whether a condition stands
// on any selection of it.
func rootKeys(set ast.SelectionSet, keys, visited map[string]bool, conditional *bool) {
	for _, s := range set {
		var directives ast.DirectiveList
		switch s := s.(type) {
		case *ast.Field:
			directives = s.Directives
			keys[s.Alias] = true
		case *ast.InlineFragment:
			directives = s.Directives
			rootKeys(s.SelectionSet, keys, visited, conditional)
		case *ast.FragmentSpread:
			directives = s.Directives
			if s.Definition != nil && !visited[s.Name] {
				visited[s.Name] = true
				rootKeys(s.Definition.SelectionSet, keys, visited, conditional)
			}
		}
		if directives.ForName("skip") != nil || directives.ForName("include") != nil {
			*conditional = true
		}
	}
}
