package db

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// FileQuery says what of an assuré's file is to be read.
type FileQuery struct {
	Assure bool               // the assuré's own facts
	People bool               // the beneficiaries in sight
	Head   bool               // where the feed of payments stands, before any page is read
	Pages  []domain.PageQuery // pages of payments
	Totals []domain.PageQuery // sums over all payments of a period and a filter, whatever the page
}

// File is what was read of a file, of the people in sight. What was not asked
// for is zero.
type File struct {
	Assure domain.Assure // with the beneficiaries where they were asked for
	Head   domain.Position
	Seen   []int64 // the beneficiaries in sight
	Pages  []domain.PaymentPage
	Totals []domain.PaymentTotals
}

// File reads what one operation shows of a file, all in one round trip. What is
// not in memory of the reference data costs a statement a table.
func (d *DB) File(ctx context.Context, sight actor.Sight, q FileQuery) (file File, err error) {
	defer wrap(&err, "File")
	r := fileReader{d: d, sight: sight, q: q, file: &file, gathered: make([]*gathered, len(q.Pages))}
	if err := d.prepared(func() error { return d.fly(ctx, &r) }); err != nil {
		return file, err
	}
	return file, r.complete(ctx)
}

// fileReader reads one file.
type fileReader struct {
	d        *DB
	sight    actor.Sight
	q        FileQuery
	file     *File
	row      fileRow
	people   []domain.Beneficiary
	gathered []*gathered // of each page
}

// board adds everything that needs the database.
func (r *fileReader) board(ctx context.Context, f *flight) (err error) {
	r.file.Seen = r.sight.Beneficiaries
	if r.q.Head {
		err = f.add(ctx, hotHead, r.readHead, r.sight.Assure, string(domain.FeedPayments))
	}
	if r.q.Assure && err == nil {
		err = f.add(ctx, hotFile, r.readFile, r.sight.Assure)
	}
	if r.needsPeople() && err == nil {
		err = f.add(ctx, hotPeople, r.readPeople, r.sight.Assure, r.sight.Beneficiaries)
	}
	for i := range r.q.Pages {
		if err == nil {
			err = r.addPage(ctx, f, i)
		}
	}
	r.file.Totals = make([]domain.PaymentTotals, len(r.q.Totals))
	for i, q := range r.q.Totals {
		if err == nil {
			err = f.add(ctx, hotTotals, r.readTotals(&r.file.Totals[i]), r.sight.Assure, inSight(r.sight, q.Filter.Beneficiaries),
				instant(q.From), instant(q.To), q.Filter.Recipients, q.Filter.Complementary)
		}
	}
	return err
}

// hotTotals sums payments and their lines, from the covering indexes alone.
var hotTotals = hot{"totals", `WITH chosen AS MATERIALIZED (
		SELECT p.id, p.paid_on, p.amount_cents, p.complementary_cents FROM payments p
		WHERE p.assure_id = $1 AND p.beneficiary_id = ANY($2::bigint[]) AND p.paid_on BETWEEN $3::date AND $4::date
		  AND ($5::text[] IS NULL OR p.recipient = ANY($5)) AND ($6::text[] IS NULL OR p.complementary = ANY($6)))
	SELECT c.*, l.* FROM (SELECT count(*), coalesce(sum(amount_cents), 0), coalesce(sum(complementary_cents), 0) FROM chosen) c,
		(SELECT coalesce(sum(l.spent_cents), 0), coalesce(sum(l.retained_cents), 0) FROM chosen
		 JOIN payment_lines l ON l.assure_id = $1 AND l.paid_on = chosen.paid_on AND l.payment_id = chosen.id) l`}

func (r *fileReader) readTotals(t *domain.PaymentTotals) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		_, err := pgx.ForEachRow(rows, []any{&t.Count, &t.Amount, &t.Complementary, &t.Spent, &t.Retained}, func() error { return nil })
		return err
	}
}

func (r *fileReader) needsPeople() bool {
	return r.q.People || slices.ContainsFunc(r.q.Pages, func(p domain.PageQuery) bool { return p.Needs.Beneficiary })
}

func (r *fileReader) readHead(rows pgx.Rows) error {
	_, err := pgx.ForEachRow(rows, []any{&r.file.Head.Epoch, &r.file.Head.Seq}, func() error { return nil })
	return err
}

func (r *fileReader) readFile(rows pgx.Rows) (err error) {
	r.row, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[fileRow])
	return err
}

func (r *fileReader) readPeople(rows pgx.Rows) (err error) {
	r.people, err = r.d.collectPeople(rows)
	return err
}

// complete turns what was read into what was asked for.
func (r *fileReader) complete(ctx context.Context) (err error) {
	if r.q.Assure {
		if r.file.Assure, err = r.d.assure(ctx, r.sight.Assure, &r.row); err != nil {
			return err
		}
	}
	r.file.Assure.ID = domain.ID{Kind: domain.KindAssure, Assure: r.sight.Assure, Key: r.sight.Assure}
	if r.q.People {
		r.file.Assure.Beneficiaries = r.people
	}
	people := byID(r.people)
	for i, q := range r.q.Pages {
		page, err := r.page(ctx, q, r.gathered[i], people)
		if err != nil {
			return err
		}
		r.file.Pages = append(r.file.Pages, page)
	}
	return nil
}

