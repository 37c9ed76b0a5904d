package db

import (
	"context"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
)

// TakeOutbox hands at most limit waiting chimes to ring and forgets them once
// it has returned nil; otherwise, or when the program dies in between, they
// wait on and are rung again, which does no harm. Several relays may take at
// once: each takes others. It tells how many it took.
//
// The disk is not waited for: what a crash brings back is rung again.
func (d *DB) TakeOutbox(ctx context.Context, limit int, ring func([]domain.Chime) error) (n int, err error) {
	defer wrap(&err, "TakeOutbox")
	unwaited := pgx.TxOptions{BeginQuery: "BEGIN; SET LOCAL synchronous_commit = off"}
	err = pgx.BeginTxFunc(ctx, d.pool, unwaited, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			DELETE FROM outbox WHERE ctid = ANY(ARRAY(SELECT ctid FROM outbox LIMIT $1::bigint FOR UPDATE SKIP LOCKED))
			RETURNING assure_id, feed, seq`, limit)
		if err != nil {
			return err
		}
		chimes, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c domain.Chime, err error) {
			return c, row.Scan(&c.Assure, &c.Feed, &c.Seq)
		})
		if err != nil || len(chimes) == 0 {
			return err
		}
		n = len(chimes)
		return ring(chimes)
	})
	return n, err
}
