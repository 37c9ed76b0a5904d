package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/bench/synth"
)

// duel is one run; everything goes through one connection, whose backend's CPU
// time is the database's.
type duel struct {
	options
	conn *pgx.Conn
}

// step runs statements and says how long they took.
func (d *duel) step(ctx context.Context, what, sql string) error {
	begun := time.Now()
	if _, err := d.conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	fmt.Fprintf(os.Stderr, "%-28s %s\n", what, time.Since(begun).Round(time.Millisecond))
	return nil
}

// prepare makes what all variants share: reference data, and the rows to come.
func (d *duel) prepare(ctx context.Context) error {
	after := synth.Size{Payments: d.size.Payments + d.fresh, Today: d.size.Today}
	first := d.size.Payments + 1
	return d.step(ctx, "reference data", fmt.Sprintf(`
		CREATE TABLE mutuelles AS SELECT i AS id, '99' || i AS code, 'Mutuelle ' || i AS name, NULL::text AS site FROM generate_series(1, %d) AS i;
		CREATE TABLE acts AS SELECT i AS id, 'A' || i AS code, 'Consultation de spécialiste ' || i AS label FROM generate_series(1, %d) AS i;
		CREATE TABLE professionals AS SELECT i AS id, '9970' || i AS number, 'Dr Anne Le Goff ' || i AS name, 'Médecin généraliste' AS specialty, 'Lyon' AS town FROM generate_series(1, %d) AS i;
		CREATE TABLE beneficiaries AS SELECT (i + 1) / 2 AS assure_id, i AS id, 'SELF' AS relation, 'N''Diaye' AS family_name, 'Éloïse' AS given_name FROM generate_series(1, %d) AS i;
		ALTER TABLE mutuelles ADD PRIMARY KEY (id); ALTER TABLE acts ADD PRIMARY KEY (id); ALTER TABLE professionals ADD PRIMARY KEY (id);
		ALTER TABLE beneficiaries ADD PRIMARY KEY (assure_id, id);
		CREATE UNLOGGED TABLE fresh_payments AS %s; CREATE UNLOGGED TABLE fresh_lines AS %s;
		CREATE INDEX ON fresh_payments (id); CREATE INDEX ON fresh_lines (payment_id); ANALYZE`,
		synth.Mutuelles, synth.Acts, synth.Professionals, 2*after.Assures(), after.PaymentRowsBetween(first, after.Payments), after.LineRowsBetween(first, after.Payments)))
}

// measure loads a variant, reads its figures, corrects, and reads them again.
func (d *duel) measure(ctx context.Context, v variant) error {
	schema := "v_" + strings.ReplaceAll(v.name, "-", "_")
	for _, s := range []struct{ what, sql string }{
		{v.name, `CREATE SCHEMA ` + schema + `; SET search_path = ` + schema + `, public; DISCARD PLANS`},
		{"autovacuum off", `ALTER SYSTEM SET autovacuum = off`}, // its snapshots would keep VACUUM from marking pages
		{"read", `SELECT pg_reload_conf()`},
		{"tables", v.tables},
		{"payments", fmt.Sprintf(v.payments, "("+d.size.PaymentRows()+") AS s")},
		{"lines", fmt.Sprintf(v.lines, "("+d.size.LineRows()+") AS s")},
		{"indexes", v.indexes},
		{"vacuum", `VACUUM ANALYZE`}, // to begin from a defined state; from here on autovacuum alone
	} {
		if err := d.step(ctx, s.what, s.sql); err != nil {
			return err
		}
	}
	if err := d.report(ctx, v, "new", ""); err != nil {
		return err
	}
	if err := d.step(ctx, "autovacuum on", `ALTER SYSTEM RESET autovacuum`); err != nil {
		return err
	}
	if err := d.step(ctx, "read", `SELECT pg_reload_conf()`); err != nil {
		return err
	}
	rate, err := d.ingest(ctx, v)
	if err != nil {
		return err
	}
	if err := d.correct(ctx, v); err != nil {
		return err
	}
	if err := d.report(ctx, v, "just corrected", rate); err != nil {
		return err
	}
	if err := d.settle(ctx); err != nil {
		return err
	}
	if err := d.report(ctx, v, "settled", ""); err != nil {
		return err
	}
	return d.step(ctx, "dropped", `DROP SCHEMA `+schema+` CASCADE; CHECKPOINT`)
}

