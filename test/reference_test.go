package test

import (
	"strings"
	"syscall"
	"testing"

	"comptesante/db/dbtest"
	"comptesante/domain"
)

// TestReferenceIsRenewed: another process renames a mutuelle, and a
// server that has it in memory says so by itself.
func TestReferenceIsRenewed(t *testing.T) {
	d, env := shared(t)
	id := dbtest.AddFile(t, d, 0)
	dbtest.Pay(t, d, dbtest.Record(t, 0, "A", "2026-11-02"))
	_, token := mint(t, env, id)
	s := serve(t, env)
	shown := func(name string) bool {
		a := s.query(token, `{ me { mutuelle { name } payments { nodes { complementary { ... on ComplementaryAwaited { mutuelle { name } } } } } } }`, nil)
		if a.code() != "" {
			t.Fatal(a.code())
		}
		return strings.Count(string(a.Data), name) == 2
	}
	if !shown("Mutuelle des Deux Rives") {
		t.Fatal("the mutuelle is not shown")
	}
	if _, err := d.SetMutuelle(t.Context(), domain.Mutuelle{Code: dbtest.MutuelleCode, Name: "Mutuelle d'Outre-Mer"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new name is shown", func() bool { return shown("Mutuelle d'Outre-Mer") })
	s.stop(syscall.SIGTERM)
}
