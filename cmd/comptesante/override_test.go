package main

import (
	"context"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestOverrideWithoutReason: it is told before a database is looked for.
func TestOverrideWithoutReason(t *testing.T) {
	for _, line := range []string{
		"parameter set taux.aspa 85", "parameter set taux.aspa 85 --reason=", "parameter reset taux.aspa",
		"act-kind set SDE DENTAL", "act-kind set SDE DENTAL --reason=", "act-kind reset SDE",
	} {
		var commands struct {
			Parameter parameterCommand `cmd:""`
			ActKind   actKindCommand   `cmd:""`
		}
		parser, err := kong.New(&commands, kong.BindTo(t.Context(), (*context.Context)(nil)), kong.Bind((*config)(nil)))
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.Parse(strings.Fields(line))
		if err != nil {
			t.Fatal(line, err)
		}
		if err := parsed.Run(); err == nil || !strings.Contains(err.Error(), "--reason") {
			t.Errorf("%s: %v", line, err)
		}
	}
}
