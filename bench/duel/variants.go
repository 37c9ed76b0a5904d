package main

import (
	"fmt"
	"strings"
)

// variant is a layout of the two tables and how it is read and written. Its
// statements run in a schema of its own. In pages, $1 is the assuré, $2 the
// beneficiaries, ($3, $4) the place before which the page begins, $5 the first
// day of the window and $6 the length.
type variant struct {
	name, why string
	tables    string   // made before the rows are loaded
	indexes   string   // made after, as on a new machine
	payments  string   // loads payments from source rows
	lines     string   // loads lines
	page      []string // reads a page; where there are two, the second takes the keys found by the first
	correct   string   // corrects the complementary part of the payments named by $1 (assurés), $2 (days) and $3 (keys)
}

const (
	paymentColumns = `assure_id, id, beneficiary_id, reference, movement, paid_on, recipient, amount_cents, complementary, complementary_cents, complementary_paid_on, mutuelle_id`
	headColumns    = `assure_id, id, beneficiary_id, reference, movement, paid_on, recipient, amount_cents, mutuelle_id`
	lineColumns    = `assure_id, paid_on, payment_id, position, cared_on, act_id, professional_id, spent_cents, base_cents, rate, reimbursed_cents, retained_cents, paid_cents`
	lineShown      = `l.position, l.cared_on, l.act_id, l.professional_id, l.spent_cents, l.base_cents, l.rate, l.reimbursed_cents, l.retained_cents, l.paid_cents`
	headShown      = `p.id, p.beneficiary_id, p.reference, p.movement, p.paid_on, p.recipient, p.amount_cents, p.revision`
	partShown      = `p.complementary, p.complementary_cents, p.complementary_paid_on, p.mutuelle_id`

	payments = `CREATE TABLE payments (
		assure_id bigint NOT NULL, id bigint NOT NULL, beneficiary_id bigint NOT NULL, reference text NOT NULL, movement text NOT NULL,
		paid_on date NOT NULL, recipient text NOT NULL, amount_cents integer NOT NULL, complementary text NOT NULL, complementary_cents integer,
		complementary_paid_on date, mutuelle_id bigint, revision integer NOT NULL DEFAULT 0)`
	lines = `CREATE TABLE payment_lines (
		assure_id bigint NOT NULL, payment_id bigint NOT NULL, paid_on date NOT NULL, position smallint NOT NULL, rate smallint NOT NULL,
		cared_on date NOT NULL, act_id bigint NOT NULL, professional_id bigint, spent_cents integer NOT NULL, base_cents integer NOT NULL,
		reimbursed_cents integer NOT NULL, retained_cents integer NOT NULL, paid_cents integer NOT NULL)`

	// in is the rows of a page, before the limit: the WHERE of every history.
	in = `p.assure_id = $1 AND p.beneficiary_id = ANY($2::bigint[]) AND (p.paid_on, p.id) < ($3::date, $4::bigint) AND (p.paid_on, p.id) > ($5::date, 0::bigint)
		ORDER BY p.paid_on DESC, p.id DESC LIMIT $6::bigint`
	covered = `UNIQUE INDEX ON payments (assure_id, paid_on, id) INCLUDE (beneficiary_id, reference, movement, recipient, amount_cents,
		complementary, complementary_cents, complementary_paid_on, mutuelle_id, revision)`
	coveredLines = `UNIQUE INDEX ON payment_lines (assure_id, paid_on, payment_id, position) INCLUDE (rate, cared_on, act_id, professional_id,
		spent_cents, base_cents, reimbursed_cents, retained_cents, paid_cents)`
	eager = `ALTER TABLE payments SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02);
		ALTER TABLE payment_lines SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02)`
	correctPart = `UPDATE payments p SET complementary = 'KNOWN', complementary_cents = 900, complementary_paid_on = p.paid_on + 9, mutuelle_id = 1,
		revision = revision + 1 FROM unnest($1::bigint[], $2::date[], $3::bigint[]) AS w(a, d, k) WHERE p.assure_id = w.a AND p.id = w.k`
)

