package db

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// querier is the pool or a transaction: the same query runs in both. It is an
// interface because pgx has no common type for the two.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

var (
	_ querier = (*pgxpool.Pool)(nil)
	_ querier = pgx.Tx(nil)
)

// selectPayments begins each query of payments: the payment with the small
// things that hang on it. It goes through pgx, without reflection, as the
// history is the hot path (bun costs about twice as much a query).
const selectPayments = `
SELECT p.assure_id, p.id, p.reference, p.movement, p.paid_on, p.recipient, p.amount_cents, p.revision,
       p.beneficiary_id, b.relation, b.family_name, b.given_name, b.birth_rank, b.birth_sealed,
       p.complementary, p.complementary_cents, p.complementary_paid_on, m.id, m.code, m.name, m.site
FROM payments p
JOIN beneficiaries b ON b.assure_id = p.assure_id AND b.id = p.beneficiary_id
LEFT JOIN mutuelles m ON m.id = p.mutuelle_id
`

// PaymentPage is a page of an assuré's payments, of the beneficiaries in sight.
func (d *DB) PaymentPage(ctx context.Context, sight actor.Sight, q domain.PageQuery) (page domain.PaymentPage, err error) {
	defer wrap(&err, "PaymentPage")
	order := "DESC"
	if q.Backward {
		order = "ASC"
	}
	rows, err := d.payments(ctx, d.pool, q.Needs, selectPayments+`
		WHERE p.assure_id = $1 AND p.beneficiary_id = ANY($2::bigint[])
		  AND p.paid_on >= $3::date AND p.paid_on <= $4::date
		  AND ($5::bigint IS NULL OR (p.paid_on, p.id) < ($6::date, $5::bigint))
		  AND ($7::bigint IS NULL OR (p.paid_on, p.id) > ($8::date, $7::bigint))
		ORDER BY p.paid_on `+order+`, p.id `+order+` LIMIT $9::bigint`,
		append(append([]any{sight.Assure, sight.Beneficiaries, q.From.String(), q.To.String()},
			append(place(q.After), place(q.Before)...)...), q.Limit+1)...)
	if err != nil {
		return page, err
	}
	more := len(rows) > q.Limit
	page.Payments = rows[:min(len(rows), q.Limit)]
	if page.HasNext, page.HasPrevious = more, q.After != nil; q.Backward {
		slices.Reverse(page.Payments)
		page.HasNext, page.HasPrevious = q.Before != nil, more
	}
	return page, nil
}

// place is a place as two parameters, key and day, NULL for none.
func place(p *domain.PaymentPlace) []any {
	if p == nil {
		return []any{nil, nil}
	}
	return []any{p.Key, p.PaidOn.String()}
}

// PaymentsByID gives those of the payments named by ids that are in the
// window that begins at from and that an actor with these sights may see.
func (d *DB) PaymentsByID(ctx context.Context, sights []actor.Sight, from civil.Date, ids []domain.ID) (_ map[domain.ID]domain.Payment, err error) {
	defer wrap(&err, "PaymentsByID")
	assures, keys := make([]int64, len(ids)), make([]int64, len(ids))
	for i, id := range ids {
		assures[i], keys[i] = id.Assure, id.Key
	}
	seenAssures, seen := flatten(sights)
	rows, err := d.payments(ctx, d.pool, domain.AllNeeds, selectPayments+`
		WHERE (p.assure_id, p.id) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))
		  AND (p.assure_id, p.beneficiary_id) IN (SELECT * FROM unnest($3::bigint[], $4::bigint[]))
		  AND p.paid_on >= $5::date`, assures, keys, seenAssures, seen, from.String())
	if err != nil {
		return nil, err
	}
	return byID(rows), nil
}

// flatten turns sights into two columns: assurés and beneficiaries.
func flatten(sights []actor.Sight) (assures, beneficiaries []int64) {
	for _, s := range sights {
		for _, b := range s.Beneficiaries {
			assures, beneficiaries = append(assures, s.Assure), append(beneficiaries, b)
		}
	}
	return assures, beneficiaries
}

func byID(payments []domain.Payment) map[domain.ID]domain.Payment {
	m := make(map[domain.ID]domain.Payment, len(payments))
	for _, p := range payments {
		m[p.ID] = p
	}
	return m
}

