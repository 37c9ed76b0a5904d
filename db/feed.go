package db

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
)

// newEvent is an event that a transaction will tell.
type newEvent struct {
	key         domain.FeedKey
	kind        domain.EventKind
	payment     int64
	beneficiary int64
	mutuelle    *int64
	changes     []domain.PaymentChange
}

func (r *recording) event(it *item, kind domain.EventKind, changes []domain.PaymentChange) newEvent {
	e := newEvent{key: domain.FeedKey{Assure: it.file.assure, Feed: domain.FeedPayments}, kind: kind,
		payment: it.payment, beneficiary: it.beneficiary, changes: changes}
	if m, ok := r.mutuelles[it.record.Complementary.Mutuelle]; ok {
		e.mutuelle = &m.ID.Key
	}
	return e
}

// tell writes the events with their sequences. It is the last step of the
// transaction. The rows of feeds are locked in order of assuré; their locks,
// held to the commit, make the order of sequences the order of commits.
func (r *recording) tell(ctx context.Context) error {
	if len(r.events) == 0 {
		return nil
	}
	slices.SortStableFunc(r.events, func(a, b newEvent) int { return cmp.Compare(a.key.Assure, b.key.Assure) })
	next, err := r.takeSequences(ctx)
	if err != nil {
		return err
	}
	seqs := make([]int64, len(r.events))
	for i, e := range r.events {
		next[e.key]++
		seqs[i] = next[e.key]
	}
	c := newCopy("feed_events", len(r.events), 80, "assure_id", "feed", "seq", "kind", "payment_id", "beneficiary_id", "mutuelle_id", "changes")
	for i, e := range r.events {
		var changes []byte
		if e.changes != nil {
			if changes, err = json.Marshal(e.changes); err != nil {
				return err
			}
		}
		c.row()
		c.bigint(e.key.Assure)
		c.text(string(e.key.Feed))
		c.bigint(seqs[i])
		c.text(string(e.kind))
		c.bigint(e.payment)
		c.bigint(e.beneficiary)
		if e.mutuelle != nil {
			c.bigint(*e.mutuelle)
		} else {
			c.null()
		}
		c.jsonb(changes)
	}
	if err := c.send(ctx, r.tx); err != nil {
		return err
	}
	return r.leaveInOutbox(ctx, next)
}

// takeSequences raises feeds.last by the number of events of each feed and
// gives what it was before.
func (r *recording) takeSequences(ctx context.Context) (map[domain.FeedKey]int64, error) {
	var assures, counts []int64
	for _, e := range r.events { // sorted by assuré
		if n := len(assures); n == 0 || assures[n-1] != e.key.Assure {
			assures, counts = append(assures, e.key.Assure), append(counts, 0)
		}
		counts[len(counts)-1]++
	}
	// What was before is computed here: a subquery in RETURNING would look each
	// feed up among all that were wanted.
	rows, err := r.tx.Query(ctx, `
		INSERT INTO feeds (assure_id, feed, last)
		SELECT assure_id, $3::text, n FROM unnest($1::bigint[], $2::bigint[]) AS w(assure_id, n) ORDER BY assure_id
		ON CONFLICT (assure_id, feed) DO UPDATE SET last = feeds.last + EXCLUDED.last
		RETURNING assure_id, last`, assures, counts, string(domain.FeedPayments))
	if err != nil {
		return nil, err
	}
	next := make(map[domain.FeedKey]int64, len(assures))
	for i, assure := range assures {
		next[domain.FeedKey{Assure: assure, Feed: domain.FeedPayments}] = -counts[i]
	}
	var assure, last int64
	_, err = pgx.ForEachRow(rows, []any{&assure, &last}, func() error {
		next[domain.FeedKey{Assure: assure, Feed: domain.FeedPayments}] += last
		return nil
	})
	return next, err
}

// leaveInOutbox leaves for each feed the sequence that is to be rung.
func (r *recording) leaveInOutbox(ctx context.Context, last map[domain.FeedKey]int64) error {
	c := newCopy("outbox", len(last), 48, "assure_id", "feed", "seq")
	for key, seq := range last {
		c.row()
		c.bigint(key.Assure)
		c.text(string(key.Feed))
		c.bigint(seq)
	}
	return c.send(ctx, r.tx)
}

