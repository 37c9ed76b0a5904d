package reimburse

import (
	"comptesante/domain/dated"
	"comptesante/domain/money"
)

// participationRules is the participation forfaitaire: an amount per act of a
// doctor, imaging or biology exam (CSS L.160-13 II, D.160-6 to D.160-8).
type participationRules struct {
	amount      amounts // per act, by date of care; bounds 2 to 3 € (CSS R.160-19)
	dayCap      amounts // a beneficiary and professional, by date of care
	dayCount    counts
	yearCap     amounts // a beneficiary and civil year of reimbursement
	yearCount   counts
	stopAtCount fixed[bool]
	aboveAMO    fixed[bool]
	cutLast     fixed[bool]
	withoutAMO  fixed[bool]
	exemptWar   fixed[bool]
}

func defaultParticipation() participationRules {
	return participationRules{
		amount: amounts{Name: "participation forfaitaire per act", Values: []dated.Value[money.Cents]{
			dated.Span("2005-01-01", "2024-05-14", money.Cents(1_00), "AMELI-PF"),
			dated.Span("2024-05-15", "", money.Cents(2_00), "CPAM21, QC-0426, UCR; the doubling announced for 2026 was dropped in December 2025"),
		}},
		// CPAM21 and the press of spring 2024 print 4 € after the change: they kept
		// the old amount. The text counts participations, so 4 × 2 €.
		dayCap: amounts{Name: "participation forfaitaire per day and professional", Values: []dated.Value[money.Cents]{
			dated.Span("2016-01-01", "2024-05-14", money.Cents(4_00), "CSS D.160-8: four participations of 1 €"),
			dated.Span("2024-05-15", "", money.Cents(8_00), "CSS D.160-8: four participations of 2 €; UCR prints 8 €"),
		}},
		dayCount: counts{Name: "participations per day and professional", Values: []dated.Value[int]{
			dated.Span("2016-01-01", "", 4, "CSS D.160-8"),
		}},
		yearCap: amounts{Name: "participation forfaitaire per civil year", Values: []dated.Value[money.Cents]{
			dated.Span("2005-01-01", "", money.Cents(50_00), "CPAM21, UCR; the cap of 100 € announced in 2025 was never enacted"),
		}},
		yearCount: counts{Name: "participations per civil year", Values: []dated.Value[int]{
			dated.Span("2016-01-01", "2023-12-31", 50, "CSS D.160-6, old").
				Doubtful("participation.nombre-annuel.2016", "derived: 50 € in participations of 1 €"),
			dated.Span("2024-01-01", "2024-12-31", 50, "DECRET 2024-432 art. 2 II: 50, within 50 €"),
			dated.Span("2025-01-01", "", 25, "CSS D.160-6 (DECRET 2024-432)"),
		}},
		stopAtCount: fixed[bool]{
			Name: "stop at the year's number of participations, even where its cents are not reached", Value: true, Source: "OWN",
			Key: "participation.arret-au-nombre", Doubt: "unverified; it matters only where participations of 1 € are reimbursed in 2025 or later",
		},
		aboveAMO: fixed[bool]{
			Name: "a participation above the AMO's share is due whole, the rest as a debt", Value: true, Source: "OWN",
			Key: "participation.au-dela-de-la-part", Doubt: "unverified; non: it is cut to the AMO's share",
		},
		cutLast: fixed[bool]{
			Name: "the last participation of a year is cut to the cents that its cap leaves", Value: true, Source: "OWN",
			Key: "participation.derniere-reduite", Doubt: "unverified; non: it is not due at all; with participations of 2 € alone both are the same",
		},
		withoutAMO: fixed[bool]{
			Name: "a participation is due where the AMO pays nothing at all", Value: false, Source: "OWN",
			Key: "participation.sans-part", Doubt: "unverified",
		},
		exemptWar: fixed[bool]{
			Name: "pensioners of war (CPMIVG L.212-1) are exempt", Value: true, Source: "BFM",
			Key: "participation.exoneration-invalide-guerre", Doubt: "single source",
		},
	}
}

func (r *participationRules) tables() []table {
	return []table{over(r.amount), over(r.dayCap), over(r.dayCount), over(r.yearCap), over(r.yearCount), &r.stopAtCount, &r.aboveAMO,
		&r.cutLast, &r.withoutAMO, &r.exemptWar}
}

// franchiseRules is the franchise médicale: an amount per box, act of an
// auxiliary or journey (CSS L.160-13 III, D.160-9 to D.160-11). Boxes have no
// cap per day. Extending it to dental care and devices was proposed for 2026
// and removed in Parliament.
type franchiseRules struct {
	box, act, journey amounts // by date of care
	actsPerDay        amounts // a patient and day, all professionals
	journeysPerDay    amounts // a patient and day, all carriers
	yearCap           amounts // a patient and civil year of reimbursement, all groups together
}

func defaultFranchise() franchiseRules {
	return franchiseRules{
		box:            franchiseTable("franchise per box of medicine, dispensing fee included", 50, 1_00),
		act:            franchiseTable("franchise per act of an auxiliary", 50, 1_00),
		journey:        franchiseTable("franchise per journey", 2_00, 4_00),
		actsPerDay:     franchiseTable("franchise on acts per day", 2_00, 4_00),
		journeysPerDay: franchiseTable("franchise on journeys per day", 4_00, 8_00),
		yearCap: amounts{Name: "franchise per civil year", Values: []dated.Value[money.Cents]{
			dated.Span("2008-01-01", "", money.Cents(50_00), "POLE, QC-0426; a counter apart from the participation's"),
		}},
	}
}

// franchiseTable is an amount that doubled on 31 March 2024.
func franchiseTable(name string, before, since money.Cents) amounts {
	return amounts{Name: name, Values: []dated.Value[money.Cents]{
		dated.Span("2008-01-01", "2024-03-30", before, "POLE"),
		dated.Span("2024-03-31", "", since, "POLE, QC-0426; CSS D.160-9 to D.160-11"),
	}}
}

func (r *franchiseRules) tables() []table {
	return []table{over(r.box), over(r.act), over(r.journey), over(r.actsPerDay), over(r.journeysPerDay), over(r.yearCap)}
}

// debtRules is how what was not held back on its own line is recovered.
type debtRules struct {
	years       fixed[int] // of limitation, from the reimbursement of the line
	oldestFirst fixed[bool]
}

func defaultDebts() debtRules {
	return debtRules{
		years: fixed[int]{
			Name: "years in which a participation or a franchise can be recovered, from the reimbursement of its line", Value: 5, Source: "CSS D.160-7; IFRAP: given up after five years",
			Key: "dette.prescription", Doubt: "D.160-7 cancels a debt at its limitation date without saying which; single source for the five years, and none for the day from which they run",
		},
		oldestFirst: fixed[bool]{
			Name: "the oldest debts are recovered first", Value: true, Source: "OWN",
			Key: "dette.plus-ancienne-d-abord", Doubt: "unverified; non: the latest first",
		},
	}
}

func (r *debtRules) tables() []table { return []table{&r.years, &r.oldestFirst} }
