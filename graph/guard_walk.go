package graph

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"comptesante/domain"
)

// saturated is where counts stop growing: far above every limit, and far enough
// below what an int holds that the sum of two cannot overflow.
const saturated = 1 << 30

// sum adds two counts, none of them negative or above saturated.
func sum(a, b int) int { return min(a+b, saturated) }

// extent is how far a selection set, or a document, reaches once its fragments
// are expanded. Depths are those of the longest path: depth of those that
// never pass through __schema or __type, inner of those that do, 0 for none.
type extent struct {
	nodes      int // selections
	roots      int // fields of the set itself
	depth      int
	inner      int
	lists      int // introspection's list fields on one path, wherever they are
	innerLists int // the same, of those below __schema or __type
}

// beside adds a selection of the same set.
func (e extent) beside(o extent) extent {
	return extent{
		nodes:      sum(e.nodes, o.nodes),
		roots:      sum(e.roots, o.roots),
		depth:      max(e.depth, o.depth),
		inner:      max(e.inner, o.inner),
		lists:      max(e.lists, o.lists),
		innerLists: max(e.innerLists, o.innerLists),
	}
}

// under is the extent of a field of that name with the set e below it.
func (e extent) under(name string) extent {
	f := extent{nodes: sum(e.nodes, 1), roots: 1, lists: e.lists, innerLists: e.innerLists}
	if isIntrospection(name) {
		f.inner = sum(max(e.depth, e.inner), 1)
		f.innerLists = e.lists
		return f
	}
	f.depth = sum(e.depth, 1)
	if e.inner > 0 {
		f.inner = sum(e.inner, 1)
	}
	switch name {
	case "fields", "inputFields", "interfaces", "possibleTypes":
		f.lists = sum(e.lists, 1)
	}
	return f
}

// isIntrospection tells whether a field opens the schema's description.
// __typename does not.
func isIntrospection(name string) bool { return name == "__schema" || name == "__type" }

// walker surveys one document. Each selection is visited once, whatever spreads
// it: a fragment's extent is kept after its first visit.
type walker struct {
	named   map[string]*ast.FragmentDefinition // the first of each name, as validation sees them
	extents map[*ast.FragmentDefinition]*extent
	found   census
}

// census is what the survey of a document counts. All but the extent is of the
// document as it is written.
type census struct {
	extent     extent // nodes: of all operations; the rest: the most of any
	visits     int    // selections, each counted once
	fragments  int
	aliases    int
	directives int
	sameKey    int    // the most fields under one key in one set
	elements   int    // of the longest list
	streaming  string // a directive that is not supported, such as defer
	oversized  bool   // a number that fits no Go number
}

// survey counts a document.
func survey(doc *ast.QueryDocument) census {
	w := walker{
		named:   make(map[string]*ast.FragmentDefinition, len(doc.Fragments)),
		extents: make(map[*ast.FragmentDefinition]*extent, len(doc.Fragments)),
	}
	w.found.fragments = len(doc.Fragments)
	for _, f := range doc.Fragments {
		if w.named[f.Name] == nil {
			w.named[f.Name] = f
		}
	}
	var all extent
	roots := 0
	for _, op := range doc.Operations {
		w.variables(op.VariableDefinitions)
		w.directives(op.Directives)
		e := w.body(op.SelectionSet)
		roots = max(roots, e.roots)
		all = all.beside(e)
	}
	for _, f := range doc.Fragments {
		// One that has more nodes than all operations is spread by none, and
		// validation walks it all the same.
		all.nodes = max(all.nodes, w.fragment(f).nodes)
	}
	all.roots = roots
	w.found.extent = all
	return w.found
}

// fragment is the extent of a fragment, which is visited once. A fragment met
// within itself adds nothing: validation refuses the document by name.
func (w *walker) fragment(f *ast.FragmentDefinition) extent {
	if e := w.extents[f]; e != nil {
		return *e
	}
	e := new(extent)
	w.extents[f] = e
	w.variables(f.VariableDefinition)
	w.directives(f.Directives)
	*e = w.body(f.SelectionSet)
	return *e
}

// body is the extent of a selection set that fields, fragments and operations
// have; the one of an inline fragment is part of the set around it.
func (w *walker) body(set ast.SelectionSet) extent {
	if n := fieldsIn(set); n > w.found.sameKey {
		keys := make(map[string]int, n)
		w.found.sameKey = max(w.found.sameKey, countKeys(keys, set))
	}
	return w.set(set)
}

