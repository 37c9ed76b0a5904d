package db

import (
	"cmp"
	"context"
	"errors"
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

const paymentColumns = `p.assure_id, p.id, p.beneficiary_id, p.reference, p.movement, p.paid_on, p.cared_on, p.recipient, p.amount_cents, p.revision,
	p.complementary, p.complementary_cents, p.complementary_paid_on, p.mutuelle_id`

const lineColumns = `l.position, l.cared_on, l.act_id, l.professional_id, l.spent_cents, l.base_cents, l.rate,
	l.reimbursed_cents, l.retained_cents, l.paid_cents`

// detailColumns are the retentions and the allowance of a line, NULL for none, as
// lineDetails reads them.
const detailColumns = `,
	(SELECT json_agg(json_build_array(r.kind, r.amount_cents, r.deferred, r.of_cared_on, r.of_paid_on, r.of_label) ORDER BY r.n)::text
	 FROM payment_retentions r WHERE r.assure_id = l.assure_id AND r.paid_on = l.paid_on AND r.payment_id = l.payment_id AND r.position = l.position),
	(SELECT json_build_array(a.nature, a.first_day, a.last_day, a.days, a.daily_cents, a.gross_cents, a.csg_cents, a.crds_cents)::text
	 FROM payment_allowances a WHERE a.assure_id = l.assure_id AND a.paid_on = l.paid_on AND a.payment_id = l.payment_id AND a.position = l.position)`

// lineForm is how much of a payment's lines a query reads.
type lineForm int

const (
	noLines lineForm = iota
	plainLines
	detailedLines // with what is in tables of their own
)

var lineForms = []lineForm{noLines, plainLines, detailedLines}

func formOf(n domain.PaymentNeeds) lineForm {
	switch {
	case n.Details:
		return detailedLines
	case n.Lines:
		return plainLines
	}
	return noLines
}

// selectPayments is a query of payments that meet a condition, each as often as
// it has lines, or once without them. One statement reads both: a correction
// is never seen by half. The history goes through pgx, without reflection, as
// the hot path (bun costs about twice as much a query).
func selectPayments(where string, lines lineForm) string {
	payments := `SELECT ` + paymentColumns + ` FROM payments p WHERE ` + where
	columns := lineColumns
	switch lines {
	case noLines:
		return payments
	case detailedLines:
		columns += detailColumns
	}
	return `SELECT p.*, l.* FROM (` + payments + `) p LEFT JOIN LATERAL (SELECT ` + columns + ` FROM payment_lines l
		WHERE l.assure_id = p.assure_id AND l.paid_on = p.paid_on AND l.payment_id = p.id ORDER BY l.position) l ON true`
}

// gathered are payments as their rows say, with the keys of what is still to be
// put in: people and reference data.
type gathered struct {
	payments []domain.Payment
	parts    []partColumns // of each payment
	at       map[domain.ID]int

	lines         []domain.PaymentLine
	places        []linePlace // of each line
	acts          []int64     // of each line
	professionals []int64     // of each line, 0 for none
}

// partColumns are the columns of a complementary part, zero where they are NULL.
type partColumns struct {
	state    domain.ComplementaryState
	amount   money.Cents
	paidOn   civil.Date
	mutuelle int64
}

// linePlace says where a line belongs: to which of the payments, and where there.
type linePlace struct{ payment, position int }

// gather takes the rows of selectPayments, in whatever order they come, as long as
// there is room for them.
func gather(rows pgx.Rows, lines lineForm, room *room) (*gathered, error) {
	defer rows.Close()
	if err := rows.Err(); err != nil { // refused before the first row: there are no fields
		return nil, err
	}
	if err := checkFields(rows.FieldDescriptions()); err != nil {
		return nil, err
	}
	g := &gathered{at: make(map[domain.ID]int)}
	var r wireRow
	for rows.Next() {
		r = wireRow{values: rows.RawValues()}
		if err := room.take(r.values); err != nil {
			return nil, err
		}
		at := g.payment(&r)
		if lines == noLines || r.null() {
			continue
		}
		if err := g.line(&r, at, lines); err != nil {
			return nil, err
		}
	}
	return g, rows.Err()
}

// gatherInto is gather for a read of several statements.
func gatherInto(g **gathered, lines lineForm, room *room) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*g, err = gather(rows, lines, room)
		return err
	}
}

// room is how much more may be read into memory, in bytes as the database sends
// them; nil is no bound.
type room struct{ left, most int }

// roomFor is room for so many bytes, nil for 0.
func roomFor(bytes int) *room {
	if bytes == 0 {
		return nil
	}
	return &room{bytes, bytes}
}

// take makes a row take its room; QUERY_TOO_COMPLEX where there is none.
func (r *room) take(row [][]byte) error {
	if r == nil {
		return nil
	}
	for _, value := range row {
		r.left -= len(value)
	}
	if r.left >= 0 {
		return nil
	}
	return domain.Errorf(domain.QueryTooComplex, "the payments that are asked for hold more than %d bytes: ask for fewer at once, with a smaller first, or for less of their lines", r.most).
		With("limit", "answerBytes").With("max", r.most)
}

