package db

import (
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
			err = f.add(ctx, hotTotals[breadthOf(&q.Filter)], readTotals(&r.file.Totals[i]), chosenArgs(r.sight, &q)...)
		}
	}
	return err
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
