package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/bench/process"
	"comptesante/bench/synth"
	"comptesante/db"
	"comptesante/db/embedded"
	"comptesante/domain/civil"
)

// database is the PostgreSQL of the bench with its one database, which all
// servers read.
type database struct {
	config *config
	server *embedded.Server
	keys   *db.Keys
}

const databaseName = "bench"

// settings differ from PostgreSQL's own where a run would be disturbed: all
// servers are connected at once, no checkpoint falls into a measurement because
// the filling wrote much, and no vacuum but ours runs, which is to find all
// rows visible to all. (Commits wait for the disk: VACUUM marks no page of rows
// whose commit is not there yet.)
var settings = map[string]string{"max_connections": "200", "max_wal_size": "8GB", "autovacuum": "off"}

const (
	startPatience = time.Minute
	stopPatience  = 30 * time.Second
	keptDays      = 7 // a filled database is used again this long: its latest payment is of the day it was filled
)

// openDatabase starts PostgreSQL and fills the database, where the last run
// left none of the same kind.
func openDatabase(ctx context.Context, c *config) (_ *database, err error) {
	d := &database{config: c}
	own := maps.Clone(settings)
	own["shared_buffers"] = c.Buffers
	d.server, err = embedded.Own(ctx, embedded.Config{Dir: c.Data, Bin: c.PgBin, Owner: "bench", Settings: own, Patience: startPatience})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if d.keys, err = db.LoadKeys(d.keysFile(), true); err != nil {
		return nil, err
	}
	filled, err := d.filled(ctx)
	if err != nil {
		return nil, err
	}
	if filled {
		say("using the database of the last run, in %s", c.Data)
		return d, nil
	}
	return d, d.fill(ctx)
}

// close stops PostgreSQL; its data stays.
func (d *database) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopPatience)
	defer cancel()
	return d.server.Stop(ctx)
}

func (d *database) keysFile() string { return filepath.Join(d.config.Data, "keys.json") }

// url is the way in as a role.
func (d *database) url(role string) string { return d.server.URL(role, databaseName) }

// postmaster is the id of the process that all of PostgreSQL's others are
// children of.
func (d *database) postmaster() (pid int, err error) {
	return process.Postmaster(filepath.Join(d.config.Data, "postgres"))
}

// mark is what a filled database says of itself, in its comment.
type mark struct {
	Payments int
	Today    civil.Date // the day of the latest payment
	Data     string     // digest of what the rows are made by
}

func (d *database) mark() mark {
	size := synth.Size{Payments: d.config.Payments} // without the day, which is compared by itself
	digest := sha256.Sum256([]byte(size.PaymentRows() + size.LineRows() + reference))
	return mark{Payments: d.config.Payments, Today: d.config.today, Data: hex.EncodeToString(digest[:])}
}

// filled tells whether the database is there, whole, of this size and schema,
// and not too old.
func (d *database) filled(ctx context.Context) (ok bool, err error) {
	err = d.with(ctx, d.server.URL(embedded.Launcher, "postgres"), func(conn *pgx.Conn) error {
		var comment string
		err := conn.QueryRow(ctx, `SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = $1`,
			databaseName).Scan(&comment)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		var found mark
		ok = json.Unmarshal([]byte(comment), &found) == nil
		want := d.mark()
		ok = ok && !found.Today.Before(want.Today.AddDays(-keptDays)) && !want.Today.Before(found.Today)
		want.Today = found.Today
		ok = ok && found == want
		return err
	})
	if err != nil || !ok {
		return false, err
	}
	applied, err := db.Migrate(ctx, d.url(db.Owner))
	return err == nil && len(applied) == 0, err
}

// fill makes the database anew.
func (d *database) fill(ctx context.Context) error {
	began := time.Now()
	say("filling a database with %d payments of %d people, in %s", d.config.Payments, d.config.size().Assures(), d.config.Data)
	maintenance := d.server.URL(embedded.Launcher, "postgres")
	if err := d.exec(ctx, maintenance, `DROP DATABASE IF EXISTS `+databaseName+` WITH (FORCE)`); err != nil {
		return err
	}
	if err := db.EnsureDatabase(ctx, maintenance, databaseName); err != nil {
		return err
	}
	if err := db.EnsureRoles(ctx, d.url(embedded.Launcher)); err != nil {
		return err
	}
	if _, err := db.Migrate(ctx, d.url(db.Owner)); err != nil {
		return err
	}
	if err := d.exec(ctx, d.url(db.Owner), reference); err != nil {
		return err
	}
	if err := d.addPeople(ctx); err != nil {
		return err
	}
	if err := d.with(ctx, d.url(db.Owner), func(conn *pgx.Conn) error { return d.addHistory(ctx, conn) }); err != nil {
		return err
	}
	if err := d.exec(ctx, d.url(embedded.Launcher), `VACUUM (ANALYZE)`); err != nil {
		return err
	}
	comment, err := json.Marshal(d.mark())
	if err != nil {
		return err
	}
	say("filled in %s", time.Since(began).Round(time.Second))
	return d.exec(ctx, maintenance, fmt.Sprintf(`COMMENT ON DATABASE %s IS '%s'`, databaseName, comment), `CHECKPOINT`)
}

// with opens a connection for the time of do.
func (d *database) with(ctx context.Context, url string, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return do(conn)
}

// exec runs statements; one text may hold several.
func (d *database) exec(ctx context.Context, url string, statements ...string) error {
	return d.with(ctx, url, func(conn *pgx.Conn) error { return execAll(ctx, conn, statements) })
}

func execAll(ctx context.Context, conn *pgx.Conn, statements []string) error {
	for _, sql := range statements {
		if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
			first, _, _ := strings.Cut(strings.TrimSpace(sql), "\n")
			return fmt.Errorf("%s: %w", first, err)
		}
	}
	return nil
}
