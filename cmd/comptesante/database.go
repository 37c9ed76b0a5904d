package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"comptesante/db"
	"comptesante/db/embedded"
)

// database is an open database, and the PostgreSQL that was started for it.
type database struct {
	*db.DB
	server *embedded.Server // nil where DATABASE_URL names one
}

// databaseName is that of our database in a PostgreSQL of our own.
const databaseName = "comptesante"

// stopPatience bounds how long stopping our PostgreSQL may take.
const stopPatience = 15 * time.Second

// openDatabase opens the database for a command, named as its owner if it has
// to start PostgreSQL. Only serve insists on being the owner. Outside
// production the schema is brought up to date on the way.
func openDatabase(ctx context.Context, c *config, command string, o db.Options) (_ *database, err error) {
	d := &database{}
	urls, err := d.locate(ctx, c, command)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	if d.server != nil || !c.production() {
		if err := urls.migrate(ctx); err != nil {
			return nil, err
		}
	}
	keys, err := urls.keys(ctx, c, !c.production())
	if err != nil {
		return nil, err
	}
	d.DB, err = db.Open(ctx, urls.app, keys, o)
	return d, err
}

// urls are the ways into one database.
type urls struct {
	maintenance string // another database of the server, for making ours; empty where ours is there
	admin       string // may make the roles
	owner, app  string
}

// locate finds the database, and starts PostgreSQL where none is named.
func (d *database) locate(ctx context.Context, c *config, command string) (u urls, err error) {
	if c.DatabaseURL != "" {
		return urls{admin: c.DatabaseURL, owner: c.DatabaseURL, app: c.DatabaseURL}, nil
	}
	open := embedded.Join
	if command == "serve" {
		open = embedded.Own
	}
	d.server, err = open(ctx, embedded.Config{Dir: c.Data, Bin: c.PgBin, Owner: command, Log: slog.Default()})
	if err != nil {
		return u, err
	}
	return urls{
		maintenance: d.server.URL(embedded.Launcher, "postgres"), admin: d.server.URL(embedded.Launcher, databaseName),
		owner: d.server.URL(db.Owner, databaseName), app: d.server.URL(db.App, databaseName),
	}, nil
}

// migrate makes what is missing: the database, the roles, the tables.
func (u urls) migrate(ctx context.Context) error {
	if u.maintenance != "" {
		if err := db.EnsureDatabase(ctx, u.maintenance, databaseName); err != nil {
			return err
		}
	}
	if err := db.EnsureRoles(ctx, u.admin); err != nil {
		return err
	}
	applied, err := db.Migrate(ctx, u.owner)
	for _, name := range applied {
		slog.Info("migrated", "migration", name)
	}
	return err
}

// keys reads the key file. It is made only for a database that was never
// sealed: the place of a lost one stays free for its backup.
func (u urls) keys(ctx context.Context, c *config, mayMake bool) (*db.Keys, error) {
	sealed, err := db.Sealed(ctx, u.app)
	if err != nil {
		return nil, err
	}
	return db.LoadKeys(c.KeysFile, mayMake && !sealed)
}

// Close closes the database, and stops the PostgreSQL that was started for it.
func (d *database) Close() {
	if d.DB != nil {
		d.DB.Close()
	}
	if d.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopPatience)
	defer cancel()
	if err := d.server.Stop(ctx); err != nil {
		slog.Error("PostgreSQL does not stop", "error", err)
	}
}

type migrateCommand struct{}

// Run brings the database up to date, and makes the keys of a new one.
func (migrateCommand) Run(ctx context.Context, c *config) (err error) {
	d := &database{}
	defer d.Close()
	u, err := d.locate(ctx, c, "migrate")
	if err != nil {
		return err
	}
	if err := u.migrate(ctx); err != nil {
		return err
	}
	if _, err := u.keys(ctx, c, true); err != nil {
		return err
	}
	_, err = fmt.Println("the database is up to date")
	return err
}
