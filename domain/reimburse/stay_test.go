package reimburse_test

import (
	"strings"
	"testing"

	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/reimburse"
)

func TestStay(t *testing.T) {
	for _, row := range []struct {
		why              string
		entry, discharge string
		cost             money.Cents
		change           func(*reimburse.Stay)
		paid, share      money.Cents // share: percentage or flat amount
		daily, due       money.Cents
		remaining        money.Cents
	}{
		{why: "over the change of the daily charge, each day at its own", entry: "2026-02-27", discharge: "2026-03-02", cost: 1000_00,
			paid: 800_00, share: 200_00, daily: 86_00, due: 200_00, remaining: 200_00},
		{why: "the last days before the change", entry: "2026-02-27", discharge: "2026-02-28", cost: 1000_00, paid: 800_00, share: 200_00, daily: 40_00, due: 200_00, remaining: 200_00},
		{why: "the first days since", entry: "2026-03-01", discharge: "2026-03-02", cost: 1000_00, paid: 800_00, share: 200_00, daily: 46_00, due: 200_00, remaining: 200_00},
		{why: "psychiatry over the change", entry: "2026-02-28", discharge: "2026-03-01", cost: 1000_00,
			change: func(s *reimburse.Stay) { s.Psychiatry = true }, paid: 800_00, share: 200_00, daily: 32_00, due: 200_00, remaining: 200_00},
		{why: "over 29 February", entry: "2024-02-28", discharge: "2024-03-01", cost: 1000_00, paid: 800_00, share: 200_00, daily: 60_00, due: 200_00, remaining: 200_00},
		{why: "the daily charge is the larger", entry: "2026-03-04", discharge: "2026-03-06", cost: 300_00, paid: 240_00, share: 60_00, daily: 69_00, due: 69_00, remaining: 69_00},
		{why: "the two are equal", entry: "2026-03-04", discharge: "2026-03-06", cost: 345_00, paid: 276_00, share: 69_00, daily: 69_00, due: 69_00, remaining: 69_00},
		{why: "a stay without a night", entry: "2026-03-04", discharge: "2026-03-04", cost: 500_00, paid: 400_00, share: 100_00, due: 100_00, remaining: 100_00},
		{why: "half a cent of the share goes to the AMO", entry: "2026-03-04", discharge: "2026-03-04", cost: 3, paid: 2, share: 1, due: 1, remaining: 1},
		{why: "a free stay", entry: "2026-03-04", discharge: "2026-03-05", paid: 0, daily: 46_00, due: 46_00, remaining: 46_00},
		{why: "a heavy act: both are due", entry: "2026-04-20", discharge: "2026-04-23", cost: 1000_00,
			change: func(s *reimburse.Stay) { s.HeavyAct = true }, paid: 976_00, share: 24_00, daily: 92_00, due: 116_00, remaining: 116_00},
		{why: "a heavy act whose day is known, the day before the change", entry: "2026-04-20", discharge: "2026-04-23", cost: 1000_00,
			change: func(s *reimburse.Stay) { s.HeavyAct, s.HeavyActOn = true, day("2026-04-21") }, paid: 976_00, share: 24_00, daily: 92_00, due: 116_00, remaining: 116_00},
		{why: "a heavy act whose day is known, the day of the change", entry: "2026-04-20", discharge: "2026-04-23", cost: 1000_00,
			change: func(s *reimburse.Stay) { s.HeavyAct, s.HeavyActOn = true, day("2026-04-22") }, paid: 968_00, share: 32_00, daily: 92_00, due: 124_00, remaining: 124_00},
		{why: "a heavy act that costs less than its flat amount", entry: "2026-03-04", discharge: "2026-03-04", cost: 10_00,
			change: func(s *reimburse.Stay) { s.HeavyAct = true }, share: 10_00, due: 10_00, remaining: 10_00},
		{why: "a related ALD pays the daily charge", entry: "2026-03-04", discharge: "2026-03-06", cost: 1000_00,
			change: func(s *reimburse.Stay) { s.Patient.ALD = true }, paid: 1000_00, daily: 69_00, due: 69_00, remaining: 69_00},
		{why: "a heavy act of an ALD", entry: "2026-03-04", discharge: "2026-03-06", cost: 1000_00,
			change: func(s *reimburse.Stay) { s.Patient.ALD, s.HeavyAct = true, true }, paid: 1000_00, daily: 69_00, due: 69_00, remaining: 69_00},
		{why: "maternity pays nothing", entry: "2026-03-04", discharge: "2026-03-06", cost: 1000_00,
			change: func(s *reimburse.Stay) { s.Patient.Maternity = true }, paid: 1000_00},
		{why: "a work accident pays nothing", entry: "2026-03-04", discharge: "2026-03-06", cost: 1000_00,
			change: func(s *reimburse.Stay) { s.Patient.WorkAccident = true }, paid: 1000_00},
		{why: "a newborn has no daily charge", entry: "2026-03-04", discharge: "2026-03-06", cost: 1000_00,
			change: func(s *reimburse.Stay) { s.Patient.Born = day("2026-03-04") }, paid: 800_00, share: 200_00, due: 200_00, remaining: 200_00},
		{why: "a donor has no daily charge", entry: "2026-03-04", discharge: "2026-03-06", cost: 300_00,
			change: func(s *reimburse.Stay) { s.Donor = true }, paid: 240_00, share: 60_00, due: 60_00, remaining: 60_00},
		{why: "AME has no daily charge", entry: "2026-03-04", discharge: "2026-03-06", cost: 300_00,
			change: func(s *reimburse.Stay) { s.Patient.AME = true }, paid: 240_00, share: 60_00, due: 60_00, remaining: 60_00},
		{why: "a pensioner of war has no daily charge", entry: "2026-03-04", discharge: "2026-03-06", cost: 300_00,
			change: func(s *reimburse.Stay) { s.Patient.WarPension = true }, paid: 240_00, share: 60_00, due: 60_00, remaining: 60_00},
		{why: "a disabled child in a special school has no daily charge", entry: "2026-03-04", discharge: "2026-03-06", cost: 300_00,
			change: func(s *reimburse.Stay) { s.Disabled = true }, paid: 240_00, share: 60_00, due: 60_00, remaining: 60_00},
		{why: "invalidity spares the flat amount of a heavy act, not a share", entry: "2026-03-04", discharge: "2026-03-06", cost: 300_00,
			change: func(s *reimburse.Stay) { s.Patient.Invalidity = true }, paid: 240_00, share: 60_00, daily: 69_00, due: 69_00, remaining: 69_00},
		{why: "the C2S pays what is due", entry: "2026-03-04", discharge: "2026-03-06", cost: 300_00,
			change: func(s *reimburse.Stay) { s.Patient.C2S = true }, paid: 240_00, share: 60_00, daily: 69_00, due: 69_00},
		{why: "30 days bear a share whole", entry: "2026-03-01", discharge: "2026-03-30", cost: 30_000_00, paid: 24_000_00, share: 6000_00, daily: 690_00, due: 6000_00, remaining: 6000_00},
		{why: "of 31 days the last bears none", entry: "2026-03-01", discharge: "2026-03-31", cost: 31_000_00, paid: 25_000_00, share: 6000_00, daily: 713_00, due: 6000_00, remaining: 6000_00},
		{why: "Alsace-Moselle pays the stay whole", entry: "2026-03-04", discharge: "2026-03-06", cost: 1000_00,
			change: func(s *reimburse.Stay) { s.Patient.AlsaceMoselle = true }, paid: 1000_00, daily: 69_00, due: 69_00, remaining: 69_00},
	} {
		s := reimburse.Stay{Entry: day(row.entry), Discharge: day(row.discharge), Patient: adult, Cost: row.cost}
		if row.change != nil {
			row.change(&s)
		}
		got, err := reimburse.Default().Stay(s)
		if err != nil {
			t.Errorf("%s: %v", row.why, err)
			continue
		}
		share := got.TicketModerateur + got.HeavyAct
		if got.Paid != row.paid || share != row.share || got.DailyCharge != row.daily || got.Due != row.due || got.Remaining != row.remaining {
			t.Errorf("%s: got %s paid, %s share, %s daily, %s due, %s left", row.why, got.Paid, share, got.DailyCharge, got.Due, got.Remaining)
		}
		if got.Paid+share != s.Cost || got.C2SPaid+got.Remaining != got.Due || got.Recipient != reimburse.ToHospital {
			t.Errorf("%s: the parts do not sum to the whole: %+v", row.why, got)
		}
	}
}

