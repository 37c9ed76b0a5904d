package db

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"comptesante/domain"
)

// TakeOutbox hands at most limit waiting chimes to ring and forgets them once
// it has returned nil; otherwise, or when the program dies in between, they
// wait on and are rung again, which does no harm. Several relays may take at
// once: each takes others. It tells how many it took, and how long the oldest of
// them had waited since it was written, by the database's clock.
//
// The disk is not waited for: what a crash brings back is rung again.
func (d *DB) TakeOutbox(ctx context.Context, limit int, ring func([]domain.Chime) error) (n int, waited time.Duration, err error) {
	defer wrap(&err, "TakeOutbox")
	var chimes []domain.Chime
	err = d.prepared(func() error {
		return d.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
			var take, forget reads
			take.add(hotTakingBegins, nil)
			take.add(hotUnwaited, nil)
			take.add(hotTake, func(rows pgx.Rows) (err error) {
				chimes, waited, err = scanChimes(rows)
				return err
			}, limit)
			forget.add(hotCommit, nil)
			err := take.send(ctx, conn.Conn())
			if err == nil && len(chimes) > 0 {
				err = ring(chimes)
			}
			if err == nil {
				err = forget.send(ctx, conn.Conn())
			}
			rollBack(ctx, conn, err)
			return err
		})
	})
	if err != nil {
		return 0, 0, err
	}
	return len(chimes), waited, nil
}

var (
	hotTakingBegins = hot{name: "taking begins", sql: `BEGIN`}
	hotUnwaited     = hot{name: "unwaited", sql: `SET LOCAL synchronous_commit = off`}
	hotTake         = hot{name: "take", sql: `DELETE FROM outbox WHERE ctid = ANY(ARRAY(SELECT ctid FROM outbox LIMIT $1::bigint FOR UPDATE SKIP LOCKED))
		RETURNING assure_id, feed, seq, (extract(epoch FROM clock_timestamp() - left_at) * 1000000)::bigint`}
)

// scanChimes reads chimes, and the most microseconds that one has waited.
func scanChimes(rows pgx.Rows) (chimes []domain.Chime, waited time.Duration, err error) {
	var c domain.Chime
	var micros int64
	_, err = pgx.ForEachRow(rows, []any{&c.Assure, &c.Feed, &c.Seq, &micros}, func() error {
		chimes, waited = append(chimes, c), max(waited, time.Duration(micros)*time.Microsecond)
		return nil
	})
	return chimes, waited, err
}