// set visits the selections of a set.
func (w *walker) set(set ast.SelectionSet) extent {
	var e extent
	for _, s := range set {
		w.found.visits++
		e = e.beside(w.selection(s))
	}
	return e
}

// selection visits one selection and gives its extent.
func (w *walker) selection(s ast.Selection) extent {
	switch s := s.(type) {
	case *ast.Field:
		if s.Alias != s.Name {
			w.found.aliases++
		}
		w.arguments(s.Arguments)
		w.directives(s.Directives)
		return w.body(s.SelectionSet).under(s.Name)
	case *ast.InlineFragment:
		w.directives(s.Directives)
		e := w.set(s.SelectionSet)
		e.nodes = sum(e.nodes, 1)
		return e
	case *ast.FragmentSpread:
		w.directives(s.Directives)
		var e extent
		if f := w.named[s.Name]; f != nil {
			e = w.fragment(f)
		}
		e.nodes = sum(e.nodes, 1)
		return e
	}
	return extent{}
}

// fieldsIn counts the fields of a set, those of its inline fragments included.
func fieldsIn(set ast.SelectionSet) int {
	n := 0
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			n++
		case *ast.InlineFragment:
			n += fieldsIn(s.SelectionSet)
		}
	}
	return n
}

// countKeys counts the response keys of a set into keys and gives the highest
// count. Spreads are not followed: what validation compares with itself is the
// set as written, and how much it compares with others nodes and selections
// bound.
func countKeys(keys map[string]int, set ast.SelectionSet) int {
	most := 0
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			keys[s.Alias]++
			most = max(most, keys[s.Alias])
		case *ast.InlineFragment:
			most = max(most, countKeys(keys, s.SelectionSet))
		}
	}
	return most
}

func (w *walker) variables(defs ast.VariableDefinitionList) {
	for _, def := range defs {
		w.directives(def.Directives)
		w.value(def.DefaultValue)
	}
}

func (w *walker) directives(list ast.DirectiveList) {
	w.found.directives += len(list)
	for _, d := range list {
		if d.Name == "defer" || d.Name == "stream" {
			w.found.streaming = d.Name
		}
		w.arguments(d.Arguments)
	}
}

func (w *walker) arguments(list ast.ArgumentList) {
	for _, a := range list {
		w.value(a.Value)
	}
}

// value looks at a literal: how long its lists are, and whether its numbers fit.
// gqlgen panics on a number that does not, where a scalar is not one of the
// language's own.
func (w *walker) value(v *ast.Value) {
	if v == nil {
		return
	}
	var err error
	switch v.Kind {
	case ast.IntValue:
		_, err = strconv.ParseInt(v.Raw, 10, 64)
	case ast.FloatValue:
		_, err = strconv.ParseFloat(v.Raw, 64)
	case ast.ListValue:
		w.found.elements = max(w.found.elements, len(v.Children))
	}
	w.found.oversized = w.found.oversized || err != nil
	for _, child := range v.Children {
		w.value(child.Value)
	}
}

// check is the first refusal that a document earns, nil where it may pass.
func (c census) check(l Limits) *domain.Error {
	if c.streaming != "" {
		return domain.Errorf(domain.Validation, "@%s is not supported: ask without it", c.streaming)
	}
	if c.oversized {
		return domain.Errorf(domain.Validation, "a number in the document does not fit in 64 bits: write a smaller one")
	}
	for _, row := range []struct {
		limit      string
		value, max int
		what       string
	}{
		{"selections", c.visits, l.Selections, "selections"},
		{"fragments", c.fragments, l.Fragments, "fragment definitions"},
		{"aliases", c.aliases, l.Aliases, "aliases"},
		{"directives", c.directives, l.Directives, "directives"},
		{"sameKey", c.sameKey, l.SameKey, "fields of one name in one selection set"},
		{"listElements", c.elements, l.ListElements, "elements in one list"},
		{"nodes", c.extent.nodes, l.Nodes, "selections once fragments are expanded"},
		{"rootFields", c.extent.roots, l.RootFields, "fields at the root of an operation"},
		{"depth", c.extent.depth, l.Depth, "levels of fields"},
		{"introspectionDepth", c.extent.inner, l.IntrospectionDepth, "levels of introspection fields"},
		{"introspectionLists", c.extent.innerLists, l.IntrospectionLists, "introspection lists within each other"},
	} {
		if row.value > row.max {
			return tooComplex(row.limit, row.value, row.max, row.what)
		}
	}
	return nil
}
