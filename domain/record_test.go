package domain_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/nir"
)

const today = "2026-11-23"

// good is a record of one consultation with which nothing is wrong.
func good(t testing.TB) *domain.PaymentRecord {
	t.Helper()
	n, err := nir.Parse("185057599000129")
	if err != nil {
		t.Fatal(err)
	}
	town := "L'Haÿ-les-Roses"
	return &domain.PaymentRecord{
		NIR: n, Reference: "A1", Movement: "VIR 1", PaidOn: day(t, "2026-11-02"), Recipient: domain.ToAssure, Amount: 1900,
		Lines: []domain.PaymentLine{{CaredOn: day(t, "2026-10-28"), Act: "G", Label: "Consultation",
			Professional: &domain.Professional{Number: "99700000001", Name: "Dr Hélène d'Aubigné", Specialty: "Médecin généraliste", Town: &town},
			Spent:        3000, Base: 3000, Rate: 70, Reimbursed: 2100, Retained: 200, Paid: 1900}},
		Complementary: domain.RecordPart{State: domain.StateAwaited, Mutuelle: "99000001"},
	}
}

// paying makes lines that pay n cents each, and an amount that is their sum.
func paying(r *domain.PaymentRecord, count int, n money.Cents) {
	line := r.Lines[0]
	line.Reimbursed, line.Retained, line.Paid = n, 0, n
	if n < 0 { // all of it is taken back
		line.Spent, line.Base = -line.Spent, -line.Base
	}
	r.Lines = nil
	for range count {
		r.Lines = append(r.Lines, line)
	}
	r.Amount = n * money.Cents(count)
}

