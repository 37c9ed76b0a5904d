package domain_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/domain"
	"comptesante/domain/iban"
	"comptesante/domain/money"
)

// allowance makes the record one of a week of daily allowances, of which nothing
// is wrong.
func allowance(t *testing.T, r *domain.PaymentRecord) {
	t.Helper()
	l := &r.Lines[0]
	l.Act, l.Label, l.Professional, l.Spent, l.Base, l.Rate, l.Retained = "IJ", "Indemnités journalières", nil, 0, 0, 0, 0
	l.Allowance = &domain.DailyAllowance{Nature: domain.ForSickness, From: l.CaredOn, To: l.CaredOn.AddDays(4), Days: 5, Daily: 4000, Gross: 20_000, CSG: 1240, CRDS: 100}
	l.Reimbursed, l.Paid, r.Amount = 18_660, 18_660, 18_660
}

// withhold makes the record one of an allowance with these amounts.
func withhold(t *testing.T, r *domain.PaymentRecord, gross, csg, crds money.Cents) {
	t.Helper()
	allowance(t, r)
	l := &r.Lines[0]
	l.Allowance.Gross, l.Allowance.CSG, l.Allowance.CRDS = gross, csg, crds
	net := gross - csg - crds
	l.Reimbursed, l.Paid, r.Amount = net, net, net
}

