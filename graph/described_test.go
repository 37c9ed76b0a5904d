package graph

import (
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
)

// TestEverythingIsDescribed: each type, field, argument and enum value of the
// schema says what it is.
func TestEverythingIsDescribed(t *testing.T) {
	checked := 0
	check := func(what, description string) {
		if checked++; strings.TrimSpace(description) == "" {
			t.Errorf("%s has no description", what)
		}
	}
	arguments := func(of string, list ast.ArgumentDefinitionList) {
		for _, a := range list {
			check(of+"("+a.Name+":)", a.Description)
		}
	}
	schema := realSchema(t)
	for name, def := range schema.Types {
		if def.BuiltIn {
			continue
		}
		check(name, def.Description)
		for _, f := range def.Fields {
			if strings.HasPrefix(f.Name, "__") {
				continue
			}
			check(name+"."+f.Name, f.Description)
			arguments(name+"."+f.Name, f.Arguments)
		}
		for _, v := range def.EnumValues {
			check(name+"."+v.Name, v.Description)
		}
	}
	for name, def := range schema.Directives {
		if def.Position != nil && def.Position.Src != nil && !def.Position.Src.BuiltIn {
			check("@"+name, def.Description)
			arguments("@"+name, def.Arguments)
		}
	}
	if checked < 150 {
		t.Errorf("only %d things were looked at", checked)
	}
}
