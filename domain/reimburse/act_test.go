package reimburse_test

import (
	"strings"
	"testing"

	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/reimburse"
)

// born is an adult's situation for one born on a day.
func born(s string) reimburse.Patient { return reimburse.Patient{Born: day(s)} }

// TestParticipation: who owes it, for what, and how much on which day.
func TestParticipation(t *testing.T) {
	for _, row := range []struct {
		why     string
		on      string
		patient reimburse.Patient
		change  func(*reimburse.Act)
		want    money.Cents
		exempt  reimburse.Exemption
	}{
		{why: "the day before the change", on: "2024-05-14", patient: adult, want: 1_00},
		{why: "the day of the change", on: "2024-05-15", patient: adult, want: 2_00},
		{why: "the day after the change", on: "2024-05-16", patient: adult, want: 2_00},
		{why: "the doubling announced for 2026 was dropped", on: "2026-01-01", patient: adult, want: 2_00},
		{why: "18 on the day: exempt all year, being 17 on 1 January", on: "2026-06-15", patient: born("2008-06-15"), exempt: reimburse.ExemptMinor},
		{why: "18 the day before: still exempt", on: "2026-06-16", patient: born("2008-06-15"), exempt: reimburse.ExemptMinor},
		{why: "31 December of that year", on: "2026-12-31", patient: born("2008-06-15"), exempt: reimburse.ExemptMinor},
		{why: "1 January after", on: "2027-01-01", patient: born("2008-06-15"), want: 2_00},
		{why: "born on 1 January: 18 on the day itself", on: "2026-01-01", patient: born("2008-01-01"), want: 2_00},
		{why: "born on 2 January: 17 on 1 January", on: "2026-12-31", patient: born("2008-01-02"), exempt: reimburse.ExemptMinor},
		{why: "born on 29 February", on: "2026-12-31", patient: born("2008-02-29"), exempt: reimburse.ExemptMinor},
		{why: "born on the day of care", on: "2026-03-10", patient: born("2026-03-10"), exempt: reimburse.ExemptMinor},
		{why: "a related ALD does not exempt", on: "2026-03-10", patient: reimburse.Patient{Born: adult.Born, ALD: true}, want: 2_00},
		{why: "invalidity does not exempt", on: "2026-03-10", patient: reimburse.Patient{Born: adult.Born, Invalidity: true}, want: 2_00},
		{why: "an AT/MP rente does not exempt", on: "2026-03-10", patient: reimburse.Patient{Born: adult.Born, WorkPension: true}, want: 2_00},
		{why: "maternity", on: "2026-03-10", patient: reimburse.Patient{Born: adult.Born, Maternity: true}, exempt: reimburse.ExemptMaternity},
		{why: "C2S", on: "2026-03-10", patient: reimburse.Patient{Born: adult.Born, C2S: true}, exempt: reimburse.ExemptC2S},
		{why: "AME", on: "2026-03-10", patient: reimburse.Patient{Born: adult.Born, AME: true}, exempt: reimburse.ExemptAME},
		{why: "a pensioner of war", on: "2026-03-10", patient: reimburse.Patient{Born: adult.Born, WarPension: true}, exempt: reimburse.ExemptWar},
		{why: "imaging", on: "2026-03-10", patient: adult, change: func(a *reimburse.Act) { a.Family = reimburse.Imaging }, want: 2_00},
		{why: "biology", on: "2026-03-10", patient: adult, change: func(a *reimburse.Act) { a.Family = reimburse.Biology }, want: 2_00},
		{why: "a sampling for an exam: the exam bears it", on: "2026-03-10", patient: adult,
			change: func(a *reimburse.Act) { a.Family, a.Sampling = reimburse.Biology, true }, exempt: reimburse.ExemptSampling},
		{why: "organised screening", on: "2026-03-10", patient: adult, change: func(a *reimburse.Act) { a.Screening = true }, exempt: reimburse.ExemptScreening},
		{why: "during a stay", on: "2026-03-10", patient: adult, change: func(a *reimburse.Act) { a.InStay = true }, exempt: reimburse.ExemptHospitalised},
		{why: "a dentist's act bears none", on: "2026-03-10", patient: adult, change: func(a *reimburse.Act) { a.Family = reimburse.Dentist }},
		{why: "a midwife's act bears none", on: "2026-03-10", patient: adult, change: func(a *reimburse.Act) { a.Family = reimburse.Midwife }},
		{why: "larger than the AMO's share: due whole", on: "2026-03-10", patient: adult,
			change: func(a *reimburse.Act) { a.Spent, a.Price = 1_00, 1_00 }, want: 2_00},
		{why: "nothing is reimbursed of a free act: nothing is due", on: "2026-03-10", patient: adult,
			change: func(a *reimburse.Act) { a.Spent = 0 }},
	} {
		a := reimburse.Act{Care: care(row.on, 30_00, row.patient), Family: reimburse.Doctor}
		if row.change != nil {
			row.change(&a)
		}
		got := act(t, a, reimburse.Counters{})
		if got.Participation != row.want || got.Exemption != row.exempt || got.Franchise != 0 {
			t.Errorf("%s: got %s, exemption %q, franchise %s", row.why, got.Participation, got.Exemption, got.Franchise)
		}
	}
}

