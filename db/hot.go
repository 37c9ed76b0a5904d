package db

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// hot is a statement of the hot path: of each request, each history, each event.
// It is prepared on a
// connection when it is first used there; nothing else is (Open).
type hot struct{ name, sql string }

// prepare prepares the statement on a connection; after the first time that is
// only a look into a map.
func (h hot) prepare(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Prepare(ctx, h.name, h.sql)
	return err
}

var (
	hotSession = hot{"session", selectSessions + `WHERE s.token_hash = $1 ORDER BY b.assure_id, b.id`}
	hotHead    = hot{"head", `SELECT i.feed_epoch, coalesce((SELECT f.last FROM feeds f WHERE f.assure_id = $1 AND f.feed = $2), 0) FROM installation i`}
	hotFile    = hot{"file", `SELECT nir_sealed, birth_sealed, iban_sealed, family_name, given_name, caisse_id, mutuelle_id FROM assures WHERE id = $1`}
	hotPeople  = hot{"people", selectPeople + `WHERE assure_id = $1 AND id = ANY($2) ORDER BY relation DESC, id`}
)

// prepared runs what uses hot statements, and once more on fresh connections
// where the schema has changed under those that were prepared.
func (d *DB) prepared(do func() error) error {
	err := do()
	if d.outdated(err) {
		err = do()
	}
	return err
}

// outdated tells whether a statement failed since the schema has changed since
// it was prepared, and then has every connection made anew.
func (d *DB) outdated(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || (pg.Code != "0A000" && pg.Code != "26000") { // cached plan must not change result type; no such statement
		return false
	}
	d.pool.Reset()
	return true
}

// flight is hot statements that go out together, in one round trip. Each of
// them sees what is committed when it begins, in their order.
type flight struct {
	conn  *pgxpool.Conn
	batch pgx.Batch
}

// depart gives a flight on a connection of its own; land gives it back.
func (d *DB) depart(ctx context.Context) (*flight, error) {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	return &flight{conn: conn}, nil
}

func (f *flight) land() { f.conn.Release() }

// add adds a statement, whose rows read will take.
func (f *flight) add(ctx context.Context, h hot, read func(pgx.Rows) error, args ...any) error {
	if err := h.prepare(ctx, f.conn.Conn()); err != nil {
		return err
	}
	f.batch.Queue(h.name, args...).Query(read)
	return nil
}

// run sends the statements and has their rows read.
func (f *flight) run(ctx context.Context) error {
	if f.batch.Len() == 0 {
		return nil
	}
	return f.conn.SendBatch(ctx, &f.batch).Close()
}

// hotly runs one hot statement, in one round trip.
func (d *DB) hotly(ctx context.Context, h hot, read func(pgx.Rows) error, args ...any) error {
	f, err := d.depart(ctx)
	if err != nil {
		return err
	}
	defer f.land()
	if err := f.add(ctx, h, read, args...); err != nil {
		return err
	}
	return f.run(ctx)
}
