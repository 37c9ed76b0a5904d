package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"comptesante/auth"
	"comptesante/bench/process"
	"comptesante/db"
	"comptesante/db/embedded"
	"comptesante/demo"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
)

// house is comptesante's PostgreSQL, with an open file and a session for each
// socket, and what writes payments into it.
type house struct {
	config     *config
	dir        string
	server     *embedded.Server
	postmaster int
	pool       *pgxpool.Pool // of the writers
	people     []person
	act        int64
}

// person is an assuré with a session.
type person struct {
	member
	assure, beneficiary int64
}

const (
	databaseName = "gateway"
	operator     = "bench" // who fills the database and opens the sessions, for the audit
)

// settings differ from PostgreSQL's own where a run would be disturbed: no
// checkpoint falls into a measurement because the run has written much.
var settings = map[string]string{"max_connections": "100", "max_wal_size": "8GB", "shared_buffers": "1GB", "checkpoint_timeout": "1h"}

// openHouse starts PostgreSQL and fills the database.
func openHouse(ctx context.Context, c *config) (h *house, err error) {
	h = &house{config: c}
	if h.dir, err = os.MkdirTemp(c.Data, "gateway"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if err = os.Chmod(h.dir, 0o755); err != nil { // PostgreSQL may run as another user
		return h, err
	}
	if h.server, err = embedded.Own(ctx, embedded.Config{Dir: h.dir, Owner: "bench", Settings: settings, Bin: c.PgBin}); err != nil {
		return h, err
	}
	if h.postmaster, err = process.Postmaster(filepath.Join(h.dir, "postgres")); err != nil {
		return h, err
	}
	if err = db.EnsureDatabase(ctx, h.server.URL(embedded.Launcher, "postgres"), databaseName); err != nil {
		return h, err
	}
	if err = db.EnsureRoles(ctx, h.url(embedded.Launcher)); err != nil {
		return h, err
	}
	if _, err = db.Migrate(ctx, h.url(db.Owner)); err != nil {
		return h, err
	}
	return h, h.fill(ctx)
}

// close stops PostgreSQL and removes its data.
func (h *house) close() (err error) {
	if h.pool != nil {
		h.pool.Close()
	}
	if h.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		err = h.server.Stop(ctx)
	}
	return errors.Join(err, os.RemoveAll(h.dir))
}

func (h *house) keysFile() string       { return filepath.Join(h.dir, "keys.json") }
func (h *house) url(role string) string { return h.server.URL(role, databaseName) }

// fill opens the files, and a session for each.
func (h *house) fill(ctx context.Context) error {
	keys, err := db.LoadKeys(h.keysFile(), true)
	if err != nil {
		return err
	}
	d, err := db.Open(ctx, h.url(db.App), keys, db.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	settings, err := pgxpool.ParseConfig(h.url(db.Owner))
	if err != nil {
		return err
	}
	settings.MaxConns = writers + 1
	if h.pool, err = pgxpool.NewWithConfig(ctx, settings); err != nil {
		return err
	}
	if err := h.openFiles(ctx, d); err != nil {
		return err
	}
	if err := h.openSessions(ctx, &auth.Sessions{DB: d, Now: time.Now}); err != nil {
		return err
	}
	if err := h.pool.QueryRow(ctx, `INSERT INTO acts (code, label) VALUES ('G', 'Consultation généraliste') RETURNING id`).Scan(&h.act); err != nil {
		return err
	}
	return h.exec(ctx, `VACUUM ANALYZE`)
}

// opened is how many files are opened at once.
const opened = 2000

// openFiles opens the files of the demo's families, without their payments.
func (h *house) openFiles(ctx context.Context, d *db.DB) error {
	families, err := demo.Generate{Assures: h.config.Sockets, Seed: 1}.Families(ctx, d, civil.Of(time.Now()))
	if err != nil {
		return err
	}
	var files []db.NewFile
	for i := range h.config.Sockets {
		f, err := families.Make(i)
		if err != nil {
			return err
		}
		if files = append(files, f.File); len(files) == opened || i == h.config.Sockets-1 {
			if _, err := d.AddFiles(ctx, operator, files); err != nil {
				return err
			}
			files = files[:0]
		}
	}
	rows, err := h.pool.Query(ctx, `SELECT assure_id, id FROM beneficiaries WHERE relation = 'SELF' ORDER BY assure_id`)
	if err != nil {
		return err
	}
	h.people, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (p person, err error) {
		return p, row.Scan(&p.assure, &p.beneficiary)
	})
	if err == nil && len(h.people) != h.config.Sockets {
		err = fmt.Errorf("%d files became %d people", h.config.Sockets, len(h.people))
	}
	return err
}