// TestStaySettings: what is unverified of the daily charge is a setting.
func TestStaySettings(t *testing.T) {
	p := reimburse.Default()
	for key, value := range map[string]string{"forfait-journalier.jour-de-sortie": "non", "forfait-journalier.sans-nuit": "oui", "sejour.exoneration-31e-jour": "non"} {
		var err error
		if p, err = p.With(key, value); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct {
		why              string
		entry, discharge string
		daily, share     money.Cents
	}{
		{"the day of discharge is free", "2026-03-04", "2026-03-06", 46_00, 200_00},
		{"the only day is charged", "2026-03-04", "2026-03-04", 23_00, 200_00},
		{"a long stay bears its share to the end", "2026-03-01", "2026-03-31", 690_00, 200_00},
	} {
		got, err := p.Stay(reimburse.Stay{Entry: day(row.entry), Discharge: day(row.discharge), Patient: adult, Cost: 1000_00})
		if err != nil || got.DailyCharge != row.daily || got.TicketModerateur != row.share {
			t.Errorf("%s: got %+v, %v", row.why, got, err)
		}
	}
}

func TestStayRefuses(t *testing.T) {
	for why, change := range map[string]func(*reimburse.Stay){
		"discharged before the entry":     func(s *reimburse.Stay) { s.Discharge = day("2026-03-03") },
		"no discharge":                    func(s *reimburse.Stay) { s.Discharge = civil.Date{} },
		"no entry":                        func(s *reimburse.Stay) { s.Entry = civil.Date{} },
		"a cost below zero":               func(s *reimburse.Stay) { s.Cost = -1 },
		"ten years":                       func(s *reimburse.Stay) { s.Discharge = day("2036-12-31") },
		"a heavy act after the discharge": func(s *reimburse.Stay) { s.HeavyAct, s.HeavyActOn = true, day("2026-03-07") },
		"a heavy act before it is priced": func(s *reimburse.Stay) {
			s.Entry, s.Discharge, s.HeavyAct = day("2018-12-30"), day("2018-12-31"), true
		},
		"before the daily charge is known": func(s *reimburse.Stay) { s.Entry, s.Discharge = day("2017-12-31"), day("2018-01-01") },
	} {
		s := reimburse.Stay{Entry: day("2026-03-04"), Discharge: day("2026-03-06"), Patient: adult, Cost: 1000_00}
		change(&s)
		if got, err := reimburse.Default().Stay(s); err == nil {
			t.Errorf("%s: computed %+v", why, got)
		}
	}
}

func TestStayExplain(t *testing.T) {
	for _, row := range []struct {
		why       string
		heavy     bool
		discharge string
		want      string
	}{
		{"a share", false, "2026-03-06", "1_000,00_€ × 80_% = 800,00_€"},
		{"a heavy act", true, "2026-03-06", "1_000,00_€ − 24,00_€ de participation pour acte lourd = 976,00_€"},
		{"a long stay", false, "2026-04-12", "1_000,00_€ − 150,00_€ de ticket modérateur = 850,00_€"},
	} {
		got, err := reimburse.Default().Stay(reimburse.Stay{Entry: day("2026-03-04"), Discharge: day(row.discharge), Patient: adult, Cost: 1000_00, HeavyAct: row.heavy})
		if want := strings.ReplaceAll(row.want, "_", "\u00a0"); err != nil || got.Explain() != want {
			t.Errorf("%s: got %s, %v", row.why, got.Explain(), err)
		}
	}
}

func TestEmergencyVisit(t *testing.T) {
	for _, row := range []struct {
		why   string
		visit reimburse.EmergencyVisit
		want  money.Cents
		ok    bool
	}{
		{"the day before the change", reimburse.EmergencyVisit{On: day("2026-02-28")}, 19_61, true},
		{"the day of the change", reimburse.EmergencyVisit{On: day("2026-03-01")}, 23_00, true},
		{"reduced, the day before", reimburse.EmergencyVisit{On: day("2026-02-28"), Reduced: true}, 8_49, true},
		{"reduced, the day of the change", reimburse.EmergencyVisit{On: day("2026-03-01"), Reduced: true}, 9_96, true},
		{"maternity", reimburse.EmergencyVisit{On: day("2026-03-01"), Maternity: true, Reduced: true}, 0, true},
		{"followed by a stay", reimburse.EmergencyVisit{On: day("2026-03-01"), Admitted: true}, 0, true},
		{"the day before there was one", reimburse.EmergencyVisit{On: day("2021-12-31")}, 0, false},
		{"no day", reimburse.EmergencyVisit{}, 0, false},
	} {
		got, err := reimburse.Default().EmergencyVisit(row.visit)
		if got.Forfait != row.want || got.Remaining != row.want || (err == nil) != row.ok || row.ok && len(got.Steps) == 0 {
			t.Errorf("%s: got %+v, %v", row.why, got, err)
		}
	}
}

// TestEmergencyPaidByOthers: the C2S pays the forfait, and under the AME it is not
// due; both are doubtful, and an operator may say otherwise.
func TestEmergencyPaidByOthers(t *testing.T) {
	for _, row := range []struct {
		why                     string
		p                       reimburse.Parameters
		c2s, ame, reduced       bool
		forfait, c2sPaid, after money.Cents
	}{
		{"C2S", reimburse.Default(), true, false, false, 23_00, 23_00, 0},
		{"C2S and a long illness", reimburse.Default(), true, false, true, 9_96, 9_96, 0},
		{"C2S, which an operator says does not pay", with(t, "urgences.c2s", "non"), true, false, false, 23_00, 0, 23_00},
		{"AME", reimburse.Default(), false, true, false, 0, 0, 0},
		{"AME, which an operator says does not exempt", with(t, "urgences.ame", "non"), false, true, false, 23_00, 0, 23_00},
	} {
		got, err := row.p.EmergencyVisit(reimburse.EmergencyVisit{On: day("2026-03-10"), Reduced: row.reduced, C2S: row.c2s, AME: row.ame})
		if err != nil || got.Forfait != row.forfait || got.C2SPaid != row.c2sPaid || got.Remaining != row.after || got.Forfait != got.C2SPaid+got.Remaining {
			t.Errorf("%s: got %+v, %v", row.why, got, err)
		}
	}
}

// TestHeavyStayDaySetting: an operator may have an act of unknown day counted on
// the day of discharge.
func TestHeavyStayDaySetting(t *testing.T) {
	for value, want := range map[string]money.Cents{"oui": 24_00, "non": 32_00} {
		p := with(t, "acte-lourd.jour-d-entree", value)
		got, err := p.Stay(reimburse.Stay{Entry: day("2026-04-20"), Discharge: day("2026-04-23"), Patient: adult, Cost: 1000_00, HeavyAct: true})
		if err != nil || got.HeavyAct != want {
			t.Errorf("%s: got %+v, %v", value, got, err)
		}
	}
}