// TestParticipationCaps: by day and professional, by year of reimbursement, by
// number and by cents.
func TestParticipationCaps(t *testing.T) {
	year := func(y, n int, c money.Cents) reimburse.Year {
		return reimburse.Year{Year: y, Participation: reimburse.Tally{Count: n, Cents: c}}
	}
	today := func(n int, c money.Cents) reimburse.Day {
		return reimburse.Day{Participation: reimburse.Tally{Count: n, Cents: c}}
	}
	for _, row := range []struct {
		why, on, paidOn string
		year            reimburse.Year
		day             reimburse.Day
		want            money.Cents
	}{
		{why: "three of the day are left one", on: "2026-03-10", year: year(2026, 3, 6_00), day: today(3, 6_00), want: 2_00},
		{why: "four of the day", on: "2026-03-10", year: year(2026, 4, 8_00), day: today(4, 8_00), want: 0},
		{why: "four of the day, cents alone", on: "2026-03-10", year: year(2026, 0, 8_00), day: today(0, 8_00), want: 0},
		{why: "four by number, though cents are left", on: "2026-03-10", year: year(2026, 4, 4_00), day: today(4, 4_00), want: 0},
		{why: "the old cap of a day was 4 €", on: "2024-05-14", year: year(2024, 4, 4_00), day: today(0, 4_00), want: 0},
		{why: "the 25th of the year", on: "2026-11-03", year: year(2026, 24, 48_00), want: 2_00},
		{why: "the 26th of the year", on: "2026-11-03", year: year(2026, 25, 50_00), want: 0},
		{why: "one cent left", on: "2026-11-03", year: year(2026, 0, 49_99), want: 1},
		{why: "more than the cap was held: nothing is given back", on: "2026-11-03", year: year(2026, 0, 51_00), want: 0},
		{why: "care of 2024 reimbursed in 2024: 50 participations", on: "2024-05-14", paidOn: "2024-12-31", year: year(2024, 25, 25_00), want: 1_00},
		{why: "care of 2024 reimbursed in 2025: 25 participations, at its old amount", on: "2024-05-14", paidOn: "2025-01-01", year: year(2025, 25, 25_00), want: 0},
		{why: "the same, the 25th", on: "2024-05-14", paidOn: "2025-01-01", year: year(2025, 24, 24_00), want: 1_00},
		{why: "care of December reimbursed in January counts in the new year", on: "2025-12-31", paidOn: "2026-01-01", year: reimburse.Year{}, want: 2_00},
	} {
		a := consultation(row.on)
		if row.paidOn != "" {
			a.PaidOn = day(row.paidOn)
		}
		got := act(t, a, reimburse.Counters{Year: row.year, Day: row.day})
		if got.Participation != row.want {
			t.Errorf("%s: got %s, want %s", row.why, got.Participation, row.want)
		}
		if after := got.Counters.Year.Participation.Cents; after != row.year.Participation.Cents+row.want {
			t.Errorf("%s: the year's counter holds %s", row.why, after)
		}
	}
}

