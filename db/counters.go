package db

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
)

// hotRetentions are the retentions of a period by the lines that they are due
// on, from the covering indexes alone.
var hotRetentions = byName("retentions", `
	SELECT p.beneficiary_id, p.id, p.paid_on, l.cared_on, l.act_id, r.kind, r.amount_cents, r.deferred
	FROM payments p
	JOIN payment_retentions r ON r.assure_id = @assure AND r.paid_on = p.paid_on AND r.payment_id = p.id
	JOIN payment_lines l ON l.assure_id = @assure AND l.paid_on = p.paid_on AND l.payment_id = p.id AND l.position = r.position
	WHERE `+inFile+` AND p.paid_on BETWEEN @from::date AND @to::date
	  AND r.of_cared_on IS NULL AND r.kind <> 'OTHER'
	ORDER BY p.paid_on DESC, p.id DESC, r.position, r.n`)

// retentionValues are the values of hotRetentions for what was reimbursed in a
// civil year, up to a day: what is announced for a later one may still change.
func retentionValues(s actor.Sight, year int, today civil.Date) values {
	last := civil.Date{Year: year, Month: time.December, Day: 31}
	if today.Before(last) {
		last = today
	}
	return values{"assure": s.Assure, "people": s.Beneficiaries, "from": instant(civil.Date{Year: year, Month: time.January, Day: 1}), "to": instant(last)}
}

// countedRows are counted retentions as their rows say, with the keys of their
// acts.
type countedRows struct {
	counted []domain.CountedRetention
	acts    []int64 // of each
}

func (c *countedRows) read(s actor.Sight) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		c.acts = c.acts[:0]
		c.counted, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (r domain.CountedRetention, err error) {
			var paidOn, caredOn time.Time
			var act int64
			err = row.Scan(&r.Beneficiary.Key, &r.Payment.Key, &paidOn, &caredOn, &act, &r.Kind, &r.Amount, &r.Deferred)
			r.Beneficiary.Kind, r.Beneficiary.Assure = domain.KindBeneficiary, s.Assure
			r.Payment.Kind, r.Payment.Assure = domain.KindPayment, s.Assure
			r.PaidOn, r.CaredOn = dayOf(paidOn), dayOf(caredOn)
			c.acts = append(c.acts, act)
			return r, err
		})
		return err
	}
}

// word puts the acts in, from memory.
func (c *countedRows) word(ctx context.Context, d *DB) ([]domain.CountedRetention, error) {
	known, err := d.reference.acts.find(ctx, d.pool, c.acts)
	if err != nil {
		return nil, err
	}
	for i := range c.counted {
		if known[i] != nil {
			c.counted[i].Act, c.counted[i].Label = known[i].Code, known[i].Label
		}
	}
	return c.counted, nil
}

// dayOf is a day as the database gives it.
func dayOf(t time.Time) civil.Date {
	return civil.Date{Year: t.Year(), Month: t.Month(), Day: t.Day()}
}
