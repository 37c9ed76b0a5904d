package auth_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/actor"
)

// What is remembered of a session is what the database says, whatever changed it:
// by our own hands, or by an operator's. Fails for the rows of people without the
// triggers of the tables, and for all without a look at the versions.
func TestMemoryIsOfNow(t *testing.T) {
	d := open(t)
	file, holder := dbtest.AddFile(t, d.DB, 0, "2017-09-03"), dbtest.AddFile(t, d.DB, 1)
	people := d.beneficiaries(t) // the parent, the child, the holder
	child := domain.ID{Kind: domain.KindBeneficiary, Assure: file.Assure, Key: people[1]}
	id, token := d.mint(t, holder.Assure)
	own := actor.Sight{Assure: holder.Assure, Beneficiaries: people[2:]}
	both := []actor.Sight{own, {Assure: file.Assure, Beneficiaries: people[1:2]}}
	today := dbtest.Day(t, "2026-11-23")
	check := func(why string, alive bool, want []actor.Sight) {
		t.Helper()
		actors, err := d.Actors(t.Context(), []string{id})
		if err != nil {
			t.Fatal(err)
		}
		a, ok := actors[id]
		if ok != alive || cmp.Diff(want, a.Sights) != "" {
			t.Errorf("%s: alive %v: %s", why, ok, cmp.Diff(want, a.Sights))
		}
	}
	if _, err := d.AuthenticateSocket(t.Context(), "Bearer "+token); err != nil {
		t.Fatal(err)
	}
	check("as it signed in", true, []actor.Sight{own})
	for _, step := range []struct {
		why   string
		do    func() error
		alive bool
		want  []actor.Sight
	}{
		{"a mandate is granted", func() error { return d.DB.GrantMandate(t.Context(), "test", child, holder.Assure, today) }, true, both},
		{"the child's day of birth does not open: it is left out", func() error {
			dbtest.Exec(t, d.name, `UPDATE beneficiaries SET birth_sealed = '\x00' WHERE id = $1`, child.Key)
			return nil
		}, true, []actor.Sight{own}},
		{"the mandate ends", func() error { return d.DB.EndMandate(t.Context(), "test", child, holder.Assure) }, true, []actor.Sight{own}},
		{"the account is suspended", func() error { return d.DB.SetSuspended(t.Context(), "test", holder.Assure, true) }, false, nil},
		{"that is lifted", func() error { return d.DB.SetSuspended(t.Context(), "test", holder.Assure, false) }, true, []actor.Sight{own}},
		{"the session is short now", func() error { return d.DB.ExtendSession(t.Context(), "test", id, d.now) }, false, nil},
		{"a person's row is gone", func() error {
			dbtest.Exec(t, d.name, `UPDATE sessions SET ends = '2030-01-01', version = version + 1 WHERE id = $1`, id)
			dbtest.Exec(t, d.name, `DELETE FROM beneficiaries WHERE id = $1`, people[2])
			return nil
		}, true, []actor.Sight{{Assure: holder.Assure}}},
		{"a person is added, whose day of birth does not open", func() error {
			dbtest.Exec(t, d.name, `INSERT INTO beneficiaries SELECT (b).* FROM (SELECT jsonb_populate_record(b, jsonb_build_object('id', 900, 'assure_id', $1::bigint)) AS b
				FROM beneficiaries b WHERE id = $2) x`, holder.Assure, child.Key)
			return nil
		}, false, nil},
		{"it is gone again", func() error {
			dbtest.Exec(t, d.name, `DELETE FROM beneficiaries WHERE id = 900`)
			return nil
		}, true, []actor.Sight{{Assure: holder.Assure}}},
		{"the session is ended", func() error { return d.DB.EndSession(t.Context(), "test", id) }, false, nil},
	} {
		if err := step.do(); err != nil {
			t.Fatal(step.why, err)
		}
		check(step.why, step.alive, step.want)
		check(step.why+", asked again", step.alive, step.want)
	}
}

// Many who sign in at once each get their own actor, or their own refusal.
func TestSocketsSignInTogether(t *testing.T) {
	d := open(t)
	const n = 40
	ids, tokens := make([]string, n), make([]string, n)
	files := []domain.ID{dbtest.AddFile(t, d.DB, 0), dbtest.AddFile(t, d.DB, 1), dbtest.AddFile(t, d.DB, 2)}
	for i := range n {
		ids[i], tokens[i] = d.mint(t, files[i%len(files)].Assure)
	}
	if err := d.DB.EndSession(t.Context(), "test", ids[1]); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			a, err := d.AuthenticateSocket(t.Context(), "Bearer "+tokens[i])
			switch {
			case i == 1 && domain.CodeOf(err) != domain.Unauthenticated:
				t.Errorf("ended: %+v %v", a, err)
			case i != 1 && (err != nil || a.Session != ids[i]):
				t.Errorf("%d: %s is given as %s, %v", i, ids[i], a.Session, err)
			}
		})
	}
	all.Wait()
	d.now = d.now.Add(time.Hour)
	if _, err := d.AuthenticateSocket(t.Context(), "Bearer cst_unknown"); domain.CodeOf(err) != domain.Unauthenticated {
		t.Errorf("unknown: %v", err)
	}
}