// TestCheckDetails: retentions, allowances and the account, at their bounds.
func TestCheckDetails(t *testing.T) {
	account, err := iban.Parse("FR7630006000011234567890189")
	if err != nil {
		t.Fatal(err)
	}
	paid, later := day(t, "2026-11-01"), day(t, "2026-11-03")
	held := func(r *domain.PaymentRecord, retentions ...domain.Retention) { r.Lines[0].Retentions = retentions }
	participation := domain.Retention{Kind: domain.Participation, Amount: 200}
	earlier := domain.EarlierCare{CaredOn: day(t, "2026-10-01"), PaidOn: &paid, Label: "Boîte"}
	for _, row := range []struct {
		why    string
		change func(r *domain.PaymentRecord)
		want   string // field and code; empty where nothing is wrong
	}{
		{"the detail of what is held back", func(r *domain.PaymentRecord) { held(r, participation) }, ""},
		{"two that sum to it", func(r *domain.PaymentRecord) {
			held(r, domain.Retention{Kind: domain.Participation, Amount: 150}, domain.Retention{Kind: domain.OtherRetained, Amount: 50, Of: &earlier})
		}, ""},
		{"what is deferred is not part of it", func(r *domain.PaymentRecord) {
			held(r, participation, domain.Retention{Kind: domain.Franchise, Amount: 400, Deferred: true})
		}, ""},
		{"all that is reimbursed put off", func(r *domain.PaymentRecord) {
			r.Lines[0].Retained, r.Lines[0].Paid, r.Amount = 0, 2100, 2100
			held(r, domain.Retention{Kind: domain.Franchise, Amount: 2100, Deferred: true})
		}, ""},
		{"a cent more put off than is reimbursed", func(r *domain.PaymentRecord) {
			held(r, participation, domain.Retention{Kind: domain.Franchise, Amount: 1901, Deferred: true})
		}, "lines[0].retentions RANGE"},
		{"a million put off on a line of 30 euros", func(r *domain.PaymentRecord) {
			held(r, participation, domain.Retention{Kind: domain.Participation, Amount: 100_000_000, Deferred: true})
		}, "lines[0].retentions RANGE"},
		{"more held back than is reimbursed", func(r *domain.PaymentRecord) {
			r.Lines[0].Retained, r.Lines[0].Paid, r.Amount = 2101, -1, -1
			held(r, domain.Retention{Kind: domain.Franchise, Amount: 2101})
		}, "lines[0].retentions RANGE"},
		{"a participation above a small share: what the share does not bear is owed", func(r *domain.PaymentRecord) {
			l := &r.Lines[0]
			l.Spent, l.Base, l.Reimbursed, l.Retained, l.Paid, r.Amount = 100, 100, 70, 70, 0, 0
			held(r, domain.Retention{Kind: domain.Participation, Amount: 70}, domain.Retention{Kind: domain.Participation, Amount: 1130, Deferred: true})
		}, ""},
		{"a cent more than four participations", func(r *domain.PaymentRecord) {
			l := &r.Lines[0]
			l.Spent, l.Base, l.Reimbursed, l.Retained, l.Paid, r.Amount = 100, 100, 70, 70, 0, 0
			held(r, domain.Retention{Kind: domain.Participation, Amount: 70}, domain.Retention{Kind: domain.Participation, Amount: 1131, Deferred: true})
		}, "lines[0].retentions RANGE"},
		{"earlier care is not the line's to bear", func(r *domain.PaymentRecord) {
			r.Lines[0].Retained, r.Lines[0].Paid, r.Amount = 5000, -2900, -2900
			held(r, domain.Retention{Kind: domain.Franchise, Amount: 5000, Of: &earlier})
		}, ""},
		{"more given back than is taken back", func(r *domain.PaymentRecord) {
			held(r, domain.Retention{Kind: domain.Franchise, Amount: -2101})
			r.Amount, r.Lines[0].Spent, r.Lines[0].Reimbursed, r.Lines[0].Retained, r.Lines[0].Paid = 1, -3000, -2100, -2101, 1
		}, "lines[0].retentions RANGE"},
		{"earlier care whose payment is not known", func(r *domain.PaymentRecord) {
			held(r, domain.Retention{Kind: domain.Franchise, Amount: 200, Of: &domain.EarlierCare{CaredOn: r.PaidOn, Label: "x"}})
		}, ""},
		{"given back with a line that is taken back", func(r *domain.PaymentRecord) {
			held(r, domain.Retention{Kind: domain.Participation, Amount: -200})
			r.Amount, r.Lines[0].Spent, r.Lines[0].Reimbursed, r.Lines[0].Retained, r.Lines[0].Paid = -1900, -3000, -2100, -200, -1900
		}, ""},
		{"less than nothing held back of a line that pays", func(r *domain.PaymentRecord) { r.Amount, r.Lines[0].Retained, r.Lines[0].Paid = 2300, -200, 2300 }, "lines[0].retainedCents RANGE"},
		{"a cent too much", func(r *domain.PaymentRecord) { held(r, domain.Retention{Kind: domain.Participation, Amount: 201}) }, "lines[0].retainedCents SUM"},
		{"all of it deferred", func(r *domain.PaymentRecord) {
			held(r, domain.Retention{Kind: domain.Participation, Amount: 200, Deferred: true})
		}, "lines[0].retainedCents SUM"},
		{"nothing", func(r *domain.PaymentRecord) { held(r, participation, domain.Retention{Kind: domain.Franchise}) }, "lines[0].retentions[1].amountCents RANGE"},
		{"beyond any amount", func(r *domain.PaymentRecord) {
			held(r, domain.Retention{Kind: domain.Franchise, Amount: money.Max + 1})
		}, "lines[0].retentions[0].amountCents RANGE"},
		{"given back of a line that pays", func(r *domain.PaymentRecord) {
			held(r, domain.Retention{Kind: domain.Franchise, Amount: 300}, domain.Retention{Kind: domain.Franchise, Amount: -100})
		}, "lines[0].retentions[1].amountCents RANGE"},
		{"no kind", func(r *domain.PaymentRecord) { held(r, domain.Retention{Amount: 200}) }, "lines[0].retentions[0].kind UNKNOWN"},
		{"deferred, of earlier care", func(r *domain.PaymentRecord) {
			held(r, participation, domain.Retention{Kind: domain.Franchise, Amount: 100, Deferred: true, Of: &earlier})
		}, "lines[0].retentions[1].of EXTRA"},
		{"care without a day", func(r *domain.PaymentRecord) {
			held(r, domain.Retention{Kind: domain.Franchise, Amount: 200, Of: &domain.EarlierCare{Label: "x"}})
		}, "lines[0].retentions[0].of.caredOn MISSING"},
		{"care after the payment", func(r *domain.PaymentRecord) {
			held(r, domain.Retention{Kind: domain.Franchise, Amount: 200, Of: &domain.EarlierCare{CaredOn: later, Label: "x"}})
		}, "lines[0].retentions[0].of ORDER"},
		{"reimbursed after the payment", func(r *domain.PaymentRecord) {
			held(r, domain.Retention{Kind: domain.Franchise, Amount: 200, Of: &domain.EarlierCare{CaredOn: paid, PaidOn: &later, Label: "x"}})
		}, "lines[0].retentions[0].of ORDER"},
		{"care without words", func(r *domain.PaymentRecord) {
			held(r, domain.Retention{Kind: domain.Franchise, Amount: 200, Of: &domain.EarlierCare{CaredOn: paid}})
		}, "lines[0].retentions[0].of.label TEXT"},
		{"twenty", func(r *domain.PaymentRecord) {
			r.Lines[0].Retained, r.Lines[0].Paid, r.Amount = 20, 2080, 2080
			for range 20 {
				r.Lines[0].Retentions = append(r.Lines[0].Retentions, domain.Retention{Kind: domain.Franchise, Amount: 1})
			}
		}, ""},
		{"twenty-one", func(r *domain.PaymentRecord) { held(r, make([]domain.Retention, 21)...) }, "lines[0].retentions COUNT"},

		{"a week of allowances", func(r *domain.PaymentRecord) { allowance(t, r) }, ""},
		{"to the employer", func(r *domain.PaymentRecord) { allowance(t, r); r.Recipient = domain.ToEmployer }, ""},
		{"care to the employer", func(r *domain.PaymentRecord) { r.Recipient = domain.ToEmployer }, "lines[0].allowance MISSING"},
		{"of one day", func(r *domain.PaymentRecord) { allowance(t, r); a := r.Lines[0].Allowance; a.To, a.Days = a.From, 1 }, ""},
		{"more days than the period has", func(r *domain.PaymentRecord) { allowance(t, r); r.Lines[0].Allowance.Days = 6 }, "lines[0].allowance.days RANGE"},
		{"no day", func(r *domain.PaymentRecord) { allowance(t, r); r.Lines[0].Allowance.Days = 0 }, "lines[0].allowance.days RANGE"},
		{"it ends before it begins", func(r *domain.PaymentRecord) {
			allowance(t, r)
			r.Lines[0].Allowance.To = r.Lines[0].CaredOn.AddDays(-1)
		}, "lines[0].allowance.to ORDER"},
		{"it begins on another day than the line", func(r *domain.PaymentRecord) {
			allowance(t, r)
			r.Lines[0].Allowance.From = r.Lines[0].CaredOn.AddDays(1)
		}, "lines[0].allowance.from ORDER"},
		{"without a period", func(r *domain.PaymentRecord) {
			allowance(t, r)
			r.Lines[0].Allowance = &domain.DailyAllowance{Nature: domain.ForSickness}
		}, "lines[0].allowance.from MISSING"},
		{"three years", func(r *domain.PaymentRecord) {
			allowance(t, r)
			a := r.Lines[0].Allowance
			a.From, a.To, a.Days = r.PaidOn.AddDays(1-3*366), r.PaidOn, 3*366
			r.Lines[0].CaredOn = a.From
		}, ""},
		{"a day more, so far that no column holds its days", func(r *domain.PaymentRecord) {
			allowance(t, r)
			r.Lines[0].Allowance.To = r.Lines[0].CaredOn.AddDays(3 * 366)
		}, "lines[0].allowance.to RANGE"},
		{"it ends on the day of payment", func(r *domain.PaymentRecord) { allowance(t, r); r.Lines[0].Allowance.To = r.PaidOn }, ""},
		{"and a day after", func(r *domain.PaymentRecord) { allowance(t, r); r.Lines[0].Allowance.To = r.PaidOn.AddDays(1) }, "lines[0].allowance.to ORDER"},
		{"CSG below zero", func(r *domain.PaymentRecord) { withhold(t, r, 20_000, -1, 100) }, "lines[0].allowance.csgCents RANGE"},
		{"CRDS below zero", func(r *domain.PaymentRecord) { withhold(t, r, 20_000, 100, -1) }, "lines[0].allowance.csgCents RANGE"},
		{"all of it withheld", func(r *domain.PaymentRecord) { withhold(t, r, 20_000, 19_900, 100) }, ""},
		{"a cent more", func(r *domain.PaymentRecord) { withhold(t, r, 20_000, 19_901, 100) }, "lines[0].allowance.csgCents RANGE"},
		{"withheld of nothing, one against the other", func(r *domain.PaymentRecord) { withhold(t, r, 0, 1, -1) }, "lines[0].allowance.csgCents RANGE"},
		{"taken back with what was withheld", func(r *domain.PaymentRecord) { withhold(t, r, -20_000, -1240, -100) }, ""},
		{"withheld of what is taken back", func(r *domain.PaymentRecord) { withhold(t, r, -20_000, 1240, -100) }, "lines[0].allowance.csgCents RANGE"},
		{"without a nature", func(r *domain.PaymentRecord) { allowance(t, r); r.Lines[0].Allowance.Nature = "" }, "lines[0].allowance.nature UNKNOWN"},
		{"something is charged", func(r *domain.PaymentRecord) { allowance(t, r); r.Lines[0].Spent = 1 }, "lines[0].spentCents EXTRA"},
		{"a cent of CSG too much", func(r *domain.PaymentRecord) { allowance(t, r); r.Lines[0].Allowance.CSG++ }, "lines[0].reimbursedCents SUM"},
		{"beyond any amount a day", func(r *domain.PaymentRecord) { allowance(t, r); r.Lines[0].Allowance.Daily = money.Max + 1 }, "lines[0].allowance.dailyCents RANGE"},

		{"the account", func(r *domain.PaymentRecord) { r.Account = account }, ""},
		{"an account of another than the assuré", func(r *domain.PaymentRecord) { r.Account, r.Recipient = account, domain.ToProfessional }, "account EXTRA"},
	} {
		r, got := good(t), ""
		row.change(r)
		if f := r.Check(day(t, today)); f != nil {
			if got = f.Field + " " + f.Code; f.Reason == "" || f.Mend == "" {
				t.Errorf("%s: %+v", row.why, *f)
			}
		}
		if got != row.want {
			t.Errorf("%s: got %q, want %q", row.why, got, row.want)
		}
	}
}

