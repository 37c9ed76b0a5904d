package db

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
)

// Batch is a file on its way in. Its counts advance in the transactions of the
// records that they count, so that no crash makes them tell of other records
// than those that are stored; rejects of lines that are no record go along with
// the records that follow them, or with End.
type Batch struct {
	d    *DB
	id   int64
	stop context.CancelFunc // ends beating
	beat sync.WaitGroup     // beating

	mu      sync.Mutex // guards what follows
	format  domain.BatchFormat
	waiting domain.Tally // rejects that no transaction has taken along yet
}

// Rows of ingest_batches are of calls and of files; both begin here.
const insertBatch = `INSERT INTO ingest_batches (sender, session_id, source, file, status, ended_at)
	VALUES ($1, nullif($2, '')::uuid, $3, nullif($4, ''), $5, CASE WHEN $5 = 'RUNNING' THEN NULL ELSE clock_timestamp() END) RETURNING id`

// A batch that runs says so in its row each beatEvery, through any connection of
// the pool: one that is cut, or a database that starts again, costs a beat. One
// that was silent for batchSilence, which is some beats, is told as killed until
// it is heard of again.
const (
	beatEvery    = 5 * time.Second
	batchSilence = `interval '30 seconds'`
)

// BeginBatch begins a file that a sender gave; file is its name without the
// folder, empty for standard input. The batch is RUNNING until End, or until
// this program is gone.
func (d *DB) BeginBatch(ctx context.Context, sender, file string) (_ *Batch, err error) {
	defer wrap(&err, "BeginBatch")
	b := &Batch{d: d}
	if err := d.pool.QueryRow(ctx, insertBatch, sender, "", string(domain.BatchOfFile), file, string(domain.BatchRunning)).Scan(&b.id); err != nil {
		return nil, err
	}
	ctx, b.stop = context.WithCancel(context.WithoutCancel(ctx)) // until End, which takes its time after ctx
	ticks := time.NewTicker(beatEvery)
	b.beat.Go(func() {
		defer ticks.Stop()
		b.keepAlive(ctx, ticks.C)
	})
	return b, nil
}

// keepAlive says at each tick that the batch runs. What fails is tried again at
// the next one: it is the records' transactions that tell of a lost database.
func (b *Batch) keepAlive(ctx context.Context, ticks <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
			_ = b.sayAlive(ctx)
		}
	}
}

func (b *Batch) sayAlive(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, beatEvery)
	defer cancel()
	_, err := b.d.pool.Exec(ctx, `UPDATE ingest_batches SET alive_at = clock_timestamp() WHERE id = $1`, b.id)
	return err
}

// close ends beating.
func (b *Batch) close() {
	b.stop()
	b.beat.Wait()
}

// ID is the batch's.
func (b *Batch) ID() domain.ID { return domain.ID{Kind: domain.KindIngestBatch, Key: b.id} }

// SetFormat says what the file is written in; the next transaction stores it.
func (b *Batch) SetFormat(f domain.BatchFormat) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.format = f
}

// Reject counts a line that is no record. The next transaction stores it.
func (b *Batch) Reject(code string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting.Reject(code, 1)
}

// RecordPayments is DB.RecordPayments, and advances the batch in the same
// transaction. After an error the batch is to be ended as failed: nobody knows
// whether the transaction was committed, and only the database tells it right.
func (b *Batch) RecordPayments(ctx context.Context, by string, records []domain.PaymentRecord) (_ []domain.Recorded, err error) {
	defer wrap(&err, "RecordPayments")
	format, waiting := b.take()
	return b.d.record(ctx, by, records, func(ctx context.Context, tx pgx.Tx, outcomes []domain.Recorded) (int64, error) {
		t := tallyOf(records, outcomes)
		for code, n := range waiting.Rejects {
			t.Reject(code, n)
		}
		return b.id, advance(ctx, tx, b.id, format, &t)
	})
}

// take gives what the next transaction takes along.
func (b *Batch) take() (domain.BatchFormat, domain.Tally) {
	b.mu.Lock()
	defer b.mu.Unlock()
	waiting := b.waiting
	b.waiting = domain.Tally{}
	return b.format, waiting
}

// tallyOf counts records by what became of them.
func tallyOf(records []domain.PaymentRecord, outcomes []domain.Recorded) (t domain.Tally) {
	for i := range records {
		t.Add(&records[i], outcomes[i])
	}
	return t
}

