package db

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

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
	var chimes []domain.Chime
	err = d.prepared(func() error {
		return d.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
			var take, forget reads
			take.add(hotTakingBegins, nil)
			take.add(hotUnwaited, nil)
			take.add(hotTake, func(rows pgx.Rows) (err error) {
				chimes, err = pgx.CollectRows(rows, scanChime)
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
		return 0, err
	}
	return len(chimes), nil
}

var (
	hotTakingBegins = hot{name: "taking begins", sql: `BEGIN`}
	hotUnwaited     = hot{name: "unwaited", sql: `SET LOCAL synchronous_commit = off`}
	hotTake         = hot{name: "take", sql: `DELETE FROM outbox WHERE ctid = ANY(ARRAY(SELECT ctid FROM outbox LIMIT $1::bigint FOR UPDATE SKIP LOCKED))
		RETURNING assure_id, feed, seq`}
)

func scanChime(row pgx.CollectableRow) (c domain.Chime, err error) {
	return c, row.Scan(&c.Assure, &c.Feed, &c.Seq)
}
