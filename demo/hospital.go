package demo

import (
	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/reimburse"
	"comptesante/ingest"
)

// stay adds the lines of a hospital stay that ended on a day: its costs, and the
// forfait journalier where the patient owes it beside their share.
func (c *care) stay(p *counted, what *visitKind, discharge civil.Date, who *ingest.Professional) error {
	nights := 1 + c.r.IntN(4)
	entry := discharge.AddDays(-nights)
	aDay, err := what.price(c.r, c.rules, entry, p.born)
	if err != nil {
		return err
	}
	cost := aDay * money.Cents(nights)
	got, err := c.rules.Stay(reimburse.Stay{Entry: entry, Discharge: discharge, Patient: c.patient(p), Cost: cost, HeavyAct: c.r.IntN(2) == 0})
	if err != nil {
		return err
	}
	c.hospitalLine(newLine(entry, what.code, what.label, cost, cost, got.Rate, got.Paid), who)
	if charge := got.Due - got.TicketModerateur - got.HeavyAct; charge > 0 {
		c.hospitalLine(newLine(entry, "FJ", "Forfait journalier hospitalier", charge, charge, 0, 0), who)
	}
	c.share += got.Due
	return nil
}

// emergency adds the forfait of a visit to an emergency room, of which the fund
// pays nothing.
func (c *care) emergency(p *counted, what *visitKind, day civil.Date, who *ingest.Professional) error {
	got, err := c.rules.EmergencyVisit(reimburse.EmergencyVisit{On: day, Reduced: c.patient(p).ALD})
	if err != nil {
		return err
	}
	c.hospitalLine(newLine(day, what.code, what.label, got.Forfait, got.Forfait, 0, 0), who)
	c.share += got.Forfait
	return nil
}

// hospitalLine adds a line of which nothing is held back.
func (c *care) hospitalLine(a ingest.Act, who *ingest.Professional) {
	a.Professional = who
	c.payment.Lines = append(c.payment.Lines, a)
	c.sum += *a.PaidCents
}