// payments runs a query that begins with selectPayments and loads what is
// needed of each payment: two statements at most, whatever their number.
func (d *DB) payments(ctx context.Context, q querier, needs domain.PaymentNeeds, sql string, args ...any) ([]domain.Payment, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	payments, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (domain.Payment, error) {
		return d.scanPayment(row, needs)
	})
	if err != nil || len(payments) == 0 || !needs.Lines {
		return payments, err
	}
	return payments, loadLines(ctx, q, payments)
}

func (d *DB) scanPayment(row pgx.CollectableRow, needs domain.PaymentNeeds) (p domain.Payment, err error) {
	var b = &p.Beneficiary
	var part partColumns
	var birth []byte
	if err := row.Scan(&p.ID.Assure, &p.ID.Key, &p.Reference, &p.Movement.Reference, &p.PaidOn, &p.Recipient, &p.Amount, &p.Revision,
		&b.ID.Key, &b.Relation, &b.FamilyName, &b.GivenName, &b.BirthRank, &birth,
		&part.state, &part.cents, &part.paidOn, &part.mutuelle, &part.code, &part.name, &part.site); err != nil {
		return p, err
	}
	p.ID.Kind = domain.KindPayment
	b.ID.Kind, b.ID.Assure = domain.KindBeneficiary, p.ID.Assure
	p.Complementary = part.part()
	if needs.Beneficiary {
		b.BirthDate, err = d.keys.openBirth(beneficiaryBirth(b.ID), birth)
	}
	return p, err
}

// partColumns are the columns of a complementary part; the pointers are nil
// where the columns are NULL.
type partColumns struct {
	state      domain.ComplementaryState
	cents      *money.Cents
	paidOn     *civil.Date
	mutuelle   *int64
	code, name *string
	site       *string
}

// part is the one mapping from the columns to the union; the table's checks
// hold what it takes for granted.
func (c partColumns) part() domain.ComplementaryPart {
	if c.mutuelle == nil {
		return domain.ComplementaryNone{}
	}
	m := domain.Mutuelle{ID: domain.ID{Kind: domain.KindMutuelle, Key: *c.mutuelle}, Code: *c.code, Name: *c.name, Site: c.site}
	switch c.state {
	case domain.StateKnown:
		return domain.ComplementaryKnown{Amount: *c.cents, Mutuelle: m, PaidOn: c.paidOn}
	case domain.StateElsewhere:
		return domain.ComplementaryElsewhere{Mutuelle: m}
	default:
		return domain.ComplementaryAwaited{Mutuelle: m}
	}
}

// loadLines fills the lines of payments in one statement.
func loadLines(ctx context.Context, q querier, payments []domain.Payment) error {
	assures, keys := make([]int64, len(payments)), make([]int64, len(payments))
	at := make(map[domain.ID]*domain.Payment, len(payments))
	for i := range payments {
		p := &payments[i]
		assures[i], keys[i], at[p.ID] = p.ID.Assure, p.ID.Key, p
	}
	rows, err := q.Query(ctx, `
		SELECT l.assure_id, l.payment_id, l.cared_on, l.act, l.label, l.spent_cents, l.base_cents, l.rate,
		       l.reimbursed_cents, l.retained_cents, l.paid_cents, f.id, f.number, f.name, f.specialty, f.town
		FROM payment_lines l
		LEFT JOIN professionals f ON f.id = l.professional_id
		WHERE (l.assure_id, l.payment_id) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))
		ORDER BY l.assure_id, l.payment_id, l.position`, assures, keys)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scanLine(rows, at); err != nil {
			return err
		}
	}
	return rows.Err()
}

func scanLine(row pgx.Rows, at map[domain.ID]*domain.Payment) error {
	id := domain.ID{Kind: domain.KindPayment}
	var l domain.PaymentLine
	var professional *int64
	var number, name, specialty, town *string
	if err := row.Scan(&id.Assure, &id.Key, &l.CaredOn, &l.Act, &l.Label, &l.Spent, &l.Base, &l.Rate,
		&l.Reimbursed, &l.Retained, &l.Paid, &professional, &number, &name, &specialty, &town); err != nil {
		return err
	}
	if professional != nil {
		l.Professional = &domain.Professional{ID: domain.ID{Kind: domain.KindProfessional, Key: *professional},
			Number: *number, Name: *name, Specialty: *specialty, Town: town}
	}
	p := at[id]
	p.Lines = append(p.Lines, l)
	return nil
}
