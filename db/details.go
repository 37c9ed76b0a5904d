package db

import (
	"encoding/json"
	"fmt"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// lineDetails reads detailColumns into a line.
func lineDetails(r *wireRow, l *domain.PaymentLine) error {
	if text := r.bytes(); text != nil {
		var rows []json.RawMessage
		if err := json.Unmarshal(text, &rows); err != nil {
			return err
		}
		l.Retentions = make([]domain.Retention, len(rows))
		for i, row := range rows {
			var err error
			if l.Retentions[i], err = retentionOf(row); err != nil {
				return err
			}
		}
	}
	if text := r.bytes(); text != nil {
		a := &domain.DailyAllowance{}
		l.Allowance = a
		return tuple(text, &a.Nature, &a.From, &a.To, &a.Days, &a.Daily, &a.Gross, &a.CSG, &a.CRDS)
	}
	return nil
}

func retentionOf(row []byte) (r domain.Retention, err error) {
	var caredOn, paidOn *civil.Date
	var label *string
	if err := tuple(row, &r.Kind, &r.Amount, &r.Deferred, &caredOn, &paidOn, &label); err != nil || caredOn == nil {
		return r, err
	}
	r.Of = &domain.EarlierCare{CaredOn: *caredOn, PaidOn: paidOn, Label: *label}
	return r, nil
}

// tuple reads a JSON list into as many values.
func tuple(text []byte, into ...any) error {
	n := len(into)
	if err := json.Unmarshal(text, &into); err != nil {
		return err
	}
	if len(into) != n {
		return fmt.Errorf("%d values instead of %d", len(into), n)
	}
	return nil
}

// copyRetentions writes the retentions of an item's lines.
func copyRetentions(c *wireCopy, it *item) {
	for i := range it.record.Lines {
		for n, r := range it.record.Lines[i].Retentions {
			c.line(it, i)
			c.smallint(n + 1)
			c.text(string(r.Kind))
			c.integer(int64(r.Amount))
			c.boolean(r.Deferred)
			c.earlier(r.Of)
		}
	}
}

// earlier writes the care that a retention was due on, if it is not its own.
func (c *wireCopy) earlier(of *domain.EarlierCare) {
	if of == nil {
		c.null()
		c.null()
		c.null()
		return
	}
	c.date(of.CaredOn)
	if of.PaidOn != nil {
		c.date(*of.PaidOn)
	} else {
		c.null()
	}
	c.text(of.Label)
}

// copyAllowances writes the daily allowances of an item's lines.
func copyAllowances(c *wireCopy, it *item) {
	for i := range it.record.Lines {
		a := it.record.Lines[i].Allowance
		if a == nil {
			continue
		}
		c.line(it, i)
		c.text(string(a.Nature))
		c.date(a.From)
		c.date(a.To)
		c.smallint(a.Days)
		for _, amount := range []money.Cents{a.Daily, a.Gross, a.CSG, a.CRDS} {
			c.integer(int64(amount))
		}
	}
}

// line begins a row of a detail of an item's i-th line, from 0.
func (c *wireCopy) line(it *item, i int) {
	c.row()
	c.bigint(it.file.assure)
	c.date(it.record.PaidOn)
	c.bigint(it.payment)
	c.smallint(i + 1)
}

// detailTables are the tables of what only some lines have.
var detailTables = []struct {
	name    string
	columns []string
	copy    func(*wireCopy, *item)
}{
	{"payment_retentions", []string{"assure_id", "paid_on", "payment_id", "position", "n", "kind", "amount_cents", "deferred",
		"of_cared_on", "of_paid_on", "of_label"}, copyRetentions},
	{"payment_allowances", []string{"assure_id", "paid_on", "payment_id", "position", "nature", "first_day", "last_day", "days",
		"daily_cents", "gross_cents", "csg_cents", "crds_cents"}, copyAllowances},
}