// payment reads a payment's columns, unless an earlier row had them, and tells
// which payment it is.
func (g *gathered) payment(r *wireRow) int {
	id := domain.ID{Kind: domain.KindPayment, Assure: r.int(), Key: r.int()}
	at, known := g.at[id]
	if known {
		r.next = paymentWidth
		return at
	}
	at = len(g.payments)
	g.at[id] = at
	g.payments = append(g.payments, domain.Payment{
		ID: id, Beneficiary: domain.Beneficiary{ID: domain.ID{Kind: domain.KindBeneficiary, Assure: id.Assure, Key: r.int()}},
		Reference: r.text(), Movement: domain.Movement{Reference: r.text()}, PaidOn: r.date(), CaredOn: r.date(),
		Recipient: oneOf(r, domain.ToAssure, domain.ToProfessional, domain.ToEmployer), Amount: r.cents(), Revision: int(r.int()),
	})
	g.parts = append(g.parts, partColumns{
		state:  oneOf(r, domain.StateKnown, domain.StateAwaited, domain.StateNone, domain.StateElsewhere),
		amount: r.cents(), paidOn: r.date(), mutuelle: r.int(),
	})
	return at
}

// paymentWidth is how many columns paymentColumns are.
const paymentWidth = 14

func (g *gathered) line(r *wireRow, payment int, form lineForm) (err error) {
	g.places = append(g.places, linePlace{payment, int(r.int())})
	l := domain.PaymentLine{CaredOn: r.date()}
	g.acts, g.professionals = append(g.acts, r.int()), append(g.professionals, r.int())
	l.Spent, l.Base, l.Rate = r.cents(), r.cents(), int(r.int())
	l.Reimbursed, l.Retained, l.Paid = r.cents(), r.cents(), r.cents()
	if form == detailedLines {
		err = lineDetails(r, &l)
	}
	g.lines = append(g.lines, l)
	return err
}

// complete puts in the people, and from memory the reference data, and gives
// the payments in the order of their first rows. q must see what is committed
// now.
func (d *DB) complete(ctx context.Context, q querier, g *gathered, people map[domain.ID]domain.Beneficiary) ([]domain.Payment, error) {
	if err := d.wordLines(ctx, q, g); err != nil {
		return nil, err
	}
	keys := make([]int64, len(g.parts))
	for i, p := range g.parts {
		keys[i] = p.mutuelle
	}
	mutuelles, err := d.reference.mutuelles.find(ctx, q, keys)
	if err != nil {
		return nil, err
	}
	for i := range g.payments {
		p := &g.payments[i]
		p.Complementary = g.parts[i].part(mutuelles[i])
		if people == nil {
			continue
		}
		b, ok := people[p.Beneficiary.ID]
		if !ok {
			return nil, errors.New("a payment's beneficiary is not there")
		}
		p.Beneficiary = b
	}
	g.dealLines()
	return g.payments, nil
}

// wordLines puts acts and professionals into the lines.
func (d *DB) wordLines(ctx context.Context, q querier, g *gathered) error {
	acts, err := d.reference.acts.find(ctx, q, g.acts)
	if err != nil {
		return err
	}
	professionals, err := d.reference.professionals.find(ctx, q, g.professionals)
	if err != nil {
		return err
	}
	for i := range g.lines {
		if acts[i] == nil {
			return errors.New("a line's act is not there")
		}
		l := &g.lines[i]
		l.Act, l.Label, l.Kind, l.Professional = acts[i].Code, acts[i].Label, acts[i].Kind, professionals[i]
	}
	return nil
}

// dealLines gives each payment its lines in order, as parts of one slice.
func (g *gathered) dealLines() {
	order := make([]int, len(g.lines))
	for i := range order {
		order[i] = i
	}
	byPlace := func(a, b int) int {
		return cmp.Or(cmp.Compare(g.places[a].payment, g.places[b].payment), cmp.Compare(g.places[a].position, g.places[b].position))
	}
	if !slices.IsSortedFunc(order, byPlace) {
		slices.SortFunc(order, byPlace)
		sorted := make([]domain.PaymentLine, len(order))
		for i, from := range order {
			sorted[i] = g.lines[from]
		}
		g.lines = sorted
	}
	for from := 0; from < len(order); {
		payment, to := g.places[order[from]].payment, from+1
		for to < len(order) && g.places[order[to]].payment == payment {
			to++
		}
		g.payments[payment].Lines = g.lines[from:to:to]
		from = to
	}
}

// part is the one mapping from the columns to the union; the table's checks
// hold what it takes for granted.
func (c partColumns) part(m *domain.Mutuelle) domain.ComplementaryPart {
	if m == nil {
		return domain.ComplementaryNone{}
	}
	switch c.state {
	case domain.StateKnown:
		known := domain.ComplementaryKnown{Amount: c.amount, Mutuelle: *m}
		if !c.paidOn.IsZero() {
			known.PaidOn = &c.paidOn
		}
		return known
	case domain.StateElsewhere:
		return domain.ComplementaryElsewhere{Mutuelle: *m}
	default:
		return domain.ComplementaryAwaited{Mutuelle: *m}
	}
}