// TestCheckAccepts: forms at their last allowed value.
func TestCheckAccepts(t *testing.T) {
	long := strings.Repeat("é", 200)
	for _, row := range []struct {
		why    string
		change func(r *domain.PaymentRecord)
	}{
		{"a consultation", func(*domain.PaymentRecord) {}},
		{"a child", func(r *domain.PaymentRecord) { r.BirthDate, r.BirthRank = day(t, "2017-09-03"), 1 }},
		{"the ninth of a birth", func(r *domain.PaymentRecord) { r.BirthDate, r.BirthRank = day(t, "2017-09-03"), 9 }},
		{"the rank is not read without a day of birth", func(r *domain.PaymentRecord) { r.BirthRank = 77 }},
		{"a payment announced a week ahead", func(r *domain.PaymentRecord) { r.PaidOn = day(t, "2026-11-30") }},
		{"a payment of long ago", func(r *domain.PaymentRecord) {
			r.PaidOn, r.Lines[0].CaredOn = day(t, "1999-12-31"), day(t, "1999-12-31")
		}},
		{"care on the day of payment", func(r *domain.PaymentRecord) { r.Lines[0].CaredOn = r.PaidOn }},
		{"tiers payant", func(r *domain.PaymentRecord) { r.Recipient = domain.ToProfessional }},
		{"a recovery", func(r *domain.PaymentRecord) { paying(r, 1, -2100) }},
		{"nothing paid, all held back", func(r *domain.PaymentRecord) {
			r.Amount, r.Lines[0].Reimbursed, r.Lines[0].Retained, r.Lines[0].Paid = 0, 200, 200, 0
		}},
		{"more held back than paid", func(r *domain.PaymentRecord) {
			r.Amount, r.Lines[0].Reimbursed, r.Lines[0].Retained, r.Lines[0].Paid = -100, 100, 200, -100
		}},
		{"a hundred lines", func(r *domain.PaymentRecord) { paying(r, 100, 1900) }},
		{"a hundred of the smallest amounts sum to less than nothing", func(r *domain.PaymentRecord) { paying(r, 100, -10_000_000) }},
		{"a line and its recovery", func(r *domain.PaymentRecord) {
			paying(r, 2, 0)
			for i, n := range []money.Cents{2100, -2100} {
				r.Lines[i].Spent, r.Lines[i].Reimbursed, r.Lines[i].Paid = n, n, n
			}
		}},
		{"no professional", func(r *domain.PaymentRecord) { r.Lines[0].Professional = nil }},
		{"no town", func(r *domain.PaymentRecord) { r.Lines[0].Professional.Town = nil }},
		{"the longest texts, counted in characters and not in bytes", func(r *domain.PaymentRecord) {
			r.Reference, r.Movement, r.Lines[0].Act, r.Lines[0].Label = long[:2*64], long[:2*64], long[:2*16], long
		}},
		{"rate 0", func(r *domain.PaymentRecord) { r.Lines[0].Rate = 0 }},
		{"rate 100", func(r *domain.PaymentRecord) { r.Lines[0].Rate = 100 }},
		{"French typography: no-break and thin no-break space, œ, Vietnamese", func(r *domain.PaymentRecord) {
			r.Lines[0].Label, r.Lines[0].Professional.Name = "Médicaments à 65\u00a0%\u202f; œil", "Dr Paul Nguyễn"
		}},
		{"an accent as a character of its own", func(r *domain.PaymentRecord) { r.Lines[0].Label = "e\u0301chographie" }},
		{"a part of the mutuelle that is known", func(r *domain.PaymentRecord) {
			r.Complementary = domain.RecordPart{State: domain.StateKnown, Mutuelle: "M", Amount: 900, PaidOn: day(t, today)}
		}},
		{"one whose day is unknown, and of nothing", func(r *domain.PaymentRecord) {
			r.Complementary = domain.RecordPart{State: domain.StateKnown, Mutuelle: "M"}
		}},
		{"no mutuelle", func(r *domain.PaymentRecord) { r.Complementary = domain.RecordPart{State: domain.StateNone} }},
		{"a part told elsewhere", func(r *domain.PaymentRecord) { r.Complementary.State = domain.StateElsewhere }},
		{"a part that is taken back", func(r *domain.PaymentRecord) {
			paying(r, 1, -2100)
			r.Complementary = domain.RecordPart{State: domain.StateKnown, Mutuelle: "M", Amount: -900, PaidOn: r.Lines[0].CaredOn}
		}},
		{"a part of care whose payment is below zero by what is held back", func(r *domain.PaymentRecord) {
			r.Amount, r.Lines[0].Reimbursed, r.Lines[0].Retained, r.Lines[0].Paid = -1100, 100, 1200, -1100
			r.Complementary = domain.RecordPart{State: domain.StateKnown, Mutuelle: "M", Amount: 900}
		}},
		{"as much held back as is reimbursed, without its detail", func(r *domain.PaymentRecord) { r.Amount, r.Lines[0].Retained, r.Lines[0].Paid = 0, 2100, 0 }},
		{"the largest amount", func(r *domain.PaymentRecord) { paying(r, 1, money.Max) }},
		{"the largest recovery", func(r *domain.PaymentRecord) { paying(r, 1, -money.Max) }},
	} {
		r := good(t)
		row.change(r)
		if f := r.Check(day(t, today)); f != nil {
			t.Errorf("%s: %+v", row.why, *f)
		}
	}
}

