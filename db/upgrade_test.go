package db_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/db/embedded"
)

// people is one assuré with what their payments name, in any schema so far.
const people = `
	INSERT INTO caisses (code, name) VALUES ('691', 'CPAM du Rhône');
	INSERT INTO professionals (number, name, specialty, town) VALUES ('997', 'Dr Anne Le Goff', 'Médecin généraliste', 'Nîmes');
	INSERT INTO assures (nir_sealed, nir_index, index_key, birth_sealed, sealed_key, family_name, given_name, caisse_id) VALUES ('', '', 0, '', 0, 'N''Diaye', 'Éloïse', 1);
	INSERT INTO beneficiaries (assure_id, relation, birth_sealed, sealed_key, family_name, given_name) VALUES (1, 'SELF', '', 0, 'N''Diaye', 'Éloïse');`

// TestUpgrades: each migration that changes rows is run on a database of the
// schema before it that holds some, and those after it too. TestHistoryIsMigrated
// does it for the first of them. A new migration that rewrites rows gets a row here.
func TestUpgrades(t *testing.T) {
	dbtest.Database(t) // starts the server
	for i, row := range []struct {
		why, number string
		fill        string // with people, in the schema before the migration
		ask         string // one text column, in the schema of today
		want        []string
	}{
		{"the day of the last care: of several lines, of lines that are out of order, of none", "20261124000002", `
			INSERT INTO acts (code, label) VALUES ('G', 'Œil et visage');
			INSERT INTO payments (assure_id, id, beneficiary_id, reference, movement, paid_on, recipient, amount_cents, complementary)
				SELECT 1, n, 1, 'P' || n, 'V', '2026-11-02', 'ASSURE', 1900, 'NONE' FROM generate_series(1, 3) AS n;
			INSERT INTO payment_lines (assure_id, payment_id, paid_on, position, rate, cared_on, act_id, professional_id, spent_cents, base_cents, reimbursed_cents, retained_cents, paid_cents)
				VALUES (1, 1, '2026-11-02', 1, 70, '2026-10-30', 1, 1, 3000, 3000, 2100, 200, 1900), (1, 1, '2026-11-02', 2, 70, '2026-10-01', 1, NULL, 0, 0, 0, 0, 0),
				       (1, 2, '2026-11-02', 1, 70, '2026-10-15', 1, 1, 3000, 3000, 2100, 200, 1900)`,
			`SELECT id || ' ' || cared_on || ' ' || (SELECT count(*) FROM payment_lines l WHERE l.payment_id = p.id) FROM payments p ORDER BY id`,
			[]string{"1 2026-10-30 2", "2 2026-10-15 1", "3 2026-11-02 0"}},
		{"free text of acts and professionals that were there", "20261124000002", `INSERT INTO acts (code, label) VALUES ('G', 'Œil et visage')`,
			`SELECT search FROM acts UNION ALL SELECT search FROM professionals`, []string{"g oeil et visage", "dr anne le goff medecin generaliste nimes"}},
		{"chimes that were not rung yet stay, and feeds keep their place", "20261124000003",
			`INSERT INTO feeds (assure_id, feed, last) VALUES (1, 'payments', 7); INSERT INTO outbox (assure_id, feed, seq) VALUES (1, 'payments', 6), (1, 'payments', 7)`,
			`SELECT o.seq || ' of ' || f.last FROM outbox o JOIN feeds f USING (assure_id, feed) WHERE o.assure_id = 1 ORDER BY o.seq`, []string{"6 of 7", "7 of 7"}},
		{"payments keep their keys, whose constraints go", "20261124000003",
			`INSERT INTO payment_keys (assure_id, reference, payment_id, digest) VALUES (1, 'A', 5, '\x01')`,
			`SELECT reference || ' ' || payment_id || ' ' || encode(digest, 'hex') FROM payment_keys`, []string{"A 5 01"}},
		{"kinds that were changed, added and deleted by hand keep what they came to, and the release's own is known", "20261124000070",
			`UPDATE act_kinds SET kind = 'IMAGING' WHERE code = 'P'; INSERT INTO act_kinds (code, kind) VALUES ('NEU', 'DENTAL'); DELETE FROM act_kinds WHERE code = 'Z'`,
			`SELECT code || ' ' || kind || ' ' || coalesce(own, '-') FROM act_kinds WHERE code IN ('P', 'NEU', 'Z', 'G') ORDER BY code COLLATE "C"`,
			[]string{"G CONSULTATION CONSULTATION", "NEU DENTAL -", "P IMAGING BIOLOGY", "Z OTHER IMAGING"}},
	} {
		got := upgraded(t, fmt.Sprintf("upgrade_%d", i), row.number, people+row.fill, row.ask)
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
}

// upgraded fills a database of the schema before a migration, brings it up to
// date, opens it as a program does, and asks.
func upgraded(t *testing.T, name, number, fill, ask string) []string {
	t.Helper()
	if err := db.EnsureDatabase(t.Context(), dbtest.URL(embedded.Launcher, "postgres"), name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dbtest.Exec(t, "postgres", `DROP DATABASE `+name+` WITH (FORCE)`) })
	if err := db.EnsureRoles(t.Context(), dbtest.URL(embedded.Launcher, name)); err != nil {
		t.Fatal(err)
	}
	if err := db.MigrateBefore(t.Context(), dbtest.URL(db.Owner, name), number); err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, name, fill)
	if applied, err := db.Migrate(t.Context(), dbtest.URL(db.Owner, name)); err != nil || len(applied) == 0 || !strings.HasPrefix(applied[0], number) {
		t.Fatal(applied, err)
	}
	another(t, name)
	return dbtest.Texts(t, db.App, name, ask)
}
