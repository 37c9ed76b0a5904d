package db

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
)

// newEvent is an event that a transaction will tell. What its feed does not have
// is zero.
type newEvent struct {
	key         domain.FeedKey
	kind        domain.EventKind
	payment     int64
	beneficiary int64
	mutuelle    *int64
	changes     []domain.PaymentChange
	account     *domain.AccountFact
}

func (r *recording) event(it *item, kind domain.EventKind, changes []domain.PaymentChange) newEvent {
	e := newEvent{key: domain.FeedKey{Assure: it.file.assure, Feed: domain.FeedPayments}, kind: kind,
		payment: it.payment, beneficiary: it.beneficiary, changes: changes}
	if m, ok := r.mutuelles[it.record.Complementary.Mutuelle]; ok {
		e.mutuelle = &m.ID.Key
	}
	return e
}

// accountEvent is an event of an account.
func accountEvent(assure int64, kind domain.EventKind, fact domain.AccountFact) newEvent {
	return newEvent{key: domain.FeedKey{Assure: assure, Feed: domain.FeedAccount}, kind: kind, account: &fact}
}

// tell writes events with their sequences, of whatever feeds: all events are told
// here. It is the last step of a transaction. The rows of feeds are locked in
// order of assuré and feed; their locks, held to the commit, make the order of
// sequences the order of commits.
func tell(ctx context.Context, tx pgx.Tx, events []newEvent) error {
	if len(events) == 0 {
		return nil
	}
	slices.SortStableFunc(events, func(a, b newEvent) int { return compareFeeds(a.key, b.key) })
	next, err := takeSequences(ctx, tx, events)
	if err != nil {
		return err
	}
	c := newCopy("feed_events", len(events), 80, "assure_id", "feed", "seq", "kind", "payment_id", "beneficiary_id", "mutuelle_id", "changes", "fact")
	for i := range events {
		e := &events[i]
		next[e.key]++
		if err := e.write(c, next[e.key]); err != nil {
			return err
		}
	}
	if err := c.send(ctx, tx); err != nil {
		return err
	}
	return leaveInOutbox(ctx, tx, next)
}

func compareFeeds(a, b domain.FeedKey) int {
	return cmp.Or(cmp.Compare(a.Assure, b.Assure), cmp.Compare(a.Feed, b.Feed))
}

// write writes the event's row.
func (e *newEvent) write(c *wireCopy, seq int64) error {
	c.row()
	c.bigint(e.key.Assure)
	c.text(string(e.key.Feed))
	c.bigint(seq)
	c.text(string(e.kind))
	for _, key := range []int64{e.payment, e.beneficiary} {
		if key != 0 {
			c.bigint(key)
		} else {
			c.null()
		}
	}
	if e.mutuelle != nil {
		c.bigint(*e.mutuelle)
	} else {
		c.null()
	}
	var changes, fact []byte
	var err error
	if e.changes != nil {
		changes, err = json.Marshal(e.changes)
	} else if e.account != nil {
		fact, err = json.Marshal(e.account)
	}
	c.jsonb(changes)
	c.jsonb(fact)
	return err
}

// takeSequences raises feeds.last by the number of events of each feed and gives
// what it was before. The events are in order of feed.
func takeSequences(ctx context.Context, tx pgx.Tx, events []newEvent) (map[domain.FeedKey]int64, error) {
	var keys []domain.FeedKey
	var counts []int64
	for _, e := range events {
		if n := len(keys); n == 0 || keys[n-1] != e.key {
			keys, counts = append(keys, e.key), append(counts, 0)
		}
		counts[len(counts)-1]++
	}
	assures, feeds := feedColumns(keys)
	// What was before is computed here: a subquery in RETURNING would look each
	// feed up among all that were wanted.
	rows, err := tx.Query(ctx, `
		INSERT INTO feeds (assure_id, feed, last)
		SELECT assure_id, feed, n FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS w(assure_id, feed, n) ORDER BY assure_id, feed COLLATE "C"
		ON CONFLICT (assure_id, feed) DO UPDATE SET last = feeds.last + EXCLUDED.last
		RETURNING assure_id, feed, last`, assures, feeds, counts)
	if err != nil {
		return nil, err
	}
	next := make(map[domain.FeedKey]int64, len(keys))
	for i, key := range keys {
		next[key] = -counts[i]
	}
	var key domain.FeedKey
	var last int64
	_, err = pgx.ForEachRow(rows, []any{&key.Assure, &key.Feed, &last}, func() error {
		next[key] += last
		return nil
	})
	return next, err
}

// leaveInOutbox leaves for each feed the sequence that is to be rung.
func leaveInOutbox(ctx context.Context, tx pgx.Tx, last map[domain.FeedKey]int64) error {
	c := newCopy("outbox", len(last), 48, "assure_id", "feed", "seq")
	for key, seq := range last {
		c.row()
		c.bigint(key.Assure)
		c.text(string(key.Feed))
		c.bigint(seq)
	}
	return c.send(ctx, tx)
}

// FeedHeads is where feeds stand: the installation's epoch and, by feed, the
// sequence of the last event that is committed. A feed without events is at 0
// and is missing in the map.
func (d *DB) FeedHeads(ctx context.Context, keys []domain.FeedKey) (epoch int64, heads map[domain.FeedKey]int64, err error) {
	defer wrap(&err, "FeedHeads")
	assures, feeds := feedColumns(keys)
	heads = make(map[domain.FeedKey]int64, len(keys))
	err = d.snapshot(ctx, func(r *reads) {
		r.add(hotHeads, func(rows pgx.Rows) error {
			var assure, last *int64
			var feed *string
			_, err := pgx.ForEachRow(rows, []any{&epoch, &assure, &feed, &last}, func() error {
				if last != nil {
					heads[domain.FeedKey{Assure: *assure, Feed: domain.Feed(*feed)}] = *last
				}
				return nil
			})
			return err
		}, assures, feeds)
	})
	return epoch, heads, err
}

