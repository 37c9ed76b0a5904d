package domain_test

import (
	"slices"
	"strings"
	"testing"

	"comptesante/domain"
)

// TestExplanation: a line says how it comes to what was paid.
func TestExplanation(t *testing.T) {
	consultation := domain.PaymentLine{Spent: 3000, Base: 3000, Rate: 70, Reimbursed: 2100, Retained: 200, Paid: 1900,
		Retentions: []domain.Retention{{Kind: domain.Participation, Amount: 200}}}
	plain := domain.PaymentLine{Spent: 3000, Base: 3000, Rate: 70, Reimbursed: 2100, Paid: 2100}
	allowance := domain.PaymentLine{Reimbursed: 27_050, Paid: 27_050, Allowance: &domain.DailyAllowance{Days: 7, Daily: 4_150, Gross: 29_050, CSG: 1_850, CRDS: 150}}
	with := func(l domain.PaymentLine, change func(*domain.PaymentLine)) domain.PaymentLine {
		l.Retentions = slices.Clone(l.Retentions)
		change(&l)
		return l
	}
	for _, row := range []struct {
		why  string
		line domain.PaymentLine
		want string
	}{
		{"the printed example of service-public.fr", consultation, "30,00 € × 70 % = 21,00 € − 2,00 € de participation forfaitaire = 19,00 €"},
		{"nothing is held back", plain, "30,00 € × 70 % = 21,00 €"},
		{"the fund gave no detail", with(consultation, func(l *domain.PaymentLine) { l.Retentions = nil }), "30,00 € × 70 % = 21,00 € − 2,00 € de retenue = 19,00 €"},
		{"tiers payant: held back later", with(plain, func(l *domain.PaymentLine) {
			l.Retentions = []domain.Retention{{Kind: domain.Franchise, Amount: 100, Deferred: true}}
		}), "30,00 € × 70 % = 21,00 € ; 1,00 € de franchise à retenir sur un prochain paiement"},
		{"of earlier care", with(consultation, func(l *domain.PaymentLine) {
			l.Retentions[0].Of = &domain.EarlierCare{CaredOn: day(t, "2026-02-28"), Label: "Médicaments"}
		}), "30,00 € × 70 % = 21,00 € − 2,00 € de participation forfaitaire (Médicaments du 28/02/2026) = 19,00 €"},
		{"more was charged than the base", with(plain, func(l *domain.PaymentLine) { l.Spent = 6000 }), "30,00 € × 70 % = 21,00 € ; dépassement non remboursé : 30,00 €"},
		{"a share that the rate does not give, such as a flat amount", with(plain, func(l *domain.PaymentLine) { l.Base, l.Spent, l.Reimbursed, l.Paid = 20_000, 20_000, 16_800, 16_800 }),
			"168,00 € remboursés pour une base de 200,00 €"},
		{"half a cent rounds up", with(plain, func(l *domain.PaymentLine) { l.Base, l.Spent, l.Rate, l.Reimbursed, l.Paid = 1001, 1001, 65, 651, 651 }), "10,01 € × 65 % = 6,51 €"},
		{"taken back, with what had been held back", domain.PaymentLine{Spent: -3000, Base: -3000, Rate: 70, Reimbursed: -2100, Retained: -200, Paid: -1900,
			Retentions: []domain.Retention{{Kind: domain.Participation, Amount: -200}}}, "reprise : −21,00 € + 2,00 € de participation forfaitaire = −19,00 €"},
		{"taken back, and nothing had been held back", domain.PaymentLine{Spent: -3000, Base: -3000, Rate: 70, Reimbursed: -2100, Paid: -2100}, "reprise de 21,00 €"},
		{"taken back, with more held back of it", domain.PaymentLine{Reimbursed: -920, Retained: 100, Paid: -1020}, "reprise : −9,20 € − 1,00 € de retenue = −10,20 €"},
		{"taken back, with what was put off", domain.PaymentLine{Base: -1240, Rate: 65, Reimbursed: -806, Paid: -806,
			Retentions: []domain.Retention{{Kind: domain.Franchise, Amount: -100, Deferred: true}}}, "reprise de 8,06 € ; 1,00 € de franchise à ne plus retenir"},
		{"more held back, of earlier care, than is paid", domain.PaymentLine{Base: 100, Rate: 70, Reimbursed: 70, Retained: 200, Paid: -130}, "1,00 € × 70 % = 0,70 € − 2,00 € de retenue = −1,30 €"},
		{"nothing but a debt of earlier care", domain.PaymentLine{Retained: 100, Paid: -100, Retentions: []domain.Retention{
			{Kind: domain.Franchise, Amount: 100, Of: &domain.EarlierCare{CaredOn: day(t, "2026-11-09"), Label: "Médicaments"}}}}, "0,00 € − 1,00 € de franchise (Médicaments du 09/11/2026) = −1,00 €"},
		{"allowances taken back", domain.PaymentLine{Reimbursed: -27_050, Paid: -27_050, Allowance: &domain.DailyAllowance{Days: 7, Daily: -4_150, Gross: -29_050, CSG: -1_850, CRDS: -150}},
			"reprise : 7 jours × −41,50 € = −290,50 € + 18,50 € de CSG + 1,50 € de CRDS = −270,50 €"},
		{"daily allowances", allowance, "7 jours × 41,50 € = 290,50 € − 18,50 € de CSG − 1,50 € de CRDS = 270,50 €"},
		{"one day, without contributions", domain.PaymentLine{Reimbursed: 4150, Paid: 4150, Allowance: &domain.DailyAllowance{Days: 1, Daily: 4150, Gross: 4150}}, "1 jour × 41,50 € = 41,50 €"},
		{"days that are not all paid alike", with(allowance, func(l *domain.PaymentLine) {
			a := *l.Allowance
			a.Daily = 5000
			l.Allowance = &a
		}), "290,50 € pour 7 jours − 18,50 € de CSG − 1,50 € de CRDS = 270,50 €"},
	} {
		if got := strings.ReplaceAll(row.line.Explanation(), "\u00a0", " "); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.why, got, row.want)
		}
	}
}
