package db

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// hotTotals sum payments and their lines, from the covering indexes alone.
var hotTotals = func() map[breadth]hot {
	forms := make(map[breadth]hot)
	for _, b := range breadths {
		forms[b] = byName(fmt.Sprintf("totals %d", b), `WITH chosen AS MATERIALIZED (`+b.selectChosen()+`)
			SELECT c.*, l.*, a.* FROM (SELECT count(*), coalesce(sum(amount_cents), 0), coalesce(sum(complementary_cents), 0) FROM chosen) c,
				(SELECT coalesce(sum(l.spent_cents), 0), coalesce(sum(l.retained_cents), 0) FROM chosen
				 JOIN payment_lines l ON l.assure_id = @assure AND l.paid_on = chosen.paid_on AND l.payment_id = chosen.id) l,
				(SELECT coalesce(sum(a.gross_cents - a.csg_cents - a.crds_cents), 0) FROM chosen
				 JOIN payment_allowances a ON a.assure_id = @assure AND a.paid_on = chosen.paid_on AND a.payment_id = chosen.id) a`)
	}
	return forms
}()

func readTotals(t *domain.PaymentTotals) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&t.Count, &t.Amount, &t.Complementary, &t.Spent, &t.Retained, &t.Allowances}, func() error { return nil })
		return err
	}
}

// summaryForm says which of the forms of a summary is asked for.
type summaryForm struct {
	breadth
	domain.Grouping
}

// hotSummaries are the forms of a summary.
var hotSummaries = func() map[summaryForm]hot {
	forms := make(map[summaryForm]hot)
	for _, b := range breadths {
		for i := range 8 {
			f := summaryForm{b, domain.Grouping{Month: i&1 > 0, Kind: i&2 > 0, Beneficiary: i&4 > 0}}
			forms[f] = byName(fmt.Sprintf("summary %d %d", b, i), f.statement())
		}
	}
	return forms
}()

// statement sums up the payments, each of which has one part for each kind of its
// lines, or one for all of them; the mutuelle's part belongs to no kind. A key
// that is not asked for is NULL.
func (f summaryForm) statement() string {
	month, kind, kinds, beneficiary, complementary := `NULL::date`, `NULL::text`, ``, `NULL::bigint`, `coalesce(sum(complementary_cents), 0)`
	if f.Month {
		month = `date_trunc('month', paid_on)::date`
	}
	if f.Kind {
		kind, kinds, complementary = `k.kind`, `JOIN (`+selectKinds+`) k ON k.id = l.act_id`, `0`
	}
	if f.Beneficiary {
		beneficiary = `beneficiary_id`
	}
	return fmt.Sprintf(`WITH chosen AS MATERIALIZED (%s),
		parts AS (SELECT c.id, c.paid_on, c.beneficiary_id, c.complementary_cents, %s AS kind,
				sum(l.spent_cents) AS spent, sum(l.paid_cents) AS amount, sum(l.retained_cents) AS retained,
				sum(a.gross_cents - a.csg_cents - a.crds_cents) AS allowances
			FROM chosen c JOIN payment_lines l ON l.assure_id = @assure AND l.paid_on = c.paid_on AND l.payment_id = c.id %s
			LEFT JOIN payment_allowances a ON a.assure_id = @assure AND a.paid_on = l.paid_on AND a.payment_id = l.payment_id AND a.position = l.position
			GROUP BY 1, 2, 3, 4, 5)
		SELECT %s AS month, kind, %s AS beneficiary,
			count(*), sum(spent)::bigint, sum(amount)::bigint, sum(retained)::bigint, %s::bigint, coalesce(sum(allowances), 0)::bigint
		FROM parts GROUP BY 1, 2, 3 ORDER BY 1 DESC, 2, 3`, f.selectChosen(), kind, kinds, month, beneficiary, complementary)
}

// readSummary reads the groups of a summary of somebody's payments.
func readSummary(s actor.Sight, groups *[]domain.PaymentSummary) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*groups, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (g domain.PaymentSummary, err error) {
			var month *time.Time
			var kind *domain.ActKind
			var beneficiary *int64
			err = row.Scan(&month, &kind, &beneficiary, &g.Count, &g.Spent, &g.Amount, &g.Retained, &g.Complementary, &g.Allowances)
			if month != nil {
				g.Month = dayOf(*month)
			}
			if kind != nil {
				g.Kind = *kind
			}
			if beneficiary != nil {
				g.Beneficiary = domain.ID{Kind: domain.KindBeneficiary, Assure: s.Assure, Key: *beneficiary}
			}
			return g, err
		})
		return err
	}
}