// batch is how many payments one transaction brings, slice of how many a share
// is corrected by one.
const (
	batch = 1000
	slice = 3000
)

// ingest records the fresh payments in batches and gives rows a second, lines
// counted in.
func (d *duel) ingest(ctx context.Context, v variant) (string, error) {
	var rows int64
	begun := time.Now()
	for from := d.size.Payments; from < d.size.Payments+d.fresh; from += batch {
		for _, one := range []struct{ insert, table, key string }{{v.payments, "fresh_payments", "id"}, {v.lines, "fresh_lines", "payment_id"}} {
			tag, err := d.conn.Exec(ctx, fmt.Sprintf(one.insert, fmt.Sprintf(`(SELECT * FROM %s WHERE %s > %d AND %s <= %d) AS s`, one.table, one.key, from, one.key, from+batch)), pgx.QueryExecModeSimpleProtocol)
			if err != nil {
				return "", err
			}
			rows += tag.RowsAffected()
		}
	}
	return fmt.Sprintf("%.0f", float64(rows)/time.Since(begun).Seconds()), nil
}

// correct gives a share of all payments a late complementary part, in batches,
// and rewrites the lines of a tenth of these.
func (d *duel) correct(ctx context.Context, v variant) error {
	begun := time.Now()
	for from := 0; from < d.size.Payments; from += slice {
		rows, err := d.conn.Query(ctx, fmt.Sprintf(`SELECT array_agg(assure_id), array_agg(paid_on), array_agg(id) FROM (%s) AS s
			WHERE hashint8extended(id, 99) & 1023 < %d`, d.size.PaymentRowsBetween(from+1, min(from+slice, d.size.Payments)), d.corrected*1024/100), pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return err
		}
		type keys struct {
			Assures []int64
			Days    []time.Time
			Keys    []int64
		}
		k, err := pgx.CollectOneRow(rows, pgx.RowToStructByPos[keys])
		if err != nil {
			return err
		}
		if _, err := d.conn.Exec(ctx, v.correct, k.Assures, k.Days, k.Keys); err != nil {
			return err
		}
		tenth := len(k.Keys) / 10
		if _, err := d.conn.Exec(ctx, rewriteLines, k.Assures[:tenth], k.Days[:tenth], k.Keys[:tenth]); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "%-28s %s\n", "corrected", time.Since(begun).Round(time.Millisecond))
	return nil
}

const rewriteLines = `WITH gone AS (DELETE FROM payment_lines l USING unnest($1::bigint[], $2::date[], $3::bigint[]) AS w(a, d, k)
	WHERE l.assure_id = w.a AND l.paid_on = w.d AND l.payment_id = w.k RETURNING l.*)
	INSERT INTO payment_lines (` + lineColumns + `) SELECT assure_id, paid_on, payment_id, position, cared_on, act_id, professional_id, spent_cents, base_cents, rate,
	reimbursed_cents, retained_cents, paid_cents FROM gone`

// settle waits until autovacuum has nothing to do, for two minutes at most.
func (d *duel) settle(ctx context.Context) error {
	begun, quiet := time.Now(), 0
	for quiet < 3 && time.Since(begun) < 2*time.Minute {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Second): // the naptime is 15 s
		}
		var busy bool
		if err := d.conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'autovacuum worker')`).Scan(&busy); err != nil {
			return err
		}
		if quiet++; busy {
			quiet = 0
		}
	}
	fmt.Fprintf(os.Stderr, "%-28s %s\n", "quiet", time.Since(begun).Round(time.Second))
	return nil
}
