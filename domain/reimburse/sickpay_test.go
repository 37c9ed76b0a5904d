package reimburse_test

import (
	"strings"
	"testing"

	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/reimburse"
)

func same(pay money.Cents) [3]money.Cents { return [3]money.Cents{pay, pay, pay} }

// TestSickPayMaxima: the largest daily amounts that sources print, on the days
// on which SMIC and multiple change.
func TestSickPayMaxima(t *testing.T) {
	for _, row := range []struct {
		why, start string
		want       money.Cents
	}{
		{"AUDIT prints 53,31 until March 2025", "2025-03-31", 53_31},
		{"the multiple changes with the first day of the leave", "2025-04-01", 41_47},
		{"January 2026 counts the SMIC of December (JDN: 41,47)", "2026-01-31", 41_47},
		{"HRC prints 41,95 from February 2026", "2026-02-01", 41_95},
		{"June 2026 counts the SMIC of May", "2026-06-30", 41_95},
		{"from July 2026, by the formula", "2026-07-01", 42_97},
		{"over 29 February", "2024-03-01", 52_28},
	} {
		got, err := reimburse.Default().SickPay(reimburse.SickLeave{Start: day(row.start), Days: 4, Pay: same(10_000_00)})
		if err != nil || got.Daily != row.want || got.Total != row.want {
			t.Errorf("%s: got %s, %v", row.why, got.Daily, err)
		}
	}
}

func TestSickPayDays(t *testing.T) {
	for _, row := range []struct {
		why                           string
		leave                         reimburse.SickLeave
		waiting, paid, unpaid, halved int
		total                         money.Cents
	}{
		{why: "one day", leave: reimburse.SickLeave{Days: 1}, waiting: 1},
		{why: "three days are all waited for", leave: reimburse.SickLeave{Days: 3}, waiting: 3},
		{why: "the fourth is paid", leave: reimburse.SickLeave{Days: 4}, waiting: 3, paid: 1, total: 32_88},
		{why: "begins on the day of return", leave: reimburse.SickLeave{Days: 4, PreviousEnd: day("2026-03-09")}, paid: 4, total: 131_52},
		{why: "within 48 hours of the return", leave: reimburse.SickLeave{Days: 4, PreviousEnd: day("2026-03-07")}, paid: 4, total: 131_52},
		{why: "more than 48 hours after", leave: reimburse.SickLeave{Days: 4, PreviousEnd: day("2026-03-06")}, waiting: 3, paid: 1, total: 32_88},
		{why: "the first leave for an ALD waits", leave: reimburse.SickLeave{Days: 4, ALDSince: day("2026-03-10")}, waiting: 3, paid: 1, total: 32_88},
		{why: "a later leave for the same ALD does not", leave: reimburse.SickLeave{Days: 4, ALDSince: day("2026-03-09")}, paid: 4, total: 131_52},
		{why: "three years of an ALD end on the day that bears the date: the first two are paid", leave: reimburse.SickLeave{Days: 4, ALDSince: day("2023-03-12")}, paid: 2, unpaid: 2, total: 65_76},
		{why: "the 360th of three years", leave: reimburse.SickLeave{Days: 5, Earlier: []reimburse.Days{{From: day("2025-03-10"), To: day("2026-03-03")}}},
			waiting: 3, paid: 1, unpaid: 1, total: 32_88},
		{why: "days of more than three years ago count no more", leave: reimburse.SickLeave{Days: 5, Earlier: []reimburse.Days{{From: day("2022-03-01"), To: day("2023-03-13")}, {From: day("2025-03-10"), To: day("2026-03-03")}}},
			waiting: 3, paid: 1, unpaid: 1, total: 32_88},
		{why: "days of just three years ago do", leave: reimburse.SickLeave{Days: 5, Earlier: []reimburse.Days{{From: day("2023-03-14"), To: day("2023-03-14")}, {From: day("2025-03-10"), To: day("2026-03-03")}}},
			waiting: 3, paid: 1, unpaid: 1, total: 32_88},
		{why: "a year on end reaches the longest duration", leave: reimburse.SickLeave{Days: 365}, waiting: 3, paid: 360, unpaid: 2, total: 360 * 32_88},
		{why: "in the fourth year each day that leaves the three years makes room for one", leave: reimburse.SickLeave{Days: 1200}, waiting: 3, paid: 360 + 101, unpaid: 736, total: 461 * 32_88},
		{why: "an ALD may last longer", leave: reimburse.SickLeave{Days: 365, ALDSince: day("2026-03-10")}, waiting: 3, paid: 362, total: 362 * 32_88},
		{why: "a late notice halves days, waiting days being none", leave: reimburse.SickLeave{Days: 6, Late: reimburse.Days{From: day("2026-03-10"), To: day("2026-03-14")}},
			waiting: 3, paid: 3, halved: 2, total: 32_88 + 2*16_44},
	} {
		row.leave.Start, row.leave.Pay = day("2026-03-10"), same(2000_00)
		got, err := reimburse.Default().SickPay(row.leave)
		if err != nil || got.Waiting != row.waiting || got.PaidDays != row.paid || got.Unpaid != row.unpaid || got.HalvedDays != row.halved || got.Total != row.total {
			t.Errorf("%s: got %d + %d + %d, %d halved, %s, %v", row.why, got.Waiting, got.PaidDays, got.Unpaid, got.HalvedDays, got.Total, err)
		}
		if got.Waiting+got.PaidDays+got.Unpaid != row.leave.Days {
			t.Errorf("%s: the days do not sum to the leave", row.why)
		}
	}
}

