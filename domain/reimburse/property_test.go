package reimburse_test

import (
	"math/rand/v2"
	"testing"

	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/reimburse"
)

// ledger is the counters of one beneficiary over many lines: what a store keeps.
type ledger struct {
	years map[int]reimburse.Year
	days  map[civil.Date]reimburse.Day // franchise: all professionals
	pros  map[proDay]reimburse.Tally   // participation: by professional
}

type proDay struct {
	on  civil.Date
	pro int
}

func newLedger() ledger {
	return ledger{map[int]reimburse.Year{}, map[civil.Date]reimburse.Day{}, map[proDay]reimburse.Tally{}}
}

func (l ledger) before(c reimburse.Care, pro int) reimburse.Counters {
	d := l.days[c.On]
	d.Participation = l.pros[proDay{c.On, pro}]
	return reimburse.Counters{Year: l.years[c.PaidOn.Year], Day: d}
}

func (l ledger) after(r reimburse.Reimbursement, pro int) {
	l.years[r.PaidOn.Year] = r.Counters.Year
	l.days[r.CareOn] = r.Counters.Day
	l.pros[proDay{r.CareOn, pro}] = r.Counters.Day.Participation
}

// parameters is made once: thousands of lines are computed.
var parameters = reimburse.Default()

// entry is a line of any shape, and its professional.
type entry struct {
	pro     int
	compute func(reimburse.Counters) (reimburse.Reimbursement, error)
	care    reimburse.Care
}

func (l ledger) ingest(t *testing.T, e entry) reimburse.Reimbursement {
	t.Helper()
	r := must(t)(e.compute(l.before(e.care, e.pro)))
	l.after(r, e.pro)
	return r
}

// randomEntry is a line of care between two days, paid at most two months later
// and not after the last of them.
func randomEntry(r *rand.Rand, from, to civil.Date, p reimburse.Patient) entry {
	prm := parameters
	c := reimburse.Care{Patient: p, On: from.AddDays(r.IntN(to.DaysSince(from) + 1)), TiersPayant: r.IntN(3) == 0}
	c.PaidOn = c.On.AddDays(r.IntN(60))
	if to.Before(c.PaidOn) {
		c.PaidOn = to
	}
	c.Spent, c.Price = money.Cents(r.IntN(20_000)), money.Cents(r.IntN(20_000))
	e := entry{pro: r.IntN(3), care: c}
	units := r.IntN(5)
	families := []reimburse.Family{reimburse.Doctor, reimburse.Imaging, reimburse.Biology, reimburse.Midwife, reimburse.Dentist, reimburse.Auxiliary}
	classes := []reimburse.Family{reimburse.Medicine1, reimburse.Medicine7, reimburse.Medicine4, reimburse.Medicine2}
	paths := []reimburse.Pathway{reimburse.PathwayFollowed, reimburse.PathwayOutside}
	switch r.IntN(8) {
	case 0:
		m := reimburse.Medicines{Care: c, Class: classes[r.IntN(len(classes))], Boxes: units}
		e.compute = func(k reimburse.Counters) (reimburse.Reimbursement, error) { return prm.Medicines(m, k) }
	case 1:
		j := reimburse.Journeys{Care: c, Count: units, Urgent: r.IntN(4) == 0}
		e.compute = func(k reimburse.Counters) (reimburse.Reimbursement, error) { return prm.Journeys(j, k) }
	case 2:
		e.compute = func(k reimburse.Counters) (reimburse.Reimbursement, error) {
			return prm.Devices(reimburse.Devices{Care: c}, k)
		}
	default:
		a := reimburse.Act{Care: c, Family: families[r.IntN(len(families))], Quantity: units, Pathway: paths[r.IntN(2)], Coefficient: r.IntN(80)}
		e.compute = func(k reimburse.Counters) (reimburse.Reimbursement, error) { return prm.Act(a, k) }
	}
	return e
}

