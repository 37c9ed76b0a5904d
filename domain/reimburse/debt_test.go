package reimburse_test

import (
	"testing"

	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/reimburse"
)

func TestSettle(t *testing.T) {
	old := reimburse.Debt{Reference: "old", Code: reimburse.StepParticipation, CareOn: day("2025-12-30"), PaidOn: day("2025-12-31"), Amount: 2_00}
	recent := reimburse.Debt{Reference: "recent", Code: reimburse.StepFranchise, CareOn: day("2025-01-02"), PaidOn: day("2026-01-02"), Amount: 3_00}
	for _, row := range []struct {
		why         string
		payment     money.Cents
		debts       []reimburse.Debt
		taken, paid money.Cents
		recovered   []string
		left        []money.Cents
	}{
		{"no debts", 10_00, nil, 0, 10_00, nil, nil},
		{"all debts", 10_00, []reimburse.Debt{recent, old}, 5_00, 5_00, []string{"old", "recent"}, nil},
		{"the oldest line first, by its reimbursement", 2_00, []reimburse.Debt{recent, old}, 2_00, 0, []string{"old"}, []money.Cents{3_00}},
		{"a part of the second", 4_00, []reimburse.Debt{recent, old}, 4_00, 0, []string{"old", "recent"}, []money.Cents{1_00}},
		{"a cent", 1, []reimburse.Debt{old}, 1, 0, []string{"old"}, []money.Cents{1_99}},
		{"nothing is paid, nothing is taken", 0, []reimburse.Debt{old}, 0, 0, nil, []money.Cents{2_00}},
		{"a recovery is never made larger", -5_00, []reimburse.Debt{old}, 0, -5_00, nil, []money.Cents{2_00}},
	} {
		got, err := reimburse.Default().Settle(day("2026-03-10"), row.payment, row.debts)
		if err != nil || got.Taken != row.taken || got.Paid != row.paid || len(got.Recovered) != len(row.recovered) || len(got.Left) != len(row.left) || len(got.Steps) != len(row.recovered) {
			t.Errorf("%s: got %+v, %v", row.why, got, err)
			continue
		}
		for i, ref := range row.recovered {
			if got.Recovered[i].Reference != ref {
				t.Errorf("%s: recovered %s, want %s", row.why, got.Recovered[i].Reference, ref)
			}
		}
		for i, amount := range row.left {
			if got.Left[i].Amount != amount {
				t.Errorf("%s: %s left, want %s", row.why, got.Left[i].Amount, amount)
			}
		}
	}
	for why, change := range map[string]func(*reimburse.Debt){
		"a debt of nothing is a fault of its line": func(d *reimburse.Debt) { d.Amount = 0 },
		"beyond any":                        func(d *reimburse.Debt) { d.Amount = money.Max + 1 },
		"no day from which limitation runs": func(d *reimburse.Debt) { d.PaidOn = civil.Date{} },
		"reimbursed after the payment":      func(d *reimburse.Debt) { d.PaidOn = day("2026-03-11") },
		"claimed after the payment":         func(d *reimburse.Debt) { d.ClaimedOn = day("2026-03-11") },
	} {
		d := old
		change(&d)
		if got, err := reimburse.Default().Settle(day("2026-03-10"), 1, []reimburse.Debt{d}); err == nil {
			t.Errorf("%s: settled %+v", why, got)
		}
	}
	if got, err := reimburse.Default().Settle(civil.Date{}, 1, nil); err == nil {
		t.Errorf("a payment without its day: %+v", got)
	}
	if got, err := (reimburse.Parameters{}).Settle(day("2026-03-10"), 1, []reimburse.Debt{old}); err == nil {
		t.Errorf("no rules cancel no debt: %+v", got)
	}
}

// TestDebtLapses: a debt is taken until the day that bears the date of its line's
// reimbursement five years on, or of its last claim, and cancelled after.
func TestDebtLapses(t *testing.T) {
	debt := func(paidOn, claimedOn string) reimburse.Debt {
		d := reimburse.Debt{Reference: "a", Code: reimburse.StepFranchise, CareOn: day("2020-01-02"), PaidOn: day(paidOn), Amount: 3_00}
		if claimedOn != "" {
			d.ClaimedOn = day(claimedOn)
		}
		return d
	}
	for _, row := range []struct {
		why, years string
		debt       reimburse.Debt
		on         string
		lapsed     bool
	}{
		{"the day before the last", "", debt("2021-03-10", ""), "2026-03-09", false},
		{"the last day", "", debt("2021-03-10", ""), "2026-03-10", false},
		{"the day after", "", debt("2021-03-10", ""), "2026-03-11", true},
		{"from 29 February, the last day of that month", "", debt("2024-02-29", ""), "2029-02-28", false},
		{"from 29 February, the day after", "", debt("2024-02-29", ""), "2029-03-01", true},
		{"a claim begins it anew", "", debt("2021-03-10", "2023-01-01"), "2028-01-01", false},
		{"and it ends", "", debt("2021-03-10", "2023-01-01"), "2028-01-02", true},
		{"an operator says two years: the last day", "2", debt("2024-03-10", ""), "2026-03-10", false},
		{"an operator says two years: the day after", "2", debt("2024-03-10", ""), "2026-03-11", true},
	} {
		p := reimburse.Default()
		if row.years != "" {
			p = with(t, "dette.prescription", row.years)
		}
		got, err := p.Settle(day(row.on), 10_00, []reimburse.Debt{row.debt})
		if err != nil || (len(got.Lapsed) == 1) != row.lapsed || (got.Taken == 0) != row.lapsed || len(got.Steps) != 1 || got.Paid+got.Taken != 10_00 {
			t.Errorf("%s: got %+v, %v", row.why, got, err)
		}
		if row.lapsed && got.Steps[0].Code != reimburse.StepLapsed {
			t.Errorf("%s: not told: %+v", row.why, got.Steps)
		}
	}
}

