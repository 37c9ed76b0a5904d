package db

import (
	"context"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
)

// FileQuery says what of an assuré's file is to be read.
type FileQuery struct {
	Own       bool // who asks is the assuré: the accounts of movements are shown
	Assure    bool // the assuré's own facts
	People    bool // the beneficiaries in sight
	Head      bool // where the feed of payments stands
	Histories []HistoryQuery
	Counters  []int      // the civil years to count retentions of
	Today     civil.Date // in Paris, for Counters
	Bytes     int        // most that pages and movements may hold, as they are read; 0 for no bound
}

// HistoryQuery says what is to be read of the payments that a period and a filter
// choose.
type HistoryQuery struct {
	domain.PageQuery
	Page      bool                 // a page of them
	Movements domain.MovementNeeds // of the page's payments
	Totals    bool                 // sums over all of them, whatever the page
	Summaries []domain.Grouping
}

// File is what was read of a file, of the people in sight. What was not asked
// for is zero.
type File struct {
	Assure    domain.Assure // with the beneficiaries where they are needed
	Head      domain.Position
	Seen      []int64   // the beneficiaries in sight
	Histories []History // in the order of the queries
	Counters  map[int][]domain.CountedRetention
}

// History is what was read of some payments of a file.
type History struct {
	Page      domain.PaymentPage
	Totals    domain.PaymentTotals
	Summaries domain.Summaries
}

// fileReader reads one file.
type fileReader struct {
	d *DB
	FileRead
	file      *File
	row       fileRow
	people    []domain.Beneficiary
	histories []historyReader
	counters  []countedRows // of each year
	room      *room
}

// historyReader reads some payments of a file.
type historyReader struct {
	query     *HistoryQuery
	rows      *gathered
	totals    domain.PaymentTotals
	summaries [][]domain.PaymentSummary // of each grouping
	movements movementReader
}

// addTo adds everything that needs the database, but for movements.
//
// The feed's place is of the same moment as the pages. A payment and its event
// are committed together, in the order of the feed's sequence: the pages show
// everything up to that place and nothing after it.
func (r *fileReader) addTo(reads *reads) {
	s := r.Sight
	*r.file = File{Seen: s.Beneficiaries, Counters: make(map[int][]domain.CountedRetention)}
	r.room = roomFor(r.Bytes)
	if r.Head {
		reads.add(hotHead, r.readHead, s.Assure, string(domain.FeedPayments))
	}
	if r.Assure {
		reads.add(hotFile, r.readFile, s.Assure)
	}
	if r.needsPeople() {
		reads.add(hotPeople, r.d.readPeople(&r.people), s.Assure, s.Beneficiaries)
	}
	r.histories = make([]historyReader, len(r.Histories))
	for i := range r.Histories {
		r.histories[i].query = &r.Histories[i]
		r.histories[i].addTo(reads, s, r.room)
	}
	r.counters = make([]countedRows, len(r.Counters))
	for i, year := range r.Counters {
		reads.addNamed(hotRetentions, r.counters[i].read(s), retentionValues(s, year, r.Today))
	}
}

func (h *historyReader) addTo(reads *reads, s actor.Sight, room *room) {
	q := &h.query.PageQuery
	if h.query.Page {
		page, lines, v := pageOf(s, q)
		reads.addNamed(page, gatherInto(&h.rows, lines, room), v)
	}
	if !h.query.Totals && len(h.query.Summaries) == 0 {
		return
	}
	breadth, chosen := breadthOf(&q.Filter), filterValues(s, q)
	if h.query.Totals {
		reads.addNamed(hotTotals[breadth], readTotals(&h.totals), chosen)
	}
	h.summaries = make([][]domain.PaymentSummary, len(h.query.Summaries))
	for i, g := range h.query.Summaries {
		reads.addNamed(hotSummaries[summaryForm{breadth, g}], readSummary(s, &h.summaries[i]), chosen)
	}
}

// addMovements adds the movements of the payments that were read.
func (r *fileReader) addMovements(reads *reads) {
	for i := range r.histories {
		h := &r.histories[i]
		h.movements = movementReader{sight: r.Sight, own: r.Own, from: civil.WindowStart(h.query.Today), needs: h.query.Movements}
		if h.rows != nil && h.query.Movements.Any() {
			h.movements.references = referencesOf(h.rows.payments)
		}
		h.movements.addTo(reads, r.room)
	}
}

// needsMovements tells whether there is a second stage.
func (r *fileReader) needsMovements() bool {
	for i := range r.Histories {
		if r.Histories[i].Page && r.Histories[i].Movements.Any() {
			return true
		}
	}
	return false
}

func (r *fileReader) needsPeople() bool {
	people := r.People || len(r.Counters) > 0
	for i := range r.Histories {
		q := &r.Histories[i]
		people = people || q.Page && (q.Needs.Beneficiary || q.Movements.Payments && q.Movements.Each.Beneficiary)
		for _, g := range q.Summaries {
			people = people || g.Beneficiary
		}
	}
	return people
}

func (r *fileReader) readHead(rows pgx.Rows) error {
	_, err := pgx.ForEachRow(rows, []any{&r.file.Head.Epoch, &r.file.Head.Seq}, func() error { return nil })
	return err
}

func (r *fileReader) readFile(rows pgx.Rows) (err error) {
	r.row, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[fileRow])
	return err
}

// readPeople takes the rows of hotPeople.
func (d *DB) readPeople(people *[]domain.Beneficiary) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*people, err = d.collectPeople(rows)
		return err
	}
}

// complete turns what was read into what was asked for.
func (r *fileReader) complete(ctx context.Context) (err error) {
	if r.Assure {
		if r.file.Assure, err = r.d.assure(ctx, r.Sight.Assure, &r.row); err != nil {
			return err
		}
	}
	r.file.Assure.ID = domain.ID{Kind: domain.KindAssure, Assure: r.Sight.Assure, Key: r.Sight.Assure}
	r.file.Assure.Beneficiaries = r.people
	people := byID(r.people)
	for i := range r.histories {
		history, err := r.histories[i].complete(ctx, r.d, people)
		if err != nil {
			return err
		}
		r.file.Histories = append(r.file.Histories, history)
	}
	for i, year := range r.Counters {
		if r.file.Counters[year], err = r.counters[i].word(ctx, r.d); err != nil {
			return err
		}
	}
	return nil
}

func (h *historyReader) complete(ctx context.Context, d *DB, people map[domain.ID]domain.Beneficiary) (history History, err error) {
	history = History{Totals: h.totals, Summaries: make(domain.Summaries)}
	for i, g := range h.query.Summaries {
		history.Summaries[g] = h.summaries[i]
	}
	if !h.query.Page {
		return history, nil
	}
	ofPage := people
	if !h.query.Needs.Beneficiary {
		ofPage = nil
	}
	payments, err := d.complete(ctx, d.pool, h.rows, ofPage)
	if err != nil {
		return history, err
	}
	history.Page = pageFrom(&h.query.PageQuery, payments)
	if !h.query.Movements.Any() {
		return history, nil
	}
	movements, err := h.movements.complete(ctx, d, people)
	for i := range history.Page.Payments {
		p := &history.Page.Payments[i]
		p.Movement = movements[p.Movement.Reference]
	}
	return history, err
}

func byID(people []domain.Beneficiary) map[domain.ID]domain.Beneficiary {
	m := make(map[domain.ID]domain.Beneficiary, len(people))
	for _, b := range people {
		m[b.ID] = b
	}
	return m
}
