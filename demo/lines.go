package demo

import (
	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/reimburse"
	"comptesante/ingest"
)

// lines prices the lines of a visit by the rules and counts them.
func (c *care) lines(p *counted, what *visitKind, at reimburse.Care, who *ingest.Professional) error {
	n := 1
	if c.kind == heavyUser {
		n = heavyVisit
	} else if what.lines > 1 {
		n += c.r.IntN(what.lines)
	}
	counters := p.counters(at.On, at.PaidOn)
	counters.Day.Participation = reimburse.Tally{} // another professional each visit
	var got reimburse.Reimbursement
	for range n {
		var err error
		if got, err = what.reimburse(c.r, c.rules, at, counters); err != nil {
			return err
		}
		p.count(&got, what.label)
		counters = got.Counters
		if err := c.add(p, careLine(what, &got, who)); err != nil {
			return err
		}
		if c.kind == solidarity {
			c.share += got.C2SPaid
		} else {
			c.share += got.TicketModerateur - got.HorsParcours // mutuelles mostly leave the majoration to the patient
		}
	}
	if n == 1 && got.Paid > 0 && got.Deferred == 0 && !at.TiersPayant && c.r.IntN(mistakes) == 0 {
		c.takeBack(p, what, got, who)
	}
	return nil
}

// mistakes is how many payments to the assuré there are to one that is taken
// back.
const mistakes = 60

// takeBack plans that a line is taken back three weeks later, in the same civil
// year: what was held back of it is given back, and counts no more.
func (c *care) takeBack(p *counted, what *visitKind, got reimburse.Reimbursement, who *ingest.Professional) {
	paidOn := got.PaidOn.AddDays(21)
	if paidOn.Year != got.PaidOn.Year {
		return
	}
	c.schedule(paymentToCome{paidOn, func() (ingest.Line, error) {
		undone, err := got.Undo(reimburse.Counters{Year: *p.year(got.PaidOn.Year), Day: got.Counters.Day})
		if err != nil {
			return ingest.Line{}, err
		}
		*p.year(got.PaidOn.Year) = undone.Counters.Year
		c.begin(p, got.CareOn, paidOn, domain.ToAssure)
		c.payment.Account = "" // nothing was paid to it
		c.payment.Complementary = ingest.Part{State: string(domain.StateNone)}
		err = c.add(p, careLine(what, &undone, who))
		return c.end(), err
	}})
}

// careLine is a line of care with what is held back of it and what is put off.
func careLine(what *visitKind, got *reimburse.Reimbursement, who *ingest.Professional) ingest.Act {
	a := newLine(got.CareOn, what.code, what.label, got.Base+got.Depassement, got.Base, got.Rate, got.Gross)
	a.Professional = who
	kind := domain.Participation
	if got.Franchise != 0 {
		kind = domain.Franchise
	}
	if got.Retained != 0 {
		hold(&a, ingest.Retention{Kind: string(kind), AmountCents: cents(got.Retained)})
	}
	if got.Deferred != 0 {
		a.Retentions = append(a.Retentions, ingest.Retention{Kind: string(kind), AmountCents: cents(got.Deferred), Deferred: true})
	}
	return a
}

// newLine is a line of which nothing is held back yet.
func newLine(day civil.Date, code, label string, spent, base money.Cents, rate reimburse.Rate, reimbursed money.Cents) ingest.Act {
	figures := &struct {
		spent, base, reimbursed, paid money.Cents
		rate                          int
	}{spent, base, reimbursed, reimbursed, int(rate) / 100}
	return ingest.Act{CaredOn: day.String(), Act: code, Label: label, SpentCents: &figures.spent, BaseCents: &figures.base,
		RatePercent: &figures.rate, ReimbursedCents: &figures.reimbursed, PaidCents: &figures.paid}
}

// hold holds an amount back of a line.
func hold(a *ingest.Act, r ingest.Retention) {
	a.Retentions = append(a.Retentions, r)
	a.RetainedCents += *r.AmountCents
	*a.PaidCents -= *r.AmountCents
}

func cents(c money.Cents) *money.Cents { return &c }
