package db_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
)

func record(t testing.TB, d *db.DB, r domain.PaymentRecord) domain.Recorded {
	t.Helper()
	out, err := d.RecordPayments(t.Context(), "test", []domain.PaymentRecord{r})
	if err != nil {
		t.Fatal(err)
	}
	return out[0]
}

func TestRecordTwiceIsOnce(t *testing.T) {
	d := dbtest.New(t)
	id := dbtest.AddFile(t, d, 0)
	r := dbtest.Record(t, 0, "A1", "2026-11-02")
	for _, want := range []domain.Outcome{domain.OutcomeAdded, domain.OutcomeUnchanged, domain.OutcomeUnchanged} {
		if got := record(t, d, r); got.Outcome != want {
			t.Errorf("got %s %v, want %s", got.Outcome, got.Fault, want)
		}
	}
	if got := events(t, d, feedOf(id), 0); len(got) != 1 || got[0].Kind != domain.EventAdded {
		t.Errorf("%d events", len(got))
	}
}

// TestCorrection: a late mutuelle part and a changed line are corrections that
// tell what changed; the day of payment and the person stay.
func TestCorrection(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0, "2015-03-02")
	r := dbtest.Record(t, 0, "A1", "2026-11-02")
	dbtest.Pay(t, d, r)

	r.Complementary = domain.RecordPart{State: domain.StateKnown, Mutuelle: dbtest.MutuelleCode, Amount: 900, PaidOn: dbtest.Day(t, "2026-11-05")}
	r.Lines = append(r.Lines[:1:1], r.Lines[0])
	r.Lines[1].Retained, r.Lines[1].Paid = 100, 2000
	r.Amount = 3900
	dbtest.Pay(t, d, r)

	list := events(t, d, feedOf(id), 1)
	if len(list) != 1 || list[0].Kind != domain.EventCorrected {
		t.Fatalf("got %d events", len(list))
	}
	fact, changed := list[0].Fact.(*domain.PaymentFact), map[string]string{}
	for _, c := range fact.Changes {
		before, after := "-", "-"
		if c.Before != nil {
			before = *c.Before
		}
		if c.After != nil {
			after = *c.After
		}
		changed[c.Field] = before + " > " + after
	}
	want := map[string]string{
		"amount": "1900 > 3900", "complementary": "AWAITED > KNOWN", "complementary.amount": "- > 900", "complementary.paidOn": "- > 2026-11-05",
		"lines.1.caredOn": "- > 2026-10-28", "lines.1.act": "- > G", "lines.1.label": "- > Consultation", "lines.1.professional": "- > 99700000001",
		"lines.1.spent": "- > 3000", "lines.1.base": "- > 3000", "lines.1.rate": "- > 70", "lines.1.reimbursed": "- > 2100",
		"lines.1.retained": "- > 100", "lines.1.paid": "- > 2000",
	}
	if diff := cmp.Diff(want, changed); diff != "" {
		t.Error(diff)
	}
	p := fact.Payment
	if p.Revision != 1 || p.Amount != 3900 || len(p.Lines) != 2 || p.Lines[1].Paid != 2000 {
		t.Errorf("stored %+v", p)
	}
	if page := dbtest.Page(t, d, dbtest.Sight(t, name, id), whole(t)); len(page.Payments) != 1 {
		t.Errorf("the history holds %d payments", len(page.Payments))
	}

	moved := r
	moved.PaidOn = dbtest.Day(t, "2026-11-03")
	if got := record(t, d, moved); got.Outcome != domain.OutcomeRejected || got.Fault.Field != "paidOn" {
		t.Errorf("a moved payment: %+v", got)
	}
	other := r
	other.BirthDate, other.BirthRank = dbtest.Day(t, "2015-03-02"), 1
	if got := record(t, d, other); got.Outcome != domain.OutcomeRejected || got.Fault.Field != "beneficiary" {
		t.Errorf("another person's payment: %+v", got)
	}
}

// whole asks for everything that can be seen on 23 November 2026.
func whole(t testing.TB) domain.PageQuery {
	t.Helper()
	q := domain.PageQuery{Limit: domain.MaxPage, Needs: domain.AllNeeds}
	if err := q.SetPeriod(dbtest.Day(t, "2026-11-23"), nil, nil); err != nil {
		t.Fatal(err)
	}
	return q
}

// TestTwiceInOneCall: the second of the same reference corrects the first.
func TestTwiceInOneCall(t *testing.T) {
	d := dbtest.New(t)
	id := dbtest.AddFile(t, d, 0)
	first, second := dbtest.Record(t, 0, "A1", "2026-11-02"), dbtest.Record(t, 0, "A1", "2026-11-02")
	second.Movement = "VIR 2"
	out, err := d.RecordPayments(t.Context(), "test", []domain.PaymentRecord{first, second, second})
	if err != nil {
		t.Fatal(err)
	}
	if out[0].Outcome != domain.OutcomeAdded || out[1].Outcome != domain.OutcomeCorrected || out[2].Outcome != domain.OutcomeUnchanged {
		t.Errorf("got %+v", out)
	}
	if got := events(t, d, feedOf(id), 0); len(got) != 2 || paid(got[1]).Movement.Reference != "VIR 2" {
		t.Errorf("%d events", len(got))
	}
}