// TestCountRetentions: each person has both counters, with what counts towards
// them and what is left of the cap.
func TestCountRetentions(t *testing.T) {
	self := domain.Beneficiary{ID: domain.ID{Kind: domain.KindBeneficiary, Assure: 1, Key: 1}, Relation: domain.Self}
	child := domain.Beneficiary{ID: domain.ID{Kind: domain.KindBeneficiary, Assure: 1, Key: 2}, Relation: domain.Child}
	entry := func(of domain.Beneficiary, kind domain.RetentionKind, amount money.Cents) domain.CountedRetention {
		return domain.CountedRetention{Beneficiary: of.ID, Kind: kind, Amount: amount}
	}
	counters := domain.CountRetentions([]domain.Beneficiary{self, child}, 2026, map[domain.RetentionKind]money.Cents{domain.Participation: 5000, domain.Franchise: 300},
		[]domain.CountedRetention{entry(self, domain.Participation, 200), entry(child, domain.Franchise, 100), entry(self, domain.Franchise, 400), entry(self, domain.Participation, -200), entry(self, domain.Participation, 200)})
	type told struct {
		Person       domain.ID
		Kind         domain.RetentionKind
		Amount, Left money.Cents
		Entries      int
	}
	var got []told
	for _, c := range counters {
		if c.Year != 2026 || c.Entries == nil {
			t.Errorf("%+v", c)
		}
		got = append(got, told{c.Beneficiary.ID, c.Kind, c.Amount, c.Left(), len(c.Entries)})
	}
	want := []told{{self.ID, domain.Participation, 200, 4800, 3}, {self.ID, domain.Franchise, 400, 0, 1}, {child.ID, domain.Participation, 0, 5000, 0}, {child.ID, domain.Franchise, 100, 200, 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestStateOn: how a payment stands, on both sides of its day.
func TestStateOn(t *testing.T) {
	p := domain.Payment{PaidOn: day(t, "2026-11-23"), Amount: 1}
	for on, want := range map[string]domain.PaymentState{"2026-11-22": domain.PaymentAnnounced, "2026-11-23": domain.PaymentPaid, "2026-11-24": domain.PaymentPaid} {
		if got := p.StateOn(day(t, on)); got != want {
			t.Errorf("on %s: %s", on, got)
		}
	}
	p.Amount = -1
	if got := p.StateOn(day(t, "2026-11-22")); got != domain.PaymentRecovered {
		t.Errorf("below zero: %s", got)
	}
}