func TestSickPayExplain(t *testing.T) {
	got, err := reimburse.Default().SickPay(reimburse.SickLeave{Start: day("2026-03-02"), Days: 10, Pay: same(2000_00)})
	if want := strings.ReplaceAll("6_000,00_€ ÷ 91,25 × 50_% = 32,88_€ ; 32,88_€ × 7 jours = 230,16_€", "_", "\u00a0"); err != nil || got.Explain() != want {
		t.Errorf("got  %s\nwant %s, %v", got.Explain(), want, err)
	}
}

func TestOtherPayExplain(t *testing.T) {
	work, err := reimburse.Default().WorkPay(reimburse.WorkLeave{Start: day("2026-03-10"), Days: 29, Pay: 3042_00})
	if want := "60,00_€ × 28 jours + 80,00_€ × 1 jour = 1_760,00_€"; err != nil || work.Explain() != strings.ReplaceAll(want, "_", "\u00a0") {
		t.Errorf("got %s, %v", work.Explain(), err)
	}
	maternity, err := reimburse.Default().MaternityPay(reimburse.MaternityLeave{Start: day("2026-03-10"), Days: 2, Pay: same(9000_00)})
	if want := "12_015,00_€ ÷ 91,25 × 79_% = 104,02_€ ; 104,02_€ × 2 jours = 208,04_€"; err != nil || maternity.Explain() != strings.ReplaceAll(want, "_", "\u00a0") {
		t.Errorf("got %s, %v", maternity.Explain(), err)
	}
}

func TestSickPayRefuses(t *testing.T) {
	for why, change := range map[string]func(*reimburse.SickLeave){
		"no first day":                       func(l *reimburse.SickLeave) { l.Start = civil.Date{} },
		"no days":                            func(l *reimburse.SickLeave) { l.Days = 0 },
		"ten years":                          func(l *reimburse.SickLeave) { l.Days = 3661 },
		"a pay below zero":                   func(l *reimburse.SickLeave) { l.Pay[2] = -1 },
		"a pay beyond any":                   func(l *reimburse.SickLeave) { l.Pay[0] = money.Max + 1 },
		"the leave before overlaps":          func(l *reimburse.SickLeave) { l.PreviousEnd = l.Start },
		"an ALD that begins later":           func(l *reimburse.SickLeave) { l.ALDSince = l.Start.AddDays(1) },
		"earlier days that are not earlier":  func(l *reimburse.SickLeave) { l.Earlier = []reimburse.Days{{From: l.Start, To: l.Start}} },
		"earlier days without beginning":     func(l *reimburse.SickLeave) { l.Earlier = []reimburse.Days{{To: day("2026-01-01")}} },
		"late days that end before":          func(l *reimburse.SickLeave) { l.Late = reimburse.Days{From: l.Start, To: l.Start.AddDays(-1)} },
		"before the SMIC is known":           func(l *reimburse.SickLeave) { l.Start = day("2023-01-31") },
		"before the multiple is known, long": func(l *reimburse.SickLeave) { l.Start = day("2011-12-31") },
	} {
		l := reimburse.SickLeave{Start: day("2026-03-10"), Days: 10, Pay: same(2000_00)}
		change(&l)
		if got, err := reimburse.Default().SickPay(l); err == nil {
			t.Errorf("%s: computed %+v", why, got)
		}
	}
}