// FeedHeads is where feeds stand: the installation's epoch and, by feed, the
// sequence of the last event that is committed. A feed without events is at 0
// and is missing in the map.
func (d *DB) FeedHeads(ctx context.Context, keys []domain.FeedKey) (epoch int64, heads map[domain.FeedKey]int64, err error) {
	defer wrap(&err, "FeedHeads")
	assures, feeds := feedColumns(keys)
	rows, err := d.pool.Query(ctx, `
		SELECT i.feed_epoch, f.assure_id, f.feed, f.last FROM installation i
		LEFT JOIN (SELECT * FROM feeds WHERE (assure_id, feed) IN (SELECT * FROM unnest($1::bigint[], $2::text[]))) f ON true`, assures, feeds)
	if err != nil {
		return 0, nil, err
	}
	heads = make(map[domain.FeedKey]int64, len(keys))
	var assure, last *int64
	var feed *string
	_, err = pgx.ForEachRow(rows, []any{&epoch, &assure, &feed, &last}, func() error {
		if last != nil {
			heads[domain.FeedKey{Assure: *assure, Feed: domain.Feed(*feed)}] = *last
		}
		return nil
	})
	return epoch, heads, err
}

// NewFeedEpoch begins all feeds anew and gives the new epoch: cursors that were
// given before are answered with FeedReset. It is run after a restore from a
// backup, which takes back sequences that clients have seen.
func (d *DB) NewFeedEpoch(ctx context.Context, by string) (epoch int64, err error) {
	defer wrap(&err, "NewFeedEpoch")
	err = pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, `UPDATE installation SET feed_epoch = greatest(feed_epoch + 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
			RETURNING feed_epoch`).Scan(&epoch); err != nil {
			return err
		}
		return auditCopy(ctx, tx, auditLine{Actor: by, Action: "feeds.begun_anew"})
	})
	return epoch, err
}

func feedColumns(keys []domain.FeedKey) (assures []int64, feeds []string) {
	for _, k := range keys {
		assures, feeds = append(assures, k.Assure), append(feeds, string(k.Feed))
	}
	return assures, feeds
}

// FeedEvents reads, for each feed, at most limit events after a sequence, in
// order, with their payments as they stand now. It shows everything that the
// feeds hold: who may see which event is decided where it is delivered.
func (d *DB) FeedEvents(ctx context.Context, from []domain.FeedFrom, limit int) (_ map[domain.FeedKey][]domain.Event, err error) {
	defer wrap(&err, "FeedEvents")
	var events []domain.Event
	var g *gathered
	// One snapshot: an event is never read without its payment.
	err = d.prepared(func() error {
		return pgx.BeginTxFunc(ctx, d.pool, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			if events, err = d.readEvents(ctx, tx, from, limit); err != nil {
				return err
			}
			ids := make([]domain.ID, len(events))
			for i, e := range events {
				ids[i] = e.Payment.ID
			}
			assures, keys := columns(ids)
			g, err = gatherPayments(ctx, tx.Conn(), hotNamed, assures, keys)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	payments, err := d.wholePayments(ctx, d.pool, g) // people and reference data as they are now, not as of the snapshot
	if err != nil {
		return nil, err
	}
	byFeed := make(map[domain.FeedKey][]domain.Event, len(from))
	for _, e := range events {
		p, ok := payments[e.Payment.ID]
		if !ok {
			return nil, errors.New("an event speaks of a payment that is not there")
		}
		e.Payment = p
		byFeed[e.FeedKey] = append(byFeed[e.FeedKey], e)
	}
	return byFeed, nil
}

func (d *DB) readEvents(ctx context.Context, q querier, from []domain.FeedFrom, limit int) ([]domain.Event, error) {
	assures, feeds, after := make([]int64, len(from)), make([]string, len(from)), make([]int64, len(from))
	for i, f := range from {
		assures[i], feeds[i], after[i] = f.Assure, string(f.Feed), f.After
	}
	rows, err := q.Query(ctx, `
		SELECT e.assure_id, e.feed, i.feed_epoch, e.seq, e.kind, e.occurred_at, coalesce(e.payment_id, 0), e.changes
		FROM installation i, unnest($1::bigint[], $2::text[], $3::bigint[]) AS w(assure_id, feed, after)
		CROSS JOIN LATERAL (
			SELECT * FROM feed_events e
			WHERE e.assure_id = w.assure_id AND e.feed = w.feed AND e.seq > w.after ORDER BY e.seq LIMIT $4::bigint) e
		ORDER BY e.assure_id, e.feed, e.seq`, assures, feeds, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (e domain.Event, err error) {
		var changes []byte
		e.Payment.ID.Kind = domain.KindPayment
		if err := row.Scan(&e.Assure, &e.Feed, &e.Epoch, &e.Seq, &e.Kind, &e.OccurredAt, &e.Payment.ID.Key, &changes); err != nil {
			return e, err
		}
		e.Payment.ID.Assure = e.Assure
		if changes != nil {
			err = json.Unmarshal(changes, &e.Changes)
		}
		return e, err
	})
}
