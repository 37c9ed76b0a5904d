package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"comptesante/bench/synth"
)

// reference is the reference data, with the keys that package synth counts on.
var reference = fmt.Sprintf(`
INSERT INTO caisses (id, code, name)
SELECT i, lpad(i::text, 3, '0'), 'CPAM n° ' || i FROM generate_series(1, %d) AS i;
INSERT INTO mutuelles (id, code, name, site)
SELECT i, (99000000 + i)::text, 'Mutuelle des Métiers n° ' || i, CASE WHEN i %% 2 = 0 THEN 'https://mutuelle-' || i || '.example.fr' END
FROM generate_series(1, %d) AS i;
INSERT INTO professionals (id, number, name, specialty, town)
SELECT i, (99000000000 + i)::text, 'Dr Hélène Martin-' || i,
       (ARRAY['Médecin généraliste', 'Pharmacie', 'Masseur-kinésithérapeute', 'Chirurgien-dentiste', 'Ophtalmologue'])[1 + i %% 5],
       CASE WHEN i %% 10 > 0 THEN (ARRAY['Lyon', 'Saint-Étienne', 'Besançon', 'Nîmes', 'Paris', 'Orléans', 'Angers'])[1 + i %% 7] END
FROM generate_series(1, %d) AS i;
INSERT INTO acts (id, code, label)
SELECT i, (ARRAY['G', 'CS', 'PH7', 'AMK', 'SC'])[1 + i %% 5], 'Acte de soins courants n° ' || i FROM generate_series(1, %d) AS i;
SELECT setval(pg_get_serial_sequence(t, 'id'), %d) FROM unnest(ARRAY['caisses', 'mutuelles', 'professionals', 'acts']) AS t;
`, synth.Caisses, synth.Mutuelles, synth.Professionals, synth.Acts, synth.Professionals)

// addHistory inserts all payments and their lines. Indexes and keys are built
// after the rows, which is much quicker; foreign keys are left out for good:
// they say nothing to a reader.
func (d *database) addHistory(ctx context.Context, conn *pgx.Conn) error {
	size := d.config.size()
	if _, err := conn.Exec(ctx, `SET maintenance_work_mem = '256MB'`); err != nil {
		return err
	}
	drop, build, err := indexes(ctx, conn)
	if err != nil {
		return err
	}
	return execAll(ctx, conn, append(append(drop,
		`INSERT INTO payments (assure_id, id, beneficiary_id, reference, movement, paid_on, cared_on, recipient, amount_cents,
		                       complementary, complementary_cents, complementary_paid_on, mutuelle_id)
		SELECT assure_id, id, beneficiary_id, reference, movement, paid_on, paid_on, recipient, amount_cents,
		       complementary, complementary_cents, complementary_paid_on, mutuelle_id
		FROM (`+size.PaymentRows()+`) AS made`,
		`INSERT INTO payment_lines (assure_id, paid_on, payment_id, position, cared_on, act_id, professional_id,
		                            spent_cents, base_cents, rate, reimbursed_cents, retained_cents, paid_cents)
		SELECT assure_id, paid_on, payment_id, position, cared_on, act_id, professional_id,
		       spent_cents, base_cents, rate, reimbursed_cents, retained_cents, paid_cents
		FROM (`+size.LineRows()+`) AS made`,
		fmt.Sprintf(`SELECT setval('payment_ids', %d)`, size.Payments)), build...))
}

// indexes gives the statements that drop and build the indexes and keys of the
// history, as the migrations made them.
func indexes(ctx context.Context, conn *pgx.Conn) (drop, build []string, err error) {
	rows, err := conn.Query(ctx, `
		SELECT format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', conrelid::regclass, conname),
		       CASE WHEN contype <> 'f' THEN format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) ELSE '' END
		FROM pg_constraint WHERE conrelid IN ('payments'::regclass, 'payment_lines'::regclass) AND contype IN ('p', 'u', 'f')
		UNION ALL
		SELECT format('DROP INDEX %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
		FROM pg_index WHERE indrelid IN ('payments'::regclass, 'payment_lines'::regclass)
		  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))
		ORDER BY 1`)
	if err != nil {
		return nil, nil, err
	}
	var dropped, built string
	_, err = pgx.ForEachRow(rows, []any{&dropped, &built}, func() error {
		// A key goes with those that refer to it.
		drop = append(drop, strings.Replace(dropped, "DROP CONSTRAINT", "DROP CONSTRAINT IF EXISTS", 1))
		if built != "" {
			build = append(build, built)
		}
		return nil
	})
	return drop, build, err
}
