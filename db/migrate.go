package db

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/migrate"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// EnsureRoles makes the two roles and lets them use the database, where that is
// still to be done and the login may do it. Without the right it says what an
// administrator has to run.
func EnsureRoles(ctx context.Context, url string) (err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return explainConnect(err, Owner)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	// One at a time: two programs that start at once would both create.
	_, err = conn.Exec(ctx, `DO $$ BEGIN
		PERFORM pg_advisory_xact_lock(hashtext('comptesante roles'));
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'comptesante_owner') THEN CREATE ROLE comptesante_owner LOGIN; END IF;
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'comptesante_app') THEN CREATE ROLE comptesante_app LOGIN; END IF;
		IF NOT has_schema_privilege('comptesante_owner', 'public', 'CREATE') THEN GRANT CREATE, USAGE ON SCHEMA public TO comptesante_owner; END IF;
		IF NOT has_schema_privilege('comptesante_app', 'public', 'USAGE') THEN GRANT USAGE ON SCHEMA public TO comptesante_app; END IF;
		IF current_user NOT IN ('comptesante_owner', 'comptesante_app') THEN
			IF NOT pg_has_role(current_user, 'comptesante_owner', 'MEMBER') THEN GRANT comptesante_owner TO CURRENT_USER; END IF;
			IF NOT pg_has_role(current_user, 'comptesante_app', 'MEMBER') THEN GRANT comptesante_app TO CURRENT_USER; END IF;
		END IF;
	END $$`)
	if err != nil {
		return errors.New("the login of DATABASE_URL may not make the roles: run once as an administrator: " +
			"CREATE ROLE comptesante_owner LOGIN; CREATE ROLE comptesante_app LOGIN; " +
			"GRANT CREATE, USAGE ON SCHEMA public TO comptesante_owner; GRANT USAGE ON SCHEMA public TO comptesante_app; " +
			"GRANT comptesante_owner, comptesante_app TO the login")
	}
	return nil
}

// EnsureDatabase makes the database where it is missing; url is of another
// database of the same server, with a login that may make one.
func EnsureDatabase(ctx context.Context, url, name string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return explainConnect(err, Owner)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var there bool
	if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, name).Scan(&there); err != nil || there {
		return mapErrorIf(err, "EnsureDatabase")
	}
	_, err = conn.Exec(ctx, `CREATE DATABASE `+pgx.Identifier{name}.Sanitize())
	return mapErrorIf(err, "EnsureDatabase")
}

// Migrate brings the schema to this program's version, as Owner, and says which
// migrations it applied. Several programs may call it at once. A migration that
// fails leaves nothing of itself.
func Migrate(ctx context.Context, url string) (applied []string, err error) {
	pool, err := openPool(ctx, url, Owner, Options{MaxConns: 2})
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	lock, err := pool.Acquire(ctx)
	if err != nil {
		return nil, mapError(err, "Migrate")
	}
	defer lock.Release()
	if _, err := lock.Exec(ctx, `SELECT pg_advisory_lock(hashtext('comptesante migrations'))`); err != nil {
		return nil, mapError(err, "Migrate")
	}
	defer func() {
		_, _ = lock.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock(hashtext('comptesante migrations'))`)
	}()
	if applied, err = runMigrations(ctx, bun.NewDB(stdlib.OpenDBFromPool(pool), pgdialect.New())); err != nil || len(applied) == 0 {
		return applied, err
	}
	// A table that a migration has written anew has lost what lets its indexes
	// serve alone, and autovacuum does not know.
	_, err = lock.Exec(ctx, `VACUUM (ANALYZE) payments, payment_lines`)
	return applied, mapErrorIf(err, "vacuuming after the migrations")
}

// checkSchema refuses a database whose schema is not this program's.
func (d *DB) checkSchema(ctx context.Context) (err error) {
	migrations := migrate.NewMigrations()
	if err := migrations.Discover(migrationFiles); err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	var applied int
	err = d.bun.NewRaw(`SELECT count(*) FROM bun_migrations`).Scan(ctx, &applied)
	var pg *pgconn.PgError
	missing := errors.As(err, &pg) && pg.Code == "42P01"
	switch known := len(migrations.Sorted()); {
	case err != nil && !missing:
		return mapError(err, "checking the schema")
	case missing || applied < known:
		return errors.New("the database is older than this program: run `comptesante migrate` first")
	case applied > known:
		return errors.New("the database is newer than this program: run the newer program")
	}
	return nil
}

func runMigrations(ctx context.Context, b *bun.DB) (applied []string, err error) {
	migrations := migrate.NewMigrations()
	if err := migrations.Discover(migrationFiles); err != nil {
		return nil, fmt.Errorf("reading the migrations: %w", err)
	}
	m := migrate.NewMigrator(b, migrations, migrate.WithMarkAppliedOnSuccess(true))
	if err := m.Init(ctx); err != nil {
		return nil, mapError(err, "preparing to migrate")
	}
	group, err := m.Migrate(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrating: %w", err) // texts of our own files, no values
	}
	for _, one := range group.Migrations {
		applied = append(applied, one.Name+"_"+one.Comment)
	}
	return applied, nil
}
