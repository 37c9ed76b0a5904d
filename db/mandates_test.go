package db_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/actor"
)

// childrenOf are the ids of a file's children, in order of key.
func childrenOf(t testing.TB, name string, file domain.ID) (ids []domain.ID) {
	t.Helper()
	for _, key := range dbtest.Sight(t, name, file).Beneficiaries[1:] {
		ids = append(ids, domain.ID{Kind: domain.KindBeneficiary, Assure: file.Assure, Key: key})
	}
	return ids
}

// version is an assuré's revocation version.
func version(t testing.TB, name string, assure int64) (n int64) {
	t.Helper()
	conn := dbtest.Connect(t, db.App, name)
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(t.Context(), `SELECT version FROM assures WHERE id = $1`, assure).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestMandates: granted, ended and granted again; each raises the holder's
// version and nobody else's, and leaves a line in the audit.
func TestMandates(t *testing.T) {
	d, name := dbtest.Open(t)
	file, holder := dbtest.AddFile(t, d, 0, "2017-09-03", "2019-01-01"), dbtest.AddFile(t, d, 1)
	child, today := childrenOf(t, name, file)[0], dbtest.Day(t, "2026-11-23")
	before, ownBefore := version(t, name, holder.Assure), version(t, name, file.Assure)
	for i, step := range []error{
		d.GrantMandate(t.Context(), "op", child, holder.Assure, today),
		d.EndMandate(t.Context(), "op", child, holder.Assure),
		d.GrantMandate(t.Context(), "op", child, holder.Assure, today),
	} {
		if step != nil {
			t.Fatalf("step %d: %v", i, step)
		}
	}
	if theirs, own := version(t, name, holder.Assure), version(t, name, file.Assure); theirs != before+3 || own != ownBefore {
		t.Errorf("the holder's version is %d, the other's %d", theirs, own)
	}
	for _, assure := range []domain.ID{file, holder} {
		list, err := d.Mandates(t.Context(), assure.Assure)
		if err != nil || len(list) != 2 || !list[0].Ended.IsZero() || list[1].Ended.IsZero() || list[0].Child != child || list[0].Holder != holder.Assure {
			t.Errorf("listed: %+v %v", list, err)
		}
	}
	conn := dbtest.Connect(t, db.App, name)
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), `SELECT concat_ws(' ', actor, action, assure_id, subject, detail) FROM audit WHERE action LIKE 'mandate.%' ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	line := func(action string) string {
		return fmt.Sprintf(`op %s %d %s {"holder": %d, "beneficiary": %d}`, action, file.Assure, child, holder.Assure, child.Key)
	}
	if diff := cmp.Diff([]string{line("mandate.granted"), line("mandate.ended"), line("mandate.granted")}, lines); diff != "" || err != nil {
		t.Errorf("audit: %v %s", err, diff)
	}
}

// TestMandatesRefused: what nobody could see by a mandate is not granted, and
// leaves nothing: no version, no line.
func TestMandatesRefused(t *testing.T) {
	d, name := dbtest.Open(t)
	file, holder := dbtest.AddFile(t, d, 0, "2010-11-24", "2012-02-29"), dbtest.AddFile(t, d, 1)
	children := childrenOf(t, name, file)
	self := domain.ID{Kind: domain.KindBeneficiary, Assure: file.Assure, Key: dbtest.Sight(t, name, file).Beneficiaries[0]}
	if err := d.GrantMandate(t.Context(), "op", children[1], holder.Assure, dbtest.Day(t, "2028-02-28")); err != nil {
		t.Fatal(err)
	}
	elsewhere := children[0]
	elsewhere.Assure = holder.Assure
	before := version(t, name, holder.Assure)
	for _, row := range []struct {
		why    string
		child  domain.ID
		holder int64
		on     string
		want   domain.Code
	}{
		{"twice", children[1], holder.Assure, "2026-11-23", domain.Conflict},
		{"the child is sixteen", children[0], holder.Assure, "2026-11-24", domain.Validation},
		{"born on 29 February, sixteen", children[1], holder.Assure, "2028-02-29", domain.Validation},
		{"to the file's own assuré", children[0], file.Assure, "2026-11-23", domain.Validation},
		{"on the other parent", self, holder.Assure, "2026-11-23", domain.Validation},
		{"on nobody", domain.ID{Kind: domain.KindBeneficiary, Assure: file.Assure, Key: 999}, holder.Assure, "2026-11-23", domain.NotFound},
		{"on a child of another file", elsewhere, holder.Assure, "2026-11-23", domain.NotFound},
		{"to nobody", children[0], 999, "2026-11-23", domain.NotFound},
	} {
		if got := domain.CodeOf(d.GrantMandate(t.Context(), "op", row.child, row.holder, dbtest.Day(t, row.on))); got != row.want {
			t.Errorf("%s: got %q, want %q", row.why, got, row.want)
		}
	}
	for why, err := range map[string]error{
		"none stands":    d.EndMandate(t.Context(), "op", children[0], holder.Assure),
		"of nobody":      d.EndMandate(t.Context(), "op", children[1], 999),
		"of the sibling": d.EndMandate(t.Context(), "op", elsewhere, holder.Assure),
	} {
		if domain.CodeOf(err) != domain.NotFound {
			t.Errorf("ended although %s: %v", why, err)
		}
	}
	if after := version(t, name, holder.Assure); after != before {
		t.Errorf("the version went from %d to %d", before, after)
	}
	if list, err := d.Mandates(t.Context(), holder.Assure); err != nil || len(list) != 1 {
		t.Errorf("%+v %v", list, err)
	}
}

// TestMandatesAreBounded: two grants at once do not pass the bound together. It
// fails when the holder's row is not locked before the count.
func TestMandatesAreBounded(t *testing.T) {
	d, name := dbtest.Open(t)
	var born []string
	for n := range domain.MaxMandates + 3 {
		born = append(born, dbtest.Day(t, "2017-01-01").AddDays(n).String())
	}
	file, holder := dbtest.AddFile(t, d, 0, born...), dbtest.AddFile(t, d, 1)
	done := make(chan error, len(born))
	today := dbtest.Day(t, "2026-11-23")
	for _, child := range childrenOf(t, name, file) {
		go func() { done <- d.GrantMandate(context.Background(), "op", child, holder.Assure, today) }()
	}
	refused := 0
	for range born {
		switch err := <-done; {
		case domain.CodeOf(err) == domain.Conflict:
			refused++
		case err != nil:
			t.Error(err)
		}
	}
	if refused != 3 {
		t.Errorf("%d were refused of %d", refused, len(born))
	}
}

// TestMandatesStay: the role that serves may not move a mandate nor remove it,
// and the table itself refuses one to oneself, and a second that stands.
func TestMandatesStay(t *testing.T) {
	d, name := dbtest.Open(t)
	file, holder := dbtest.AddFile(t, d, 0, "2017-09-03"), dbtest.AddFile(t, d, 1)
	child := childrenOf(t, name, file)[0]
	if err := d.GrantMandate(t.Context(), "op", child, holder.Assure, dbtest.Day(t, "2026-11-23")); err != nil {
		t.Fatal(err)
	}
	conn := dbtest.Connect(t, db.App, name)
	defer func() { _ = conn.Close(context.Background()) }()
	for _, row := range []struct{ why, statement, code string }{
		{"moved to another holder", `UPDATE mandates SET holder_assure_id = assure_id`, "42501"},
		{"moved to another child", `UPDATE mandates SET beneficiary_id = 1`, "42501"},
		{"removed", `DELETE FROM mandates`, "42501"},
		{"emptied", `TRUNCATE mandates`, "42501"},
		{"to oneself", `INSERT INTO mandates (assure_id, beneficiary_id, holder_assure_id) SELECT assure_id, beneficiary_id, assure_id FROM mandates`, "23514"},
		{"twice", `INSERT INTO mandates (assure_id, beneficiary_id, holder_assure_id) SELECT assure_id, beneficiary_id, holder_assure_id FROM mandates`, "23505"},
		{"on nobody", `INSERT INTO mandates (assure_id, beneficiary_id, holder_assure_id) SELECT assure_id, 999, holder_assure_id FROM mandates`, "23503"},
	} {
		_, err := conn.Exec(t.Context(), row.statement)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != row.code {
			t.Errorf("%s: %v, want %s", row.why, err, row.code)
		}
	}
}

// TestSessionHoldsMandates: one statement reads the family and the children that
// mandates show, and a child whose day of birth does not open is left out, alone.
func TestSessionHoldsMandates(t *testing.T) {
	d, name := dbtest.Open(t)
	file, holder := dbtest.AddFile(t, d, 0, "2017-09-03", "2019-01-01", "2020-02-29"), dbtest.AddFile(t, d, 1, "2018-01-01")
	children := childrenOf(t, name, file)
	for _, c := range children[:2] {
		if err := d.GrantMandate(t.Context(), "op", c, holder.Assure, dbtest.Day(t, "2026-11-23")); err != nil {
			t.Fatal(err)
		}
	}
	id, err := d.OpenSession(t.Context(), "test", db.NewSession{Assure: holder.Assure, Role: actor.Assure, Level: actor.Local2, TokenHash: []byte("h"), Ends: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	seen := func() (keys []int64) {
		t.Helper()
		byToken, ok, err := d.SessionByToken(t.Context(), []byte("h"))
		if err != nil || !ok || byToken.Unreadable {
			t.Fatalf("%+v %v %v", byToken, ok, err)
		}
		byID, err := d.SessionsByID(t.Context(), []string{id})
		if diff := cmp.Diff(byToken, byID[id]); diff != "" || err != nil {
			t.Fatalf("by id: %v %s", err, diff)
		}
		for _, b := range byToken.People {
			if b.BirthDate.IsZero() {
				t.Errorf("%d comes without a day of birth", b.ID.Key)
			}
			keys = append(keys, b.ID.Key)
		}
		return keys
	}
	own := dbtest.Sight(t, name, holder).Beneficiaries
	if diff := cmp.Diff(append([]int64{children[0].Key, children[1].Key}, own...), seen()); diff != "" {
		t.Error(diff)
	}
	dbtest.Exec(t, name, `UPDATE beneficiaries SET birth_sealed = 'x' WHERE id = $1`, children[0].Key)
	if diff := cmp.Diff(append([]int64{children[1].Key}, own...), seen()); diff != "" {
		t.Errorf("one does not open: %s", diff)
	}
	if err := d.EndMandate(t.Context(), "op", children[1], holder.Assure); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(own, seen()); diff != "" {
		t.Errorf("ended: %s", diff)
	}
}

// TestChildBorn: an operator names a child by the day of birth, and twins by
// their rank too.
func TestChildBorn(t *testing.T) {
	d, name := dbtest.Open(t)
	r := dbtest.AddReference(t, d)
	f := db.NewFile{Assure: domain.Assure{NIR: dbtest.NIR(t, 0), BirthDate: dbtest.Day(t, "1985-05-14"), Caisse: domain.Caisse{ID: domain.ID{Key: r.Caisse}}}}
	for rank, born := range []string{"2017-09-03", "2021-02-28", "2021-02-28"} {
		f.Children = append(f.Children, domain.Beneficiary{Relation: domain.Child, BirthDate: dbtest.Day(t, born), BirthRank: rank})
	}
	f.Children[0].BirthRank = 1
	file, err := d.AddFile(t.Context(), "test", f)
	if err != nil {
		t.Fatal(err)
	}
	children := childrenOf(t, name, file)
	for _, row := range []struct {
		why, born string
		rank      int
		want      domain.ID
		code      domain.Code
	}{
		{"the only one of the day", "2017-09-03", 0, children[0], ""},
		{"with the rank", "2017-09-03", 1, children[0], ""},
		{"another rank", "2017-09-03", 2, domain.ID{}, domain.NotFound},
		{"twins", "2021-02-28", 0, domain.ID{}, domain.Conflict},
		{"the second twin", "2021-02-28", 2, children[2], ""},
		{"the assuré is no child", "1985-05-14", 0, domain.ID{}, domain.NotFound},
		{"nobody", "2017-09-04", 0, domain.ID{}, domain.NotFound},
	} {
		got, err := d.ChildBorn(t.Context(), file.Assure, dbtest.Day(t, row.born), row.rank)
		if got != row.want || domain.CodeOf(err) != row.code {
			t.Errorf("%s: %v %v", row.why, got, err)
		}
	}
}
