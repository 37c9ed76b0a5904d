package domain_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/domain"
)

// stored is good as a payment.
func stored(t testing.TB) *domain.Payment {
	t.Helper()
	r := good(t)
	return &domain.Payment{Reference: r.Reference, Movement: domain.Movement{Reference: r.Movement}, PaidOn: r.PaidOn, Recipient: r.Recipient,
		Amount: r.Amount, Lines: r.Lines, Complementary: domain.ComplementaryAwaited{Mutuelle: domain.Mutuelle{Code: "1", Name: "Deux Rives"}}}
}

// told writes changes as field: before > after, - for null.
func told(changes []domain.PaymentChange) (list []string) {
	text := func(s *string) string {
		if s == nil {
			return "-"
		}
		return *s
	}
	for _, c := range changes {
		list = append(list, c.Field+": "+text(c.Before)+" > "+text(c.After))
	}
	return list
}

func TestChanges(t *testing.T) {
	paidOn := day(t, "2026-11-05")
	rives := domain.Mutuelle{Code: "1", Name: "Deux Rives"}
	for _, row := range []struct {
		why    string
		change func(p *domain.Payment)
		want   []string
	}{
		{"nothing", func(*domain.Payment) {}, nil},
		{"the movement", func(p *domain.Payment) { p.Movement.Reference = "VIR 2" }, []string{"movement.reference: VIR 1 > VIR 2"}},
		{"to whom", func(p *domain.Payment) { p.Recipient = domain.ToProfessional }, []string{"recipient: ASSURE > PROFESSIONAL"}},
		{"to nothing is an amount, not null", func(p *domain.Payment) { p.Amount = 0 }, []string{"amount: 1900 > 0"}},
		{"to a recovery", func(p *domain.Payment) { p.Amount = -1900 }, []string{"amount: 1900 > -1900"}},
		{"a late part of the mutuelle", func(p *domain.Payment) {
			p.Complementary = domain.ComplementaryKnown{Amount: 900, Mutuelle: rives, PaidOn: &paidOn}
		}, []string{"complementary: AWAITED > KNOWN", "complementary.amount: - > 900", "complementary.paidOn: - > 2026-11-05"}},
		{"whose day is unknown", func(p *domain.Payment) { p.Complementary = domain.ComplementaryKnown{Mutuelle: rives} },
			[]string{"complementary: AWAITED > KNOWN", "complementary.amount: - > 0"}},
		{"no mutuelle after all", func(p *domain.Payment) { p.Complementary = domain.ComplementaryNone{} },
			[]string{"complementary: AWAITED > NONE", "complementary.mutuelle: Deux Rives > -"}},
		{"another mutuelle", func(p *domain.Payment) {
			p.Complementary = domain.ComplementaryElsewhere{Mutuelle: domain.Mutuelle{Code: "2", Name: "MGEN"}}
		}, []string{"complementary: AWAITED > ELSEWHERE", "complementary.mutuelle: Deux Rives > MGEN"}},
		{"another mutuelle of the same name is a change", func(p *domain.Payment) {
			p.Complementary = domain.ComplementaryAwaited{Mutuelle: domain.Mutuelle{Code: "2", Name: "Deux Rives"}}
		}, []string{"complementary.mutuelle: Deux Rives > Deux Rives"}},
		{"every field of a line", func(p *domain.Payment) {
			p.Lines = []domain.PaymentLine{{CaredOn: paidOn, Act: "CS", Label: "Spécialiste", Spent: 1, Base: 2, Rate: 3, Reimbursed: 4, Retained: 5, Paid: -1}}
		}, []string{"lines.0.caredOn: 2026-10-28 > 2026-11-05", "lines.0.act: G > CS", "lines.0.label: Consultation > Spécialiste",
			"lines.0.professional: 99700000001 > -", "lines.0.spent: 3000 > 1", "lines.0.base: 3000 > 2", "lines.0.rate: 70 > 3",
			"lines.0.reimbursed: 2100 > 4", "lines.0.retained: 200 > 5", "lines.0.paid: 1900 > -1"}},
		{"a line more", func(p *domain.Payment) {
			p.Lines = append(p.Lines[:1:1], domain.PaymentLine{CaredOn: paidOn, Act: "B", Label: "Biologie"})
		}, []string{"lines.1.caredOn: - > 2026-11-05", "lines.1.act: - > B", "lines.1.label: - > Biologie", "lines.1.spent: - > 0", "lines.1.base: - > 0",
			"lines.1.rate: - > 0", "lines.1.reimbursed: - > 0", "lines.1.retained: - > 0", "lines.1.paid: - > 0"}},
		{"what the directory says about a professional is no change of the payment", func(p *domain.Payment) {
			renamed := *p.Lines[0].Professional
			renamed.Name, renamed.Town = "Dr Anne Martin", nil
			p.Lines = []domain.PaymentLine{p.Lines[0]}
			p.Lines[0].Professional = &renamed
		}, nil},
		{"another professional", func(p *domain.Payment) {
			p.Lines = []domain.PaymentLine{p.Lines[0]}
			p.Lines[0].Professional = &domain.Professional{Number: "2"}
		}, []string{"lines.0.professional: 99700000001 > 2"}},
	} {
		was, is := stored(t), stored(t)
		row.change(is)
		if diff := cmp.Diff(row.want, told(domain.Changes(was, is))); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
}

// TestManyChanges: what would be more than twenty is told as one change of the
// lines; what changed beside the lines is told still.
func TestManyChanges(t *testing.T) {
	was, is := stored(t), stored(t)
	line := was.Lines[0]
	is.Lines = []domain.PaymentLine{line, line, line}
	if diff := cmp.Diff(20, len(domain.Changes(was, is))); diff != "" {
		t.Errorf("twenty are told one by one: %s", diff)
	}
	is.Amount = 5700
	if diff := cmp.Diff([]string{"amount: 1900 > 5700", "lines: 1 > 3"}, told(domain.Changes(was, is))); diff != "" {
		t.Errorf("one more: %s", diff)
	}
	if diff := cmp.Diff([]string{"amount: 5700 > 1900", "lines: 3 > 1"}, told(domain.Changes(is, was))); diff != "" {
		t.Errorf("and back: %s", diff)
	}
}
