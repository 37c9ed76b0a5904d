package db

import (
	"context"
	"strconv"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/reimburse"
)

// Demo says how far the demonstration filled this database.
type Demo struct {
	Began  civil.Date // the day that its people's ages count from; zero where this is no demo
	Loaded bool       // everybody and everything is there
}

// BeginDemo marks an empty database as one that the demo fills, which is what
// lets `serve` print tokens, and gives the day on which that began: a load that
// was cut short goes on with it. It fails with CONFLICT on a database that
// holds other files, whose people may be real.
func (d *DB) BeginDemo(ctx context.Context, today civil.Date) (began civil.Date, err error) {
	defer wrap(&err, "BeginDemo")
	if _, err := d.bun.NewRaw(`UPDATE installation SET demo_began = ?::date
		WHERE demo_began IS NULL AND NOT EXISTS (SELECT FROM assures)`, today.String()).Exec(ctx); err != nil {
		return began, err
	}
	demo, err := d.Demo(ctx)
	if err == nil && demo.Began.IsZero() {
		err = domain.Errorf(domain.Conflict,
			"this database holds files already: the demo fills only an empty one (another folder: COMPTESANTE_DATA, another database: DATABASE_URL)")
	}
	return demo.Began, err
}

// EndDemo notes that the demonstration is loaded.
func (d *DB) EndDemo(ctx context.Context) (err error) {
	defer wrap(&err, "EndDemo")
	_, err = d.bun.NewRaw(`UPDATE installation SET demo_loaded = true`).Exec(ctx)
	return err
}

// SetDemoSeed notes what the generated families of this database are made of. It
// fails with CONFLICT where they are made of another seed: both give the same NIRs
// to other people.
func (d *DB) SetDemoSeed(ctx context.Context, seed uint64) (err error) {
	defer wrap(&err, "SetDemoSeed")
	text := strconv.FormatUint(seed, 10)
	if _, err := d.bun.NewRaw(`UPDATE installation SET demo_seed = ?::numeric WHERE demo_seed IS NULL`, text).Exec(ctx); err != nil {
		return err
	}
	var was string
	if err := d.bun.NewRaw(`SELECT demo_seed::text FROM installation`).Scan(ctx, &was); err != nil {
		return err
	}
	if was != text {
		return domain.Errorf(domain.Conflict, "this database was filled with seed %s, and not %s: give --seed %s to go on with it, or load seed %s into an empty one (another folder: COMPTESANTE_DATA, another database: DATABASE_URL)",
			was, text, was, text)
	}
	return nil
}

// DemoCounted is what has been counted of somebody in a civil year of
// reimbursement, and what they owe of care in tiers payant.
type DemoCounted struct {
	Year  reimburse.Year
	Debts []reimburse.Debt // oldest first; the reference is the label of the act
}

// DemoCounted reads it of an assuré themself, from all payments.
func (d *DB) DemoCounted(ctx context.Context, assure int64, year int) (counted DemoCounted, err error) {
	defer wrap(&err, "DemoCounted")
	counted.Year.Year = year
	y := &counted.Year
	err = d.bun.NewRaw(`
		SELECT count(*) FILTER (WHERE r.kind = 'PARTICIPATION' AND r.amount_cents > 0) - count(*) FILTER (WHERE r.kind = 'PARTICIPATION' AND r.amount_cents < 0),
		       coalesce(sum(r.amount_cents) FILTER (WHERE r.kind = 'PARTICIPATION'), 0), coalesce(sum(r.amount_cents) FILTER (WHERE r.kind = 'FRANCHISE'), 0)
		`+ownRetentions+`AND extract(year FROM r.paid_on) = ? AND r.of_cared_on IS NULL`, assure, year).Scan(ctx, &y.Participation.Count, &y.Participation.Cents, &y.Franchise)
	if err != nil {
		return counted, err
	}
	var rows []struct {
		Kind            domain.RetentionKind
		Label           string
		CaredOn, PaidOn civil.Date
		Owed            money.Cents
	}
	err = d.bun.NewRaw(`
		SELECT kind, label, cared_on, paid_on, sum(owed) AS owed FROM (
			SELECT r.kind, a.label, l.cared_on, r.paid_on, r.amount_cents AS owed
			`+ownRetentions+`AND r.deferred
			UNION ALL
			SELECT r.kind, r.of_label, r.of_cared_on, r.of_paid_on, -r.amount_cents
			`+ownRetentions+`AND r.of_paid_on IS NOT NULL) AS entries
		GROUP BY kind, label, cared_on, paid_on HAVING sum(owed) > 0 ORDER BY paid_on, cared_on, label, kind`, assure, assure).Scan(ctx, &rows)
	for _, r := range rows {
		code := reimburse.StepParticipation
		if r.Kind == domain.Franchise {
			code = reimburse.StepFranchise
		}
		counted.Debts = append(counted.Debts, reimburse.Debt{Reference: r.Label, Code: code, CareOn: r.CaredOn, PaidOn: r.PaidOn, Amount: r.Owed})
	}
	return counted, err
}

// ownRetentions is what is held back of an assuré's own care or put off.
const ownRetentions = `FROM payment_retentions r
	JOIN payments p ON p.assure_id = r.assure_id AND p.paid_on = r.paid_on AND p.id = r.payment_id
	JOIN beneficiaries b ON b.assure_id = p.assure_id AND b.id = p.beneficiary_id AND b.relation = 'SELF'
	JOIN payment_lines l ON l.assure_id = r.assure_id AND l.paid_on = r.paid_on AND l.payment_id = r.payment_id AND l.position = r.position
	JOIN acts a ON a.id = l.act_id
	WHERE r.assure_id = ? `

// Demo reads how far the demonstration filled this database.
func (d *DB) Demo(ctx context.Context) (demo Demo, err error) {
	defer wrap(&err, "Demo")
	err = d.bun.NewRaw(`SELECT demo_began, demo_loaded FROM installation`).Scan(ctx, &demo.Began, &demo.Loaded)
	return demo, err
}

// Stored counts the assurés and the payments of the whole database: seconds where
// there are millions.
func (d *DB) Stored(ctx context.Context) (assures, payments int, err error) {
	defer wrap(&err, "Stored")
	err = d.bun.NewRaw(`SELECT (SELECT count(*) FROM assures), (SELECT count(*) FROM payments)`).Scan(ctx, &assures, &payments)
	return assures, payments, err
}
