package graph

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// TestSurveyEqualsExpansion compares the memoised survey with a naive expansion
// on random documents.
func TestSurveyEqualsExpansion(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	for range 2000 {
		text := randomDocument(random)
		doc, err := parser.ParseQuery(&ast.Source{Input: text})
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		got, want := survey(doc), expand(doc)
		got.extent.lists = 0 // of use within the survey only
		if got.extent != want {
			t.Fatalf("seed %d: survey %+v, expansion %+v of\n%s", seed, got.extent, want, text)
		}
		if got.visits != written(doc) {
			t.Fatalf("seed %d: %d visits of %d selections in\n%s", seed, got.visits, written(doc), text)
		}
	}
}

func TestSurveySaturates(t *testing.T) {
	doc, err := parser.ParseQuery(&ast.Source{Input: fanOut(200)})
	if err != nil {
		t.Fatal(err)
	}
	if n := survey(doc).extent.nodes; n != saturated {
		t.Errorf("%d nodes of 2^200", n)
	}
}

// randomDocument has a few operations and fragments, each of which spreads only
// those after it, and now and then one that is not there.
func randomDocument(r *rand.Rand) string {
	var b strings.Builder
	fragments := r.IntN(6)
	for i := range 1 + r.IntN(2) {
		fmt.Fprintf(&b, "query q%d", i)
		randomSet(&b, r, 0, fragments, 4)
	}
	for i := range fragments {
		fmt.Fprintf(&b, " fragment f%d on A", i)
		randomSet(&b, r, i+1, fragments, 3)
	}
	return b.String()
}

// randomSet writes a selection set that spreads fragments from first on.
func randomSet(b *strings.Builder, r *rand.Rand, first, fragments, depth int) {
	names := []string{"a", "b", "fields", "interfaces", "__schema", "__type", "__typename"}
	b.WriteString("{ ")
	for range 1 + r.IntN(3) {
		switch {
		case r.IntN(3) == 0:
			fmt.Fprintf(b, "...f%d ", first+r.IntN(fragments-first+1))
		case r.IntN(4) == 0 && depth > 0:
			b.WriteString("... on A")
			randomSet(b, r, first, fragments, depth-1)
		default:
			b.WriteString(names[r.IntN(len(names))] + " ")
			if depth > 0 && r.IntN(2) == 0 {
				randomSet(b, r, first, fragments, depth-1)
			}
		}
	}
	b.WriteString("}")
}

// expansion walks all paths of a document, one by one.
type expansion struct {
	doc   *ast.QueryDocument
	total extent
}

// expand is the extent of a document by following every spread.
func expand(doc *ast.QueryDocument) extent {
	var all extent
	roots := 0
	for _, op := range doc.Operations {
		x := expansion{doc: doc}
		x.walk(op.SelectionSet, nil)
		roots = max(roots, x.total.roots)
		all = all.beside(x.total)
	}
	for _, f := range doc.Fragments {
		x := expansion{doc: doc}
		x.walk(f.SelectionSet, nil)
		all.nodes = max(all.nodes, x.total.nodes)
	}
	all.roots = roots
	return all
}

// walk follows a set below path.
func (x *expansion) walk(set ast.SelectionSet, path []string) {
	for _, s := range set {
		x.total.nodes++
		switch s := s.(type) {
		case *ast.Field:
			here := append(path[:len(path):len(path)], s.Name)
			x.see(here)
			x.walk(s.SelectionSet, here)
		case *ast.InlineFragment:
			x.walk(s.SelectionSet, path)
		case *ast.FragmentSpread:
			if f := x.doc.Fragments.ForName(s.Name); f != nil {
				x.walk(f.SelectionSet, path)
			}
		}
	}
}

// see counts one path.
func (x *expansion) see(path []string) {
	if len(path) == 1 {
		x.total.roots++
	}
	inside, lists := false, 0
	for _, name := range path {
		switch name {
		case "fields", "interfaces":
			if inside {
				lists++
			}
		case "__schema", "__type":
			inside = true
		}
	}
	if inside {
		x.total.inner = max(x.total.inner, len(path))
		x.total.innerLists = max(x.total.innerLists, lists)
		return
	}
	x.total.depth = max(x.total.depth, len(path))
}

// written counts the selections of a document as it is written.
func written(doc *ast.QueryDocument) int {
	n := 0
	var count func(set ast.SelectionSet)
	count = func(set ast.SelectionSet) {
		n += len(set)
		for _, s := range set {
			switch s := s.(type) {
			case *ast.Field:
				count(s.SelectionSet)
			case *ast.InlineFragment:
				count(s.SelectionSet)
			}
		}
	}
	for _, op := range doc.Operations {
		count(op.SelectionSet)
	}
	for _, f := range doc.Fragments {
		count(f.SelectionSet)
	}
	return n
}