// TestCheckRefuses: the first value that is not allowed, by field and code.
func TestCheckRefuses(t *testing.T) {
	for _, row := range []struct {
		why, want string
		change    func(r *domain.PaymentRecord)
	}{
		{"no NIR", "nir MISSING", func(r *domain.PaymentRecord) { r.NIR = nir.NIR{} }},
		{"rank 0 of a child", "beneficiary.rank RANGE", func(r *domain.PaymentRecord) { r.BirthDate = day(t, "2017-09-03") }},
		{"rank 10", "beneficiary.rank RANGE", func(r *domain.PaymentRecord) { r.BirthDate, r.BirthRank = day(t, "2017-09-03"), 10 }},
		{"a negative rank", "beneficiary.rank RANGE", func(r *domain.PaymentRecord) { r.BirthDate, r.BirthRank = day(t, "2017-09-03"), -1 }},
		{"no reference", "reference TEXT", func(r *domain.PaymentRecord) { r.Reference = "" }},
		{"a reference of 65 characters", "reference TEXT", func(r *domain.PaymentRecord) { r.Reference = strings.Repeat("x", 65) }},
		{"a NUL, which PostgreSQL cannot hold", "reference TEXT", func(r *domain.PaymentRecord) { r.Reference = "A\x001" }},
		{"a line break", "reference TEXT", func(r *domain.PaymentRecord) { r.Reference = "A\n1" }},
		{"a blank before: it would be another payment that looks the same", "reference TEXT", func(r *domain.PaymentRecord) { r.Reference = " A1" }},
		{"a no-break space: it would look the same too", "reference TEXT", func(r *domain.PaymentRecord) { r.Reference = "A\u00a01" }},
		{"a character of no width", "reference TEXT", func(r *domain.PaymentRecord) { r.Reference = "A\u200b1" }},
		{"broken UTF-8", "movement TEXT", func(r *domain.PaymentRecord) { r.Movement = "\xff" }},
		{"no movement", "movement TEXT", func(r *domain.PaymentRecord) { r.Movement = "" }},
		{"no day", "paidOn MISSING", func(r *domain.PaymentRecord) { r.PaidOn = civil.Date{} }},
		{"eight days ahead", "paidOn FUTURE", func(r *domain.PaymentRecord) { r.PaidOn = day(t, "2026-12-01") }},
		{"no recipient", "recipient UNKNOWN", func(r *domain.PaymentRecord) { r.Recipient = "" }},
		{"a recipient in lower case", "recipient UNKNOWN", func(r *domain.PaymentRecord) { r.Recipient = "assure" }},
		{"one cent above the largest amount", "amountCents RANGE", func(r *domain.PaymentRecord) { r.Amount = money.Max + 1 }},
		{"one cent below the largest recovery", "amountCents RANGE", func(r *domain.PaymentRecord) { r.Amount = -money.Max - 1 }},
		{"no lines", "lines COUNT", func(r *domain.PaymentRecord) { r.Lines = nil }},
		{"101 lines", "lines COUNT", func(r *domain.PaymentRecord) { paying(r, 101, 1) }},
		{"the lines sum to one cent less", "amountCents SUM", func(r *domain.PaymentRecord) { r.Amount++ }},
		{"the second line is named", "lines[1].label TEXT", func(r *domain.PaymentRecord) { paying(r, 2, 100); r.Lines[1].Label = "" }},
		{"one cent too much on a line", "lines[0].paidCents SUM", func(r *domain.PaymentRecord) { r.Lines[0].Paid++; r.Amount++ }},
		{"amounts whose difference would pass int64", "lines[0].reimbursedCents RANGE", func(r *domain.PaymentRecord) { r.Lines[0].Reimbursed = -1 << 63 }},
		{"a negative retention", "lines[0].retainedCents RANGE", func(r *domain.PaymentRecord) {
			r.Lines[0].Retained, r.Lines[0].Paid, r.Amount = -1, 2101, 2101
		}},
		{"charged beyond bounds", "lines[0].spentCents RANGE", func(r *domain.PaymentRecord) { r.Lines[0].Spent = money.Max + 1 }},
		{"a base beyond bounds", "lines[0].baseCents RANGE", func(r *domain.PaymentRecord) { r.Lines[0].Base = -money.Max - 1 }},
		{"no day of care", "lines[0].caredOn MISSING", func(r *domain.PaymentRecord) { r.Lines[0].CaredOn = civil.Date{} }},
		{"care the day after the payment", "lines[0].caredOn ORDER", func(r *domain.PaymentRecord) { r.Lines[0].CaredOn = r.PaidOn.AddDays(1) }},
		{"an act of 17 characters", "lines[0].act TEXT", func(r *domain.PaymentRecord) { r.Lines[0].Act = strings.Repeat("é", 17) }},
		{"a label of 201 characters", "lines[0].label TEXT", func(r *domain.PaymentRecord) { r.Lines[0].Label = strings.Repeat("é", 201) }},
		{"a label of blanks alone", "lines[0].label TEXT", func(r *domain.PaymentRecord) { r.Lines[0].Label = "\u00a0" }},
		{"a label that turns the direction of writing", "lines[0].label TEXT", func(r *domain.PaymentRecord) { r.Lines[0].Label = "a\u202eb" }},
		{"a label with a line separator", "lines[0].label TEXT", func(r *domain.PaymentRecord) { r.Lines[0].Label = "a\u2028b" }},
		{"rate -1", "lines[0].ratePercent RANGE", func(r *domain.PaymentRecord) { r.Lines[0].Rate = -1 }},
		{"rate 101", "lines[0].ratePercent RANGE", func(r *domain.PaymentRecord) { r.Lines[0].Rate = 101 }},
		{"a professional without a number", "lines[0].professional TEXT", func(r *domain.PaymentRecord) { r.Lines[0].Professional.Number = "" }},
		{"a town of control characters", "lines[0].professional TEXT", func(r *domain.PaymentRecord) { town := "\x07"; r.Lines[0].Professional.Town = &town }},
		{"charged less than nothing where something is reimbursed", "lines[0].spentCents RANGE", func(r *domain.PaymentRecord) { r.Lines[0].Spent = -3000 }},
		{"charged where it is taken back", "lines[0].spentCents RANGE", func(r *domain.PaymentRecord) { paying(r, 1, -2100); r.Lines[0].Spent = 3000 }},
		{"a part below zero of care", "complementary.amountCents RANGE", func(r *domain.PaymentRecord) {
			r.Complementary.State, r.Complementary.Amount = domain.StateKnown, -1
		}},
		{"a part above zero of what is taken back", "complementary.amountCents RANGE", func(r *domain.PaymentRecord) {
			paying(r, 1, -2100)
			r.Complementary.State, r.Complementary.Amount = domain.StateKnown, 1
		}},
		{"a part of the day before the care", "complementary.paidOn ORDER", func(r *domain.PaymentRecord) {
			r.Complementary.State, r.Complementary.Amount, r.Complementary.PaidOn = domain.StateKnown, 1, r.Lines[0].CaredOn.AddDays(-1)
		}},
		{"no state of the part", "complementary.state UNKNOWN", func(r *domain.PaymentRecord) { r.Complementary.State = "" }},
		{"no mutuelle where one is awaited", "complementary.mutuelle MISSING", func(r *domain.PaymentRecord) { r.Complementary.Mutuelle = "" }},
		{"a mutuelle where there is none", "complementary.mutuelle EXTRA", func(r *domain.PaymentRecord) { r.Complementary.State = domain.StateNone }},
		{"an amount that is awaited", "complementary EXTRA", func(r *domain.PaymentRecord) { r.Complementary.Amount = 1 }},
		{"a day that is awaited", "complementary EXTRA", func(r *domain.PaymentRecord) { r.Complementary.PaidOn = day(t, today) }},
		{"a part beyond bounds", "complementary.amountCents RANGE", func(r *domain.PaymentRecord) {
			r.Complementary.State, r.Complementary.Amount = domain.StateKnown, money.Max+1
		}},
	} {
		r := good(t)
		row.change(r)
		f := r.Check(day(t, today))
		if f == nil {
			t.Errorf("%s: accepted", row.why)
			continue
		}
		if diff := cmp.Diff(row.want, f.Field+" "+f.Code); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
		if f.Reason == "" || f.Mend == "" || strings.Contains(f.Reason+f.Mend, "%") {
			t.Errorf("%s: the reason reads %q, the mend %q", row.why, f.Reason, f.Mend)
		}
	}
}

// TestFaultsRepeatNoValue: a fault goes to a file that others read.
func TestFaultsRepeatNoValue(t *testing.T) {
	for why, change := range map[string]func(r *domain.PaymentRecord){
		"an amount":  func(r *domain.PaymentRecord) { r.Amount = 123457 },
		"lines":      func(r *domain.PaymentRecord) { paying(r, 1, 123457); r.Amount = 1 },
		"a line":     func(r *domain.PaymentRecord) { r.Lines[0].Reimbursed = 123457 },
		"a text":     func(r *domain.PaymentRecord) { r.Lines[0].Label = "123457\n" },
		"a state":    func(r *domain.PaymentRecord) { r.Complementary.State = "123457" },
		"a mutuelle": func(r *domain.PaymentRecord) { r.Complementary = domain.RecordPart{State: "NONE", Mutuelle: "123457"} },
	} {
		r := good(t)
		change(r)
		if f := r.Check(day(t, today)); f == nil || strings.Contains(fmt.Sprint(*f), "123457") {
			t.Errorf("%s: %+v", why, f)
		}
	}
}
