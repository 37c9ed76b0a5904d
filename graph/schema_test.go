package graph

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// realSchema is the schema that is served.
func realSchema(t testing.TB) *ast.Schema {
	t.Helper()
	files, err := filepath.Glob("schema/*.graphqls")
	if err != nil || len(files) == 0 {
		t.Fatalf("schema files: %v, %v", files, err)
	}
	var sources []*ast.Source
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, &ast.Source{Name: name, Input: string(text)})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// schemaOf is a schema of a few types with the real directives.
func schemaOf(t testing.TB, types string) *ast.Schema {
	t.Helper()
	directives, err := os.ReadFile("schema/directives.graphqls")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(
		&ast.Source{Name: "directives", Input: string(directives)},
		&ast.Source{Name: "types", Input: types},
	)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// rulesOf are the rules of a schema that has no fault.
func rulesOf(t testing.TB, schema *ast.Schema) *Rules {
	t.Helper()
	r, err := NewRules(schema)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// valid parses and validates a document as gqlgen does.
func valid(t testing.TB, schema *ast.Schema, text string) *ast.QueryDocument {
	t.Helper()
	doc, err := gqlparser.LoadQueryWithRules(schema, text, rules.NewDefaultRules())
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return doc
}

func TestRealSchemaHasNoFault(t *testing.T) {
	if _, err := NewRules(realSchema(t)); err != nil {
		t.Error(err)
	}
}

// standardIntrospection is the query that tools send, with nine levels of
// ofType as graphql-js writes it by default.
var standardIntrospection = `query IntrospectionQuery {
  __schema {
    description
    queryType { name kind } mutationType { name kind } subscriptionType { name kind }
    types { ...FullType }
    directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } }
  }
}
fragment FullType on __Type {
  kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) {
    name description args(includeDeprecated: true) { ...InputValue }
    type { ...TypeRef } isDeprecated deprecationReason
  }
  inputFields(includeDeprecated: true) { ...InputValue }
  interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
  possibleTypes { ...TypeRef }
}
fragment InputValue on __InputValue {
  name description type { ...TypeRef } defaultValue isDeprecated deprecationReason
}
fragment TypeRef on __Type { kind name ` + strings.Repeat("ofType { kind name ", 9) + strings.Repeat("}", 9) + `}`