// hotHeads reads the heads of feeds, and the epoch where there are none too.
var hotHeads = hot{name: "heads", sql: `
	SELECT i.feed_epoch, f.assure_id, f.feed, f.last FROM installation i
	LEFT JOIN (SELECT * FROM feeds WHERE (assure_id, feed) IN (SELECT * FROM unnest((SELECT $1::bigint[]), (SELECT $2::text[])))) f ON true`}

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
// order, with what they speak of: payments as they stand now. It shows everything
// that the feeds hold: who may see which event is decided where it is delivered.
// A feed whose next event cannot be read has a fault, and others do not suffer.
func (d *DB) FeedEvents(ctx context.Context, from []domain.FeedFrom, limit int) (_ map[domain.FeedKey]domain.FeedRead, err error) {
	defer wrap(&err, "FeedEvents")
	var events []storedEvent
	var payments readPayments
	// One snapshot: an event is never read without its payment.
	err = d.snapshot(ctx, func(r *reads) {
		assures, feeds, after := make([]int64, len(from)), make([]string, len(from)), make([]int64, len(from))
		for i, f := range from {
			assures[i], feeds[i], after[i] = f.Assure, string(f.Feed), f.After
		}
		r.add(hotEvents, func(rows pgx.Rows) (err error) {
			events, err = pgx.CollectRows(rows, scanEvent)
			return err
		}, assures, feeds, after, limit)
	}, func(r *reads) {
		payments = readPayments{}
		if ids := paymentsOf(events); len(ids) > 0 {
			payments.add(d, r, ids)
		}
	})
	if err != nil {
		return nil, err
	}
	byID, faults, err := payments.complete(ctx, d, d.pool)
	if err != nil {
		return nil, err
	}
	byFeed := make(map[domain.FeedKey]domain.FeedRead, len(from))
	for _, e := range events {
		read := byFeed[e.FeedKey]
		if read.Fault != nil {
			continue
		}
		if read.Fault = e.complete(byID, faults); read.Fault == nil {
			read.Events = append(read.Events, e.Event)
		} else {
			read.Fault = fmt.Errorf("event %d of feed %s of assuré %d cannot be read: %w", e.Seq, e.Feed, e.Assure, read.Fault)
		}
		byFeed[e.FeedKey] = read
	}
	return byFeed, nil
}

// storedEvent is an event as its row says.
type storedEvent struct {
	domain.Event
	payment       domain.ID // Key is 0 in other feeds than that of payments
	changes, fact []byte    // nil for NULL
}

// paymentsOf are the payments that events speak of.
func paymentsOf(events []storedEvent) (ids []domain.ID) {
	for _, e := range events {
		if e.payment.Key != 0 {
			ids = append(ids, e.payment)
		}
	}
	return ids
}

// complete gives the event its fact.
func (e *storedEvent) complete(payments map[domain.ID]domain.Payment, faults map[domain.ID]error) error {
	switch e.Feed {
	case domain.FeedPayments:
		return e.completePayment(payments, faults)
	case domain.FeedAccount:
		fact := &domain.AccountFact{}
		e.Fact = fact
		if !domain.AccountKnown(e.Kind) {
			return errors.New("this version does not know its kind: a later one has written it")
		}
		return readJSON(e.fact, fact)
	}
	return errors.New("this version does not know its feed")
}

func (e *storedEvent) completePayment(payments map[domain.ID]domain.Payment, faults map[domain.ID]error) error {
	fact := &domain.PaymentFact{}
	e.Fact = fact
	if err := faults[e.payment]; err != nil {
		return err
	}
	var ok bool
	if fact.Payment, ok = payments[e.payment]; !ok {
		return errors.New("it speaks of a payment that is not there")
	}
	return readJSON(e.changes, &fact.Changes)
}

// readJSON reads a jsonb of ours; nil leaves what is there. The error does not
// show what it held.
func readJSON(text []byte, into any) error {
	if text != nil && json.Unmarshal(text, into) != nil {
		return errors.New("what it says is not as we wrote it")
	}
	return nil
}

// hotEvents reads events of feeds after sequences, each feed's at most so many.
var hotEvents = hot{name: "events", sql: `
	SELECT e.assure_id, e.feed, i.feed_epoch, e.seq, e.kind, e.occurred_at, coalesce(e.payment_id, 0), e.changes, e.fact
	FROM installation i, unnest((SELECT $1::bigint[]), (SELECT $2::text[]), (SELECT $3::bigint[])) AS w(assure_id, feed, after)
	CROSS JOIN LATERAL (
		SELECT * FROM feed_events e
		WHERE e.assure_id = w.assure_id AND e.feed = w.feed AND e.seq > w.after ORDER BY e.seq LIMIT $4::bigint) e
	ORDER BY e.assure_id, e.feed, e.seq`}

func scanEvent(row pgx.CollectableRow) (e storedEvent, err error) {
	e.payment.Kind = domain.KindPayment
	err = row.Scan(&e.Assure, &e.Feed, &e.Epoch, &e.Seq, &e.Kind, &e.OccurredAt, &e.payment.Key, &e.changes, &e.fact)
	e.payment.Assure = e.Assure
	return e, err
}