func randomPatient(r *rand.Rand) reimburse.Patient {
	yes := func() bool { return r.IntN(5) == 0 }
	return reimburse.Patient{
		Born: day("1950-01-01").AddDays(r.IntN(60 * 365)), ALD: yes(), Maternity: yes(), WorkAccident: yes(),
		AlsaceMoselle: yes(), ASPA: yes(), C2S: yes(), AME: yes(), Invalidity: yes(),
	}
}

// TestPartsSum: the parts of every line sum to the whole, and none is negative.
func TestPartsSum(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 10_000 {
		e := randomEntry(r, day("2023-01-01"), day("2026-11-22"), randomPatient(r))
		got := must(t)(e.compute(reimburse.Counters{}))
		due := got.Participation + got.Franchise
		switch {
		case got.Base+got.Depassement != e.care.Spent:
			t.Fatalf("base and excess are not what was charged: %+v", got)
		case got.Gross+got.TicketModerateur != got.Base:
			t.Fatalf("the shares are not the base: %+v", got)
		case got.Paid+got.Retained != got.Gross, got.Retained+got.Deferred != due:
			t.Fatalf("paid and held back are not the share: %+v", got)
		case got.Gross-due+got.Remaining+got.C2SPaid != e.care.Spent:
			t.Fatalf("what everybody bears is not what was charged: %+v", got)
		case got.HorsParcours+got.HeavyAct > got.TicketModerateur, got.Participation > 0 && got.Franchise > 0:
			t.Fatalf("a part is larger than its whole: %+v", got)
		case min(got.Base, got.Depassement, got.Gross, got.TicketModerateur, got.HorsParcours, got.HeavyAct, got.Participation, got.Franchise, got.Retained, got.Deferred, got.Paid, got.C2SPaid, got.Remaining) < 0:
			t.Fatalf("a part is below zero: %+v", got)
		}
		if e.care.Patient.C2S && got.Remaining != got.Depassement {
			t.Fatalf("the C2S leaves more than the excess: %+v", got)
		}
		undone := must(t)(got.Undo(got.Counters))
		if undone.Paid+got.Paid != 0 || undone.Counters.Year.Participation != (reimburse.Tally{}) || undone.Counters.Year.Franchise != 0 || undone.Counters.Day != (reimburse.Day{On: e.care.On}) {
			t.Fatalf("taking back leaves a rest: %+v", undone)
		}
	}
}

// TestStayParts: the parts of every stay sum to the whole.
func TestStayParts(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 2000 {
		s := reimburse.Stay{Patient: randomPatient(r), Cost: money.Cents(r.IntN(5_000_000)), Psychiatry: r.IntN(2) == 0, HeavyAct: r.IntN(3) == 0}
		s.Entry = day("2022-01-01").AddDays(r.IntN(1700))
		s.Discharge = s.Entry.AddDays(r.IntN(60))
		got, err := parameters.Stay(s)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case got.Paid+got.TicketModerateur+got.HeavyAct != s.Cost:
			t.Fatalf("paid and shares are not the cost: %+v", got)
		case got.C2SPaid+got.Remaining != got.Due, got.Due < max(got.TicketModerateur, got.HeavyAct, got.DailyCharge):
			t.Fatalf("what is due is not borne: %+v", got)
		case min(got.Paid, got.TicketModerateur, got.HeavyAct, got.DailyCharge, got.C2SPaid, got.Remaining) < 0, got.TicketModerateur > 0 && got.HeavyAct > 0:
			t.Fatalf("a part is below zero or counted twice: %+v", got)
		}
	}
}