// joined reads lines beside their payments in one statement: one snapshot.
func joined(on string) string {
	return `SELECT p.*, l.* FROM (SELECT ` + headShown + `, ` + partShown + ` FROM payments p WHERE ` + in + `) p
		LEFT JOIN LATERAL (SELECT ` + lineShown + ` FROM payment_lines l WHERE l.assure_id = $1 AND ` + on + ` ORDER BY l.position) l ON true`
}

var (
	byKey = joined(`l.payment_id = p.id`)
	byDay = joined(`l.paid_on = p.paid_on AND l.payment_id = p.id`)
)

func variants() []variant {
	plain := variant{
		name: "plain", why: "keyset index, lines by the payment's key, reference data from memory",
		tables:  payments + `;` + lines,
		indexes: `ALTER TABLE payments ADD PRIMARY KEY (assure_id, id); CREATE INDEX ON payments (assure_id, paid_on, id); ALTER TABLE payment_lines ADD PRIMARY KEY (assure_id, payment_id, position)`,
		page:    []string{byKey}, correct: correctPart,
		payments: `INSERT INTO payments (` + paymentColumns + `) SELECT ` + paymentColumns + ` FROM %s`,
		lines:    `INSERT INTO payment_lines (` + lineColumns + `) SELECT ` + lineColumns + ` FROM %s`,
	}
	joins := plain
	joins.name, joins.why, joins.page = "joins", "the same, with mutuelle, act, professional and beneficiary joined", []string{joinedPage, joinedLines}
	covering := plain
	covering.name, covering.why = "covering", "lines carry the day; covering indexes in place of the keyset index"
	covering.indexes = `ALTER TABLE payments ADD PRIMARY KEY (assure_id, id); CREATE ` + covered + `; CREATE ` + coveredLines
	covering.page = []string{byDay}
	vacuumed := covering
	vacuumed.name, vacuumed.why = "covering-eager", "the same, vacuumed by itself after 2 % of changes instead of 20 %"
	vacuumed.tables += `;` + eager
	keyed := vacuumed
	keyed.name, keyed.why = "keyed", "covering-eager with foreign keys between the tables"
	keyed.indexes += `; ALTER TABLE payment_lines ADD FOREIGN KEY (assure_id, paid_on, payment_id) REFERENCES payments (assure_id, paid_on, id),
		ADD FOREIGN KEY (act_id) REFERENCES acts, ADD FOREIGN KEY (professional_id) REFERENCES professionals;
		ALTER TABLE payments ADD FOREIGN KEY (assure_id, beneficiary_id) REFERENCES beneficiaries, ADD FOREIGN KEY (mutuelle_id) REFERENCES mutuelles`
	return []variant{plain, covering, vacuumed, keyed, apart(vacuumed), hashed(vacuumed), monthly(vacuumed), joins}
}

const (
	joinedPage = `SELECT ` + headShown + `, ` + partShown + `, b.relation, b.family_name, b.given_name, m.code, m.name, m.site
		FROM payments p JOIN beneficiaries b ON b.assure_id = p.assure_id AND b.id = p.beneficiary_id LEFT JOIN mutuelles m ON m.id = p.mutuelle_id WHERE ` + in
	joinedLines = `SELECT l.payment_id, ` + lineShown + `, a.code, a.label, f.number, f.name, f.specialty, f.town
		FROM payment_lines l JOIN acts a ON a.id = l.act_id LEFT JOIN professionals f ON f.id = l.professional_id
		WHERE l.assure_id = $1 AND l.payment_id = ANY($2::bigint[]) ORDER BY l.payment_id, l.position`
)

// hashed parts both tables by assuré.
func hashed(v variant) variant {
	v.name, v.why = "hash", "covering-eager in 8 partitions by assuré"
	v.tables = payments + ` PARTITION BY HASH (assure_id);` + lines + ` PARTITION BY HASH (assure_id)`
	for _, table := range []string{"payments", "payment_lines"} {
		for i := range 8 {
			v.tables += fmt.Sprintf(`; CREATE TABLE %[1]s_%[2]d PARTITION OF %[1]s FOR VALUES WITH (MODULUS 8, REMAINDER %[2]d) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02)`, table, i)
		}
	}
	return v
}

