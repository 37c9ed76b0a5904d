package db

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// hotTotals sum payments and their lines, from the covering indexes alone.
var hotTotals = eachBreadth("totals", func(b breadth) string {
	return `WITH chosen AS MATERIALIZED (` + b.selectChosen() + `)
		SELECT c.*, l.*, a.* FROM (SELECT count(*), coalesce(sum(amount_cents), 0), coalesce(sum(complementary_cents), 0) FROM chosen) c,
			(SELECT coalesce(sum(l.spent_cents), 0), coalesce(sum(l.retained_cents), 0) FROM chosen
			 JOIN payment_lines l ON l.assure_id = $1 AND l.paid_on = chosen.paid_on AND l.payment_id = chosen.id) l,
			(SELECT coalesce(sum(a.gross_cents - a.csg_cents - a.crds_cents), 0) FROM chosen
			 JOIN payment_allowances a ON a.assure_id = $1 AND a.paid_on = chosen.paid_on AND a.payment_id = chosen.id) a`
})

func eachBreadth(name string, statement func(breadth) string) (hots [lineFilter + 1]hot) {
	for b := range hots {
		hots[b] = hot{fmt.Sprintf("%s %d", name, b), statement(breadth(b))}
	}
	return hots
}

func readTotals(t *domain.PaymentTotals) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&t.Count, &t.Amount, &t.Complementary, &t.Spent, &t.Retained, &t.Allowances}, func() error { return nil })
		return err
	}
}

// hotSummary sums by any of the keys. A payment has one part for each kind of
// its lines, or one for all of them; the mutuelle's part belongs to no kind.
var hotSummary = eachBreadth("summary", func(b breadth) string {
	n := b.parameters()
	return fmt.Sprintf(`WITH chosen AS MATERIALIZED (%s),
		parts AS (SELECT c.id, c.paid_on, c.beneficiary_id, CASE WHEN $%[2]d::boolean THEN k.kind ELSE '' END AS kind, min(c.complementary_cents) AS complementary,
				sum(l.spent_cents) AS spent, sum(l.paid_cents) AS amount, sum(l.retained_cents) AS retained,
				sum(a.gross_cents - a.csg_cents - a.crds_cents) AS allowances
			FROM chosen c JOIN payment_lines l ON l.assure_id = $1 AND l.paid_on = c.paid_on AND l.payment_id = c.id
			JOIN (%[5]s) k ON k.id = l.act_id
			LEFT JOIN payment_allowances a ON a.assure_id = $1 AND a.paid_on = l.paid_on AND a.payment_id = l.payment_id AND a.position = l.position
			GROUP BY 1, 2, 3, 4)
		SELECT CASE WHEN $%[3]d::boolean THEN date_trunc('month', paid_on)::date ELSE '0001-01-01'::date END AS month, kind,
			CASE WHEN $%[4]d::boolean THEN beneficiary_id ELSE 0 END AS beneficiary,
			count(*), sum(spent)::bigint, sum(amount)::bigint, sum(retained)::bigint,
			CASE WHEN $%[2]d THEN 0 ELSE coalesce(sum(complementary), 0) END::bigint, coalesce(sum(allowances), 0)::bigint
		FROM parts GROUP BY 1, 2, 3 ORDER BY 1 DESC, 2, 3`, b.selectChosen(), n+1, n+2, n+3, selectKinds)
})

// PaymentSummary sums up all payments that a period and a filter choose, of the
// people in sight, in one statement: the latest month first.
func (d *DB) PaymentSummary(ctx context.Context, sight actor.Sight, q domain.SummaryQuery) (sums []domain.PaymentSummary, err error) {
	defer wrap(&err, "PaymentSummary")
	by := func(key domain.SummaryKey) bool { return slices.Contains(q.By, key) }
	args := append(chosenArgs(sight, &q.PageQuery), by(domain.ByKind), by(domain.ByMonth), by(domain.ByBeneficiary))
	err = d.prepared(func() error {
		return d.hotly(ctx, hotSummary[breadthOf(&q.Filter)], func(rows pgx.Rows) (err error) {
			sums, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s domain.PaymentSummary, err error) {
				var month time.Time
				err = row.Scan(&month, &s.Kind, &s.Beneficiary.Key, &s.Count, &s.Spent, &s.Amount, &s.Retained, &s.Complementary, &s.Allowances)
				if by(domain.ByMonth) {
					s.Month = dayOf(month)
				}
				if s.Beneficiary.Key != 0 {
					s.Beneficiary.Kind, s.Beneficiary.Assure = domain.KindBeneficiary, sight.Assure
				}
				return s, err
			})
			return err
		}, args...)
	})
	return sums, err
}
