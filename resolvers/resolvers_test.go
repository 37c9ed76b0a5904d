package resolvers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/cursor"
	"comptesante/graph"
	"comptesante/resolvers"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// statements counts what is read from the database, and how often it is gone to.
// The beginning and the end of a snapshot read nothing.
type statements struct {
	n, trips atomic.Int64
	read     func() // called when a round trip is over; nil for nothing
}

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	s.n.Add(1)
	s.trips.Add(1)
	return ctx
}

func (s *statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (s *statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	for _, q := range data.Batch.QueuedQueries {
		if q.SQL != "snapshot begins" && q.SQL != "commits" {
			s.n.Add(1)
		}
	}
	s.trips.Add(1)
	return ctx
}

func (s *statements) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (s *statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {
	if s.read != nil {
		s.read()
	}
}

var (
	_ pgx.QueryTracer = (*statements)(nil)
	_ pgx.BatchTracer = (*statements)(nil)
)

// bundle is the API over a database of its own, asked as any actor.
type bundle struct {
	db         *db.DB
	name       string // of the database
	statements *statements
	api        http.Handler
	limits     graph.Limits
	giveUp     bool                    // requests end as soon as something was read
	sights     map[int64]actor.Sight   // of the own file
	others     map[int64][]actor.Sight // of others' files
	now        time.Time
}

var now = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

func newBundle(t testing.TB) *bundle {
	t.Helper()
	return newBundleAt(t, now)
}

func newBundleAt(t testing.TB, at time.Time) *bundle {
	t.Helper()
	b := &bundle{now: at, name: dbtest.Database(t), statements: &statements{}, limits: graph.DefaultLimits(), sights: map[int64]actor.Sight{}, others: map[int64][]actor.Sight{}}
	var err error
	b.db, err = db.Open(t.Context(), dbtest.URL(db.App, b.name), dbtest.Keys(), db.Options{Tracer: b.statements})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.db.Close)
	b.serve(t, b.limits.AnswerBytes)
	return b
}

// serve makes the API, with limits of its own for what it reads and answers.
func (b *bundle) serve(t testing.TB, readBytes int) {
	t.Helper()
	clock := func() time.Time { return b.now }
	schema := graph.Schema(&resolvers.Resolver{DB: b.db, Cursor: cursor.New([32]byte{1}), Now: clock, ReadBytes: readBytes})
	rules, err := graph.NewRules(schema.Schema())
	if err != nil {
		t.Fatal(err)
	}
	b.api = graph.Server{Schema: schema, Access: graph.NewAccess(rules, b.limits, true, clock), Limits: b.limits, Log: slog.New(slog.DiscardHandler),
		Extensions: []graphql.HandlerExtension{resolvers.Loaders{DB: b.db, Now: clock, ReadBytes: readBytes}}}.Handler()
}

// file opens the i-th person's file; the actor sees the first n people of it.
func (b *bundle) file(t testing.TB, i, n int, children ...string) int64 {
	t.Helper()
	id := dbtest.AddFile(t, b.db, i, children...)
	s := dbtest.Sight(t, b.name, id)
	s.Beneficiaries = s.Beneficiaries[:n]
	b.sights[id.Assure] = s
	return id.Assure
}

// ask runs a query as an assuré and counts its statements.
func (b *bundle) ask(t *testing.T, assure int64, query string, variables map[string]any) (data map[string]any, code string, count int64) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	a := actor.Actor{Role: actor.Assure, Session: "s", Level: actor.Local2, Since: b.now, Assure: assure,
		Sights: append([]actor.Sight{b.sights[assure]}, b.others[assure]...)}
	ctx, cancel := context.WithCancel(actor.NewContext(t.Context(), a))
	defer cancel()
	if b.giveUp {
		b.statements.read = cancel
		defer func() { b.statements.read = nil }()
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	before := b.statements.n.Load()
	b.api.ServeHTTP(w, r)
	count = b.statements.n.Load() - before
	var answer struct {
		Data   map[string]any
		Errors []struct {
			Message    string
			Extensions map[string]any
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	for _, e := range answer.Errors {
		return answer.Data, fmt.Sprint(e.Extensions["code"]), count
	}
	return answer.Data, "", count
}

const wholePage = `query($first: Int) { me { familyName caisse { name } beneficiaries { givenName } payments(first: $first) { liveCursor
	nodes { id lines { professional { name } } beneficiary { birthDate } complementary { ... on ComplementaryAwaited { mutuelle { name } } } }
	edges { cursor node { id lines { act } } } } } }`

// TestStatementsAreConstant: a page costs the same number of statements
// whatever its length, all in one round trip. It fails when a field below a
// payment gets a resolver that asks the database, or the look-ahead of account
// misses a part.
func TestStatementsAreConstant(t *testing.T) {
	b := newBundle(t)
	me := b.file(t, 0, 2, "2015-03-02")
	for n := range 100 {
		r := dbtest.Record(t, 0, fmt.Sprintf("%03d", n), "2026-11-02")
		r.Movement = fmt.Sprint("VIR ", n/10)
		r.Lines = append(r.Lines, r.Lines[0])
		r.Amount *= 2
		dbtest.Pay(t, b.db, r)
	}
	for _, row := range []struct {
		why               string
		query             string
		statements, trips int64
	}{
		{"first, with nothing in memory: the file, the feed's place, the people, the page; then acts, professionals, mutuelles and the fund", wholePage, 8, 5},
		{"everything, with the reference data in memory", wholePage, 4, 1},
		{"the light list asks for no lines and nobody", `query($first: Int) { me { payments(first: $first) { nodes { id amount } } } }`, 1, 1},
		{"whose care it is", `query($first: Int) { me { payments(first: $first) { nodes { beneficiary { givenName } lines { act } } } } }`, 2, 1},
		{"the cursor alone asks for no payments", `query($first: Int) { me { payments(first: $first) { liveCursor } } }`, 1, 1},
		{"a filter", `query($first: Int) { me { payments(first: $first, filter: {recipients: [ASSURE], complementary: [AWAITED, KNOWN], paidOn: {from: "2026-11-01"}}) { nodes { id } } } }`, 1, 1},
		{"totals alone ask for no payments", `query($first: Int) { me { payments(first: $first) { totals { count remaining } } } }`, 1, 1},
		{"with a page", `query($first: Int) { me { payments(first: $first) { totals { count } nodes { id } } } }`, 2, 1},
		{"two lists", `query($first: Int) { me { a: payments(first: $first) { nodes { id } } b: payments(last: $first) { nodes { id lines { act } } } } }`, 2, 1},
		{"conditions on lines", `query($first: Int) { me { payments(first: $first, filter: {kinds: [CONSULTATION], text: "goff", states: [PAID]}) { nodes { id } totals { count } } } }`, 2, 1},
		{"by day of care", `query($first: Int) { me { payments(first: $first, orderBy: CARED_ON) { nodes { id caredOn state } } } }`, 1, 1},
		{"explained", `query($first: Int) { me { payments(first: $first) { nodes { lines { explanation kind retentions { amount of { label } } allowance { net } } } } } }`, 1, 1},
		{"what the list hides", `query($first: Int) { me { payments(first: $first) { window { from cut message } } } }`, 0, 0},
		{"a summary", `query($first: Int) { me { payments(first: $first) { summary(by: [MONTH, KIND]) { month kind amount } } } }`, 1, 1},
		{"by person, with a page", `query($first: Int) { me { payments(first: $first) { summary(by: [BENEFICIARY]) { beneficiary { givenName } remaining } nodes { id } } } }`, 3, 1},
		{"the same summary under other names, in fragments", `query($first: Int) { me { payments(first: $first) { a: summary(by: [MONTH, KIND]) { kind } ...s ... on PaymentConnection { c: summary(by: [KIND, MONTH, KIND]) { amount } } } } }
			fragment s on PaymentConnection { b: summary(by: [MONTH, KIND]) { month } }`, 1, 1},
		{"several summaries of two lists", `query($first: Int) { me { x: payments(first: $first) { a: summary(by: [MONTH]) { month } b: summary(by: [KIND]) { kind } }
			y: payments(first: $first, filter: {text: "goff"}) { a: summary(by: [MONTH]) { month } totals { count } } } }`, 4, 1},
		{"summaries by a variable that is not left out", `query($first: Int, $by: [SummaryKey!]! = [MONTH]) { me { payments(first: $first) { summary(by: $by) { month } other: summary(by: KIND) @skip(if: true) { kind } } } }`, 1, 1},
		{"the counters", `{ me { retentionCounters { kind amount cap left beneficiary { givenName } entries { label } } } }`, 2, 1},
		{"the counters of two years under many names, with a page", `query($first: Int) { me { a: retentionCounters { amount } b: retentionCounters(year: 2026) { left } c: retentionCounters(year: 2025) { amount } ...c payments(first: $first) { nodes { id } } } }
			fragment c on Assure { d: retentionCounters(year: 2025) { beneficiary { id } } }`, 4, 1},
		{"movements, all together: their payments and the accounts", `query($first: Int) { me { payments(first: $first) { nodes { movement { amount account payments { id } } } } } }`, 4, 2},
		{"parts of movements, asked for in two ways", `query($first: Int) { me { payments(first: $first) { nodes { movement { amount } } edges { node { movement { account } } } } } }`, 3, 2},
		{"the numbers of movements are the payments' own", `query($first: Int) { me { payments(first: $first) { nodes { movement { reference } } } } }`, 1, 1},
		{"oneself alone", `{ me { nir } }`, 1, 1},
		{"the id alone is known", `{ me { id } }`, 0, 0},
		{"an account by its id: its lists come on their own", `query($first: Int) { node(id: "` + domain.ID{Kind: domain.KindAssure, Assure: me, Key: me}.String() + `")
			{ ... on Assure { nir payments(first: $first) { nodes { id } } } } }`, 2, 2},
		{"its counters once for all names", `query($first: Int) { me { payments(first: $first) { window { from } } } node(id: "` + domain.ID{Kind: domain.KindAssure, Assure: me, Key: me}.String() + `")
			{ ... on Assure { a: retentionCounters { amount } b: retentionCounters { left } c: retentionCounters { year } } } }`, 2, 1},
	} {
		for i, first := range []int{20, 1, 100} {
			trips := b.statements.trips.Load()
			data, code, count := b.ask(t, me, row.query, map[string]any{"first": first})
			if trips = b.statements.trips.Load() - trips; code != "" || count != row.statements || trips != row.trips {
				t.Errorf("%s: %d of %d: %d statements in %d round trips, want %d in %d %s", row.why, first, 100, count, trips, row.statements, row.trips, code)
			}
			if got := nodesOf(data); got >= 0 && got != first {
				t.Errorf("%s: %d payments of %d", row.why, got, first)
			}
			if i == 0 && row.trips > 1 && row.statements > 4 { // only once is memory empty
				break
			}
		}
	}
}

// nodesOf is how many nodes me.payments has, -1 where it was not asked for.
func nodesOf(data map[string]any) int {
	me, _ := data["me"].(map[string]any)
	payments, _ := me["payments"].(map[string]any)
	nodes, ok := payments["nodes"].([]any)
	if !ok {
		return -1
	}
	return len(nodes)
}

// TestNodesAreBatched: what an operation names of one kind is read together,
// without waiting for one another, and each comes back at its own place. It
// fails when a loader trusts the order of rows, or when nothing is read ahead:
// then it waits for an hour.
func TestNodesAreBatched(t *testing.T) {
	defer resolvers.LoaderWait(time.Hour)()
	b := newBundle(t)
	me := b.file(t, 0, 1)
	query := "{"
	var want []string
	for n := range 7 {
		dbtest.Pay(t, b.db, dbtest.Record(t, 0, fmt.Sprint(n), "2026-11-02"))
		id := domain.ID{Kind: domain.KindPayment, Assure: me, Key: int64(7 - n)} // against the order of keys
		query += fmt.Sprintf(` n%d: node(id: "%s") { ... on Payment { reference lines { act } } }`, n, id)
		want = append(want, fmt.Sprint(6-n))
	}
	data, code, count := b.ask(t, me, query+"}", nil)
	if code != "" || count != 5 { // the payments, their people; once: acts, professionals, mutuelles
		t.Fatalf("%d statements, %s", count, code)
	}
	var got []string
	for n := range want {
		got = append(got, data[fmt.Sprintf("n%d", n)].(map[string]any)["reference"].(string))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	query = "{"
	for n := range 9 { // nobody has these ids: no memory answers
		query += fmt.Sprintf(` n%d: node(id: "%s") { id }`, n, domain.ID{Kind: []domain.Kind{domain.KindProfessional, domain.KindMutuelle, domain.KindCaisse}[n%3], Key: int64(100 + n)})
	}
	if _, code, count := b.ask(t, me, query+"}", nil); code != "NOT_FOUND" || count != 3 {
		t.Errorf("%d statements for nine that are not there, %s", count, code)
	}
}

// TestNode: each kind of object by its id, and nothing of others.
func TestNode(t *testing.T) {
	b := newBundle(t)
	me, other := b.file(t, 0, 2, "2015-03-02"), b.file(t, 1, 1)
	dbtest.Pay(t, b.db, dbtest.Record(t, 0, "mine", "2026-11-02"), dbtest.Record(t, 1, "theirs", "2026-11-02"), dbtest.Record(t, 0, "old", "2024-08-22"))
	people := b.sights[me].Beneficiaries
	for _, row := range []struct {
		why  string
		id   domain.ID
		want string // __typename, or the code
	}{
		{"my payment", domain.ID{Kind: domain.KindPayment, Assure: me, Key: 1}, "Payment"},
		{"my file", domain.ID{Kind: domain.KindAssure, Assure: me, Key: me}, "Assure"},
		{"myself", domain.ID{Kind: domain.KindBeneficiary, Assure: me, Key: people[0]}, "Beneficiary"},
		{"my child", domain.ID{Kind: domain.KindBeneficiary, Assure: me, Key: people[1]}, "Beneficiary"},
		{"a fund", domain.ID{Kind: domain.KindCaisse, Key: 1}, "Caisse"},
		{"a mutuelle", domain.ID{Kind: domain.KindMutuelle, Key: 1}, "Mutuelle"},
		{"a professional", domain.ID{Kind: domain.KindProfessional, Key: 1}, "Professional"},
		{"another's payment", domain.ID{Kind: domain.KindPayment, Assure: other, Key: 3}, "NOT_FOUND"},
		{"another's payment as if mine", domain.ID{Kind: domain.KindPayment, Assure: me, Key: 3}, "NOT_FOUND"},
		{"a payment before the window", domain.ID{Kind: domain.KindPayment, Assure: me, Key: 2}, "NOT_FOUND"},
		{"another's file", domain.ID{Kind: domain.KindAssure, Assure: other, Key: other}, "NOT_FOUND"},
		{"another's file with my key", domain.ID{Kind: domain.KindAssure, Assure: me, Key: other}, "NOT_FOUND"},
		{"another person", domain.ID{Kind: domain.KindBeneficiary, Assure: other, Key: b.sights[other].Beneficiaries[0]}, "NOT_FOUND"},
		{"another person as if mine", domain.ID{Kind: domain.KindBeneficiary, Assure: me, Key: b.sights[other].Beneficiaries[0]}, "NOT_FOUND"},
		{"a fund that is not there", domain.ID{Kind: domain.KindCaisse, Key: 99}, "NOT_FOUND"},
		{"a kind that is not there", domain.ID{Kind: "Session", Key: 1}, "NOT_FOUND"},
	} {
		data, code, _ := b.ask(t, me, `query($id: ID!) { node(id: $id) { __typename id } }`, map[string]any{"id": row.id.String()})
		got := code
		if node, ok := data["node"].(map[string]any); ok {
			if got = node["__typename"].(string); node["id"] != row.id.String() {
				t.Errorf("%s: came back with another id", row.why)
			}
		}
		if got != row.want {
			t.Errorf("%s: got %s, want %s", row.why, got, row.want)
		}
	}
}

// TestPaging walks all pages by cursor, both ways.
func TestPaging(t *testing.T) {
	b := newBundle(t)
	me := b.file(t, 0, 1)
	for n := range 7 {
		dbtest.Pay(t, b.db, dbtest.Record(t, 0, fmt.Sprint(n), "2026-11-02"))
	}
	for _, row := range []struct{ why, query, cursor, more, want string }{
		{"forwards", `query($c: Cursor) { me { payments(first: 3, after: $c) { nodes { reference } pageInfo { hasNextPage endCursor } } } }`, "endCursor", "hasNextPage", "654 321 0"},
		{"backwards", `query($c: Cursor) { me { payments(last: 3, before: $c) { nodes { reference } pageInfo { hasPreviousPage startCursor } } } }`, "startCursor", "hasPreviousPage", "210 543 6"},
	} {
		var pages []string
		variables := map[string]any{}
		for more := true; more; {
			data, code, _ := b.ask(t, me, row.query, variables)
			if code != "" {
				t.Fatal(code)
			}
			page := data["me"].(map[string]any)["payments"].(map[string]any)
			text := ""
			for _, n := range page["nodes"].([]any) {
				text += n.(map[string]any)["reference"].(string)
			}
			info := page["pageInfo"].(map[string]any)
			pages, variables["c"], more = append(pages, text), info[row.cursor], info[row.more].(bool)
		}
		if got := strings.Join(pages, " "); got != row.want {
			t.Errorf("%s: got %s, want %s", row.why, got, row.want)
		}
	}
}

// TestEmptyAccount: nothing is an empty page, not an error.
func TestEmptyAccount(t *testing.T) {
	b := newBundle(t)
	me := b.file(t, 0, 1)
	data, code, _ := b.ask(t, me, `{ me { iban mutuelle { name } payments { nodes { id } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`, nil)
	want := map[string]any{"me": map[string]any{"iban": nil, "mutuelle": map[string]any{"name": "Mutuelle des Deux Rives"}, "payments": map[string]any{
		"nodes": []any{}, "edges": []any{}, "pageInfo": map[string]any{"hasNextPage": false, "hasPreviousPage": false, "startCursor": nil, "endCursor": nil}}}}
	if diff := cmp.Diff(want, data); diff != "" || code != "" {
		t.Errorf("%s %s", code, diff)
	}
}

// TestFilter: the conditions reach the database, null is none, and a person of
// another's file has no payments.
func TestFilter(t *testing.T) {
	b := newBundle(t)
	me, other := b.file(t, 0, 2, "2015-03-02"), b.file(t, 1, 1)
	known := dbtest.Record(t, 0, "known", "2026-11-03")
	known.Complementary = domain.RecordPart{State: domain.StateKnown, Mutuelle: dbtest.MutuelleCode, Amount: 900}
	child := dbtest.Record(t, 0, "child", "2026-11-02")
	child.BirthDate, child.BirthRank = dbtest.Day(t, "2015-03-02"), 1
	dbtest.Pay(t, b.db, dbtest.Record(t, 0, "awaited", "2026-11-01"), child, known)
	person := func(assure int64, i int) string {
		return domain.ID{Kind: domain.KindBeneficiary, Assure: assure, Key: b.sights[assure].Beneficiaries[i]}.String()
	}
	for _, row := range []struct {
		why    string
		filter map[string]any
		want   string
	}{
		{"none", nil, "known child awaited"},
		{"null is no condition", map[string]any{"beneficiaries": nil, "recipients": nil, "complementary": nil}, "known child awaited"},
		{"a state", map[string]any{"complementary": []string{"KNOWN"}}, "known"},
		{"a person", map[string]any{"beneficiaries": []string{person(me, 1)}}, "child"},
		{"of another's file", map[string]any{"beneficiaries": []string{person(other, 0)}}, ""},
		{"an id that was never given", map[string]any{"beneficiaries": []string{"x"}}, ""},
		{"a recipient", map[string]any{"recipients": []string{"PROFESSIONAL"}}, ""},
		{"with a period", map[string]any{"complementary": []string{"AWAITED"}, "paidOn": map[string]any{"to": "2026-11-01"}}, "awaited"},
	} {
		data, code, _ := b.ask(t, me, `query($filter: PaymentFilter) { me { payments(filter: $filter) { nodes { reference } } } }`, map[string]any{"filter": row.filter})
		if code != "" {
			t.Fatalf("%s: %s", row.why, code)
		}
		var got []string
		for _, n := range data["me"].(map[string]any)["payments"].(map[string]any)["nodes"].([]any) {
			got = append(got, n.(map[string]any)["reference"].(string))
		}
		if strings.Join(got, " ") != row.want {
			t.Errorf("%s: got %v", row.why, got)
		}
	}
	data, code, _ := b.ask(t, me, `{ me { a: payments(first: 1) { totals { count spent amount retained complementary remaining } }
		b: payments(filter: {recipients: []}) { totals { count spent amount retained complementary remaining } } } }`, nil)
	sums := map[string]any{"a": map[string]any{"totals": map[string]any{"count": 3.0, "spent": 9000.0, "amount": 5700.0, "retained": 600.0, "complementary": 900.0, "remaining": 2400.0}},
		"b": map[string]any{"totals": map[string]any{"count": 0.0, "spent": 0.0, "amount": 0.0, "retained": 0.0, "complementary": 0.0, "remaining": 0.0}}}
	if diff := cmp.Diff(map[string]any{"me": sums}, data); diff != "" || code != "" {
		t.Errorf("totals: %s %s", code, diff)
	}
	if _, code, _ := b.ask(t, me, `{ me { payments(filter: {complementary: [PAID]}) { nodes { id } } } }`, nil); code != "VALIDATION" {
		t.Errorf("an unknown state: %s", code)
	}
}