// TestFranchise: boxes, acts and journeys, with their caps.
func TestFranchise(t *testing.T) {
	p := reimburse.Default()
	acts := func(on string, n int, used reimburse.Day, year money.Cents, a reimburse.Act) reimburse.Reimbursement {
		a.Care, a.Family, a.Quantity = care(on, 16_13*money.Cents(max(1, n)), adult), reimburse.Auxiliary, n
		return must(t)(p.Act(a, reimburse.Counters{Year: reimburse.Year{Franchise: year}, Day: used}))
	}
	boxes := func(on string, n int, price money.Cents, year money.Cents, m reimburse.Medicines) reimburse.Reimbursement {
		m.Care, m.Class, m.Boxes = care(on, price, adult), reimburse.Medicine7, n
		return must(t)(p.Medicines(m, reimburse.Counters{Year: reimburse.Year{Franchise: year}}))
	}
	journeys := func(on string, n int, used money.Cents, urgent bool) reimburse.Reimbursement {
		return must(t)(p.Journeys(reimburse.Journeys{Care: care(on, 60_00, adult), Count: n, Urgent: urgent}, reimburse.Counters{Day: reimburse.Day{Transport: used}}))
	}
	for _, row := range []struct {
		why  string
		got  reimburse.Reimbursement
		want money.Cents
	}{
		{"an act, the day before the change", acts("2024-03-30", 1, reimburse.Day{}, 0, reimburse.Act{}), 50},
		{"an act, the day of the change", acts("2024-03-31", 1, reimburse.Day{}, 0, reimburse.Act{}), 1_00},
		{"an act, the day after", acts("2024-04-01", 1, reimburse.Day{}, 0, reimburse.Act{}), 1_00},
		{"no quantity counts as one", acts("2026-03-10", 0, reimburse.Day{}, 0, reimburse.Act{}), 1_00},
		{"five acts: the day's cap", acts("2026-03-10", 5, reimburse.Day{}, 0, reimburse.Act{}), 4_00},
		{"five acts before the change: the old cap", acts("2024-03-30", 5, reimburse.Day{}, 0, reimburse.Act{}), 2_00},
		{"3 € of the day are used", acts("2026-03-10", 2, reimburse.Day{Auxiliary: 3_00}, 3_00, reimburse.Act{}), 1_00},
		{"journeys of the day are another group", acts("2026-03-10", 1, reimburse.Day{Transport: 8_00}, 8_00, reimburse.Act{}), 1_00},
		{"50 cents of the year are left", acts("2026-03-10", 1, reimburse.Day{}, 49_50, reimburse.Act{}), 50},
		{"during a stay", acts("2026-03-10", 1, reimburse.Day{}, 0, reimburse.Act{InStay: true}), 0},
		{"a nurse's sampling spares the participation, not the franchise", acts("2026-03-10", 1, reimburse.Day{}, 0, reimburse.Act{Sampling: true}), 1_00},
		{"a box, the day before the change", boxes("2024-03-30", 1, 20_00, 0, reimburse.Medicines{}), 50},
		{"a box, the day of the change", boxes("2024-03-31", 1, 20_00, 0, reimburse.Medicines{}), 1_00},
		{"boxes have no cap per day", boxes("2026-03-10", 12, 240_00, 0, reimburse.Medicines{}), 12_00},
		{"the most of a year at once", boxes("2026-03-10", 60, 600_00, 0, reimburse.Medicines{}), 50_00},
		{"nothing is left of the year", boxes("2026-03-10", 1, 20_00, 50_00, reimburse.Medicines{}), 0},
		{"at most the AMO's share, the excess is lost", boxes("2026-03-10", 2, 1_20, 0, reimburse.Medicines{}), 78},
		{"a free box", boxes("2026-03-10", 1, 0, 0, reimburse.Medicines{}), 0},
		{"boxes during a stay", boxes("2026-03-10", 2, 20_00, 0, reimburse.Medicines{InStay: true}), 0},
		{"a journey, the day before the change", journeys("2024-03-30", 1, 0, false), 2_00},
		{"a journey, the day of the change", journeys("2024-03-31", 1, 0, false), 4_00},
		{"a third journey", journeys("2026-03-10", 1, 8_00, false), 0},
		{"one euro of the day is left", journeys("2026-03-10", 2, 7_00, false), 1_00},
		{"emergency transport", journeys("2026-03-10", 1, 0, true), 0},
	} {
		if row.got.Franchise != row.want || row.got.Participation != 0 {
			t.Errorf("%s: got %s, participation %s", row.why, row.got.Franchise, row.got.Participation)
		}
	}
}

