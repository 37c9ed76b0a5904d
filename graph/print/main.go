// Command print writes the whole schema as one document, so that a change of it
// shows in one place. `make generate` keeps docs/schema.graphql with it. It fails
// on a schema with a field that has no access rule.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"comptesante/graph"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "print:", err)
		os.Exit(1)
	}
}

func run() error {
	paths, err := filepath.Glob("graph/schema/*.graphqls")
	if err != nil {
		return err
	}
	var sources []*ast.Source
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		sources = append(sources, &ast.Source{Name: path, Input: string(text)})
	}
	schema, err := gqlparser.LoadSchema(sources...)
	if err != nil {
		return err
	}
	if _, err := graph.NewRules(schema); err != nil {
		return err
	}
	fmt.Println("# Printed by `make generate` from graph/schema; do not edit.")
	formatter.NewFormatter(os.Stdout, formatter.WithIndent("  ")).FormatSchema(schema)
	return nil
}
