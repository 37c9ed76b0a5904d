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
	if len(files) != 15 {
		t.Fatalf("examples %v, want fifteen", files)
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

// TestFeedsAreShownWhole: a new type of event belongs into the example of its feed.
func TestFeedsAreShownWhole(t *testing.T) {
	schema := loadSchema(t)
	for file, union := range map[string]string{"Live.graphql": "PaymentEvent", "MyAccount.graphql": "AccountEvent"} {
		example := read(t, "playground/src/examples/"+file)
		for _, name := range schema.Types[union].Types {
			if !strings.Contains(example, "... on "+name+" {") {
				t.Errorf("%s says nothing of %s", file, name)
			}
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
