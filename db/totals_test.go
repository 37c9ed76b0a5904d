package db_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/money"
)

// plainSum adds up payments one by one.
func plainSum(payments []domain.Payment) (t domain.PaymentTotals) {
	for _, p := range payments {
		t.Count++
		t.Amount += p.Amount
		if known, ok := p.Complementary.(domain.ComplementaryKnown); ok {
			t.Complementary += known.Amount
		}
		for _, l := range p.Lines {
			t.Spent += l.Spent
			t.Retained += l.Retained
		}
	}
	return t
}

// randomRecord is a payment of somebody of the file, some of them recoveries,
// some before the window.
func randomRecord(t *testing.T, chance *rand.Rand, n int) domain.PaymentRecord {
	r := dbtest.Record(t, 0, fmt.Sprint(n), dbtest.Day(t, "2024-06-01").AddDays(chance.IntN(880)).String())
	r.Lines, r.Amount = nil, 0
	for range 1 + chance.IntN(4) {
		l := domain.PaymentLine{CaredOn: r.PaidOn.AddDays(-chance.IntN(30)), Act: "G", Label: "Consultation", Spent: money.Cents(chance.IntN(20_000) - 3_000),
			Rate: 70, Retained: money.Cents(chance.IntN(3) * 100)}
		l.Base = l.Spent
		l.Reimbursed = l.Base * 70 / 100
		l.Paid = l.Reimbursed - l.Retained
		r.Lines, r.Amount = append(r.Lines, l), r.Amount+l.Paid
	}
	if chance.IntN(3) == 0 {
		r.BirthDate, r.BirthRank = dbtest.Day(t, "2015-03-02"), 1
	}
	if chance.IntN(2) == 0 {
		r.Recipient = domain.ToProfessional
	}
	switch chance.IntN(4) {
	case 0:
		r.Complementary = domain.RecordPart{State: domain.StateKnown, Mutuelle: dbtest.MutuelleCode, Amount: money.Cents(chance.IntN(5_000) - 500)}
	case 1:
		r.Complementary = domain.RecordPart{State: domain.StateNone}
	case 2:
		r.Complementary.State = domain.StateElsewhere
	}
	return r
}

// some picks values by chance, nil for no condition.
func some[T any](chance *rand.Rand, all ...T) (picked []T) {
	if chance.IntN(2) == 0 {
		return nil
	}
	picked = []T{}
	for _, v := range all {
		if chance.IntN(2) == 0 {
			picked = append(picked, v)
		}
	}
	return picked
}

// TestTotals: whatever the filter, the period and who is in sight, totals are
// the plain sum of what the list gives, to the cent. It fails when a condition
// of the two differs.
func TestTotals(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0, "2015-03-02")
	chance := rand.New(rand.NewPCG(3, 4))
	var records []domain.PaymentRecord
	for n := range 90 {
		records = append(records, randomRecord(t, chance, n))
	}
	dbtest.Pay(t, d, records...)
	all := dbtest.Sight(t, name, id)
	person := func(i int) domain.ID {
		return domain.ID{Kind: domain.KindBeneficiary, Assure: id.Assure, Key: all.Beneficiaries[i]}
	}
	counted := 0
	for n := range 150 {
		sight := actor.Sight{Assure: all.Assure, Beneficiaries: all.Beneficiaries[:1+n%2]}
		q := whole(t)
		q.Filter = domain.PageFilter{Beneficiaries: some(chance, person(0), person(1)), Recipients: some(chance, domain.ToAssure, domain.ToProfessional),
			Complementary: some(chance, domain.StateKnown, domain.StateAwaited, domain.StateNone, domain.StateElsewhere)}
		if chance.IntN(2) == 0 {
			from := q.From.AddDays(chance.IntN(600))
			to := from.AddDays(chance.IntN(400))
			if err := q.SetPeriod(dbtest.Day(t, "2026-11-23"), &from, &to); err != nil {
				t.Fatal(err)
			}
		}
		file, err := d.File(t.Context(), sight, db.FileQuery{Pages: []domain.PageQuery{q}, Totals: []domain.PageQuery{q}})
		if err != nil {
			t.Fatal(err)
		}
		want := plainSum(file.Pages[0].Payments)
		if diff := cmp.Diff(want, file.Totals[0]); diff != "" || file.Pages[0].HasNext {
			t.Errorf("%d people, %+v, %s to %s: %s", len(sight.Beneficiaries), q.Filter, q.From, q.To, diff)
		}
		counted += want.Count
	}
	if counted < 500 {
		t.Errorf("only %d payments were summed", counted)
	}
}