// openSessions opens a session for each person, some at a time.
func (h *house) openSessions(ctx context.Context, s *auth.Sessions) error {
	var running sync.WaitGroup
	faults := make([]error, writers)
	for w := range writers {
		running.Go(func() {
			for i := w; i < len(h.people) && faults[w] == nil; i += writers {
				p := &h.people[i]
				_, p.token, faults[w] = s.Mint(ctx, operator, db.NewSession{Assure: p.assure, Role: actor.Assure, Level: actor.Local2,
					Label: "bench", Ends: s.Now().Add(24 * time.Hour)})
			}
		})
	}
	running.Wait()
	return errors.Join(faults...)
}

// exec runs a statement as the administrator.
func (h *house) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, h.url(embedded.Launcher))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	_, err = conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	return err
}

// cpu is what PostgreSQL has used, that of the writers included.
func (h *house) cpu() (time.Duration, error) {
	u, err := process.Tree(h.postmaster)
	return u.CPU, err
}

// record is one transaction that writes a payment of one line for each of some
// people, in one statement: the rows that db.RecordPayments writes, without what
// it looks up and compares. The rows of feeds are locked in order of assuré.
const record = `
WITH w AS MATERIALIZED (
	SELECT assure_id, beneficiary_id, reference, nextval('payment_ids') AS id
	FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS w(assure_id, beneficiary_id, reference)),
k AS (INSERT INTO payment_keys (assure_id, reference, payment_id, digest) SELECT assure_id, reference, id, sha256(reference::bytea) FROM w),
p AS (INSERT INTO payments (assure_id, id, beneficiary_id, reference, movement, paid_on, cared_on, recipient, amount_cents, complementary)
	SELECT assure_id, id, beneficiary_id, reference, 'VIR ' || reference, current_date, current_date, 'ASSURE', 1900, 'NONE' FROM w),
l AS (INSERT INTO payment_lines (assure_id, payment_id, paid_on, position, cared_on, act_id, spent_cents, base_cents, rate, reimbursed_cents, retained_cents, paid_cents)
	SELECT assure_id, id, current_date, 1, current_date, $4, 3000, 3000, 70, 2100, 200, 1900 FROM w),
a AS (INSERT INTO audit (actor, action, detail) VALUES ('bench', 'payments.recorded', '{"ADDED": 2}')),
f AS (INSERT INTO feeds (assure_id, feed, last) SELECT assure_id, 'payments', 1 FROM w ORDER BY assure_id
	ON CONFLICT (assure_id, feed) DO UPDATE SET last = feeds.last + 1 RETURNING assure_id, last),
e AS (INSERT INTO feed_events (assure_id, feed, seq, kind, payment_id, beneficiary_id)
	SELECT assure_id, 'payments', f.last, 'ADDED', w.id, w.beneficiary_id FROM w JOIN f USING (assure_id))
INSERT INTO outbox (assure_id, feed, seq) SELECT assure_id, 'payments', last FROM f`

// publish implements source: the instant is that at which COMMIT has returned.
func (h *house) publish(ctx context.Context, events []event) (time.Time, error) {
	assures, beneficiaries, references := make([]int64, len(events)), make([]int64, len(events)), make([]string, len(events))
	for i, e := range events {
		p := &h.people[e.person]
		assures[i], beneficiaries[i], references[i] = p.assure, p.beneficiary, reference(e.number, e.nth)
	}
	_, err := h.pool.Exec(ctx, record, assures, beneficiaries, references, h.act)
	return time.Now(), err
}
