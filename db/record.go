package db

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/iban"
)

// recordTries is how often a lost race (deadlock, serialization, a key that
// another has just taken) is run again.
const recordTries = 3

// RecordPayments stores checked records in one transaction: all that are told
// as added, corrected or unchanged are there when it returns, and their events
// with them. A record whose person or mutuelle is unknown, or which would
// change what a correction may not, is rejected alone. The outcomes are in the
// order of the records. by is who sends, for the audit.
func (d *DB) RecordPayments(ctx context.Context, by string, records []domain.PaymentRecord) (out []domain.Recorded, err error) {
	defer wrap(&err, "RecordPayments")
	return d.record(ctx, by, records, nil)
}

// accounting writes, in the transaction of records, the account of what became
// of them, and gives the batch that they belong to.
type accounting func(ctx context.Context, tx pgx.Tx, outcomes []domain.Recorded) (batch int64, err error)

// record is RecordPayments for records of a batch; account is nil for none. It
// may be called more than once, each time with a transaction of its own.
func (d *DB) record(ctx context.Context, by string, records []domain.PaymentRecord, account accounting) (_ []domain.Recorded, err error) {
	r := recording{d: d, records: records, account: account}
	for range recordTries {
		r.tries++
		r.outcomes = make([]domain.Recorded, len(records))
		var items []*item
		if items, err = r.prepare(ctx); err != nil {
			return nil, err
		}
		err = pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error { return r.run(ctx, tx, by, items) })
		if !lostRace(err) && !d.outdated(err) {
			break
		}
	}
	return r.outcomes, err
}

// lostRace tells whether another transaction was in the way, so that the same
// may pass when it is run again.
func lostRace(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01" || pg.ConstraintName == "payment_keys_pkey")
}

// recording stores records: what they name is found and made first, then all
// of them are written in one transaction.
type recording struct {
	d        *DB
	records  []domain.PaymentRecord
	outcomes []domain.Recorded
	account  accounting

	blind     map[string]string // blind indexes by NIR: a keyed hash each, and files come with many payments of one person
	files     map[string]*file  // by blind index of the NIR
	mutuelles map[string]domain.Mutuelle
	named     *named

	tries  int // that were begun
	tx     pgx.Tx
	events []newEvent
}

// item is a record on its way: whose it is, and its key.
type item struct {
	at          int // its place in records
	record      *domain.PaymentRecord
	file        *file
	beneficiary int64
	payment     int64
	digest      []byte
	lines       bool // a correction that changes lines
	found       lookedUp
}

// prepare finds whose the records are, which of their payments are there, and
// makes what those name that will be stored. It needs no transaction: what it
// reads never goes away, and whoever takes a key meanwhile is met.
func (r *recording) prepare(ctx context.Context) ([]*item, error) {
	if err := r.loadFiles(ctx); err != nil {
		return nil, err
	}
	if err := r.loadMutuelles(ctx); err != nil {
		return nil, err
	}
	items, err := r.resolve()
	if err != nil {
		return nil, err
	}
	if err := lookUp(ctx, r.d.pool, items); err != nil {
		return nil, err
	}
	r.named, err = r.d.ensureNamed(ctx, storable(items))
	return items, err
}

// run is the transaction.
func (r *recording) run(ctx context.Context, tx pgx.Tx, by string, items []*item) error {
	r.tx, r.events = tx, nil
	for again := false; len(items) > 0; again = true { // once, unless a key comes twice in one call
		var round []*item
		round, items = firstOfEachKey(items)
		if again { // what was looked up is out of date
			if err := lookUp(ctx, tx, round); err != nil {
				return err
			}
		}
		if err := r.store(ctx, round); err != nil {
			return err
		}
	}
	if err := tell(ctx, tx, r.events); err != nil { // from here on other writers of these feeds wait
		return err
	}
	counts := map[string]any{}
	for _, o := range r.outcomes {
		n, _ := counts[string(o.Outcome)].(int)
		counts[string(o.Outcome)] = n + 1
	}
	if r.account != nil { // last: a file's other writer waits for the batch's row until the commit
		batch, err := r.account(ctx, tx, r.outcomes)
		if err != nil {
			return err
		}
		counts["batch"] = batch
	}
	return auditCopy(ctx, r.tx, auditLine{Actor: by, Action: "payments.recorded", Detail: counts})
}