// TestRates: families, situations and their order, on the days they change.
func TestRates(t *testing.T) {
	for _, row := range []struct {
		why     string
		on      string
		family  reimburse.Family
		patient reimburse.Patient
		path    reimburse.Pathway
		want    string
	}{
		{why: "a doctor", on: "2026-03-10", family: reimburse.Doctor, want: "70\u00a0%"},
		{why: "a doctor outside the pathway", on: "2026-03-10", family: reimburse.Doctor, path: reimburse.PathwayOutside, want: "30\u00a0%"},
		{why: "direct access", on: "2026-03-10", family: reimburse.Doctor, path: reimburse.PathwayDirect, want: "70\u00a0%"},
		{why: "away from home", on: "2026-03-10", family: reimburse.Doctor, path: reimburse.PathwayAway, want: "70\u00a0%"},
		{why: "an emergency", on: "2026-03-10", family: reimburse.Doctor, path: reimburse.PathwayEmergency, want: "70\u00a0%"},
		{why: "imaging outside the pathway", on: "2026-03-10", family: reimburse.Imaging, path: reimburse.PathwayOutside, want: "30\u00a0%"},
		{why: "biology is not of doctors", on: "2026-03-10", family: reimburse.Biology, path: reimburse.PathwayOutside, want: "60\u00a0%"},
		{why: "a midwife is no doctor", on: "2026-03-10", family: reimburse.Midwife, path: reimburse.PathwayOutside, want: "70\u00a0%"},
		{why: "the day before 16 years of age", on: "2026-03-09", family: reimburse.Doctor, patient: born("2010-03-10"), path: reimburse.PathwayOutside, want: "70\u00a0%"},
		{why: "16 years of age", on: "2026-03-10", family: reimburse.Doctor, patient: born("2010-03-10"), path: reimburse.PathwayOutside, want: "30\u00a0%"},
		{why: "a dentist, the day before the change", on: "2023-10-14", family: reimburse.Dentist, want: "70\u00a0%"},
		{why: "a dentist, the day of the change", on: "2023-10-15", family: reimburse.Dentist, want: "60\u00a0%"},
		{why: "an auxiliary", on: "2026-03-10", family: reimburse.Auxiliary, want: "60\u00a0%"},
		{why: "Alsace-Moselle outside the pathway", on: "2026-03-10", family: reimburse.Doctor, patient: reimburse.Patient{AlsaceMoselle: true}, path: reimburse.PathwayOutside, want: "50\u00a0%"},
		{why: "Alsace-Moselle, an auxiliary", on: "2026-03-10", family: reimburse.Auxiliary, patient: reimburse.Patient{AlsaceMoselle: true}, want: "90\u00a0%"},
		{why: "ASPA", on: "2026-03-10", family: reimburse.Doctor, patient: reimburse.Patient{ASPA: true}, want: "80\u00a0%"},
		{why: "the highest of ASPA and Alsace-Moselle", on: "2026-03-10", family: reimburse.Doctor, patient: reimburse.Patient{ASPA: true, AlsaceMoselle: true}, want: "90\u00a0%"},
		{why: "the highest of all, then the majoration", on: "2026-03-10", family: reimburse.Doctor,
			patient: reimburse.Patient{ASPA: true, AlsaceMoselle: true, ALD: true}, path: reimburse.PathwayOutside, want: "60\u00a0%"},
		{why: "maternity", on: "2026-03-10", family: reimburse.Dentist, patient: reimburse.Patient{Maternity: true}, want: "100\u00a0%"},
		{why: "a work accident", on: "2026-03-10", family: reimburse.Auxiliary, patient: reimburse.Patient{WorkAccident: true}, want: "100\u00a0%"},
	} {
		if row.patient.Born.IsZero() {
			row.patient.Born = adult.Born
		}
		got := act(t, reimburse.Act{Care: care(row.on, 20_00, row.patient), Family: row.family, Pathway: row.path}, reimburse.Counters{})
		if got.Rate.String() != row.want || got.Gross != got.Rate.Of(20_00) {
			t.Errorf("%s: got %s, %s", row.why, got.Rate, got.Gross)
		}
	}
}

