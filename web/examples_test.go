package web

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// TestExamples: each tab of the playground is valid against the schema, says at
// its top what it shows, and holds one operation with the name of its file,
// which becomes the name of the tab.
func TestExamples(t *testing.T) {
	schema := loadSchema(t)
	files, _ := filepath.Glob("playground/src/examples/*.graphql")
	if len(files) != 14 {
		t.Fatalf("examples %v, want fourteen", files)
	}
	tabs := read(t, "playground/src/examples.js")
	for _, file := range files {
		text := read(t, file)
		query, errs := gqlparser.LoadQueryWithRules(schema, text, nil)
		if len(errs) > 0 {
			t.Errorf("%s: %v", file, errs)
			continue
		}
		name := strings.TrimSuffix(filepath.Base(file), ".graphql")
		if len(query.Operations) != 1 || query.Operations[0].Name != name {
			t.Errorf("%s: want one operation named %s", file, name)
		}
		if !strings.HasPrefix(text, "# ") {
			t.Errorf("%s: no comment says what it shows", file)
		}
		if !strings.Contains(tabs, `"./examples/`+filepath.Base(file)+`"`) {
			t.Errorf("%s: no tab of examples.js has it", file)
		}
	}
}

// TestLiveHandlesEveryEvent: a new type of event belongs into the example.
func TestLiveHandlesEveryEvent(t *testing.T) {
	live := read(t, "playground/src/examples/Live.graphql")
	for _, name := range loadSchema(t).Types["PaymentEvent"].Types {
		if !strings.Contains(live, "... on "+name+" {") {
			t.Errorf("Live.graphql says nothing of %s", name)
		}
	}
}

func loadSchema(t *testing.T) *ast.Schema {
	t.Helper()
	files, _ := filepath.Glob("../graph/schema/*.graphqls")
	var sources []*ast.Source
	for _, file := range files {
		sources = append(sources, &ast.Source{Name: file, Input: read(t, file)})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
