package resolvers_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const capsQuery = `query($on: Date) { retentionRules(on: $on) { on
	participation { perAct { amount since until } perYearCount { count doubtful } }
	franchise { perBox { amount source } journeysPerDay { amount explanation } } } }`

// TestRetentionRules: today's by default, those of a day where one is given, all
// of it without a statement.
func TestRetentionRules(t *testing.T) {
	b := newBundle(t)
	me := b.file(t, 0, 1)
	rules := func(variables map[string]any) map[string]any {
		t.Helper()
		data, code, statements := b.ask(t, me, capsQuery, variables)
		if code != "" || statements != 0 {
			t.Fatalf("%v: %s after %d statements", variables, code, statements)
		}
		return data["retentionRules"].(map[string]any)
	}
	journeys := map[string]any{"amount": 800.0, "explanation": "Pour une même journée, les franchises sur l'ensemble des transports sont limitées à 8,00\u00a0€."}
	want := map[string]any{
		"on": "2026-11-23",
		"participation": map[string]any{"perAct": map[string]any{"amount": 200.0, "since": "2024-05-15", "until": nil},
			"perYearCount": map[string]any{"count": 25.0, "doubtful": false}},
		"franchise": map[string]any{"perBox": map[string]any{"amount": 100.0,
			"source": "POLE, QC-0426; CSS D.160-9 to D.160-11 [POLE: pharmaciens.poleformation-sante.fr, on the decree of 2024-02-16; QC-0426: quechoisir.org 2024-04, franchises and participation; CSS: Code de la sécurité sociale, texts in force on 2026-03-14 (DILA, Légifrance data)]"},
			"journeysPerDay": journeys},
	}
	if diff := cmp.Diff(want, rules(nil)); diff != "" {
		t.Error(diff)
	}
	past := rules(map[string]any{"on": "2023-12-31"})["participation"].(map[string]any)
	if diff := cmp.Diff(map[string]any{"perAct": map[string]any{"amount": 100.0, "since": "2005-01-01", "until": "2024-05-14"},
		"perYearCount": map[string]any{"count": 50.0, "doubtful": true}}, past); diff != "" {
		t.Error(diff)
	}
	if _, code, _ := b.ask(t, me, capsQuery, map[string]any{"on": "2015-12-31"}); code != "VALIDATION" {
		t.Errorf("a day of which not all is known: %q", code)
	}
}