func byID(people []domain.Beneficiary) map[domain.ID]domain.Beneficiary {
	m := make(map[domain.ID]domain.Beneficiary, len(people))
	for _, b := range people {
		m[b.ID] = b
	}
	return m
}

// hotPages are the forms of a page, by direction and by whether lines are asked
// for. What a filter looks at is in the index: a page that few payments meet
// reads the index's part of one history, and no table. Both bounds of a page are always given, as the index has them: an open
// one would cost the whole history in a plan that serves any.
var hotPages = map[pageForm]hot{
	{backward: false, lines: false}: {"history", pageStatement("DESC", false)},
	{backward: false, lines: true}:  {"history_lines", pageStatement("DESC", true)},
	{backward: true, lines: false}:  {"history_backward", pageStatement("ASC", false)},
	{backward: true, lines: true}:   {"history_backward_lines", pageStatement("ASC", true)},
}

type pageForm struct{ backward, lines bool }

func pageStatement(order string, lines bool) string {
	return selectPayments(`p.assure_id = $1 AND p.beneficiary_id = ANY($2::bigint[])
		AND (p.paid_on, p.id) < ($3::date, $4::bigint) AND (p.paid_on, p.id) > ($5::date, $6::bigint)
		AND ($8::text[] IS NULL OR p.recipient = ANY($8)) AND ($9::text[] IS NULL OR p.complementary = ANY($9))
		ORDER BY p.paid_on `+order+`, p.id `+order+` LIMIT $7::bigint`, lines)
}

// addPage adds the statement of a page, which reads one payment more than the
// page has.
func (r *fileReader) addPage(ctx context.Context, f *flight, i int) error {
	q := r.q.Pages[i]
	below, above := bounds(q)
	read := func(rows pgx.Rows) (err error) {
		r.gathered[i], err = gather(rows, q.Needs.Lines)
		return err
	}
	return f.add(ctx, hotPages[pageForm{q.Backward, q.Needs.Lines}], read, r.sight.Assure, inSight(r.sight, q.Filter.Beneficiaries),
		instant(below.PaidOn), below.Key, instant(above.PaidOn), above.Key, int64(q.Limit+1), q.Filter.Recipients, q.Filter.Complementary)
}

// inSight is those of the beneficiaries that may be seen: all in sight where
// none are named. The statement's WHERE is never wider than the sight.
func inSight(s actor.Sight, named []domain.ID) []int64 {
	if named == nil {
		return s.Beneficiaries
	}
	keys := []int64{}
	for _, key := range s.Beneficiaries {
		if slices.Contains(named, domain.ID{Kind: domain.KindBeneficiary, Assure: s.Assure, Key: key}) {
			keys = append(keys, key)
		}
	}
	return keys
}

// bounds are the places between which a page lies: everything below the first
// one and above the second. Keys begin at 1, so a day's place of key 0 lies
// before all its payments.
func bounds(q domain.PageQuery) (below, above domain.PaymentPlace) {
	below, above = domain.PaymentPlace{PaidOn: q.To.AddDays(1)}, domain.PaymentPlace{PaidOn: q.From}
	if q.After != nil && comparePlaces(*q.After, below) < 0 {
		below = *q.After
	}
	if q.Before != nil && comparePlaces(*q.Before, above) > 0 {
		above = *q.Before
	}
	return below, above
}

func comparePlaces(a, b domain.PaymentPlace) int {
	return cmp.Or(a.PaidOn.Compare(b.PaidOn), cmp.Compare(a.Key, b.Key))
}

// page completes a page and cuts what it has too much.
func (r *fileReader) page(ctx context.Context, q domain.PageQuery, g *gathered, people map[domain.ID]domain.Beneficiary) (page domain.PaymentPage, err error) {
	if !q.Needs.Beneficiary {
		people = nil
	}
	payments, err := r.d.complete(ctx, r.d.pool, g, people)
	if err != nil {
		return page, err
	}
	slices.SortFunc(payments, func(a, b domain.Payment) int {
		return comparePlaces(domain.PaymentPlace{PaidOn: b.PaidOn, Key: b.ID.Key}, domain.PaymentPlace{PaidOn: a.PaidOn, Key: a.ID.Key})
	})
	more := len(payments) > q.Limit
	page.HasNext, page.HasPrevious = more, q.After != nil
	if q.Backward {
		page.HasNext, page.HasPrevious = q.Before != nil, more
	}
	switch {
	case more && q.Backward:
		payments = payments[1:]
	case more:
		payments = payments[:q.Limit]
	}
	page.Payments = payments
	return page, nil
}
