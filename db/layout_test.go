package db_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/actor"
)

// node is what EXPLAIN says of a step of a plan.
type node struct {
	Type    string `json:"Node Type"`
	Index   string `json:"Index Name"`
	Fetches int64  `json:"Heap Fetches"`
	Hit     int64  `json:"Shared Hit Blocks"`
	Read    int64  `json:"Shared Read Blocks"`
	Plans   []node
}

// scans are the heap fetches of the index-only scans, by index; any other scan
// is a fault.
func (n node) scans(t *testing.T) map[string]int64 {
	t.Helper()
	all := make(map[string]int64)
	switch n.Type {
	case "Index Only Scan":
		all[n.Index] = n.Fetches
	case "Nested Loop", "Limit":
	default:
		t.Errorf("the plan has a %s", n.Type)
	}
	for _, below := range n.Plans {
		maps.Copy(all, below.scans(t))
	}
	return all
}

// explainPage runs a page of twenty with its lines through EXPLAIN.
func explainPage(t *testing.T, name string, s actor.Sight) (buffers int64, fetches map[string]int64) {
	t.Helper()
	conn := dbtest.Connect(t, db.App, name)
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), `SET enable_bitmapscan = off; SET enable_seqscan = off`); err != nil { // tables this small would be read whole
		t.Fatal(err)
	}
	var text string
	q := whole(t)
	q.Limit, q.Needs = 20, domain.PaymentNeeds{Lines: true}
	page := db.AskedPage(s, q)
	if err := conn.QueryRow(t.Context(), `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) `+page.SQL, append([]any{pgx.QueryExecModeExec}, page.Args...)...).Scan(&text); err != nil {
		t.Fatal(err)
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal([]byte(text), &plans); err != nil {
		t.Fatal(err)
	}
	top := plans[0].Plan
	return top.Hit + top.Read, top.scans(t)
}

// vacuum does what autovacuum does in its time. What the tests' server has not
// yet written of its log counts as seen by nobody: hence the checkpoints.
func vacuum(t *testing.T, name string) {
	t.Helper()
	for _, step := range []string{`CHECKPOINT`, `VACUUM ANALYZE payments`, `CHECKPOINT`, `VACUUM ANALYZE payment_lines`} {
		dbtest.Exec(t, name, step)
	}
}

// TestCorrectedRows: a third of all payments get a late part of their mutuelle.
// Pages show it, and are read from the covering indexes as before: lines, which
// have not changed, without one visit to the table, payments with a visit for
// each corrected neighbour until the table is vacuumed. It fails when a
// correction rewrites lines that stay as they are, or when an index no longer
// covers what a page shows.
func TestCorrectedRows(t *testing.T) {
	d, name := dbtest.Open(t)
	const people, payments = 7, 60
	var ids []domain.ID
	for i := range people {
		ids = append(ids, dbtest.AddFile(t, d, i))
	}
	record := func(i, n int) domain.PaymentRecord {
		r := dbtest.Record(t, i, fmt.Sprintf("%03d", n), fmt.Sprintf("2026-%02d-%02d", 1+n/20, 1+n%20))
		r.Lines = append(r.Lines, r.Lines[0])
		r.Amount *= 2
		return r
	}
	for n := range payments { // one person's rows lie scattered, as in life
		var all []domain.PaymentRecord
		for i := range people {
			all = append(all, record(i, n))
		}
		dbtest.Pay(t, d, all...)
	}
	vacuum(t, name)
	s := dbtest.Sight(t, name, ids[3])
	before, fetches := explainPage(t, name, s)
	if diff := cmp.Diff(map[string]int64{"payments_history": 0, "payment_lines_pkey": 0}, fetches); diff != "" {
		t.Fatalf("before: %s", diff)
	}

	for n := 0; n < payments; n += 3 {
		var all []domain.PaymentRecord
		for i := range people {
			r := record(i, n)
			r.Complementary = domain.RecordPart{State: domain.StateKnown, Mutuelle: dbtest.MutuelleCode, Amount: 1800}
			all = append(all, r)
		}
		dbtest.Pay(t, d, all...)
	}
	q := whole(t)
	q.Limit, q.Needs = 20, domain.AllNeeds
	for i, p := range dbtest.Page(t, d, s, q).Payments {
		n := payments - 1 - i
		known, corrected := p.Complementary.(domain.ComplementaryKnown)
		if want := n%3 == 0; p.Reference != fmt.Sprintf("%03d", n) || corrected != want || (want && known.Amount != 1800) || len(p.Lines) != 2 || p.Revision != map[bool]int{true: 1}[want] {
			t.Errorf("payment %d: %+v", n, p)
		}
	}
	after, fetches := explainPage(t, name, s)
	if fetches["payment_lines_pkey"] != 0 || fetches["payments_history"] > 40 || after > before+60 {
		t.Errorf("corrected: %d buffers where there were %d, heap fetches %v", after, before, fetches)
	}
	vacuum(t, name)
	if settled, fetches := explainPage(t, name, s); fetches["payments_history"] != 0 || settled > before+4 {
		t.Errorf("vacuumed: %d buffers where there were %d, heap fetches %v", settled, before, fetches)
	}
}

