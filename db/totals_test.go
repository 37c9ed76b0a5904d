package db_test

import (
	gocmp "cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
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
			if l.Allowance != nil {
				t.Allowances += l.Allowance.Net()
			}
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
		randomCare(t, chance, &l)
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

// randomCare says what a line is for: some are daily allowances.
func randomCare(t *testing.T, chance *rand.Rand, l *domain.PaymentLine) {
	who := []domain.Professional{
		{Number: "997001", Name: "Dr Éloïse Brûlé", Specialty: "Médecin généraliste", Town: new(string)},
		{Number: "997002", Name: "Pharmacie de l'Œillet", Specialty: "Pharmacie"},
	}
	*who[0].Town = "L'Haÿ-les-Roses"
	switch chance.IntN(5) {
	case 0:
		l.Act, l.Label, l.Professional = "PH7", "Médicaments à 65 %", &who[1]
	case 1:
		l.Act, l.Label, l.Professional = "XYZ", "Acte inconnu", &who[0]
	case 2:
		days := 1 + chance.IntN(14)
		l.Act, l.Label, l.Spent, l.Base, l.Rate = "IJ", "Indemnités journalières", 0, 0, 0
		l.Allowance = &domain.DailyAllowance{Nature: domain.ForSickness, From: l.CaredOn, To: l.CaredOn.AddDays(days - 1), Days: days,
			Daily: 4147, Gross: money.Cents(4147 * days), CSG: money.Cents(257 * days), CRDS: money.Cents(21 * days)}
		l.Reimbursed = l.Allowance.Net()
	case 3:
		l.Professional = &who[0]
	}
	switch {
	case l.Retained == 0:
	case chance.IntN(2) == 0:
		l.Retentions = []domain.Retention{{Kind: domain.Participation, Amount: l.Retained}, {Kind: domain.Franchise, Amount: 100, Deferred: true}}
	default:
		paid := dbtest.Day(t, "2024-01-20")
		l.Retentions = []domain.Retention{{Kind: domain.Franchise, Amount: l.Retained, Of: &domain.EarlierCare{CaredOn: dbtest.Day(t, "2024-01-10"), PaidOn: &paid, Label: "Boîte"}}}
	}
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

// randomFilter is a filter of all that can be asked.
func randomFilter(t *testing.T, chance *rand.Rand, people, professionals []domain.ID) (f domain.PageFilter) {
	f.Recipients = some(chance, domain.ToAssure, domain.ToProfessional)
	f.Beneficiaries = some(chance, people...)
	f.Complementary = some(chance, domain.StateKnown, domain.StateAwaited, domain.StateNone, domain.StateElsewhere)
	if chance.IntN(2) == 0 {
		f.States = some(chance, domain.PaymentPaid, domain.PaymentRecovered, domain.PaymentAnnounced)
	}
	switch chance.IntN(6) {
	case 0:
		f.Lines.Kinds = some(chance, domain.ActConsultation, domain.ActPharmacy, domain.ActAllowance, domain.ActOther)
	case 1:
		f.Lines.Professionals = some(chance, professionals...)
	case 2:
		if err := f.Lines.SetText([]string{"brule", "OEILLET pharma", "Haÿ", "consultation généraliste", "rien"}[chance.IntN(5)]); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// meets is the filter's meaning, told plainly. The beneficiaries, the recipient
// and the complementary part are left to TestHistoryFilter.
func meets(p *domain.Payment, f *domain.PageFilter, today civil.Date) bool {
	if f.States != nil && !slices.Contains(f.States, p.StateOn(today)) {
		return false
	}
	return !f.Lines.Any() || slices.ContainsFunc(p.Lines, func(l domain.PaymentLine) bool {
		text, id := l.Act+" "+l.Label, domain.ID{}
		if l.Professional != nil {
			id, text = l.Professional.ID, text+" "+l.Professional.Name+" "+l.Professional.Specialty
			if l.Professional.Town != nil {
				text += " " + *l.Professional.Town
			}
		}
		text = plainly.Replace(strings.ToLower(text))
		for _, word := range f.Lines.Words {
			if !strings.Contains(text, plainly.Replace(strings.ToLower(word))) {
				return false
			}
		}
		return (f.Lines.Kinds == nil || slices.Contains(f.Lines.Kinds, l.Kind)) &&
			(f.Lines.Professionals == nil || slices.Contains(f.Lines.Professionals, id))
	})
}

var plainly = strings.NewReplacer("é", "e", "è", "e", "û", "u", "ï", "i", "ÿ", "y", "œ", "oe")

// TestTotals: whatever the filter, the period, the order and who is in sight,
// totals are the plain sum of what the list gives, and summaries sum up to the
// totals, to the cent; the list has what the filter says. It fails when a
// condition of one of them differs.
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
	var people, professionals []domain.ID
	for _, key := range all.Beneficiaries {
		people = append(people, domain.ID{Kind: domain.KindBeneficiary, Assure: id.Assure, Key: key})
	}
	for key := range int64(4) {
		professionals = append(professionals, domain.ID{Kind: domain.KindProfessional, Key: key})
	}
	counted := map[bool]int{}
	for n := range 400 {
		sight := actor.Sight{Assure: all.Assure, Beneficiaries: all.Beneficiaries[:1+n%2]}
		q := whole(t)
		var from, to *civil.Date
		if chance.IntN(2) == 0 {
			first := q.From.AddDays(chance.IntN(600))
			last := first.AddDays(chance.IntN(400))
			from, to = &first, &last
		}
		if err := q.SetPeriod(dbtest.Day(t, "2026-11-23"), from, to); err != nil {
			t.Fatal(err)
		}
		q.Order = []domain.PaymentOrder{"", domain.ByPaidOn, domain.ByCaredOn}[chance.IntN(3)]
		q.Filter = randomFilter(t, chance, people, professionals)
		file, err := d.File(t.Context(), sight, db.FileQuery{Histories: []db.HistoryQuery{{PageQuery: q, Page: true, Totals: true, Summaries: groupings}}})
		if err != nil {
			t.Fatal(err)
		}
		history := file.Histories[0]
		page := history.Page.Payments
		want := plainSum(page)
		if diff := cmp.Diff(want, history.Totals); diff != "" || history.Page.HasNext {
			t.Errorf("%d people, %+v, %s to %s: %s", len(sight.Beneficiaries), q.Filter, q.From, q.To, diff)
		}
		checkAgainstAll(t, d, sight, q, page)
		for _, by := range groupings {
			checkSummary(t, q, page, by, history.Summaries[by])
		}
		counted[q.Filter.Narrow()] += want.Count
	}
	if counted[false] < 500 || counted[true] < 500 {
		t.Errorf("only %v payments were summed", counted)
	}
}

// checkAgainstAll holds a page to what the filter says, by all payments that meet
// the rest of it.
func checkAgainstAll(t *testing.T, d *db.DB, sight actor.Sight, q domain.PageQuery, page []domain.Payment) {
	t.Helper()
	rest := q
	rest.Filter.States, rest.Filter.Lines, rest.Order = nil, domain.LineFilter{}, domain.ByPaidOn
	want := slices.DeleteFunc(dbtest.Page(t, d, sight, rest).Payments, func(p domain.Payment) bool { return !meets(&p, &q.Filter, q.Today) })
	slices.SortFunc(want, func(a, b domain.Payment) int {
		x, y := b.Place(q.Order), a.Place(q.Order)
		return gocmp.Or(x.Day.Compare(y.Day), gocmp.Compare(x.Key, y.Key))
	})
	if diff := cmp.Diff(want, page, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%+v, by %s: %s", q.Filter, q.Order, diff)
	}
}

// groupings are all that payments can be summed up by.
var groupings = []domain.Grouping{{Month: true}, {Kind: true}, {Beneficiary: true}, {Month: true, Kind: true}, {Month: true, Beneficiary: true},
	{Kind: true, Beneficiary: true}, {Month: true, Kind: true, Beneficiary: true}}

// checkSummary holds a summary to a plain grouping of the payments.
func checkSummary(t *testing.T, q domain.PageQuery, page []domain.Payment, by domain.Grouping, got []domain.PaymentSummary) {
	t.Helper()
	type key struct {
		month       civil.Date
		kind        domain.ActKind
		beneficiary domain.ID
	}
	groups := make(map[key]domain.PaymentTotals)
	for _, p := range page {
		parts := make(map[key]domain.PaymentTotals)
		for _, l := range p.Lines {
			var k key
			if by.Month {
				k.month = civil.Date{Year: p.PaidOn.Year, Month: p.PaidOn.Month, Day: 1}
			}
			if by.Kind {
				k.kind = l.Kind
			}
			if by.Beneficiary {
				k.beneficiary = p.Beneficiary.ID
			}
			part := parts[k]
			part.Spent, part.Amount, part.Retained = part.Spent+l.Spent, part.Amount+l.Paid, part.Retained+l.Retained
			if l.Allowance != nil {
				part.Allowances += l.Allowance.Net()
			}
			parts[k] = part
		}
		for k, part := range parts {
			sum := groups[k]
			sum.Count, sum.Spent, sum.Amount, sum.Retained, sum.Allowances = sum.Count+1, sum.Spent+part.Spent, sum.Amount+part.Amount, sum.Retained+part.Retained, sum.Allowances+part.Allowances
			if known, ok := p.Complementary.(domain.ComplementaryKnown); ok && k.kind == "" {
				sum.Complementary += known.Amount
			}
			groups[k] = sum
		}
	}
	found := make(map[key]domain.PaymentTotals)
	for _, s := range got {
		found[key{s.Month, s.Kind, s.Beneficiary}] = s.PaymentTotals
	}
	if diff := cmp.Diff(groups, found); diff != "" || len(found) != len(got) {
		t.Errorf("%+v by %v: %s", q.Filter, by, diff)
	}
	if !slices.IsSortedFunc(got, func(a, b domain.PaymentSummary) int { return b.Month.Compare(a.Month) }) {
		t.Errorf("by %v: the latest month does not come first", by)
	}
}
