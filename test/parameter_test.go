package test

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"

	"comptesante/db/dbtest"
)

// TestParameterIsChanged: an operator changes what is doubtful of the rules, and a
// server that runs tells the other rule by itself.
func TestParameterIsChanged(t *testing.T) {
	d, env := shared(t)
	_, token := mint(t, env, dbtest.AddFile(t, d, 0))
	s := serve(t, env)
	told := func() string {
		a := s.query(token, `{ retentionRules(on: "2026-11-24") { participation { perAct { amount explanation } perYearCount { count doubtful } } } }`, nil)
		if a.code() != "" {
			t.Fatal(a.Errors)
		}
		return string(a.Data)
	}
	if got := told(); !strings.Contains(got, `"perYearCount":{"count":25,"doubtful":false}`) || !strings.Contains(got, `"amount":200`) || !strings.Contains(got, "2,00\u00a0€") {
		t.Fatal(got)
	}
	const key = "participation.arret-au-nombre"
	for _, row := range []struct {
		why    string
		args   []string
		status int
		want   string
	}{
		{"a wrong key", []string{"parameter", "set", "participation.arret-au-nobmre", "non", "--reason", "r"}, 1, key},
		{"a wrong value", []string{"parameter", "set", key, "no", "--reason", "r"}, 1, "oui or non"},
		{"no reason", []string{"parameter", "set", key, "non"}, 1, "--reason"},
		{"no value", []string{"parameter", "set", key, "--reason", "r"}, 1, "value"},
		{"well", []string{"parameter", "set", key, "non", "--reason", "instruction", "--by", "anne"}, 0, key + " is now non; it was oui"},
	} {
		if out, status := run(t, env, "", row.args...); (status != 0) != (row.status != 0) || !strings.Contains(out, row.want) || strings.Contains(out, "VALIDATION") {
			t.Errorf("%s: %d %s", row.why, status, out)
		}
	}
	eventually(t, "the other rule is told", func() bool { return strings.Contains(told(), `"perYearCount":null`) })
	out, status := run(t, env, "", "parameter", "list")
	if status != 0 || !strings.Contains(out, "by default oui") || !strings.Contains(out, "changed by anne") {
		t.Errorf("%d %s", status, out)
	}
	list, changed := struct {
		Parameters []struct {
			Key     string
			Changed *struct{ By string }
		}
	}{}, 0
	out, status = run(t, env, "", "parameter", "list", "--json")
	if err := json.Unmarshal([]byte(out), &list); err != nil || status != 0 {
		t.Fatalf("%d %v: %s", status, err, out)
	}
	for _, p := range list.Parameters {
		if p.Changed != nil {
			changed++
		}
	}
	if changed != 1 || len(list.Parameters) < 50 {
		t.Errorf("%d of %d are changed", changed, len(list.Parameters))
	}
	if out, status := run(t, env, "", "parameter", "reset", key, "--reason", "retrait"); status != 0 || !strings.Contains(out, "oui, the release's own value") {
		t.Errorf("%d %s", status, out)
	}
	eventually(t, "the own rule is told again", func() bool { return strings.Contains(told(), `"count":25`) })
	s.stop(syscall.SIGTERM)
}
