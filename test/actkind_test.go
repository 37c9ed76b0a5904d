package test

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"

	"comptesante/db/dbtest"
)

// TestKindIsChanged: an operator gives a code another kind and takes it back, and
// a server that runs groups stored payments by it, by itself.
func TestKindIsChanged(t *testing.T) {
	d, env := shared(t)
	id := dbtest.AddFile(t, d, 0)
	r := dbtest.Record(t, 0, "A", "2026-11-02")
	r.Lines[0].Act = "NEU"
	dbtest.Pay(t, d, r)
	_, token := mint(t, env, id)
	s := serve(t, env)
	shown := func(kind string) bool {
		a := s.query(token, `query ($kinds: [ActKind!]) { me { payments { nodes { lines { kind } } } of: payments(filter: {kinds: $kinds}) { nodes { reference } } } }`,
			map[string]any{"kinds": []string{kind}})
		if a.code() != "" {
			t.Fatal(a.Errors)
		}
		return strings.Contains(string(a.Data), `"kind":"`+kind+`"`) && strings.Contains(string(a.Data), `"reference":"A"`)
	}
	if !shown("OTHER") {
		t.Fatal("a code without a kind is not OTHER")
	}
	for _, row := range []struct {
		why    string
		args   []string
		status int
		want   string
	}{
		{"a wrong kind", []string{"set", "NEU", "TOOTH", "--reason", "r"}, 1, "DENTAL"},
		{"no reason", []string{"set", "NEU", "DENTAL"}, 1, "--reason"},
		{"nothing to reset", []string{"reset", "NEU", "--reason", "r"}, 1, "nothing to reset"},
		{"well, in small letters", []string{"set", "NEU", "dental", "--reason", "table", "--by", "anne"}, 0, "NEU is now DENTAL; it was OTHER\n"},
	} {
		if out, status := run(t, env, "", append([]string{"act-kind"}, row.args...)...); (status != 0) != (row.status != 0) || !strings.Contains(out, row.want) || strings.Contains(out, "VALIDATION") {
			t.Errorf("%s: %d %s", row.why, status, out)
		}
	}
	eventually(t, "the new kind is shown", func() bool { return shown("DENTAL") })
	if out, status := run(t, env, "", "act-kind", "list"); status != 0 || !strings.Contains(out, "changed by anne") || !strings.Contains(out, "unverified") {
		t.Errorf("%d %s", status, out)
	}
	var list struct {
		Kinds []struct {
			Code    string
			Changed *struct{ By string }
		}
	}
	if out, status := run(t, env, "", "act-kind", "list", "--json"); status != 0 || json.Unmarshal([]byte(out), &list) != nil || len(list.Kinds) < 50 {
		t.Errorf("%d %s", status, out)
	}
	if out, status := run(t, env, "", "act-kind", "reset", "NEU", "--reason", "retrait"); status != 0 || !strings.Contains(out, "NEU is now OTHER") {
		t.Errorf("%d %s", status, out)
	}
	eventually(t, "it has none again", func() bool { return shown("OTHER") })
	s.stop(syscall.SIGTERM)
}