// TestSickPayParts: the days of every leave sum to it, and no three years hold
// more than 360 paid days.
func TestSickPayParts(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for range 300 {
		l := reimburse.SickLeave{Start: day("2024-01-01").AddDays(r.IntN(900)), Days: 1 + r.IntN(1095), Pay: same(money.Cents(r.IntN(500_000)))}
		earlier := r.IntN(400)
		if earlier > 0 {
			l.Earlier = []reimburse.Days{{From: l.Start.AddDays(-earlier - 10), To: l.Start.AddDays(-11)}}
		}
		got, err := parameters.SickPay(l)
		if err != nil {
			t.Fatal(err)
		}
		if got.Waiting+got.PaidDays+got.Unpaid != l.Days || got.Total != got.Daily*money.Cents(got.PaidDays) {
			t.Fatalf("the days are not the leave: %+v", got)
		}
		if got.PaidDays > max(0, 360-earlier) && l.Days+earlier+10 <= 3*365 {
			t.Fatalf("%d days are paid after %d: %+v", got.PaidDays, earlier, got)
		}
	}
}

// TestCaps: no counter passes its cap, whatever comes in.
func TestCaps(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for range 10 {
		l := newLedger()
		for range 600 {
			l.ingest(t, randomEntry(r, day("2025-09-01"), day("2026-06-30"), adult))
		}
		for year, y := range l.years {
			if y.Participation.Cents > 50_00 || y.Participation.Count > 25 || y.Franchise > 50_00 {
				t.Fatalf("%d: %+v", year, y)
			}
		}
		for on, d := range l.days {
			if d.Auxiliary > 4_00 || d.Transport > 8_00 {
				t.Fatalf("%s: %+v", on, d)
			}
		}
		for at, n := range l.pros {
			if n.Count > 4 || n.Cents > 8_00 {
				t.Fatalf("%v: %+v", at, n)
			}
		}
	}
}

// TestOrder: the order in which the lines of a beneficiary come in does not
// change a year's totals. Precisely, for lines reimbursed within one civil year:
//
//   - the year's franchise, the year's participation and hence the sum of what
//     is due are the same in every order, below the caps and at them;
//   - below the year's caps the totals of each day are the same too;
//   - which line bears a retention that a cap cuts depends on the order.
//
// It holds where the participations of the year have one amount. Where care of
// before 15 May 2024, at 1 €, is reimbursed from 2025 on, the number of 25 may be
// reached before 50 €, at cents that depend on the order; and a line moved into
// another year takes its retention along (see TestOrderLimits).
func TestOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, lines := range []int{5, 40, 400} { // below the caps, about them, far above
		for range 8 {
			var entries []entry
			for range lines {
				entries = append(entries, randomEntry(r, day("2026-01-01"), day("2026-12-31"), adult))
			}
			first := newLedger()
			for _, e := range entries {
				first.ingest(t, e)
			}
			r.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
			second := newLedger()
			for _, e := range entries {
				second.ingest(t, e)
			}
			a, b := first.years[2026], second.years[2026]
			if a.Participation.Cents != b.Participation.Cents || a.Franchise != b.Franchise {
				t.Fatalf("%d lines: %+v in one order, %+v in another", lines, a, b)
			}
			if a.Participation.Cents < 50_00 && a.Franchise < 50_00 {
				for on, d := range first.days {
					if e := second.days[on]; d.Auxiliary != e.Auxiliary || d.Transport != e.Transport {
						t.Fatalf("%s: %+v in one order, %+v in another", on, d, e)
					}
				}
			}
		}
	}
}

// TestOrderLimits shows where the order does matter.
func TestOrderLimits(t *testing.T) {
	total := func(care ...string) money.Cents {
		l := newLedger()
		for i, on := range care {
			for range 15 {
				a := consultation(on)
				a.On, a.PaidOn = a.On.AddDays(-len(l.days)), day("2025-02-01")
				l.ingest(t, entry{pro: i, care: a.Care, compute: func(c reimburse.Counters) (reimburse.Reimbursement, error) { return parameters.Act(a, c) }})
			}
		}
		return l.years[2025].Participation.Cents
	}
	if cheapFirst, dearFirst := total("2024-05-14", "2025-01-31"), total("2025-01-31", "2024-05-14"); cheapFirst != 35_00 || dearFirst != 40_00 {
		t.Errorf("got %s and %s", cheapFirst, dearFirst)
	}
}
