package db

import (
	"math"
	"testing"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/nir"
)

var number = func() nir.NIR {
	n, err := nir.Parse("185057599000129")
	if err != nil {
		panic(err) // it is one of the examples
	}
	return n
}()

// extremes are numbers at which something could give way.
var extremes = []int64{0, 1, -1, 100, 365, 1098, 1099, math.MaxInt16, math.MaxInt16 + 1, int64(money.Max), int64(money.Max) + 1, -int64(money.Max),
	-int64(money.Max) - 1, math.MaxInt32, math.MaxInt32 + 1, math.MinInt32, math.MinInt32 - 1, math.MaxInt64, math.MinInt64}

// FuzzWritable: what passes the check fits its columns, so that no record stops
// the batch that it comes with. It fails where a bound of the check is wider than
// a column, such as an amount's, a rate's or a period's.
func FuzzWritable(f *testing.F) {
	for _, a := range extremes {
		for _, b := range extremes {
			f.Add(a, b, 20_700, int(a), 70, uint8(1), false, false)
			f.Add(a, b, 20_700, int(b), int(a), uint8(100), false, true)
			f.Add(a, b, 20_700, int(b), 0, uint8(2), true, false)
		}
	}
	today := civil.Date{Year: 2026, Month: 11, Day: 24}
	f.Fuzz(func(t *testing.T, a, b int64, paidOn, n, rate int, lines uint8, allowance, deferred bool) {
		r := summed(a, b, paidOn, n, rate, int(lines), allowance, deferred)
		if r.Check(today) != nil {
			return
		}
		recording := recording{d: &DB{}, named: &named{acts: map[act]int64{{"G", "Consultation"}: 1}}, mutuelles: map[string]domain.Mutuelle{}}
		items := []*item{{record: r, file: &file{}}}
		payments, err := recording.paymentRows(items)
		if err != nil {
			t.Fatal(err)
		}
		tables, err := recording.lineRows(items)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range append(tables, payments) {
			if c.err != nil {
				t.Errorf("%v: %+v", c.err, r)
			}
		}
	})
}

// summed is a record of numbers whose sums are right, as far as they can be.
func summed(a, b int64, day, n, rate, lines int, allowance, deferred bool) *domain.PaymentRecord {
	paidOn, caredOn := within(day), within(n)
	if paidOn.Before(caredOn) {
		caredOn = paidOn
	}
	line := domain.PaymentLine{CaredOn: caredOn, Act: "G", Label: "Consultation", Spent: money.Cents(a), Base: money.Cents(b), Rate: rate,
		Reimbursed: money.Cents(a), Retained: money.Cents(b), Paid: money.Cents(a) - money.Cents(b),
		Retentions: []domain.Retention{{Kind: domain.Participation, Amount: money.Cents(b)}, {Kind: domain.Franchise, Amount: money.Cents(a) / 3, Deferred: deferred}}}
	if !deferred {
		line.Retentions = []domain.Retention{{Kind: domain.OtherRetained, Amount: money.Cents(b), Of: &domain.EarlierCare{CaredOn: caredOn, Label: "Boîte"}}}
	}
	if b == 0 {
		line.Retentions = nil
	}
	if allowance {
		line.Spent, line.Base, line.Rate = 0, 0, 0
		line.Allowance = &domain.DailyAllowance{Nature: domain.ForSickness, From: line.CaredOn, To: caredOn.AddDays(min(max(n, -9), 1e6)), Days: n,
			Daily: money.Cents(b), Gross: money.Cents(a) + money.Cents(b), CSG: money.Cents(b)}
	}
	r := &domain.PaymentRecord{NIR: number, Reference: "R", Movement: "V", PaidOn: paidOn, Recipient: domain.ToAssure,
		Complementary: domain.RecordPart{State: domain.StateKnown, Mutuelle: "99000001", Amount: money.Cents(b), PaidOn: caredOn}}
	for range min(lines, domain.MaxLines+1) {
		r.Lines = append(r.Lines, line)
		r.Amount += line.Paid
	}
	return r
}

// within is a day among those that come from outside.
func within(n int) civil.Date {
	first, last := civil.Earliest.Epoch(), civil.Latest.Epoch()
	if n < first || n > last {
		n = first + int(uint(n)%uint(last-first))
	}
	return civil.FromEpoch(n)
}