// TestDebtOrderSetting: an operator may have the latest debts taken first.
func TestDebtOrderSetting(t *testing.T) {
	debts := []reimburse.Debt{
		{Reference: "old", PaidOn: day("2025-12-31"), CareOn: day("2025-12-30"), Amount: 2_00},
		{Reference: "recent", PaidOn: day("2026-01-02"), CareOn: day("2025-01-02"), Amount: 2_00},
	}
	for value, want := range map[string]string{"oui": "old", "non": "recent"} {
		p := with(t, "dette.plus-ancienne-d-abord", value)
		got, err := p.Settle(day("2026-03-10"), 2_00, debts)
		if err != nil || len(got.Recovered) != 1 || got.Recovered[0].Reference != want {
			t.Errorf("%s: got %+v, %v", value, got, err)
		}
	}
}

// TestDebt: what is not held back on its line is owed, and counted there.
func TestDebt(t *testing.T) {
	small, pharmacy := consultation("2026-03-10"), reimburse.Medicines{Care: care("2026-03-10", 20_00, adult), Class: reimburse.Medicine7}
	small.Spent, pharmacy.TiersPayant = 1_00, true
	for _, row := range []struct {
		why      string
		line     reimburse.Reimbursement
		code     reimburse.StepCode
		paid     money.Cents
		owed     money.Cents
		retained money.Cents
	}{
		{"tiers payant: the professional gets the share whole", must(t)(reimburse.Default().Medicines(pharmacy, reimburse.Counters{})), reimburse.StepFranchise, 13_00, 1_00, 0},
		{"a participation larger than the share: the rest", act(t, small, reimburse.Counters{}), reimburse.StepParticipation, 0, 1_30, 70},
		{"held back whole", act(t, consultation("2026-03-10"), reimburse.Counters{}), reimburse.StepParticipation, 19_00, 0, 2_00},
	} {
		d, ok := row.line.Debt("x")
		if ok != (row.owed > 0) || d.Amount != row.owed || d.Code != row.code || row.line.Paid != row.paid || row.line.Retained != row.retained {
			t.Errorf("%s: got %+v, %t, %s paid", row.why, d, ok, row.line.Paid)
		}
		if row.line.Counters.Year.Participation.Cents+row.line.Counters.Year.Franchise != row.owed+row.retained {
			t.Errorf("%s: not counted", row.why)
		}
	}
}

// TestAboveShareSetting: an operator may have the participation cut instead.
func TestAboveShareSetting(t *testing.T) {
	p, err := reimburse.Default().With("participation.au-dela-de-la-part", "non")
	if err != nil {
		t.Fatal(err)
	}
	a := consultation("2026-03-10")
	a.Spent = 1_00
	if got := must(t)(p.Act(a, reimburse.Counters{})); got.Participation != 70 || got.Deferred != 0 {
		t.Errorf("got %+v", got)
	}
}

// TestUndo: a recovery gives back what was held, not what would be held.
func TestUndo(t *testing.T) {
	before := reimburse.Counters{Year: reimburse.Year{Year: 2026, Participation: reimburse.Tally{Count: 24, Cents: 49_50}}}
	line := act(t, consultation("2026-03-10"), before)
	undone := must(t)(line.Undo(line.Counters))
	if undone.Participation != -50 || undone.Paid != -20_50 || undone.Gross != -21_00 || undone.Remaining != -9_50 {
		t.Errorf("got %+v", undone)
	}
	if undone.Counters.Year != before.Year {
		t.Errorf("the counters are %+v, and were %+v", undone.Counters.Year, before.Year)
	}
	if again, err := undone.Undo(undone.Counters); err == nil {
		t.Errorf("taken back twice: %+v", again)
	}
	other := line.Counters
	other.Year.Year = 2027
	if got, err := line.Undo(other); err == nil {
		t.Errorf("given back to the counters of another year: %+v", got)
	}
	if got, err := line.Undo(reimburse.Counters{}); err == nil {
		t.Errorf("given back to counters that do not hold it: %+v", got)
	}
	emptyDay := line.Counters
	emptyDay.Day = reimburse.Day{On: civil.Date{Year: 2026, Month: 3, Day: 10}}
	if got, err := line.Undo(emptyDay); err == nil {
		t.Errorf("given back to a day that does not hold it: %+v", got)
	}
}
