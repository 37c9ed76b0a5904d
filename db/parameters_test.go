package db_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
)

// inForce is what a process computes by now.
func inForce(t testing.TB, d *db.DB, key string) string {
	t.Helper()
	for _, doubt := range d.Parameters().Doubts() {
		if doubt.Key == key {
			return doubt.Current
		}
	}
	t.Fatalf("%s is no parameter", key)
	return ""
}

// another opens a database once more, as another process does.
func another(t testing.TB, name string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), dbtest.URL(db.App, name), dbtest.Keys(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// parameterLine is a line of the audit on a parameter.
type parameterLine struct {
	Actor, Key string
	Detail     map[string]any
}

func parameterLines(t testing.TB, name string) (lines []parameterLine) {
	t.Helper()
	conn := dbtest.Connect(t, db.App, name)
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), `SELECT actor, subject, detail FROM audit WHERE action = 'parameter.changed' ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var l parameterLine
		var detail []byte
		if err := rows.Scan(&l.Actor, &l.Key, &detail); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(detail, &l.Detail); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// TestParameterIsChanged: set, set again, set to what it is, reset: each change is
// what the next process computes by, and has its line in the audit.
func TestParameterIsChanged(t *testing.T) {
	d, name := dbtest.Open(t)
	const key = "taux.aspa"
	set := func(value, by, reason string) (db.ParameterChanged, error) {
		return d.SetParameter(t.Context(), db.ParameterChange{Key: key, Value: value, By: by, Reason: reason})
	}
	for _, row := range []struct {
		why     string
		change  func() (db.ParameterChanged, error)
		want    db.ParameterChanged
		current string
	}{
		{"the first value", func() (db.ParameterChanged, error) { return set("85,50", "anne", " arrêté ") }, db.ParameterChanged{After: "85.5", Own: "80"}, "85.5"},
		{"another", func() (db.ParameterChanged, error) { return set("90", "operator", "rectificatif") }, db.ParameterChanged{Before: "85.5", After: "90", Own: "80"}, "90"},
		{"the same", func() (db.ParameterChanged, error) { return set("90.0", "operator", "encore") }, db.ParameterChanged{Before: "90", After: "90", Own: "80"}, "90"},
		{"none", func() (db.ParameterChanged, error) {
			return d.ResetParameter(t.Context(), db.ParameterChange{Key: key, By: "anne", Reason: "retrait"})
		}, db.ParameterChanged{Before: "90", Own: "80"}, "80"},
	} {
		got, err := row.change()
		if diff := cmp.Diff(row.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", row.why, err, diff)
		}
		if now := inForce(t, another(t, name), key); now != row.current {
			t.Errorf("%s: another process computes by %s", row.why, now)
		}
	}
	want := []parameterLine{
		{"anne", key, map[string]any{"before": nil, "after": "85.5", "default": "80", "reason": "arrêté"}},
		{"operator", key, map[string]any{"before": "85.5", "after": "90", "default": "80", "reason": "rectificatif"}},
		{"anne", key, map[string]any{"before": "90", "after": nil, "default": "80", "reason": "retrait"}},
	}
	if diff := cmp.Diff(want, parameterLines(t, name)); diff != "" {
		t.Error(diff)
	}
}

// TestStoredParameters: the list says who changed what and why, the last change
// alone.
func TestStoredParameters(t *testing.T) {
	d, _ := dbtest.Open(t)
	for _, c := range []db.ParameterChange{
		{Key: "taux.aspa", Value: "85", By: "anne", Reason: "un"},
		{Key: "acte-lourd.montant.2026.debut", Value: "2026-04-01", By: "anne", Reason: "deux"},
		{Key: "taux.aspa", Value: "86", By: "karim", Reason: "trois"},
	} {
		if _, err := d.SetParameter(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	got, err := d.StoredParameters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if got[i].ChangedAt.IsZero() {
			t.Errorf("%s was changed at no time", got[i].Key)
		}
		got[i].ChangedAt = time.Time{}
	}
	want := []db.StoredParameter{
		{Key: "acte-lourd.montant.2026.debut", Value: "2026-04-01", ChangedBy: "anne", Reason: "deux"},
		{Key: "taux.aspa", Value: "86", ChangedBy: "karim", Reason: "trois"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestParameterRefusals: each says the fault and the mend, and writes nothing.
func TestParameterRefusals(t *testing.T) {
	d, name := dbtest.Open(t)
	for _, row := range []struct {
		why    string
		change db.ParameterChange
		reset  bool
		code   domain.Code
		mend   string
	}{
		{"no such key", db.ParameterChange{Key: "taux.apsa", Value: "80", By: "o", Reason: "r"}, false, domain.Validation, "taux.aspa"},
		{"not in its form", db.ParameterChange{Key: "taux.aspa", Value: "80 %", By: "o", Reason: "r"}, false, domain.Validation, "percentage"},
		{"out of bounds", db.ParameterChange{Key: "taux.aspa", Value: "101", By: "o", Reason: "r"}, false, domain.Validation, "0 to 100"},
		{"nothing", db.ParameterChange{Key: "taux.aspa", By: "o", Reason: "r"}, false, domain.Validation, "percentage"},
		{"a day before the value before it", db.ParameterChange{Key: "acte-lourd.montant.2026.debut", Value: "2018-01-01", By: "o", Reason: "r"}, false, domain.Validation, "after 2019-01-01"},
		{"no reason", db.ParameterChange{Key: "taux.aspa", Value: "85", By: "o", Reason: " "}, false, domain.Validation, "why taux.aspa"},
		{"a novel", db.ParameterChange{Key: "taux.aspa", Value: "85", By: "o", Reason: strings.Repeat("é", 501)}, false, domain.Validation, "500"},
		{"nobody", db.ParameterChange{Key: "taux.aspa", Value: "85", Reason: "r"}, false, domain.Validation, "who"},
		{"to reset what was not set", db.ParameterChange{Key: "taux.aspa", By: "o", Reason: "r"}, true, domain.NotFound, "nothing to reset"},
		{"to reset what there is not", db.ParameterChange{Key: "taux.apsa", By: "o", Reason: "r"}, true, domain.Validation, "taux.aspa"},
		{"to reset without a reason", db.ParameterChange{Key: "taux.aspa", By: "o"}, true, domain.Validation, "why"},
	} {
		change := d.SetParameter
		if row.reset {
			change = d.ResetParameter
		}
		if _, err := change(t.Context(), row.change); domain.CodeOf(err) != row.code || !strings.Contains(err.Error(), row.mend) {
			t.Errorf("%s: %v", row.why, err)
		}
	}
	if stored, err := d.StoredParameters(t.Context()); err != nil || len(stored) != 0 || len(parameterLines(t, name)) != 0 {
		t.Errorf("written: %v, %v, %v", stored, parameterLines(t, name), err)
	}
}

// TestParametersAtOnce: changes of one parameter by many at once are one after
// the other, so that the audit is a chain. It fails without the table's lock.
func TestParametersAtOnce(t *testing.T) {
	d, name := dbtest.Open(t)
	values := []string{"81", "82", "83", "84", "85", "86"}
	done := make(chan error, len(values))
	for _, value := range values {
		go func() {
			_, err := d.SetParameter(context.Background(), db.ParameterChange{Key: "taux.aspa", Value: value, By: "o", Reason: "r"})
			done <- err
		}()
	}
	for range values {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	var before any
	for _, l := range parameterLines(t, name) {
		if l.Detail["before"] != before {
			t.Errorf("%v follows %v", l.Detail, before)
		}
		before = l.Detail["after"]
	}
	if stored, err := d.StoredParameters(t.Context()); err != nil || len(stored) != 1 || stored[0].Value != before {
		t.Errorf("%v is stored after %v, %v", stored, before, err)
	}
}

// heard hands on each line of a log.
type heard struct {
	slog.Handler
	lines chan slog.Record
}

func listen() heard { return heard{slog.DiscardHandler, make(chan slog.Record, 100)} }

func (h heard) Enabled(context.Context, slog.Level) bool { return true }

func (h heard) Handle(_ context.Context, r slog.Record) error {
	h.lines <- r
	return nil
}

// wait is the next line that holds these words, with its attributes.
func (h heard) wait(t testing.TB, words string) map[string]string {
	t.Helper()
	for {
		select {
		case r := <-h.lines:
			if strings.Contains(r.Message, words) {
				attributes := map[string]string{}
				r.Attrs(func(a slog.Attr) bool { attributes[a.Key] = a.Value.String(); return true })
				return attributes
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("never logged: %s", words)
		}
	}
}

// keep runs KeepReference until the test ends.
func keep(t *testing.T, d *db.DB, h heard) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.KeepReference(ctx, slog.New(h))
	}()
	t.Cleanup(func() { stop(); <-ended })
}

// ring tells a process what the relay would tell it: the chimes of the outbox. It
// fails the test where there is none of reference data.
func ring(t testing.TB, from, to *db.DB) {
	t.Helper()
	rung := 0
	if _, _, err := from.TakeOutbox(t.Context(), 1000, func(taken []domain.Chime) error {
		for _, c := range taken {
			if c.FeedKey == domain.ReferenceKey {
				rung++
				to.ReferenceChanged(c.Seq)
			}
		}
		return nil
	}); err != nil || rung != 1 {
		t.Fatalf("%d chimes, %v", rung, err)
	}
}

// TestParameterIsRenewed: what one process sets and resets, another that has it
// in memory computes by as soon as the bell rings, however seldom the poll looks.
// It fails when the table's trigger does not raise the version, or the renewal
// does not read parameters.
func TestParameterIsRenewed(t *testing.T) {
	defer db.ReferencePoll(time.Hour)()
	d, name := dbtest.Open(t)
	other, log := another(t, name), listen()
	keep(t, other, log)
	const key = "acte-lourd.montant.2026.debut"
	before := other.Parameters()
	for _, value := range []string{"2026-04-01", "2026-04-02"} { // a new row, then a changed one
		if _, err := d.SetParameter(t.Context(), db.ParameterChange{Key: key, Value: value, By: "o", Reason: "r"}); err != nil {
			t.Fatal(err)
		}
		ring(t, d, other)
		log.wait(t, "have changed")
		if now := inForce(t, other, key); now != value {
			t.Errorf("computes by %s", now)
		}
	}
	if len(before.Settings()) != 0 {
		t.Error("what a computation has begun with has changed under it")
	}
	if _, err := d.ResetParameter(t.Context(), db.ParameterChange{Key: key, By: "o", Reason: "r"}); err != nil {
		t.Fatal(err)
	}
	ring(t, d, other)
	log.wait(t, "have changed")
	if now := inForce(t, other, key); now != "2026-04-22" {
		t.Errorf("after the reset it computes by %s", now)
	}
}

// TestParameterWithoutBell: the poll finds a change that no chime told, and a
// change of other reference data is none of the parameters.
func TestParameterWithoutBell(t *testing.T) {
	d, name := dbtest.Open(t)
	dbtest.AddReference(t, d)
	other, log := another(t, name), listen()
	keep(t, other, log)
	dbtest.Exec(t, name, `UPDATE mutuelles SET name = 'Nouvelle mutuelle'`)
	dbtest.Exec(t, name, `INSERT INTO parameters (key, value, changed_by, reason) VALUES ('taux.aspa', '85', 'dba', 'by hand')`)
	if got := log.wait(t, "have changed"); got["stored"] != "1" || inForce(t, other, "taux.aspa") != "85" {
		t.Errorf("told %v, computes by %s", got, inForce(t, other, "taux.aspa"))
	}
}

// TestUnknownParametersAreLeftOut: what another release has stored is logged when
// it is first seen, and everything else goes on.
func TestUnknownParametersAreLeftOut(t *testing.T) {
	defer db.ReferencePoll(time.Hour)()
	d, name := dbtest.Open(t)
	dbtest.Exec(t, name, `INSERT INTO parameters (key, value, changed_by, reason) VALUES
		('of.a.newer.release', '1', 'o', 'r'), ('taux.aspa', '85', 'o', 'r'), ('taux.imagerie', 'soixante', 'o', 'r')`)
	other, log := another(t, name), listen()
	if inForce(t, other, "taux.aspa") != "85" || inForce(t, other, "taux.imagerie") != "70" {
		t.Errorf("computes by %v", other.Parameters().Settings())
	}
	keep(t, other, log)
	for _, key := range []string{"of.a.newer.release", "taux.imagerie"} {
		if got := log.wait(t, "left out"); got["key"] != key || !strings.Contains(got["fault"], key) {
			t.Errorf("told %v of %s", got, key)
		}
	}
	for _, key := range []string{"of.a.newer.release", "taux.imagerie"} { // what is wrong can be mended
		if _, err := d.ResetParameter(t.Context(), db.ParameterChange{Key: key, By: "o", Reason: "r"}); err != nil {
			t.Error(err)
		}
	}
	if _, err := d.SetParameter(t.Context(), db.ParameterChange{Key: "taux.imagerie", Value: "70", By: "o", Reason: "r"}); err != nil {
		t.Error(err)
	}
}
