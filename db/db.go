// Package db is how the product is stored: PostgreSQL, one file a subject.
// History, feeds and recording go through pgx, whose prepared statements, COPY
// and rows without reflection they need; the rest goes through bun on the same
// pool. A transaction begins and ends in here; resolvers never
// see SQL. Who may see a row is in its WHERE.
package db

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// The roles of the database. Owner migrates and owns the tables; App serves and
// owns nothing. The launcher's role, which makes the two, belongs to whoever
// runs PostgreSQL.
const (
	Owner = "comptesante_owner"
	App   = "comptesante_app"
)

// DB is the database as one role sees it, with the keys of its sealed columns.
type DB struct {
	pool *pgxpool.Pool
	bun  *bun.DB
	keys *Keys

	reference *reference
}

// Options are the ways in which programs use the database differently.
type Options struct {
	StatementTimeout time.Duration   // 0: none, for bulk work
	MaxConns         int32           // where the url has no pool_max_conns; 0: the driver's default
	Tracer           pgx.QueryTracer // sees each statement; nil for nobody
}

// Open connects as App, by url. A login that is not App itself must be a member
// of it. Nothing is prepared on the server but the hot statements, since bun
// writes literals: each of its texts is new. Errors tell what to mend.
func Open(ctx context.Context, url string, keys *Keys, o Options) (*DB, error) {
	pool, err := openPool(ctx, url, App, o)
	if err != nil {
		return nil, err
	}
	d := &DB{pool: pool, bun: bun.NewDB(stdlib.OpenDBFromPool(pool), pgdialect.New()), keys: keys, reference: newReference()}
	if err := d.checkSchema(ctx); err != nil {
		d.Close()
		return nil, err
	}
	if err := errors.Join(d.checkKeys(ctx), d.startReference(ctx)); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func openPool(ctx context.Context, url, role string, o Options) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL cannot be read: want postgres://user:password@host:port/database") // the cause repeats the password
	}
	config.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	params := config.ConnConfig.RuntimeParams
	params["role"] = role
	params["application_name"] = "comptesante"
	params["timezone"] = "UTC"
	if o.StatementTimeout > 0 {
		params["statement_timeout"] = strconv.FormatInt(o.StatementTimeout.Milliseconds(), 10)
	}
	if o.MaxConns > 0 && !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = o.MaxConns
	}
	config.ConnConfig.Tracer = o.Tracer
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, mapError(err, "connecting")
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, explainConnect(err, role)
	}
	return pool, nil
}

// Close ends all connections.
func (d *DB) Close() {
	_ = d.bun.Close() // closes no connection: the pool owns them
	d.pool.Close()
}

// Ping tells whether the database answers.
func (d *DB) Ping(ctx context.Context) (err error) {
	defer wrap(&err, "Ping")
	return d.pool.Ping(ctx)
}
