package db_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
)

// kindLines is the audit's lines on kinds of acts.
func kindLines(t testing.TB, name string) (lines []parameterLine) {
	t.Helper()
	conn := dbtest.Connect(t, db.App, name)
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), `SELECT actor, subject, detail::text FROM audit WHERE action = 'act_kind.changed' ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var l parameterLine
		var detail string
		if err := rows.Scan(&l.Actor, &l.Key, &detail); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(detail), &l.Detail); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// kindOf is what is listed of a code.
func kindOf(t testing.TB, d *db.DB, code string) db.KindOfCode {
	t.Helper()
	kinds, _, err := d.KindsOfCodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		if k.Code == code {
			return k
		}
	}
	return db.KindOfCode{}
}

// TestKindIsChanged: set, set to what it is, set anew, reset, of a code that the
// release knows and of one that it does not: each change is in force and has its
// line in the audit.
func TestKindIsChanged(t *testing.T) {
	d, name := dbtest.Open(t)
	dbtest.AddFile(t, d, 0)
	dbtest.Pay(t, d, dbtest.Record(t, 0, "A", "2026-11-02")) // of the code G
	set := func(code string, kind domain.ActKind, by, reason string) func() (db.KindChanged, error) {
		return func() (db.KindChanged, error) {
			return d.SetKindOfCode(t.Context(), db.KindChange{Code: code, Kind: kind, By: by, Reason: reason})
		}
	}
	reset := func(code string) func() (db.KindChanged, error) {
		return func() (db.KindChanged, error) {
			return d.ResetKindOfCode(t.Context(), db.KindChange{Code: code, By: "anne", Reason: "retrait"})
		}
	}
	const consultation, dental, other = domain.ActConsultation, domain.ActDental, domain.ActOther
	for _, row := range []struct {
		why    string
		change func() (db.KindChanged, error)
		want   db.KindChanged
		listed db.KindOfCode
	}{
		{"another than the release's", set("G", dental, "anne", " un "), db.KindChanged{Before: consultation, After: dental, Own: consultation, Changed: true, Paid: true},
			db.KindOfCode{Code: "G", Kind: dental, Own: consultation, ChangedBy: "anne", Reason: "un"}},
		{"the same", set("G", dental, "karim", "deux"), db.KindChanged{Before: dental, After: dental, Own: consultation, Paid: true},
			db.KindOfCode{Code: "G", Kind: dental, Own: consultation, ChangedBy: "anne", Reason: "un"}},
		{"the release's, confirmed", set("G", consultation, "karim", "trois"), db.KindChanged{Before: dental, After: consultation, Own: consultation, Changed: true, Paid: true},
			db.KindOfCode{Code: "G", Kind: consultation, Own: consultation, ChangedBy: "karim", Reason: "trois"}},
		{"the release's own", reset("G"), db.KindChanged{Before: consultation, After: consultation, Own: consultation, Changed: true, Paid: true},
			db.KindOfCode{Code: "G", Kind: consultation, Own: consultation}},
		{"a code that the release does not know", set("NEU", dental, "anne", "quatre"), db.KindChanged{Before: other, After: dental, Changed: true},
			db.KindOfCode{Code: "NEU", Kind: dental, ChangedBy: "anne", Reason: "quatre"}},
		{"has no kind again", reset("NEU"), db.KindChanged{Before: dental, After: other, Changed: true}, db.KindOfCode{}},
	} {
		got, err := row.change()
		if diff := cmp.Diff(row.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", row.why, err, diff)
		}
		code := "G"
		if got.Own == "" {
			code = "NEU"
		}
		listed := kindOf(t, d, code)
		if (listed.ChangedAt != nil) != (listed.ChangedBy != "") {
			t.Errorf("%s: by %q at %v", row.why, listed.ChangedBy, listed.ChangedAt)
		}
		listed.ChangedAt = nil
		if diff := cmp.Diff(row.listed, listed); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
	detail := func(before, after, own, reason any) map[string]any {
		return map[string]any{"before": before, "after": after, "default": own, "reason": reason}
	}
	want := []parameterLine{
		{"anne", "G", detail("CONSULTATION", "DENTAL", "CONSULTATION", "un")},
		{"karim", "G", detail("DENTAL", "CONSULTATION", "CONSULTATION", "trois")},
		{"anne", "G", detail("CONSULTATION", "CONSULTATION", "CONSULTATION", "retrait")},
		{"anne", "NEU", detail("OTHER", "DENTAL", nil, "quatre")},
		{"anne", "NEU", detail("DENTAL", "OTHER", nil, "retrait")},
	}
	if diff := cmp.Diff(want, kindLines(t, name)); diff != "" {
		t.Error(diff)
	}
}

// TestKindRefusals: each says the fault and the mend, and writes nothing.
func TestKindRefusals(t *testing.T) {
	d, name := dbtest.Open(t)
	for _, row := range []struct {
		why    string
		change db.KindChange
		reset  bool
		code   domain.Code
		mend   string
	}{
		{"no such kind", db.KindChange{Code: "G", Kind: "TOOTH", By: "o", Reason: "r"}, false, domain.Validation, "DENTAL, PARAMEDICAL"},
		{"no kind", db.KindChange{Code: "G", By: "o", Reason: "r"}, false, domain.Validation, "one of CONSULTATION"},
		{"no code", db.KindChange{Kind: domain.ActDental, By: "o", Reason: "r"}, false, domain.Validation, "1 to 16"},
		{"a code beyond any", db.KindChange{Code: strings.Repeat("A", 17), Kind: domain.ActDental, By: "o", Reason: "r"}, false, domain.Validation, "1 to 16"},
		{"a blank at its end", db.KindChange{Code: "G ", Kind: domain.ActDental, By: "o", Reason: "r"}, false, domain.Validation, "as senders write it"},
		{"no reason", db.KindChange{Code: "G", Kind: domain.ActDental, By: "o", Reason: " "}, false, domain.Validation, "why the kind of G"},
		{"nobody", db.KindChange{Code: "G", Kind: domain.ActDental, Reason: "r"}, false, domain.Validation, "who"},
		{"to reset what was not set", db.KindChange{Code: "G", By: "o", Reason: "r"}, true, domain.NotFound, "nothing to reset"},
		{"to reset what there is not", db.KindChange{Code: "NEU", By: "o", Reason: "r"}, true, domain.NotFound, "nothing to reset"},
	} {
		change := d.SetKindOfCode
		if row.reset {
			change = d.ResetKindOfCode
		}
		if _, err := change(t.Context(), row.change); domain.CodeOf(err) != row.code || !strings.Contains(err.Error(), row.mend) {
			t.Errorf("%s: %v", row.why, err)
		}
	}
	if lines := kindLines(t, name); len(lines) != 0 {
		t.Errorf("written: %v", lines)
	}
	kinds, _, err := d.KindsOfCodes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		if k.Kind != k.Own || k.ChangedAt != nil {
			t.Errorf("changed: %+v", k)
		}
	}
}

// TestCodesWithoutKind: codes of payments that have no kind are listed with a label.
func TestCodesWithoutKind(t *testing.T) {
	d, _ := dbtest.Open(t)
	dbtest.AddFile(t, d, 0)
	r := dbtest.Record(t, 0, "A", "2026-11-02")
	r.Lines[0].Act, r.Lines[0].Label = "NEU", "Nouveauté"
	dbtest.Pay(t, d, r, dbtest.Record(t, 0, "B", "2026-11-02"))
	_, without, err := d.KindsOfCodes(t.Context())
	if diff := cmp.Diff([]db.CodeWithoutKind{{Code: "NEU", Label: "Nouveauté"}}, without); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// TestKindsAtOnce: changes of one code by many at once are one after the other, so
// that the audit is a chain. It fails without the table's lock.
func TestKindsAtOnce(t *testing.T) {
	d, name := dbtest.Open(t)
	done := make(chan error, len(domain.ActKinds))
	for _, kind := range domain.ActKinds {
		go func() {
			_, err := d.SetKindOfCode(context.Background(), db.KindChange{Code: "NEU", Kind: kind, By: "o", Reason: "r"})
			done <- err
		}()
	}
	for range domain.ActKinds {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	var before any = "OTHER"
	for _, l := range kindLines(t, name) {
		if l.Detail["before"] != before {
			t.Errorf("%v follows %v", l.Detail, before)
		}
		before = l.Detail["after"]
	}
}