// TestRejectedAlone: what is unknown is rejected by name, the rest goes in.
func TestRejectedAlone(t *testing.T) {
	d := dbtest.New(t)
	dbtest.AddFile(t, d, 0)
	stranger, child, mutuelle := dbtest.Record(t, 3, "B", "2026-11-02"), dbtest.Record(t, 0, "C", "2026-11-02"), dbtest.Record(t, 0, "D", "2026-11-02")
	child.BirthDate, child.BirthRank = dbtest.Day(t, "2015-03-02"), 1
	mutuelle.Complementary.Mutuelle = "nobody"
	out, err := d.RecordPayments(t.Context(), "test", []domain.PaymentRecord{stranger, dbtest.Record(t, 0, "A", "2026-11-02"), child, mutuelle})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, o := range out {
		if o.Fault != nil {
			got = append(got, string(o.Outcome)+" "+o.Fault.Field)
			continue
		}
		got = append(got, string(o.Outcome))
	}
	if diff := cmp.Diff([]string{"REJECTED nir", "ADDED", "REJECTED beneficiary", "REJECTED complementary.mutuelle"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestAllOrNothing: a transaction that fails leaves no payment, no event and no
// chime.
func TestAllOrNothing(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0)
	dbtest.Exec(t, name, `ALTER TABLE outbox ADD CONSTRAINT broken CHECK (seq < 0)`)
	if _, err := d.RecordPayments(t.Context(), "test", []domain.PaymentRecord{dbtest.Record(t, 0, "A", "2026-11-02")}); err == nil {
		t.Fatal("no error")
	}
	if page := dbtest.Page(t, d, dbtest.Sight(t, name, id), whole(t)); len(page.Payments) != 0 || len(events(t, d, feedOf(id), 0)) != 0 {
		t.Errorf("left behind: %v", page.Payments)
	}
	dbtest.Exec(t, name, `ALTER TABLE outbox DROP CONSTRAINT broken`)
	if got := record(t, d, dbtest.Record(t, 0, "A", "2026-11-02")); got.Outcome != domain.OutcomeAdded {
		t.Errorf("the key was left behind: %+v", got)
	}
}

// TestRenamedMutuelleIsNoChange: a mutuelle that was renamed since its name was
// read is the same mutuelle. It fails when names are compared.
func TestRenamedMutuelleIsNoChange(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0)
	r := dbtest.Record(t, 0, "A", "2026-11-02")
	dbtest.Pay(t, d, r)
	events(t, d, feedOf(id), 0) // the name is in memory
	dbtest.Exec(t, name, `UPDATE mutuelles SET name = 'Nouvelle'`)
	r.Movement = "another"
	dbtest.Pay(t, d, r)
	list := events(t, d, feedOf(id), 1)
	if len(list) != 1 {
		t.Fatalf("told %+v", list)
	}
	if changes := list[0].Fact.(*domain.PaymentFact).Changes; len(changes) != 1 || changes[0].Field != "movement.reference" {
		t.Errorf("told %+v", list)
	}
}

// TestRejectedLeavesNothing: what a rejected record names is not remembered,
// whether its file is nobody's or it would change what a payment is: that of
// before, or of the same call.
func TestRejectedLeavesNothing(t *testing.T) {
	d, name := dbtest.Open(t)
	dbtest.AddFile(t, d, 0, "2015-03-02")
	dbtest.Pay(t, d, dbtest.Record(t, 0, "A", "2026-11-02"))
	named := func(r domain.PaymentRecord) domain.PaymentRecord {
		r.Lines = slices.Clone(r.Lines)
		r.Lines[0].Label, r.Lines[0].Professional = "Consultation de Mme Martin", &domain.Professional{Number: "1", Name: "n", Specialty: "s"}
		return r
	}
	other := named(dbtest.Record(t, 0, "A", "2026-11-02"))
	other.BirthDate, other.BirthRank = dbtest.Day(t, "2015-03-02"), 1
	out, err := d.RecordPayments(t.Context(), "test", []domain.PaymentRecord{
		named(dbtest.Record(t, 1, "A", "2026-11-02")), named(dbtest.Record(t, 0, "A", "2026-11-03")), other,
		dbtest.Record(t, 0, "B", "2026-11-02"), named(dbtest.Record(t, 0, "B", "2026-11-03"))})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range out {
		if o.Fault != nil {
			got = append(got, o.Fault.Field)
			continue
		}
		got = append(got, string(o.Outcome))
	}
	if diff := cmp.Diff([]string{"nir", "paidOn", "beneficiary", "ADDED", "paidOn"}, got); diff != "" {
		t.Error(diff)
	}
	conn := dbtest.Connect(t, db.App, name)
	defer func() { _ = conn.Close(context.Background()) }()
	var left int
	if err := conn.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM acts) + (SELECT count(*) FROM professionals)`).Scan(&left); err != nil || left != 2 {
		t.Errorf("%d rows are there, instead of those of the payments: %v", left, err)
	}
	r := named(dbtest.Record(t, 0, "A", "2026-11-02"))
	if got := record(t, d, r); got.Outcome != domain.OutcomeCorrected {
		t.Errorf("the same names, where they are stored: %+v", got)
	}
}