// TestOtherRates: medicines, journeys and devices.
func TestOtherRates(t *testing.T) {
	p := reimburse.Default()
	medicine := func(class reimburse.Family, who reimburse.Patient) reimburse.Reimbursement {
		return must(t)(p.Medicines(reimburse.Medicines{Care: care("2026-03-10", 10_00, who), Class: class}, reimburse.Counters{}))
	}
	local := reimburse.Patient{Born: adult.Born, AlsaceMoselle: true}
	for _, row := range []struct {
		why  string
		got  reimburse.Reimbursement
		want money.Cents
	}{
		{"irreplaceable", medicine(reimburse.Medicine1, adult), 10_00},
		{"major benefit", medicine(reimburse.Medicine7, adult), 6_50},
		{"moderate benefit", medicine(reimburse.Medicine4, adult), 3_00},
		{"low benefit", medicine(reimburse.Medicine2, adult), 1_50},
		{"Alsace-Moselle, of those at 65 %", medicine(reimburse.Medicine7, local), 9_00},
		{"Alsace-Moselle, of others nothing is known", medicine(reimburse.Medicine2, local), 1_50},
		{"a device", must(t)(p.Devices(reimburse.Devices{Care: care("2026-03-10", 10_00, adult)}, reimburse.Counters{})), 6_00},
		{"a journey before the change", must(t)(p.Journeys(reimburse.Journeys{Care: care("2023-10-14", 10_00, adult)}, reimburse.Counters{})), 6_50},
		{"a journey since", must(t)(p.Journeys(reimburse.Journeys{Care: care("2023-10-15", 10_00, adult)}, reimburse.Counters{})), 5_50},
	} {
		if row.got.Gross != row.want {
			t.Errorf("%s: got %s, want %s", row.why, row.got.Gross, row.want)
		}
	}
}

// TestMajorationCap: 40 points, at most 12 € of a price of 30 €.
func TestMajorationCap(t *testing.T) {
	for _, row := range []struct {
		why               string
		price             money.Cents
		majoration, gross money.Cents
	}{
		{"below the cap", 23_00, 9_20, 6_90},
		{"at the cap", 30_00, 12_00, 9_00},
		{"the first price above", 30_02, 12_00, 9_01},
		{"far above: 70 % less 12 €", 57_00, 12_00, 27_90},
	} {
		a := consultation("2026-03-10")
		a.Spent, a.Price, a.Pathway = row.price, row.price, reimburse.PathwayOutside
		got := act(t, a, reimburse.Counters{})
		if got.HorsParcours != row.majoration || got.Gross != row.gross {
			t.Errorf("%s: got %s, %s", row.why, got.HorsParcours, got.Gross)
		}
	}
}

