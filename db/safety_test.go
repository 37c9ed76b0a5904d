package db_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/actor"
)

// TestAppOwnsNothing: the role that serves can change neither events nor audit
// lines nor the schema.
func TestAppOwnsNothing(t *testing.T) {
	d, name := dbtest.Open(t)
	dbtest.AddFile(t, d, 0)
	dbtest.Pay(t, d, dbtest.Record(t, 0, "A", "2026-11-02"))
	conn := dbtest.Connect(t, db.App, name)
	defer func() { _ = conn.Close(context.Background()) }()
	for why, statement := range map[string]string{
		"an audit line is changed":    `UPDATE audit SET actor = 'nobody'`,
		"an audit line is removed":    `DELETE FROM audit`,
		"the audit is emptied":        `TRUNCATE audit`,
		"an event is changed":         `UPDATE feed_events SET seq = seq + 1`,
		"an event is removed":         `DELETE FROM feed_events`,
		"a payment is removed":        `DELETE FROM payments`,
		"a payment's key is moved":    `UPDATE payment_keys SET reference = 'x'`,
		"a table is altered":          `ALTER TABLE payments ADD COLUMN x int`,
		"a table is made":             `CREATE TABLE x ()`,
		"the owner's role is assumed": `SET ROLE comptesante_owner`,
	} {
		_, err := conn.Exec(t.Context(), statement)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "42501" {
			t.Errorf("%s: %v", why, err)
		}
	}
	var owned int
	if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_class WHERE relowner = 'comptesante_app'::regrole`).Scan(&owned); err != nil || owned != 0 {
		t.Errorf("owns %d relations, %v", owned, err)
	}
}

// TestAssureFirst: every table of an assuré carries assure_id first in its key,
// so that it can be distributed by it.
func TestAssureFirst(t *testing.T) {
	name := dbtest.Database(t)
	conn := dbtest.Connect(t, db.Owner, name)
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), `
		SELECT c.relname, coalesce((SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
			WHERE i.indrelid = c.oid AND i.indisprimary), '')
		FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
		AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'assure_id')`)
	if err != nil {
		t.Fatal(err)
	}
	// Found by token or in order of time, not by person; the outbox has no key,
	// since nobody looks anything up in it.
	others := []string{"sessions", "audit", "outbox"}
	seen := 0
	for rows.Next() {
		var table, first string
		if err := rows.Scan(&table, &first); err != nil {
			t.Fatal(err)
		}
		if seen++; first != "assure_id" && !slices.Contains(others, table) {
			t.Errorf("%s begins its key with %q", table, first)
		}
	}
	if err := rows.Err(); err != nil || seen < 7 {
		t.Errorf("%d tables, %v", seen, err)
	}
}

// TestSealedAtRest looks for a NIR, an IBAN and a day of birth in every table.
// It fails when a column is stored as it is.
func TestSealedAtRest(t *testing.T) {
	d, name := dbtest.Open(t)
	r := dbtest.AddReference(t, d)
	if _, err := d.AddFile(t.Context(), "test", db.NewFile{Assure: domain.Assure{NIR: dbtest.NIR(t, 3), FamilyName: "Santoni", GivenName: "Lucia",
		BirthDate: dbtest.Day(t, "1979-03-30"), Caisse: domain.Caisse{ID: domain.ID{Key: r.Caisse}}}, Children: []domain.Beneficiary{{Relation: domain.Child, FamilyName: "Santoni",
		GivenName: "Ghjulia", BirthDate: dbtest.Day(t, "2013-07-19")}}}); err != nil {
		t.Fatal(err)
	}
	conn := dbtest.Connect(t, db.Owner, name)
	defer func() { _ = conn.Close(context.Background()) }()
	for _, table := range []string{"assures", "beneficiaries", "audit", "installation"} {
		var dump string
		if err := conn.QueryRow(t.Context(), `SELECT coalesce(string_agg(t::text, ''), '') FROM `+table+` t`).Scan(&dump); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"279032A99000404", "279032A990004", "1979-03-30", "2013-07-19", hex("279032A990004"), hex("1979-03-30")} {
			if strings.Contains(dump, secret) {
				t.Errorf("%s holds %s", table, secret)
			}
		}
	}
	var copied bool
	if err := conn.QueryRow(t.Context(), `WITH moved AS (UPDATE beneficiaries SET birth_sealed = (SELECT birth_sealed FROM assures) RETURNING 1)
		SELECT true FROM moved LIMIT 1`).Scan(&copied); err != nil {
		t.Fatal(err)
	}
	if _, err := d.File(t.Context(), dbtest.Sight(t, name, domain.ID{Assure: 1}), db.FileQuery{People: true}); err == nil {
		t.Error("a value copied to another row opens")
	} else if strings.Contains(err.Error(), "1979") {
		t.Errorf("the error tells the value: %v", err)
	}
}

func hex(s string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for _, c := range []byte(s) {
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

// TestLogHoldsNoValues makes statements fail in many ways and looks for their
// values in PostgreSQL's log and in the errors.
func TestLogHoldsNoValues(t *testing.T) {
	d, name := dbtest.Open(t)
	dbtest.AddFile(t, d, 0)
	const canary = "canary279032A"
	var texts []string
	r := dbtest.Record(t, 0, canary, "2026-11-02")
	r.Recipient = canary // breaks the table's check: the row would be in the detail
	if _, err := d.RecordPayments(t.Context(), canary, []domain.PaymentRecord{r}); err != nil {
		texts = append(texts, err.Error())
	} else {
		t.Error("no fault")
	}
	if err := d.EndSession(t.Context(), canary, canary); err != nil {
		texts = append(texts, err.Error())
	}
	if _, err := d.SessionsByID(t.Context(), []string{canary}); err != nil { // is no uuid
		texts = append(texts, err.Error())
	} else {
		t.Error("no fault")
	}
	conn := dbtest.Connect(t, db.App, name)
	_, _ = conn.Exec(t.Context(), `SELECT '`+canary+`'::int`) // fails: that is the point
	_, _ = conn.Exec(t.Context(), `SELECT $1::int`, canary)
	_ = conn.Close(context.Background())
	log, err := os.ReadFile(filepath.Join(dbtest.Dir(), "postgres.log"))
	if err != nil {
		t.Fatal(err)
	}
	if len(log) == 0 {
		t.Error("the log is empty: the test looks in the wrong place")
	}
	for _, text := range append(texts, string(log)) {
		if strings.Contains(text, canary) {
			t.Errorf("the canary is in %q", text)
		}
	}
}

func TestKeys(t *testing.T) {
	name := dbtest.Database(t)
	other, err := db.LoadKeys(filepath.Join(t.TempDir(), "keys.json"), true)
	if err != nil {
		t.Fatal(err)
	}
	first, err := db.Open(t.Context(), dbtest.URL(db.App, name), other, db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	first.Close()
	if _, err := db.Open(t.Context(), dbtest.URL(db.App, name), dbtest.Keys(), db.Options{}); err == nil || !strings.Contains(err.Error(), "COMPTESANTE_KEYS_FILE") {
		t.Errorf("other keys: %v", err)
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "keys.json")
	if _, err := db.LoadKeys(path, false); err == nil {
		t.Error("a missing file is no error")
	}
	var texts [2][]byte
	for i := range texts {
		if _, err := db.LoadKeys(path, true); err != nil {
			t.Fatal(err)
		}
		texts[i], _ = os.ReadFile(path)
	}
	if !bytes.Equal(texts[0], texts[1]) {
		t.Error("the second start made new keys")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, texts[0][:len(texts[0])/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := db.LoadKeys(path, true); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("half a file: %v", err)
	}
}

// TestUnavailable: a database that is away is told as such, and the next call
// after it is back works.
func TestUnavailable(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0)
	dbtest.Exec(t, "postgres", `ALTER DATABASE `+name+` ALLOW_CONNECTIONS false`)
	dbtest.Exec(t, "postgres", `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '`+name+`'`)
	_, _, err := d.FeedHeads(t.Context(), []domain.FeedKey{feedOf(id)})
	if domain.CodeOf(err) != domain.Unavailable {
		t.Errorf("got %v", err)
	}
	dbtest.Exec(t, "postgres", `ALTER DATABASE `+name+` ALLOW_CONNECTIONS true`)
	if _, _, err := d.FeedHeads(t.Context(), []domain.FeedKey{feedOf(id)}); err != nil {
		t.Errorf("it is back: %v", err)
	}
}

func TestMigrateTwiceAndAtOnce(t *testing.T) {
	name := dbtest.Database(t)
	done := make(chan error, 3)
	for range cap(done) {
		go func() {
			applied, err := db.Migrate(context.Background(), dbtest.URL(db.Owner, name))
			if err == nil && len(applied) > 0 {
				err = errors.New("applied again")
			}
			done <- err
		}()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestOldSchemaIsTold(t *testing.T) {
	name := dbtest.Database(t)
	dbtest.Exec(t, name, `DELETE FROM bun_migrations`)
	if _, err := db.Open(t.Context(), dbtest.URL(db.App, name), dbtest.Keys(), db.Options{}); err == nil || !strings.Contains(err.Error(), "comptesante migrate") {
		t.Errorf("got %v", err)
	}
}

func TestSessions(t *testing.T) {
	d := dbtest.New(t)
	id := dbtest.AddFile(t, d, 0, "2015-03-02")
	ends := time.Now().Add(time.Hour).Truncate(time.Second)
	open, err := d.OpenSession(t.Context(), "test", db.NewSession{Assure: id.Assure, Role: actor.Assure, Level: actor.Local2, Label: "x", TokenHash: []byte("h"), Ends: ends})
	if err != nil {
		t.Fatal(err)
	}
	s, ok, err := d.SessionByToken(t.Context(), []byte("h"))
	if err != nil || !ok || s.ID != open || s.Level != actor.Local2 || len(s.People) != 2 || !s.Ends.Equal(ends) {
		t.Fatalf("got %+v %v %v", s, ok, err)
	}
	if _, ok, err := d.SessionByToken(t.Context(), []byte("other")); ok || err != nil {
		t.Errorf("another hash: %v %v", ok, err)
	}
	if err := d.ExtendSession(t.Context(), "test", open, ends.Add(time.Hour)); err != nil {
		t.Error(err)
	}
	if err := d.EndSession(t.Context(), "test", open); err != nil {
		t.Error(err)
	}
	byID, err := d.SessionsByID(t.Context(), []string{open})
	if err != nil || !byID[open].Ended || !byID[open].Ends.Equal(ends.Add(time.Hour)) {
		t.Errorf("got %+v, %v", byID, err)
	}
	for why, err := range map[string]error{
		"ended twice":            d.EndSession(t.Context(), "test", open),
		"extended after the end": d.ExtendSession(t.Context(), "test", open, ends),
		"no such id":             d.EndSession(t.Context(), "test", "nonsense"),
		"nobody to suspend":      d.SetSuspended(t.Context(), "test", 999, true),
	} {
		if domain.CodeOf(err) != domain.NotFound {
			t.Errorf("%s: %v", why, err)
		}
	}
	if _, err := d.OpenSession(t.Context(), "test", db.NewSession{Assure: 999, Role: actor.Assure, Level: actor.Local2, TokenHash: []byte("z"), Ends: ends}); domain.CodeOf(err) != domain.NotFound {
		t.Errorf("a session of nobody: %v", err)
	}
}

// TestOneUnreadableFileHarmsNoOther: a day of birth that does not open takes its
// own session and its own payments along, and nobody else's. It fails when one
// bad row fails the batch it is read in.
func TestOneUnreadableFileHarmsNoOther(t *testing.T) {
	d, name := dbtest.Open(t)
	broken, sound := dbtest.AddFile(t, d, 0, "2015-03-02"), dbtest.AddFile(t, d, 1)
	var ids []string
	for i, id := range []domain.ID{broken, sound} {
		open, err := d.OpenSession(t.Context(), "test", db.NewSession{Assure: id.Assure, Role: actor.Assure, Level: actor.Local2,
			TokenHash: []byte{byte(i)}, Ends: time.Now().Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, open)
	}
	dbtest.Exec(t, name, `UPDATE beneficiaries SET birth_sealed = 'x' WHERE assure_id = $1 AND relation = 'CHILD'`, broken.Assure)
	sessions, err := d.SessionsByID(t.Context(), ids)
	if err != nil || !sessions[ids[0]].Unreadable || sessions[ids[1]].Unreadable {
		t.Errorf("got %+v, %v", sessions, err)
	}
	out, err := d.RecordPayments(t.Context(), "test", []domain.PaymentRecord{dbtest.Record(t, 0, "A", "2026-11-02"), dbtest.Record(t, 1, "A", "2026-11-02")})
	if err != nil || out[0].Outcome != domain.OutcomeRejected || out[1].Outcome != domain.OutcomeAdded {
		t.Errorf("got %+v, %v", out, err)
	}
}

// TestDigestIsKeyed: the digest of a record cannot be computed without the keys,
// else a day of birth could be found by trying all days.
func TestDigestIsKeyed(t *testing.T) {
	digest := func() (digest []byte) {
		keys, err := db.LoadKeys(filepath.Join(t.TempDir(), "keys.json"), true)
		if err != nil {
			t.Fatal(err)
		}
		name := dbtest.Database(t)
		d, err := db.Open(t.Context(), dbtest.URL(db.App, name), keys, db.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		dbtest.AddFile(t, d, 0)
		dbtest.Pay(t, d, dbtest.Record(t, 0, "A", "2026-11-02"))
		conn := dbtest.Connect(t, db.App, name)
		defer func() { _ = conn.Close(context.Background()) }()
		if err := conn.QueryRow(t.Context(), `SELECT digest FROM payment_keys`).Scan(&digest); err != nil {
			t.Fatal(err)
		}
		return digest
	}
	if one, other := digest(), digest(); len(one) != 32 || bytes.Equal(one, other) {
		t.Errorf("the same record under two keys: %x and %x", one, other)
	}
}

// TestEndedIsOver: a session past its end is not open any more.
func TestEndedIsOver(t *testing.T) {
	d := dbtest.New(t)
	id := dbtest.AddFile(t, d, 0)
	open, err := d.OpenSession(t.Context(), "test", db.NewSession{Assure: id.Assure, Role: actor.Assure, Level: actor.Local2,
		TokenHash: []byte("h"), Ends: time.Now().Add(-time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.ExtendSession(t.Context(), "test", open, time.Now().Add(time.Hour)); domain.CodeOf(err) != domain.NotFound {
		t.Errorf("an ended session was opened again: %v", err)
	}
}
