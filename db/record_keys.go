package db

import (
	"cmp"
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"comptesante/domain"
)

// claimKeys takes the payments' keys: fresh ones are new, known ones were there
// with another digest. Those with the same digest are unchanged: they are
// looked at and not locked.
func (r *recording) claimKeys(ctx context.Context, round []*item) (fresh, known []*item, err error) {
	var missing, differing []*item
	for _, it := range round {
		switch it.found.is {
		case absent:
			missing = append(missing, it)
		case unchanged:
			r.outcomes[it.at].Outcome = domain.OutcomeUnchanged
		case differs:
			differing = append(differing, it)
		}
	}
	if r.tries == 1 {
		fresh, err = missing, r.copyKeys(ctx, missing)
	} else { // somebody records the same payments just now
		var met []*item
		fresh, met, err = r.insertKeys(ctx, missing)
		differing = append(differing, met...)
		sortByKey(differing)
	}
	if err != nil {
		return nil, nil, err
	}
	known, err = r.lockKnown(ctx, differing)
	return fresh, known, err
}

// sortByKey puts items in the order in which keys are taken.
func sortByKey(items []*item) {
	slices.SortFunc(items, func(a, b *item) int {
		return cmp.Or(cmp.Compare(a.file.assure, b.file.assure), cmp.Compare(a.record.Reference, b.record.Reference))
	})
}

// keysOf are the columns of items' keys.
func keysOf(items []*item) (assures []int64, references []string, digests [][]byte) {
	assures, references, digests = make([]int64, len(items)), make([]string, len(items)), make([][]byte, len(items))
	for i, it := range items {
		assures[i], references[i], digests[i] = it.file.assure, it.record.Reference, it.digest
	}
	return assures, references, digests
}

// lookedUp is what there is of an item's payment.
type lookedUp struct {
	is       presence
	identity identity // where it differs
}

// presence tells whether a payment is there.
type presence int

const (
	absent presence = iota
	unchanged
	differs // its last record does
)

// lookUp finds what there is of items' payments. The LIMIT, here and below, keeps
// the plan to one look into the index for each key: without it the planner, which
// thinks such looks dear, reads the whole table while that is of middling size.
func lookUp(ctx context.Context, q querier, items []*item) error {
	assures, references, digests := keysOf(items)
	rows, err := q.Query(ctx, `
		SELECT w.n, k.digest = w.digest, coalesce(p.paid_on, '-infinity'), coalesce(p.beneficiary_id, 0)
		FROM unnest($1::bigint[], $2::text[], $3::bytea[]) WITH ORDINALITY AS w(assure_id, reference, digest, n)
		CROSS JOIN LATERAL (SELECT payment_id, digest FROM payment_keys k WHERE k.assure_id = w.assure_id AND k.reference = w.reference LIMIT 1) k
		LEFT JOIN LATERAL (SELECT paid_on, beneficiary_id FROM payments p
			WHERE k.digest <> w.digest AND p.assure_id = w.assure_id AND p.id = k.payment_id LIMIT 1) p ON true`,
		assures, references, digests)
	if err != nil {
		return err
	}
	for _, it := range items {
		it.found = lookedUp{}
	}
	var n int64
	var same bool
	var paidOn pgtype.Date
	var beneficiary int64
	_, err = pgx.ForEachRow(rows, []any{&n, &same, &paidOn, &beneficiary}, func() error {
		found := &items[n-1].found
		if found.is = unchanged; !same {
			found.is, found.identity = differs, identity{dayOf(paidOn.Time), beneficiary}
		}
		return nil
	})
	return err
}

// copyKeys takes the keys of payments that are not there. It fails where
// somebody else takes one of them at the same time (lostRace).
func (r *recording) copyKeys(ctx context.Context, items []*item) error {
	if len(items) == 0 {
		return nil
	}
	ids, err := takeKeys(ctx, r.tx, "payment_ids", len(items))
	if err != nil {
		return err
	}
	c := newCopy("payment_keys", len(items), 96, "assure_id", "reference", "payment_id", "digest")
	for i, it := range items {
		it.payment = ids[i]
		c.row()
		c.bigint(it.file.assure)
		c.text(it.record.Reference)
		c.bigint(it.payment)
		c.blob(it.digest)
	}
	return c.send(ctx, r.tx)
}

// insertKeys takes those keys that nobody else has taken meanwhile, which COPY
// cannot do: met are the others.
func (r *recording) insertKeys(ctx context.Context, items []*item) (fresh, met []*item, err error) {
	assures, references, digests := keysOf(items)
	taken, err := r.tx.Query(ctx, `
		WITH want AS (SELECT * FROM unnest($1::bigint[], $2::text[], $3::bytea[]) WITH ORDINALITY AS w(assure_id, reference, digest, n)),
		made AS (
			INSERT INTO payment_keys (assure_id, reference, digest) SELECT assure_id, reference, digest FROM want ORDER BY n
			ON CONFLICT (assure_id, reference) DO NOTHING RETURNING assure_id, reference, payment_id)
		SELECT w.n, m.payment_id FROM made m JOIN want w USING (assure_id, reference)`, assures, references, digests)
	if err != nil {
		return nil, nil, err
	}
	var n, payment int64
	if _, err := pgx.ForEachRow(taken, []any{&n, &payment}, func() error {
		items[n-1].payment = payment
		return nil
	}); err != nil {
		return nil, nil, err
	}
	for _, it := range items {
		if it.payment != 0 {
			fresh = append(fresh, it)
		} else {
			met = append(met, it)
		}
	}
	return fresh, met, nil
}

// lockKnown locks the keys of payments that are there, in order, and gives
// those whose record still differs from the last one.
func (r *recording) lockKnown(ctx context.Context, differing []*item) (known []*item, err error) {
	if len(differing) == 0 {
		return nil, nil
	}
	assures, references, _ := keysOf(differing)
	rows, err := r.tx.Query(ctx, `
		SELECT w.n, k.payment_id, k.digest
		FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS w(assure_id, reference, n)
		CROSS JOIN LATERAL (
			SELECT payment_id, digest FROM payment_keys k WHERE k.assure_id = w.assure_id AND k.reference = w.reference LIMIT 1 FOR UPDATE) k`,
		assures, references)
	if err != nil {
		return nil, err
	}
	var n int64
	var payment int64
	var digest []byte
	_, err = pgx.ForEachRow(rows, []any{&n, &payment, &digest}, func() error {
		it := differing[n-1]
		it.payment = payment
		if slices.Equal(digest, it.digest) {
			r.outcomes[it.at].Outcome = domain.OutcomeUnchanged
			return nil
		}
		known = append(known, it)
		return nil
	})
	return known, err
}
