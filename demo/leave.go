package demo

import (
	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/reimburse"
	"comptesante/ingest"
)

// work is what daily allowances are computed of.
type work struct {
	pay        money.Cents // gross, a month
	subrogated bool        // the employer goes on paying the wage and is paid the allowances
	leaves     []sickLeave // oldest first
}

// sickLeave is a leave for illness, told from the day that the demonstration
// began.
type sickLeave struct {
	ago  int // days since its first day
	days int
}

// period is how many days of leave the fund pays at once.
const period = 14

// planLeaves plans the payments of a person's sick leaves. A leave that is not
// over goes on beyond the last payment.
func (c *care) planLeaves() error {
	var earlier []reimburse.Days
	for _, l := range c.work.leaves {
		start := c.began.AddDays(-l.ago)
		got, err := c.rules.SickPay(reimburse.SickLeave{Start: start, Days: l.days, Earlier: earlier,
			Pay: [3]money.Cents{c.work.pay, c.work.pay, c.work.pay}})
		if err != nil {
			return err
		}
		from := start.AddDays(got.Waiting)
		for left := got.PaidDays; left > 0; left -= period {
			days := min(period, left)
			c.planAllowance(from, days, got.Daily)
			from = from.AddDays(days)
		}
		if got.PaidDays > 0 {
			earlier = append(earlier, reimburse.Days{From: start.AddDays(got.Waiting), To: from.AddDays(-1)})
		}
	}
	return nil
}

// planAllowance plans the payment of some days of leave.
func (c *care) planAllowance(from civil.Date, days int, daily money.Cents) {
	to := from.AddDays(days - 1)
	paidOn := c.payday(to)
	c.schedule(paymentToCome{paidOn, func() (ingest.Line, error) {
		pay, err := c.rules.NetPay(daily*money.Cents(days), paidOn)
		if err != nil {
			return ingest.Line{}, err
		}
		allowance := &ingest.Allowance{Nature: string(domain.ForSickness), From: from.String(), To: to.String(), Days: days,
			DailyCents: cents(daily), GrossCents: cents(pay.Gross), CSGCents: pay.CSG, CRDSCents: pay.CRDS}
		line := newLine(from, "IJ", "Indemnités journalières", 0, 0, 0, pay.Net)
		line.Allowance = allowance
		recipient := domain.ToAssure
		if c.work.subrogated {
			recipient = domain.ToEmployer
		}
		c.begin(c.people[0], from, paidOn, recipient)
		c.payment.Complementary = ingest.Part{State: string(domain.StateNone)} // mutuelles add to care
		err = c.add(c.people[0], line)
		return c.end(), err
	}})
}