// advance adds to the counts of a batch. Writers of one batch wait here for each
// other, until the first has committed.
func advance(ctx context.Context, tx pgx.Tx, id int64, format domain.BatchFormat, t *domain.Tally) error {
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE ingest_batches SET alive_at = clock_timestamp(), format = coalesce(nullif($2, ''), format),
			added = added + $3, corrected = corrected + $4, unchanged = unchanged + $5, rejected = rejected + $6,
			added_cents = added_cents + $7, corrected_cents = corrected_cents + $8, unchanged_cents = unchanged_cents + $9,
			complementary_cents = complementary_cents + $10 WHERE id = $1`, id, string(format),
		int64(t.Counts.Added), int64(t.Counts.Corrected), int64(t.Counts.Unchanged), int64(t.Counts.Rejected),
		int64(t.Amounts.Added), int64(t.Amounts.Corrected), int64(t.Amounts.Unchanged), int64(t.Amounts.Complementary))
	if codes := slices.Sorted(maps.Keys(t.Rejects)); len(codes) > 0 {
		counts := make([]int64, len(codes))
		for i, code := range codes {
			counts[i] = int64(t.Rejects[code])
		}
		batch.Queue(`INSERT INTO ingest_batch_rejects AS r (batch_id, code, count) SELECT $1::bigint, * FROM unnest($2::text[], $3::bigint[])
			ON CONFLICT (batch_id, code) DO UPDATE SET count = r.count + excluded.count`, id, codes, counts)
	}
	return tx.SendBatch(ctx, batch).Close()
}

// endPatience bounds how long the end of a batch may take to be stored.
const endPatience = 10 * time.Second

// End ends a batch, though ctx may have ended. A file that was read to its end
// has FINISHED with all its rejects. One that FAILED keeps the counts of its last
// transaction: what was read since is read again when the file is run again.
func (b *Batch) End(ctx context.Context, failed bool) (err error) {
	defer wrap(&err, "EndBatch")
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endPatience)
	defer cancel()
	defer b.close() // once the status is stored
	status := domain.BatchFinished
	format, waiting := b.take()
	if failed {
		status, waiting = domain.BatchFailed, domain.Tally{}
	}
	return pgx.BeginFunc(ctx, b.d.pool, func(tx pgx.Tx) error {
		if err := advance(ctx, tx, b.id, format, &waiting); err != nil {
			return err
		}
		done, err := tx.Exec(ctx, `UPDATE ingest_batches SET status = $2, ended_at = clock_timestamp() WHERE id = $1 AND status = 'RUNNING'`, b.id, string(status))
		if err == nil && done.RowsAffected() != 1 {
			err = fmt.Errorf("batch %d has ended already", b.id)
		}
		return err
	})
}

// BatchQuery asks for batches, the newest first.
type BatchQuery struct {
	Sender *string // whose alone; nil: everybody's
	Limit  int
	Before int64 // the key before which to start; 0: at the newest
}

const selectBatches = `
SELECT b.id, b.sender, b.source, b.file, b.format,
       CASE WHEN b.status = 'RUNNING' AND b.alive_at < clock_timestamp() - ` + batchSilence + ` THEN 'KILLED' ELSE b.status END,
       b.began_at, b.ended_at, b.added, b.corrected, b.unchanged, b.rejected,
       b.added_cents, b.corrected_cents, b.unchanged_cents, b.complementary_cents,
       (SELECT json_agg(json_build_object('code', r.code, 'count', r.count) ORDER BY r.code) FROM ingest_batch_rejects r WHERE r.batch_id = b.id)
FROM ingest_batches b
`

// IngestBatches gives a page of batches.
func (d *DB) IngestBatches(ctx context.Context, q BatchQuery) (_ []domain.IngestBatch, err error) {
	defer wrap(&err, "IngestBatches")
	where, args := `WHERE ($2 = 0 OR b.id < $2)`, []any{q.Limit, q.Before}
	if q.Sender != nil {
		where, args = where+` AND b.sender = $3`, append(args, *q.Sender)
	}
	return d.batches(ctx, where+` ORDER BY b.id DESC LIMIT $1`, args...)
}

// IngestBatch gives one batch of a sender, nil where the sender has none with
// this key.
func (d *DB) IngestBatch(ctx context.Context, sender string, key int64) (_ *domain.IngestBatch, err error) {
	defer wrap(&err, "IngestBatch")
	found, err := d.batches(ctx, `WHERE b.id = $1 AND b.sender = $2`, key, sender)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

func (d *DB) batches(ctx context.Context, which string, args ...any) ([]domain.IngestBatch, error) {
	rows, err := d.pool.Query(ctx, selectBatches+which, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (domain.IngestBatch, error) {
		b := domain.IngestBatch{ID: domain.ID{Kind: domain.KindIngestBatch}}
		err := row.Scan(&b.ID.Key, &b.Sender, &b.Source, &b.File, &b.Format, &b.Status, &b.BeganAt, &b.EndedAt,
			&b.Counts.Added, &b.Counts.Corrected, &b.Counts.Unchanged, &b.Counts.Rejected,
			&b.Amounts.Added, &b.Amounts.Corrected, &b.Amounts.Unchanged, &b.Amounts.Complementary, &b.Rejects)
		return b, err
	})
}