// monthly parts both tables by month of payment; the key has to hold the day.
func monthly(v variant) variant {
	v.name, v.why = "months", "covering-eager in partitions by month of payment"
	v.tables = payments + ` PARTITION BY RANGE (paid_on);` + lines + ` PARTITION BY RANGE (paid_on)`
	for _, table := range []string{"payments", "payment_lines"} {
		for m := range 40 {
			month := func(m int) string { return fmt.Sprintf("%d-%02d-01", 2024+m/12, 1+m%12) }
			v.tables += fmt.Sprintf(`; CREATE TABLE %[1]s_%[2]d PARTITION OF %[1]s FOR VALUES FROM ('%[3]s') TO ('%[4]s') WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02)`,
				table, m, month(m), month(m+1))
		}
	}
	v.indexes = `CREATE ` + covered + `; CREATE ` + coveredLines + `; CREATE INDEX ON payments (assure_id, id)`
	v.correct = strings.Replace(correctPart, "WHERE", "WHERE p.paid_on = w.d AND", 1)
	return v
}

// apart keeps what a late mutuelle changes in a table of its own, so that
// payments are hardly ever changed.
func apart(v variant) variant {
	v.name, v.why = "parts", "covering-eager, the complementary part in a table of its own with a covering index"
	const own = `assure_id, paid_on, payment_id, complementary, complementary_cents, complementary_paid_on, revision`
	v.tables = strings.Replace(v.tables, `complementary text NOT NULL, complementary_cents integer,
		complementary_paid_on date, mutuelle_id bigint, revision integer NOT NULL DEFAULT 0)`, `mutuelle_id bigint)`, 1) +
		`; CREATE TABLE payment_parts (assure_id bigint NOT NULL, payment_id bigint NOT NULL, paid_on date NOT NULL, complementary_paid_on date,
		complementary_cents integer, revision integer NOT NULL DEFAULT 0, complementary text NOT NULL)
		WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.02)`
	v.indexes = `ALTER TABLE payments ADD PRIMARY KEY (assure_id, id);
		CREATE UNIQUE INDEX ON payments (assure_id, paid_on, id) INCLUDE (beneficiary_id, reference, movement, recipient, amount_cents, mutuelle_id);
		CREATE UNIQUE INDEX ON payment_parts (assure_id, paid_on, payment_id) INCLUDE (complementary, complementary_cents, complementary_paid_on, revision);
		CREATE ` + coveredLines
	v.payments = `WITH source AS MATERIALIZED (SELECT * FROM %s),
		part AS (INSERT INTO payment_parts (` + own + `) SELECT assure_id, paid_on, id, complementary, complementary_cents, complementary_paid_on, 0 FROM source)
		INSERT INTO payments (` + headColumns + `) SELECT ` + headColumns + ` FROM source`
	v.page = []string{`SELECT p.*, c.*, l.* FROM (SELECT ` + strings.TrimSuffix(headShown, ", p.revision") + `, p.mutuelle_id FROM payments p WHERE ` + in + `) p
		JOIN LATERAL (SELECT c.complementary, c.complementary_cents, c.complementary_paid_on, c.revision FROM payment_parts c
			WHERE c.assure_id = $1 AND c.paid_on = p.paid_on AND c.payment_id = p.id OFFSET 0) c ON true
		LEFT JOIN LATERAL (SELECT ` + lineShown + ` FROM payment_lines l WHERE l.assure_id = $1 AND l.paid_on = p.paid_on AND l.payment_id = p.id ORDER BY l.position) l ON true`}
	v.correct = `UPDATE payment_parts p SET complementary = 'KNOWN', complementary_cents = 900, complementary_paid_on = p.paid_on + 9,
		revision = revision + 1 FROM unnest($1::bigint[], $2::date[], $3::bigint[]) AS w(a, d, k) WHERE p.assure_id = w.a AND p.paid_on = w.d AND p.payment_id = w.k`
	return v
}