// TestHeavyAct: the flat amount, by base price or coefficient, and who is spared.
func TestHeavyAct(t *testing.T) {
	for _, row := range []struct {
		why     string
		on      string
		price   money.Cents
		spent   money.Cents
		change  func(*reimburse.Act)
		tm      money.Cents
		heavy   money.Cents
		patient reimburse.Patient
	}{
		{why: "a cent below the threshold", on: "2026-03-10", price: 119_99, tm: 36_00},
		{why: "at the threshold", on: "2026-03-10", price: 120_00, tm: 24_00, heavy: 24_00},
		{why: "the threshold reads the base price, not what is charged", on: "2026-03-10", price: 100_00, spent: 200_00, tm: 30_00},
		{why: "and not what is paid below it", on: "2026-03-10", price: 150_00, spent: 100_00, tm: 24_00, heavy: 24_00},
		{why: "coefficient 59", on: "2026-03-10", price: 100_00, change: func(a *reimburse.Act) { a.Coefficient = 59 }, tm: 30_00},
		{why: "coefficient 60", on: "2026-03-10", price: 100_00, change: func(a *reimburse.Act) { a.Coefficient = 60 }, tm: 24_00, heavy: 24_00},
		{why: "the day before the change", on: "2026-04-21", price: 150_00, tm: 24_00, heavy: 24_00},
		{why: "the day of the change", on: "2026-04-22", price: 150_00, tm: 32_00, heavy: 32_00},
		{why: "the day after the change", on: "2026-04-23", price: 150_00, tm: 32_00, heavy: 32_00},
		{why: "heavy imaging has no share at all", on: "2026-03-10", price: 120_00, change: func(a *reimburse.Act) { a.Family = reimburse.Imaging }},
		{why: "imaging below", on: "2026-03-10", price: 119_00, change: func(a *reimburse.Act) { a.Family = reimburse.Imaging }, tm: 35_70},
		{why: "a midwife's act is not heavy", on: "2026-03-10", price: 150_00, change: func(a *reimburse.Act) { a.Family = reimburse.Midwife }, tm: 45_00},
		{why: "outside the pathway the majoration is due beside it", on: "2026-03-10", price: 150_00, change: func(a *reimburse.Act) { a.Pathway = reimburse.PathwayOutside }, tm: 36_00, heavy: 24_00},
		{why: "a related ALD", on: "2026-03-10", price: 150_00, patient: reimburse.Patient{Born: adult.Born, ALD: true}},
		{why: "C2S", on: "2026-03-10", price: 150_00, patient: reimburse.Patient{Born: adult.Born, C2S: true}},
		{why: "invalidity", on: "2026-03-10", price: 150_00, patient: reimburse.Patient{Born: adult.Born, Invalidity: true}},
		{why: "an AT/MP rente of two thirds", on: "2026-03-10", price: 150_00, patient: reimburse.Patient{Born: adult.Born, WorkPension: true}},
		{why: "the last day of a newborn", on: "2026-03-09", price: 150_00, patient: born("2026-02-10")},
		{why: "one month of age", on: "2026-03-10", price: 150_00, patient: born("2026-02-10"), tm: 24_00, heavy: 24_00},
	} {
		if row.patient.Born.IsZero() {
			row.patient = adult
		}
		a := reimburse.Act{Care: care(row.on, row.price, row.patient), Family: reimburse.Doctor}
		if row.spent > 0 {
			a.Spent = row.spent
		}
		if row.change != nil {
			row.change(&a)
		}
		if got := act(t, a, reimburse.Counters{}); got.TicketModerateur != row.tm || got.HeavyAct != row.heavy {
			t.Errorf("%s: got %s, of which %s for a heavy act", row.why, got.TicketModerateur, got.HeavyAct)
		}
	}
}

// TestC2S: nothing is left but what is charged above the base, unless an
// operator says that the majoration is.
func TestC2S(t *testing.T) {
	a := consultation("2026-03-10")
	a.Patient.C2S, a.Spent, a.Pathway, a.TiersPayant = true, 40_00, reimburse.PathwayOutside, true
	got := act(t, a, reimburse.Counters{})
	if got.Paid != 9_00 || got.C2SPaid != 21_00 || got.Remaining != 10_00 || got.Deferred != 0 {
		t.Errorf("got %+v", got)
	}
	p, err := reimburse.Default().With("c2s.hors-parcours", "non")
	if err != nil {
		t.Fatal(err)
	}
	if got = must(t)(p.Act(a, reimburse.Counters{})); got.C2SPaid != 9_00 || got.Remaining != 22_00 {
		t.Errorf("without the majoration: got %s, %s left", got.C2SPaid, got.Remaining)
	}
}

func TestDirectAccess(t *testing.T) {
	for _, row := range []struct {
		why       string
		specialty reimburse.Specialty
		on        string
		want      bool
	}{
		{"a gynaecologist at any age", reimburse.Gynaecologist, "2026-03-10", true},
		{"a psychiatrist, the day before 16", reimburse.Psychiatrist, "2026-05-31", false},
		{"a psychiatrist at 16", reimburse.Psychiatrist, "2026-06-01", true},
		{"a psychiatrist, the last day at 25", reimburse.Psychiatrist, "2036-05-31", true},
		{"a psychiatrist at 26", reimburse.Psychiatrist, "2036-06-01", false},
		{"another specialty", "DERMATOLOGUE", "2026-03-10", false},
	} {
		if got := reimburse.DirectAccess(row.specialty, day("2010-06-01"), day(row.on)); got != row.want {
			t.Errorf("%s: got %t", row.why, got)
		}
	}
}

