package db

import (
	"context"
	"log/slog"
	"time"
)

// KeptKeys is for how long a call can be repeated under its idempotency key.
const KeptKeys = 30 * 24 * time.Hour

// MinKeptBatches is the least time for which batches can be kept: a call that is
// repeated is answered with its batch.
const MinKeptBatches = KeptKeys + 24*time.Hour

// purgeEvery is how often KeepPurged looks, and purgeAtOnce how many rows one
// transaction removes, so that none holds locks or a connection for long.
const (
	purgeEvery  = time.Hour
	purgeAtOnce = 1000
)

// KeepPurged purges each hour until ctx ends, what is older than keepBatches
// among it. Several nodes may: each row goes once.
func (d *DB) KeepPurged(ctx context.Context, keepBatches time.Duration, now func() time.Time, log *slog.Logger) {
	ticks := time.NewTicker(purgeEvery)
	defer ticks.Stop()
	for {
		if batches, keys, err := d.Purge(ctx, now(), keepBatches); err != nil && ctx.Err() == nil {
			log.Warn("old batches were not purged: the next hour tries again", "error", err)
		} else if batches+keys > 0 {
			log.Info("purged", "batches", batches, "idempotencyKeys", keys)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// Purge removes batches that began more than keepBatches (at least
// MinKeptBatches) ago, and idempotency keys older than KeptKeys, and tells how
// many. Payments are not touched.
func (d *DB) Purge(ctx context.Context, now time.Time, keepBatches time.Duration) (batches, keys int64, err error) {
	defer wrap(&err, "Purge")
	if keys, err = d.purge(ctx, purgeKeys, now.Add(-KeptKeys)); err != nil {
		return 0, keys, err
	}
	batches, err = d.purge(ctx, purgeBatches, now.Add(-max(keepBatches, MinKeptBatches)))
	return batches, keys, err
}

const purgeKeys = `DELETE FROM idempotency WHERE ctid = ANY(ARRAY(
	SELECT ctid FROM idempotency WHERE created_at < $1 ORDER BY created_at LIMIT $2::bigint))`

// Keys of batches are in the order of their beginnings, so the oldest are found
// without an index of their own. A batch and its rejects go at once.
const purgeBatches = `WITH old AS (
		SELECT id FROM ingest_batches WHERE began_at < $1 AND id <= (SELECT max(id) FROM (SELECT id FROM ingest_batches ORDER BY id LIMIT $2::bigint) oldest)
		ORDER BY id FOR UPDATE SKIP LOCKED),
	rejects AS (DELETE FROM ingest_batch_rejects WHERE batch_id IN (SELECT id FROM old))
	DELETE FROM ingest_batches WHERE id IN (SELECT id FROM old)`

// purge runs a statement until it finds less than it may remove.
func (d *DB) purge(ctx context.Context, sql string, before time.Time) (gone int64, err error) {
	for {
		done, err := d.pool.Exec(ctx, sql, before, purgeAtOnce)
		if gone += done.RowsAffected(); err != nil || done.RowsAffected() < purgeAtOnce {
			return gone, err
		}
	}
}