// resolve finds whose each record is; it rejects those of nobody.
func (r *recording) resolve() (items []*item, err error) {
	for i := range r.records {
		record := &r.records[i]
		f := r.files[r.blind[record.NIR.Index()]]
		if f == nil {
			r.reject(i, "nir", "UNKNOWN", "no file has this NIR", "open the file first, or check the number")
			continue
		}
		if f.unreadable {
			r.reject(i, "nir", "UNREADABLE", "the file does not open with the keys of this installation", "tell its operator")
			continue
		}
		beneficiary, ok := f.beneficiary(record)
		if !ok {
			r.reject(i, "beneficiary", "UNKNOWN", "nobody of this file was born on this day with this rank", "check day and rank, or add the child to the file first")
			continue
		}
		if code := record.Complementary.Mutuelle; code != "" && r.mutuelles[code].ID.Key == 0 {
			r.reject(i, "complementary.mutuelle", "UNKNOWN", "no mutuelle has this code", "check the code, or have the mutuelle added")
			continue
		}
		digest, err := r.d.keys.digestOf(record)
		if err != nil {
			return nil, err
		}
		items = append(items, &item{at: i, record: record, file: f, beneficiary: beneficiary, digest: digest})
	}
	return items, nil
}

// identity is what no correction changes of a payment.
type identity struct {
	paidOn      civil.Date
	beneficiary int64
}

// keeps tells what is wrong with a record that corrects a payment of this
// identity, or nil.
func (i identity) keeps(it *item) *domain.Fault {
	switch {
	case i.paidOn != it.record.PaidOn:
		return &domain.Fault{Field: "paidOn", Code: "FIXED", Reason: "a correction keeps the day of payment", Mend: "give that of the payment, or another reference"}
	case i.beneficiary != it.beneficiary:
		return &domain.Fault{Field: "beneficiary", Code: "FIXED", Reason: "a correction keeps the beneficiary", Mend: "give that of the payment, or another reference"}
	}
	return nil
}

func (r *recording) reject(at int, field, code, reason, mend string) {
	r.outcomes[at] = domain.Recorded{Outcome: domain.OutcomeRejected, Fault: &domain.Fault{Field: field, Code: code, Reason: reason, Mend: mend}}
}

// paymentKey is a payment's identity, as senders know it.
type paymentKey struct {
	assure    int64
	reference string
}

func (it *item) key() paymentKey { return paymentKey{it.file.assure, it.record.Reference} }

// firstOfEachKey parts items into the first of each key, in order of key, and
// the rest: what comes twice in one call is a correction of itself.
func firstOfEachKey(items []*item) (first, rest []*item) {
	seen := make(map[paymentKey]bool, len(items))
	for _, it := range items {
		if seen[it.key()] {
			rest = append(rest, it)
			continue
		}
		seen[it.key()] = true
		first = append(first, it)
	}
	sortByKey(first)
	return first, rest
}

// storable are the items whose names will be written: not those that are there
// unchanged, nor those that the payment's identity will have rejected, which
// leave nothing behind.
func storable(items []*item) (all []*item) {
	first := make(map[paymentKey]identity, len(items))
	for _, it := range items {
		fixed, known := first[it.key()]
		switch {
		case known:
		case it.found.is == absent:
			fixed = identity{it.record.PaidOn, it.beneficiary}
		default:
			fixed = it.found.identity
		}
		first[it.key()] = fixed
		if it.found.is != unchanged && fixed.keeps(it) == nil {
			all = append(all, it)
		}
	}
	return all
}