func TestPregnancy(t *testing.T) {
	running := reimburse.Pregnancy{Start: day("2025-09-30")}
	ended := reimburse.Pregnancy{Start: day("2025-09-30"), Birth: day("2026-02-28")}
	for _, row := range []struct {
		why  string
		g    reimburse.Pregnancy
		on   string
		want bool
	}{
		{"the last day of the 5th month, February having no 30th", running, "2026-02-27", false},
		{"the first day of the 6th month", running, "2026-02-28", true},
		{"before the birth there is no end", running, "2026-12-31", true},
		{"the 12th day after birth", ended, "2026-03-12", true},
		{"the 13th day after birth", ended, "2026-03-13", false},
	} {
		if got := row.g.Covers(day(row.on)); got != row.want {
			t.Errorf("%s: got %t", row.why, got)
		}
	}
}

func TestExplain(t *testing.T) {
	outside, capped, settled, heavy, both := consultation("2026-03-10"), consultation("2026-03-10"), consultation("2026-03-10"), consultation("2026-03-10"), consultation("2026-03-10")
	outside.Pathway = reimburse.PathwayOutside
	capped.Pathway, capped.Spent, capped.Price = reimburse.PathwayOutside, 57_00, 57_00
	settled.TiersPayant = true
	heavy.Spent, heavy.Price = 150_00, 150_00
	both.Spent, both.Price, both.Family = 16_13, 16_13, reimburse.Auxiliary
	for _, row := range []struct {
		why  string
		a    reimburse.Act
		want string
	}{
		{"the example of the brief", consultation("2026-03-10"), "30,00_€ × 70_% = 21,00_€ − 2,00_€ de participation forfaitaire"},
		{"outside the pathway", outside, "30,00_€ × 30_% = 9,00_€ − 2,00_€ de participation forfaitaire"},
		{"a capped majoration is an amount", capped, "57,00_€ × 70_% = 39,90_€ − 12,00_€ de majoration hors parcours − 2,00_€ de participation forfaitaire"},
		{"nothing is held back of what the professional gets", settled, "30,00_€ × 70_% = 21,00_€ (dont 2,00_€ à retenir plus tard)"},
		{"a heavy act", heavy, "150,00_€ − 24,00_€ de participation pour acte lourd = 126,00_€ − 2,00_€ de participation forfaitaire"},
		{"a franchise", both, "16,13_€ × 60_% = 9,68_€ − 1,00_€ de franchise"},
	} {
		got := act(t, row.a, reimburse.Counters{})
		if want := strings.ReplaceAll(row.want, "_", "\u00a0"); got.Explain() != want {
			t.Errorf("%s: got  %s\nwant %s", row.why, got.Explain(), want)
		}
		for _, s := range got.Steps {
			if s.Code == "" || !strings.HasSuffix(s.Text, ".") {
				t.Errorf("%s: step %+v is no sentence with a code", row.why, s)
			}
		}
	}
}

// TestActRefuses: a line is never computed of what it cannot be.
func TestActRefuses(t *testing.T) {
	counters := reimburse.Counters{}
	for why, change := range map[string]func(*reimburse.Act){
		"no day":                              func(a *reimburse.Act) { a.On = civil.Date{} },
		"no day of birth":                     func(a *reimburse.Act) { a.Patient.Born = civil.Date{} },
		"care before birth":                   func(a *reimburse.Act) { a.Patient.Born = a.On.AddDays(1) },
		"reimbursed before the care":          func(a *reimburse.Act) { a.PaidOn = a.On.AddDays(-1) },
		"a price below zero":                  func(a *reimburse.Act) { a.Price = -1 },
		"a charge below zero":                 func(a *reimburse.Act) { a.Spent = -1 },
		"beyond any amount":                   func(a *reimburse.Act) { a.Spent = money.Max + 1 },
		"units below zero":                    func(a *reimburse.Act) { a.Quantity = -1 },
		"too many units":                      func(a *reimburse.Act) { a.Quantity = 1001 },
		"a family that is no professional's":  func(a *reimburse.Act) { a.Family = reimburse.Medicine7 },
		"an unknown family":                   func(a *reimburse.Act) { a.Family = "" },
		"before any rate is known":            func(a *reimburse.Act) { a.On = day("2004-12-31") },
		"before the day's caps are known":     func(a *reimburse.Act) { a.On = day("2015-12-31") },
		"the majoration before it is known":   func(a *reimburse.Act) { a.On, a.Pathway = day("2009-01-31"), reimburse.PathwayOutside },
		"counters of another year of payment": func(a *reimburse.Act) { a.PaidOn = day("2027-01-01"); counters.Year.Year = 2026 },
		"counters of another day of care":     func(a *reimburse.Act) { counters.Day.On = day("2026-03-09") },
		"a counter below zero":                func(a *reimburse.Act) { counters.Year.Franchise = -1 },
	} {
		a := consultation("2026-03-10")
		counters = reimburse.Counters{}
		change(&a)
		if got, err := reimburse.Default().Act(a, counters); err == nil {
			t.Errorf("%s: computed %+v", why, got)
		}
	}
	if _, err := (reimburse.Parameters{}).Act(consultation("2026-03-10"), reimburse.Counters{}); err == nil {
		t.Error("parameters that know nothing have computed a line")
	}
	if _, err := reimburse.Default().Medicines(reimburse.Medicines{Care: care("2026-03-10", 1_00, adult), Class: reimburse.Doctor}, reimburse.Counters{}); err == nil {
		t.Error("a doctor became a medicine")
	}
}