// PaymentsByID gives those of the payments named by ids that are in the
// window that begins at from and that an actor with these sights may see.
func (d *DB) PaymentsByID(ctx context.Context, sights []actor.Sight, from civil.Date, ids []domain.ID) (_ map[domain.ID]domain.Payment, err error) {
	defer wrap(&err, "PaymentsByID")
	assures, keys := columns(ids)
	seenAssures, seen := flatten(sights)
	var payments readPayments
	if err := d.snapshot(ctx, func(r *reads) {
		payments = readPayments{}
		r.add(hotByID, gatherInto(&payments.gathered, detailedLines, nil), assures, keys, seenAssures, seen, instant(from))
	}, func(r *reads) {
		payments.addPeople(d, r, paymentIDs(payments.payments))
	}); err != nil {
		return nil, err
	}
	return payments.whole(ctx, d, d.pool)
}

// hotByID reads payments by key, of the beneficiaries in sight and not from
// before a day; hotNamed reads them whoever may see them, and hotNamedPeople their
// beneficiaries.
//
// Arrays come as (SELECT $1), so that a plan hangs on no array's length: PostgreSQL
// then keeps one, where it would plan anew each time for a short one.
var (
	hotNamed       = hot{name: "payments", sql: selectPayments(namedPayments, detailedLines)}
	hotNamedPeople = hot{name: "payments_people", sql: selectPeople + `WHERE (assure_id, id) IN (SELECT p.assure_id, p.beneficiary_id FROM payments p WHERE ` + namedPayments + `)`}
	hotByID        = hot{name: "payments_in_sight", sql: selectPayments(namedPayments+` AND p.paid_on >= $5::date
		AND (p.assure_id, p.beneficiary_id) IN (SELECT * FROM unnest($3::bigint[], $4::bigint[]))`, detailedLines)}
)

const namedPayments = `(p.assure_id, p.id) IN (SELECT * FROM unnest((SELECT $1::bigint[]), (SELECT $2::bigint[])))`

// readPayments are payments of whatever files that are being read, with their
// beneficiaries.
type readPayments struct {
	*gathered
	people map[domain.ID]domain.Beneficiary
	broken map[domain.ID]error // beneficiaries whose day of birth does not open
}

// add adds what reads the payments to a stage of a read.
func (p *readPayments) add(d *DB, r *reads, ids []domain.ID) {
	assures, keys := columns(ids)
	r.add(hotNamed, gatherInto(&p.gathered, detailedLines, nil), assures, keys)
	p.addPeople(d, r, ids)
}

// addPeople adds what reads the payments' beneficiaries.
func (p *readPayments) addPeople(d *DB, r *reads, ids []domain.ID) {
	assures, keys := columns(ids)
	r.add(hotNamedPeople, func(rows pgx.Rows) error {
		people, broken, err := d.openPeople(rows)
		p.people, p.broken = byID(people), broken
		return err
	}, assures, keys)
}

// complete gives the payments that were read, and by payment whose beneficiary
// does not open or is not there. There is one statement for each reference table
// of which something is not in memory.
func (p *readPayments) complete(ctx context.Context, d *DB, q querier) (byID map[domain.ID]domain.Payment, faults map[domain.ID]error, err error) {
	if p.gathered == nil {
		return nil, nil, nil
	}
	for i := range p.payments {
		if id := p.payments[i].Beneficiary.ID; p.people[id].ID != id {
			p.people[id], p.broken[id] = domain.Beneficiary{ID: id}, errors.New("its beneficiary is not there")
		}
	}
	payments, err := d.complete(ctx, q, p.gathered, p.people)
	if err != nil {
		return nil, nil, err
	}
	byID, faults = make(map[domain.ID]domain.Payment, len(payments)), make(map[domain.ID]error)
	for _, whole := range payments {
		byID[whole.ID] = whole
		if fault := p.broken[whole.Beneficiary.ID]; fault != nil {
			faults[whole.ID] = fault
		}
	}
	return byID, faults, nil
}

// whole is complete where one beneficiary who does not open spoils it all.
func (p *readPayments) whole(ctx context.Context, d *DB, q querier) (map[domain.ID]domain.Payment, error) {
	payments, faults, err := p.complete(ctx, d, q)
	for _, fault := range faults {
		return nil, fault
	}
	return payments, err
}

// columns turns ids into two columns: assurés and keys.
func columns(ids []domain.ID) (assures, keys []int64) {
	assures, keys = make([]int64, len(ids)), make([]int64, len(ids))
	for i, id := range ids {
		assures[i], keys[i] = id.Assure, id.Key
	}
	return assures, keys
}

func paymentIDs(payments []domain.Payment) []domain.ID {
	ids := make([]domain.ID, len(payments))
	for i := range payments {
		ids[i] = payments[i].ID
	}
	return ids
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