// store writes one round: the keys in order first, so that two writers of the
// same payments wait for each other and do not deadlock.
func (r *recording) store(ctx context.Context, round []*item) error {
	fresh, known, err := r.claimKeys(ctx, round)
	if err != nil {
		return err
	}
	for _, it := range fresh {
		r.outcomes[it.at].Outcome = domain.OutcomeAdded
		r.events = append(r.events, r.event(it, domain.EventAdded, nil))
	}
	if err := r.insertPayments(ctx, fresh); err != nil {
		return err
	}
	if err := r.insertLines(ctx, fresh); err != nil {
		return err
	}
	return r.correct(ctx, known)
}

// correct changes payments that are there. What a correction may not change is
// part of what the payment is.
func (r *recording) correct(ctx context.Context, known []*item) error {
	if len(known) == 0 {
		return nil
	}
	was, err := r.currentPayments(ctx, known)
	if err != nil {
		return err
	}
	accounts, err := r.currentAccounts(ctx, known)
	if err != nil {
		return err
	}
	var changed []*item
	for _, it := range known {
		old := was[domain.ID{Kind: domain.KindPayment, Assure: it.file.assure, Key: it.payment}]
		if f := (identity{old.PaidOn, old.Beneficiary.ID.Key}).keeps(it); f != nil {
			r.outcomes[it.at] = domain.Recorded{Outcome: domain.OutcomeRejected, Fault: f}
			continue
		}
		is := r.payment(it)
		changes := domain.Changes(&old, &is, domain.AccountChange(accounts[it.payment], it.record.Account)...)
		if len(changes) == 0 {
			r.outcomes[it.at].Outcome = domain.OutcomeUnchanged
			continue
		}
		r.outcomes[it.at].Outcome = domain.OutcomeCorrected
		r.events = append(r.events, r.event(it, domain.EventCorrected, changes))
		it.lines = slices.ContainsFunc(changes, domain.PaymentChange.OfLines)
		changed = append(changed, it)
	}
	return r.rewrite(ctx, changed)
}

func (r *recording) currentPayments(ctx context.Context, known []*item) (map[domain.ID]domain.Payment, error) {
	ids := make([]domain.ID, len(known))
	for i, it := range known {
		ids[i] = domain.ID{Kind: domain.KindPayment, Assure: it.file.assure, Key: it.payment}
	}
	var payments readPayments
	var all reads
	payments.add(r.d, &all, ids)
	if err := all.send(ctx, r.tx.Conn()); err != nil {
		return nil, err
	}
	return payments.whole(ctx, r.d, r.tx)
}

// currentAccounts are the accounts that payments went to, by payment.
func (r *recording) currentAccounts(ctx context.Context, known []*item) (map[int64]iban.IBAN, error) {
	assures, keys := make([]int64, len(known)), make([]int64, len(known))
	for i, it := range known {
		assures[i], keys[i] = it.file.assure, it.payment
	}
	rows, err := r.tx.Query(ctx, `SELECT p.assure_id, p.id, p.account_sealed FROM payments p WHERE p.account_sealed IS NOT NULL AND `+namedPayments, assures, keys)
	if err != nil {
		return nil, err
	}
	accounts := make(map[int64]iban.IBAN)
	var assure, payment int64
	var sealed []byte
	_, err = pgx.ForEachRow(rows, []any{&assure, &payment, &sealed}, func() (err error) {
		accounts[payment], err = r.d.keys.openAccount(assure, payment, sealed)
		return err
	})
	return accounts, err
}

// payment is the record as the payment that it becomes.
func (r *recording) payment(it *item) domain.Payment {
	c := it.record.Complementary
	part := partColumns{state: c.State, amount: c.Amount, paidOn: c.PaidOn}
	var mutuelle *domain.Mutuelle
	if m, ok := r.mutuelles[c.Mutuelle]; ok && c.State != domain.StateNone {
		mutuelle = &m
	}
	return domain.Payment{
		ID: domain.ID{Kind: domain.KindPayment, Assure: it.file.assure, Key: it.payment}, Reference: it.record.Reference,
		Movement: domain.Movement{Reference: it.record.Movement}, PaidOn: it.record.PaidOn, CaredOn: domain.LastCare(it.record.Lines), Recipient: it.record.Recipient,
		Amount: it.record.Amount, Lines: it.record.Lines, Complementary: part.part(mutuelle),
	}
}
