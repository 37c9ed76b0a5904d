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
var hotRetentions = hot{"retentions", `
	SELECT p.beneficiary_id, p.id, p.paid_on, l.cared_on, l.act_id, r.kind, r.amount_cents, r.deferred
	FROM payments p
	JOIN payment_retentions r ON r.assure_id = $1 AND r.paid_on = p.paid_on AND r.payment_id = p.id
	JOIN payment_lines l ON l.assure_id = $1 AND l.paid_on = p.paid_on AND l.payment_id = p.id AND l.position = r.position
	WHERE p.assure_id = $1 AND p.beneficiary_id = ANY($2::bigint[]) AND p.paid_on BETWEEN $3::date AND $4::date
	  AND r.of_cared_on IS NULL AND r.kind <> 'OTHER'
	ORDER BY p.paid_on DESC, p.id DESC, r.position, r.n`}

// CountedRetentions are the participations and franchises that are due on what
// was reimbursed in a civil year to people in sight, the latest first.
func (d *DB) CountedRetentions(ctx context.Context, sight actor.Sight, year int) (counted []domain.CountedRetention, err error) {
	defer wrap(&err, "CountedRetentions")
	var acts []int64
	read := func(rows pgx.Rows) (err error) {
		acts = acts[:0]
		counted, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c domain.CountedRetention, err error) {
			var paidOn, caredOn time.Time
			var act int64
			err = row.Scan(&c.Beneficiary.Key, &c.Payment.Key, &paidOn, &caredOn, &act, &c.Kind, &c.Amount, &c.Deferred)
			c.Beneficiary.Kind, c.Beneficiary.Assure = domain.KindBeneficiary, sight.Assure
			c.Payment.Kind, c.Payment.Assure = domain.KindPayment, sight.Assure
			c.PaidOn, c.CaredOn = dayOf(paidOn), dayOf(caredOn)
			acts = append(acts, act)
			return c, err
		})
		return err
	}
	first, last := civil.Date{Year: year, Month: time.January, Day: 1}, civil.Date{Year: year, Month: time.December, Day: 31}
	if err := d.prepared(func() error {
		return d.hotly(ctx, hotRetentions, read, sight.Assure, sight.Beneficiaries, instant(first), instant(last))
	}); err != nil {
		return nil, err
	}
	known, err := d.reference.acts.find(ctx, d.pool, acts)
	if err != nil {
		return nil, err
	}
	for i := range counted {
		if known[i] != nil {
			counted[i].Act, counted[i].Label = known[i].Code, known[i].Label
		}
	}
	return counted, nil
}

// dayOf is a day as the database gives it.
func dayOf(t time.Time) civil.Date {
	return civil.Date{Year: t.Year(), Month: t.Month(), Day: t.Day()}
}