// TestDeepPage: a page far down costs what the first costs, with a filter too. It
// fails when a bound of the page is no condition of the index, or when what a
// filter looks at is not in it.
func TestDeepPage(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0)
	for from := 0; from < 3000; from += 500 {
		var all []domain.PaymentRecord
		for n := from; n < from+500; n++ {
			all = append(all, dbtest.Record(t, 0, fmt.Sprintf("%04d", n), dbtest.Day(t, "2024-10-01").AddDays(n/5).String()))
		}
		dbtest.Pay(t, d, all...)
	}
	vacuum(t, name)
	s := dbtest.Sight(t, name, id)
	cost := func(backward bool, after *domain.PaymentPlace) int64 {
		q := whole(t)
		q.Limit, q.Needs, q.Backward, q.After = 20, domain.PaymentNeeds{}, backward, after
		q.Filter = domain.PageFilter{Recipients: []domain.Recipient{domain.ToAssure}, Complementary: []domain.ComplementaryState{domain.StateKnown, domain.StateAwaited}}
		page := db.AskedPage(s, q)
		conn := dbtest.Connect(t, db.App, name)
		defer func() { _ = conn.Close(context.Background()) }()
		var text string
		if _, err := conn.Exec(t.Context(), `SET plan_cache_mode = force_generic_plan`); err != nil { // the plan that serves any bounds
			t.Fatal(err)
		}
		if _, err := conn.Prepare(t.Context(), "page", `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) `+page.SQL); err != nil {
			t.Fatal(err)
		}
		if err := conn.QueryRow(t.Context(), "page", page.Args...).Scan(&text); err != nil {
			t.Fatal(err)
		}
		var plans []struct{ Plan node }
		if err := json.Unmarshal([]byte(text), &plans); err != nil {
			t.Fatal(err)
		}
		plans[0].Plan.scans(t)
		return plans[0].Plan.Hit + plans[0].Plan.Read
	}
	first, deep, end := cost(false, nil), cost(false, &domain.PaymentPlace{Day: dbtest.Day(t, "2024-11-01"), Key: 100}), cost(true, nil)
	if deep > first+3 || end > first+3 {
		t.Errorf("the first page costs %d buffers, a deep one %d, the last one %d", first, deep, end)
	}
}

// TestHotStatementsArePrepared: what every request runs is prepared, and
// nothing else, however many different texts bun writes.
func TestHotStatementsArePrepared(t *testing.T) {
	name := dbtest.Database(t)
	d, err := db.Open(t.Context(), dbtest.URL(db.App, name), dbtest.Keys(), db.Options{MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	id := dbtest.AddFile(t, d, 0)
	q := whole(t)
	for n := range 8 {
		dbtest.Pay(t, d, dbtest.Record(t, 0, fmt.Sprint(n), "2026-11-02"))
		if _, err := d.File(t.Context(), dbtest.Sight(t, name, id), db.FileQuery{Assure: true, People: true, Head: true, Histories: []db.HistoryQuery{{PageQuery: q, Page: true}}}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := d.SessionByToken(t.Context(), []byte{byte(n)}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.AssureByNIR(t.Context(), dbtest.NIR(t, 0)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := d.PreparedStatements(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"commits", "file", "head", "history PAID_ON 2 0 false", "people", "session", "snapshot begins"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestSchemaChangesUnderStatements: a migration that changes a column's type
// breaks what is prepared on every connection; the next request finds it mended.
// It fails when outdated statements are kept.
func TestSchemaChangesUnderStatements(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0)
	dbtest.Pay(t, d, dbtest.Record(t, 0, "A", "2026-11-02"))
	s := dbtest.Sight(t, name, id)
	var page domain.PaymentPage
	for range 8 { // on whatever connections
		page = dbtest.Page(t, d, s, whole(t))
	}
	dbtest.Exec(t, name, `ALTER TABLE payments ALTER amount_cents TYPE bigint`)
	for range 8 {
		if diff := cmp.Diff(page, dbtest.Page(t, d, s, whole(t))); diff != "" {
			t.Fatal(diff)
		}
	}
	corrected := dbtest.Record(t, 0, "A", "2026-11-02")
	corrected.Movement = "another"
	dbtest.Exec(t, name, `ALTER TABLE payments ALTER complementary_cents TYPE bigint`)
	dbtest.Pay(t, d, corrected) // reads what was, by a prepared statement, in its transaction
}

// TestPageThatIsRefused: a database that answers a page with an error, before
// any row, is told as what it is. It fails when gather looks for columns first.
func TestPageThatIsRefused(t *testing.T) {
	patient, name := dbtest.Open(t)
	s := dbtest.Sight(t, name, dbtest.AddFile(t, patient, 0))
	d, err := db.Open(t.Context(), dbtest.URL(db.App, name), dbtest.Keys(), db.Options{StatementTimeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	lock := dbtest.Connect(t, db.Owner, name)
	defer func() { _ = lock.Close(context.Background()) }()
	if _, err := lock.Exec(t.Context(), `BEGIN; LOCK TABLE payments`); err != nil {
		t.Fatal(err)
	}
	if _, err := d.File(t.Context(), s, db.FileQuery{Histories: []db.HistoryQuery{{PageQuery: whole(t), Page: true}}}); domain.CodeOf(err) != domain.Unavailable {
		t.Errorf("got %v", err)
	}
}
