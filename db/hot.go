package db

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// hot is a statement of the hot path: of each request, each history, each event.
// It is prepared on a connection when it is first used there; nothing else is
// (Open).
type hot struct {
	name, sql  string
	parameters []string // their names, in the order of their numbers; nil where the text has numbers
}

// values are those of parameters, by name.
type values map[string]any

var parameter = regexp.MustCompile(`@[a-z_]+`)

// byName makes a hot statement whose parameters are written by name, as @assure:
// each gets the number that PostgreSQL knows it by. A form of a statement that
// does not mention a parameter has none such.
func byName(name, sql string) hot {
	h := hot{name: name}
	h.sql = parameter.ReplaceAllStringFunc(sql, func(mention string) string {
		at := slices.Index(h.parameters, mention[1:])
		if at < 0 {
			at = len(h.parameters)
			h.parameters = append(h.parameters, mention[1:])
		}
		return "$" + strconv.Itoa(at+1)
	})
	return h
}

// arguments are the values of the statement's parameters in their order.
func (h *hot) arguments(v values) []any {
	args := make([]any, len(h.parameters))
	for i, name := range h.parameters {
		args[i] = v[name]
	}
	return args
}

// prepare prepares the statement on a connection; after the first time that is
// only a look into a map.
func (h hot) prepare(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Prepare(ctx, h.name, h.sql)
	return err
}

var (
	hotSession = hot{name: "session", sql: selectSessions + `WHERE s.token_hash = $1 ORDER BY b.assure_id, b.id`}
	hotHead    = hot{name: "head", sql: `SELECT i.feed_epoch, coalesce((SELECT f.last FROM feeds f WHERE f.assure_id = $1 AND f.feed = $2), 0) FROM installation i`}
	hotFile    = hot{name: "file", sql: `SELECT nir_sealed, birth_sealed, iban_sealed, family_name, given_name, caisse_id, mutuelle_id FROM assures WHERE id = $1`}
	hotPeople  = hot{name: "people", sql: selectPeople + `WHERE assure_id = $1 AND id = ANY($2) ORDER BY relation DESC, id`}

	// Not begin and commit: pgx takes a text that is the name of a prepared
	// statement for that statement, and says begin and commit itself.
	hotBegin  = hot{name: "snapshot begins", sql: `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`}
	hotCommit = hot{name: "commits", sql: `COMMIT`}
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

// reads are hot statements that go out together, in one round trip.
type reads []read

// read is a statement with what takes its rows.
type read struct {
	hot
	args []any
	take func(pgx.Rows) error
}

// add adds a statement whose parameters have numbers.
func (r *reads) add(h hot, take func(pgx.Rows) error, args ...any) {
	*r = append(*r, read{h, args, take})
}

// addNamed adds a statement whose parameters have names.
func (r *reads) addNamed(h hot, take func(pgx.Rows) error, v values) {
	*r = append(*r, read{h, h.arguments(v), take})
}

// snapshot reads what stages ask for as of one moment, the moment at which the
// first statement begins: each stage in one round trip, and a later one knows what
// the earlier ones have read. Where the schema has changed all of it is done
// again: a stage begins with what it gathers into.
//
// One statement has a snapshot of its own, and goes without a transaction.
func (d *DB) snapshot(ctx context.Context, stages ...func(*reads)) error {
	return d.prepared(func() error {
		var first reads
		stages[0](&first)
		if len(first) == 0 {
			return nil
		}
		return d.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
			if len(first) == 1 && len(stages) == 1 {
				return first.send(ctx, conn.Conn())
			}
			err := first.sendInTurn(ctx, conn.Conn(), stages[1:])
			rollBack(ctx, conn, err)
			return err
		})
	})
}

// rollBack ends a transaction that has failed with err, where it has.
func rollBack(ctx context.Context, conn *pgxpool.Conn, err error) {
	if err != nil && !conn.Conn().IsClosed() {
		_, _ = conn.Exec(ctx, "ROLLBACK") // else the pool throws the connection away
	}
}

// sendInTurn sends reads and those of more stages, in a transaction that begins
// with the first ones and ends with the last.
func (r reads) sendInTurn(ctx context.Context, conn *pgx.Conn, more []func(*reads)) error {
	r = slices.Insert(r, 0, read{hot: hotBegin})
	for _, stage := range more {
		if err := r.send(ctx, conn); err != nil {
			return err
		}
		r = nil
		stage(&r)
	}
	r.add(hotCommit, nil)
	return r.send(ctx, conn)
}

// send sends the statements and has their rows taken.
func (r reads) send(ctx context.Context, conn *pgx.Conn) error {
	var batch pgx.Batch
	for _, one := range r {
		if err := one.prepare(ctx, conn); err != nil {
			return err
		}
		if queued := batch.Queue(one.name, one.args...); one.take != nil {
			queued.Query(one.take)
		}
	}
	return conn.SendBatch(ctx, &batch).Close()
}