// TestWorkPay: 60 % until day 28, 80 % since, at most as HRC prints for 2026.
func TestWorkPay(t *testing.T) {
	for _, row := range []struct {
		why          string
		leave        reimburse.WorkLeave
		daily, later money.Cents
		early, late  int
	}{
		{"the printed maxima of 2026", reimburse.WorkLeave{Days: 28, Pay: 20_000_00}, 240_49, 320_66, 28, 0},
		{"3 042 € are 100 € a day; no waiting days", reimburse.WorkLeave{Days: 1, Pay: 3042_00}, 60_00, 80_00, 1, 0},
		{"day 29", reimburse.WorkLeave{Days: 29, Pay: 3042_00}, 60_00, 80_00, 28, 1},
		{"an extension counts the days before", reimburse.WorkLeave{Days: 10, DaysBefore: 27, Pay: 3042_00}, 60_00, 80_00, 1, 9},
		{"after day 28", reimburse.WorkLeave{Days: 10, DaysBefore: 40, Pay: 3042_00}, 60_00, 80_00, 0, 10},
		{"no pay", reimburse.WorkLeave{Days: 10}, 0, 0, 10, 0},
	} {
		row.leave.Start = day("2026-03-10")
		got, err := reimburse.Default().WorkPay(row.leave)
		total := row.daily*money.Cents(row.early) + row.later*money.Cents(row.late)
		if err != nil || got.Daily != row.daily || got.DailyLater != row.later || got.EarlyDays != row.early || got.LaterDays != row.late || got.Total != total {
			t.Errorf("%s: got %+v, %v", row.why, got, err)
		}
	}
	for why, l := range map[string]reimburse.WorkLeave{
		"no PASS is known of 2023": {Start: day("2023-12-31"), Days: 1},
		"days before below zero":   {Start: day("2026-03-10"), Days: 1, DaysBefore: -1},
		"no day":                   {Days: 1},
	} {
		if got, err := reimburse.Default().WorkPay(l); err == nil {
			t.Errorf("%s: computed %+v", why, got)
		}
	}
}

func TestMaternityPay(t *testing.T) {
	got, err := reimburse.Default().MaternityPay(reimburse.MaternityLeave{Start: day("2026-03-10"), Days: 2, Pay: same(9000_00)})
	if err != nil || got.Daily != 104_02 || got.Total != 208_04 || got.MonthlyCap != 4005_00 {
		t.Errorf("HRC prints 104,02 for 2026: got %+v, %v", got, err)
	}
	if got, err := reimburse.Default().MaternityPay(reimburse.MaternityLeave{Start: day("2023-12-31"), Days: 2}); err == nil {
		t.Errorf("no PASS is known of 2023: computed %+v", got)
	}
}

func TestTaxable(t *testing.T) {
	for kind, want := range map[reimburse.Leave]money.Cents{
		reimburse.LeaveIllness: 1_01, reimburse.LeaveALD: 0, reimburse.LeaveWork: 51, reimburse.LeaveMaternity: 1_01,
	} {
		if got, err := reimburse.Taxable(kind, 1_01); err != nil || got != want {
			t.Errorf("%s: got %s, %v", kind, got, err)
		}
	}
	if _, err := reimburse.Taxable("CONGE", 1); err == nil {
		t.Error("a holiday is no sick leave")
	}
}