func TestLargest(t *testing.T) {
	a := consultation("2026-03-10")
	a.Spent, a.Price, a.Family = money.Max, money.Max, reimburse.Dentist
	if got := act(t, a, reimburse.Counters{}); got.Gross != 600_000_000 || got.TicketModerateur != 400_000_000 {
		t.Errorf("got %s, %s", got.Gross, got.TicketModerateur)
	}
}

// TestOrderSetting: an operator may have the points of the majoration spare the
// rates of Alsace-Moselle and ASPA, and no other.
func TestOrderSetting(t *testing.T) {
	for _, row := range []struct {
		why        string
		change     func(*reimburse.Patient)
		after, not money.Cents // of 30 €, as the release has it and by the setting
	}{
		{"neither", func(p *reimburse.Patient) {}, 9_00, 9_00},
		{"Alsace-Moselle", func(p *reimburse.Patient) { p.AlsaceMoselle = true }, 15_00, 27_00},
		{"ASPA", func(p *reimburse.Patient) { p.ASPA = true }, 12_00, 24_00},
		{"ALD: R.160-6 takes them off", func(p *reimburse.Patient) { p.ALD = true }, 18_00, 18_00},
		{"ALD in Alsace-Moselle: 90 is above 100 less 40", func(p *reimburse.Patient) { p.ALD, p.AlsaceMoselle = true, true }, 18_00, 27_00},
	} {
		a := consultation("2026-03-10")
		a.Pathway = reimburse.PathwayOutside
		row.change(&a.Patient)
		if got := act(t, a, reimburse.Counters{}); got.Gross != row.after {
			t.Errorf("%s: got %+v", row.why, got)
		}
		if got := must(t)(with(t, "hors-parcours.apres-le-plus-haut-taux", "non").Act(a, reimburse.Counters{})); got.Gross != row.not || got.Gross+got.TicketModerateur != got.Base {
			t.Errorf("%s, by the setting: got %+v", row.why, got)
		}
	}
}

// TestParticipationSettings: what the sources are silent about is an operator's.
func TestParticipationSettings(t *testing.T) {
	nearly := reimburse.Counters{Year: reimburse.Year{Year: 2026, Participation: reimburse.Tally{Count: 24, Cents: 49_00}}}
	for value, want := range map[string]money.Cents{"oui": 1_00, "non": 0} {
		if got := must(t)(with(t, "participation.derniere-reduite", value).Act(consultation("2026-03-10"), nearly)); got.Participation != want {
			t.Errorf("a last one that is cut, %s: got %+v", value, got)
		}
	}
	free := consultation("2026-03-10")
	free.Price = 0
	for value, want := range map[string]money.Cents{"oui": 2_00, "non": 0} {
		if got := must(t)(with(t, "participation.sans-part", value).Act(free, reimburse.Counters{})); got.Participation != want || got.Deferred != want {
			t.Errorf("nothing is reimbursed, %s: got %+v", value, got)
		}
	}
}