func TestNotice(t *testing.T) {
	for _, row := range []struct {
		why    string
		notice reimburse.Notice
		state  reimburse.NoticeState
		late   reimburse.Lateness
		halved string
	}{
		{"nothing is asked of an electronic one", reimburse.Notice{Form: reimburse.Electronic}, reimburse.NoticeAccepted, reimburse.InTime, ""},
		{"on the second day", reimburse.Notice{Form: reimburse.SecuredForm, Sent: day("2026-03-12")}, reimburse.NoticeAccepted, reimburse.InTime, ""},
		{"on the third day, for the first time", reimburse.Notice{Form: reimburse.SecuredForm, Sent: day("2026-03-13")}, reimburse.NoticeAccepted, reimburse.Warned, ""},
		{"again, on the last day of 24 months", reimburse.Notice{Form: reimburse.SecuredForm, Sent: day("2026-03-13"), LateBefore: day("2024-03-10")},
			reimburse.NoticeAccepted, reimburse.Halves, "2026-03-10/2026-03-12"},
		{"again, after 24 months", reimburse.Notice{Form: reimburse.SecuredForm, Sent: day("2026-03-13"), LateBefore: day("2024-03-09")}, reimburse.NoticeAccepted, reimburse.Warned, ""},
		{"again, but in hospital", reimburse.Notice{Form: reimburse.SecuredForm, Sent: day("2026-03-13"), LateBefore: day("2025-03-09"), Excused: true},
			reimburse.NoticeAccepted, reimburse.InTime, ""},
		{"a photo is a declaration in advance", reimburse.Notice{Form: reimburse.Photo}, reimburse.NoticeAwaited, reimburse.InTime, ""},
		{"an unsecured form", reimburse.Notice{Form: reimburse.UnsecuredForm, Sent: day("2026-03-11")}, reimburse.NoticeRejected, reimburse.InTime, ""},
		{"an unsecured form, the last day on which they passed", reimburse.Notice{Prescribed: day("2025-08-31"), Form: reimburse.UnsecuredForm, Sent: day("2025-09-01")},
			reimburse.NoticeAccepted, reimburse.InTime, ""},
		{"an unsecured form, the first day on which they do not", reimburse.Notice{Prescribed: day("2025-09-01"), Form: reimburse.UnsecuredForm, Sent: day("2025-09-01")},
			reimburse.NoticeRejected, reimburse.InTime, ""},
	} {
		if row.notice.Prescribed.IsZero() {
			row.notice.Prescribed = day("2026-03-10")
		}
		got, err := reimburse.Default().Notice(row.notice)
		halved := ""
		if !got.Halved.From.IsZero() {
			halved = got.Halved.From.String() + "/" + got.Halved.To.String()
		}
		if err != nil || got.State != row.state || got.Lateness != row.late || halved != row.halved || len(got.Steps) != 1 {
			t.Errorf("%s: got %+v, %v", row.why, got, err)
		}
	}
	strict, err := reimburse.Default().With("arret.jour-d-envoi-reduit", "oui")
	if err != nil {
		t.Fatal(err)
	}
	late := reimburse.Notice{Prescribed: day("2026-03-10"), Form: reimburse.SecuredForm, Sent: day("2026-03-13"), LateBefore: day("2025-01-01")}
	if got, err := strict.Notice(late); err != nil || got.Halved.To != late.Sent {
		t.Errorf("the day of sending is halved by a setting: got %+v, %v", got, err)
	}
	for why, n := range map[string]reimburse.Notice{
		"no day":                      {Form: reimburse.Electronic},
		"sent before it was written":  {Prescribed: day("2026-03-10"), Form: reimburse.SecuredForm, Sent: day("2026-03-09")},
		"an unknown form":             {Prescribed: day("2026-03-10"), Form: "FAX", Sent: day("2026-03-10")},
		"an original that never came": {Prescribed: day("2026-03-10"), Form: reimburse.SecuredForm},
	} {
		if got, err := reimburse.Default().Notice(n); err == nil {
			t.Errorf("%s: judged %+v", why, got)
		}
	}
}

func TestLength(t *testing.T) {
	for _, row := range []struct {
		why  string
		q    reimburse.Prescription
		want bool
	}{
		{"the day before the cap, any length", reimburse.Prescription{On: day("2026-08-31"), Start: day("2026-09-01"), End: day("2027-09-01")}, true},
		{"the last day of the first month", reimburse.Prescription{On: day("2026-09-01"), Start: day("2026-09-01"), End: day("2026-09-30")}, true},
		{"a day more", reimburse.Prescription{On: day("2026-09-01"), Start: day("2026-09-01"), End: day("2026-10-01")}, false},
		{"a day more, justified", reimburse.Prescription{On: day("2026-09-01"), Start: day("2026-09-01"), End: day("2026-10-01"), Justified: true}, true},
		{"an extension has two months", reimburse.Prescription{On: day("2026-10-01"), Start: day("2026-10-01"), End: day("2026-11-30"), Extension: true}, true},
		{"an extension, a day more", reimburse.Prescription{On: day("2026-10-01"), Start: day("2026-10-01"), End: day("2026-12-01"), Extension: true}, false},
	} {
		if got, err := reimburse.Default().Length(row.q); err != nil || got.Within != row.want {
			t.Errorf("%s: got %+v, %v", row.why, got, err)
		}
	}
	if got, err := reimburse.Default().Length(reimburse.Prescription{On: day("2026-10-01"), Start: day("2026-10-02"), End: day("2026-10-01")}); err == nil {
		t.Errorf("ends before it begins: judged %+v", got)
	}
}
