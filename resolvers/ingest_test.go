package resolvers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db/dbtest"
	"comptesante/domain/actor"
)

// calling asks as the service of this name and gives the whole answer.
func (b *bundle) calling(t testing.TB, service, query string, variables map[string]any) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	a := actor.Actor{Role: actor.Service, Session: "6f0c1d8a-1111-4222-8333-944455556666", Name: service, Level: actor.Local2, Since: now}
	r := httptest.NewRequestWithContext(actor.NewContext(t.Context(), a), http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	b.api.ServeHTTP(w, r)
	return strings.TrimSpace(w.Body.String())
}

// sent is one payment of the first person as a service sends it, with one field
// changed.
func sent(reference, field string, value any) map[string]any {
	line := map[string]any{"caredOn": "2026-10-28", "act": "G", "label": "Consultation", "spentCents": 3000, "baseCents": 3000, "ratePercent": 70,
		"reimbursedCents": 2100, "retainedCents": 200, "paidCents": 1900,
		"professional": map[string]any{"number": "99700000001", "name": "Dr Anne Le Goff", "specialty": "Médecin généraliste", "town": nil}}
	record := map[string]any{"nir": "1 85 05 75 990 001 29", "reference": reference, "movement": "VIR 1", "paidOn": "2026-11-02", "recipient": "ASSURE", "amountCents": 1900,
		"lines": []any{line}, "complementary": map[string]any{"state": "AWAITED", "mutuelle": dbtest.MutuelleCode, "amountCents": nil, "paidOn": nil}}
	switch {
	case strings.HasPrefix(field, "line."):
		line[strings.TrimPrefix(field, "line.")] = value
	case field != "":
		record[field] = value
	}
	return record
}

func input(key any, records ...map[string]any) map[string]any {
	return map[string]any{"input": map[string]any{"idempotencyKey": key, "records": records}}
}

const recordPayments = `mutation($input: RecordPaymentsInput!) { recordPayments(input: $input) {
	batch { sender source status counts { added corrected unchanged rejected } amounts { accepted complementary } rejects { code count } }
	results { outcome } errors { __typename code message path ... on PaymentRejected { index field reason mend } } } }`

// TestRecordPayments: a good record goes in though others are wrong, each in a
// way that the checks of files tell, and none of their values is repeated. It
// fails where a check is left out, or where an impossible day refuses the call.
func TestRecordPayments(t *testing.T) {
	b := newBundle(t)
	b.file(t, 0, 1)
	got := b.calling(t, "liquidation", recordPayments, input("k", sent("A", "", nil), sent("B", "paidOn", "2026-02-30"), sent("C", "line.paidCents", 1901),
		sent("D", "nir", "185057599000130"), sent("E", "nir", "292037599100258"), sent("A", "movement", "VIR 2")))
	want := `{"data":{"recordPayments":{"batch":{"sender":"liquidation","source":"CALL","status":"FINISHED",` +
		`"counts":{"added":1,"corrected":1,"unchanged":0,"rejected":4},"amounts":{"accepted":3800,"complementary":0},` +
		`"rejects":[{"code":"DATE","count":1},{"code":"NIR","count":1},{"code":"SUM","count":1},{"code":"UNKNOWN","count":1}]},` +
		`"results":[{"outcome":"ADDED"},{"outcome":"REJECTED"},{"outcome":"REJECTED"},{"outcome":"REJECTED"},{"outcome":"REJECTED"},{"outcome":"CORRECTED"}],"errors":[` +
		`{"__typename":"PaymentRejected","code":"DATE","message":"no day of the calendar in the form YYYY-MM-DD: give a day such as 2026-02-28","path":["input","records","1","paidOn"],` +
		`"index":1,"field":"paidOn","reason":"no day of the calendar in the form YYYY-MM-DD","mend":"give a day such as 2026-02-28"},` +
		`{"__typename":"PaymentRejected","code":"SUM","message":"not reimbursedCents less retainedCents: check the three amounts","path":["input","records","2","lines","0","paidCents"],` +
		`"index":2,"field":"lines[0].paidCents","reason":"not reimbursedCents less retainedCents","mend":"check the three amounts"},` +
		`{"__typename":"PaymentRejected","code":"NIR","message":"the key (last 2 digits) does not fit the number: check the number for a typing error","path":["input","records","3","nir"],` +
		`"index":3,"field":"nir","reason":"the key (last 2 digits) does not fit the number","mend":"check the number for a typing error"},` +
		`{"__typename":"PaymentRejected","code":"UNKNOWN","message":"no file has this NIR: open the file first, or check the number","path":["input","records","4","nir"],` +
		`"index":4,"field":"nir","reason":"no file has this NIR","mend":"open the file first, or check the number"}]}}}`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestRecordPaymentsAgain: the same call renders its own selection of what the
// first made, under another session of the service too; another input is refused.
func TestRecordPaymentsAgain(t *testing.T) {
	b := newBundle(t)
	b.file(t, 0, 1)
	const id = `mutation($input: RecordPaymentsInput!) { recordPayments(input: $input) { batch { id } results { index outcome rejected { code } } } }`
	first := b.calling(t, "liquidation", id, input("k", sent("A", "", nil), sent("B", "nir", "1")))
	if again := b.calling(t, "liquidation", id, input("k", sent("A", "", nil), sent("B", "nir", "1"))); again != first || !strings.Contains(first, `{"index":1,"outcome":"REJECTED","rejected":{"code":"NIR"}}`) {
		t.Errorf("%s, then %s", first, again)
	}
	for _, row := range []struct{ why, query, want string }{
		{"another selection", `mutation($input: RecordPaymentsInput!) { recordPayments(input: $input) { errors { code } } }`, `{"data":{"recordPayments":{"errors":[{"code":"NIR"}]}}}`},
		{"the list has it once", `{ ingestBatches { nodes { counts { added rejected } } pageInfo { hasNextPage } } }`,
			`{"data":{"ingestBatches":{"nodes":[{"counts":{"added":1,"rejected":1}}],"pageInfo":{"hasNextPage":false}}}}`},
	} {
		variables := input("k", sent("A", "", nil), sent("B", "nir", "1"))
		if got := b.calling(t, "liquidation", row.query, variables); got != row.want {
			t.Errorf("%s: %s", row.why, got)
		}
	}
	if got := b.calling(t, "liquidation", id, input("k", sent("C", "", nil))); !strings.Contains(got, `"code":"IDEMPOTENCY_MISMATCH"`) {
		t.Errorf("another input: %s", got)
	}
}

// TestRecordPaymentsRefused: what is wrong with the call itself refuses it whole,
// and nothing of its values is told.
func TestRecordPaymentsRefused(t *testing.T) {
	b := newBundle(t)
	b.file(t, 0, 1)
	many := make([]map[string]any, 501)
	for i := range many {
		many[i] = sent(fmt.Sprint(i), "", nil)
	}
	missing := sent("A", "", nil)
	delete(missing, "amountCents")
	for _, row := range []struct {
		why       string
		variables map[string]any
		code      string
	}{
		{"no records", input(nil), "VALIDATION"},
		{"one too many", input(nil, many...), "QUERY_TOO_COMPLEX"},
		{"no amount", input(nil, missing), "VALIDATION"},
		{"half a cent", input(nil, sent("A", "amountCents", 1900.5)), "VALIDATION"},
		{"euros as text", input(nil, sent("A", "amountCents", "1900")), "VALIDATION"},
		{"a recipient that is none", input(nil, sent("A", "recipient", "CANARI")), "VALIDATION"},
		{"an unknown field", input(nil, sent("A", "nirr", "CANARI")), "VALIDATION"},
		{"a key of nothing", input("", sent("A", "", nil)), "VALIDATION"},
		{"a key that is too long", input(strings.Repeat("x", 65), sent("A", "", nil)), "VALIDATION"},
		{"nothing held back, told by null", input(nil, sent("A", "line.retainedCents", nil)), "VALIDATION"},
	} {
		got := b.calling(t, "liquidation", recordPayments, row.variables)
		if !strings.Contains(got, `"code":"`+row.code+`"`) || strings.Contains(got, "CANARI") || strings.Contains(got, "990 001") || strings.Contains(got, "990001") {
			t.Errorf("%s: %s", row.why, got)
		}
	}
	if got := b.calling(t, "liquidation", `{ ingestBatches { nodes { id } } }`, nil); got != `{"data":{"ingestBatches":{"nodes":[]}}}` {
		t.Errorf("a refused call is a batch: %s", got)
	}
	if got := b.calling(t, "liquidation", recordPayments, input(nil, many[:500]...)); !strings.Contains(got, `"added":500`) {
		t.Errorf("500 records: %.300s", got)
	}
}

// TestDefaultsOfRecords: what may be left out of a record is what it says.
func TestDefaultsOfRecords(t *testing.T) {
	b := newBundle(t)
	b.file(t, 0, 2, "2015-03-02")
	record := sent("A", "beneficiary", map[string]any{"birthDate": "2015-03-02"})
	record["amountCents"] = 2100
	line := record["lines"].([]any)[0].(map[string]any)
	delete(line, "retainedCents")
	delete(line, "professional")
	line["paidCents"] = 2100
	record["complementary"] = map[string]any{"state": "NONE", "mutuelle": nil}
	if got := b.calling(t, "liquidation", recordPayments, input(nil, record)); !strings.Contains(got, `"results":[{"outcome":"ADDED"}],"errors":[]`) {
		t.Error(got)
	}
}

// TestBatchesAreTheSenders: a service sees what it has sent, page by page, and
// cannot tell another's batches from those that do not exist; an insured person
// sees none and records nothing.
func TestBatchesAreTheSenders(t *testing.T) {
	b := newBundle(t)
	me := b.file(t, 0, 1)
	const id = `mutation($input: RecordPaymentsInput!) { recordPayments(input: $input) { batch { id } } }`
	var ids []string
	for _, service := range []string{"liquidation", "autre", "liquidation"} {
		got := b.calling(t, service, id, input(nil, sent("A", "", nil)))
		_, rest, _ := strings.Cut(got, `"id":"`)
		text, _, _ := strings.Cut(rest, `"`)
		ids = append(ids, text)
	}
	const one = `query($id: ID!) { ingestBatch(id: $id) { id } }`
	for why, row := range map[string]struct{ id, want string }{
		"its own":         {ids[0], `{"data":{"ingestBatch":{"id":"` + ids[0] + `"}}}`},
		"another's":       {ids[1], `"code":"NOT_FOUND"`},
		"none":            {"SW5nZXN0QmF0Y2g6MDo5OTk", `"code":"NOT_FOUND"`},
		"of another kind": {"TXV0dWVsbGU6MDox", `"code":"NOT_FOUND"`},
	} {
		if got := b.calling(t, "liquidation", one, map[string]any{"id": row.id}); !strings.Contains(got, row.want) {
			t.Errorf("%s: %s", why, got)
		}
	}
	const page = `query($after: Cursor) { ingestBatches(first: 1, after: $after) { nodes { id } edges { cursor } pageInfo { hasNextPage endCursor } } }`
	var got []string
	var after any
	for {
		var answer struct {
			Data struct {
				IngestBatches struct {
					Nodes    []struct{ ID string }
					PageInfo struct {
						HasNextPage bool
						EndCursor   string
					}
				}
			}
		}
		text := b.calling(t, "liquidation", page, map[string]any{"after": after})
		if err := json.Unmarshal([]byte(text), &answer); err != nil || len(answer.Data.IngestBatches.Nodes) != 1 {
			t.Fatal(text, err)
		}
		got, after = append(got, answer.Data.IngestBatches.Nodes[0].ID), answer.Data.IngestBatches.PageInfo.EndCursor
		if !answer.Data.IngestBatches.PageInfo.HasNextPage {
			break
		}
	}
	if diff := cmp.Diff([]string{ids[2], ids[0]}, got); diff != "" {
		t.Error(diff)
	}
	if got := b.calling(t, "autre", page, map[string]any{"after": after}); !strings.Contains(got, `"code":"VALIDATION"`) {
		t.Errorf("another's cursor: %s", got)
	}
	for why, ask := range map[string]string{"the list": `{ ingestBatches { nodes { id } } }`, "one": `{ ingestBatch(id: "` + ids[0] + `") { id } }`,
		"to record": `mutation { recordPayments(input: {records: []}) { batch { id } } }`} {
		if _, code, _ := b.ask(t, me, ask, nil); code != "FORBIDDEN" {
			t.Errorf("%s: %s", why, code)
		}
	}
}

// TestCallExample: the call that docs/ingest.md shows works as it is.
func TestCallExample(t *testing.T) {
	b := newBundle(t)
	b.file(t, 0, 1)
	text, err := os.ReadFile("../docs/examples/call.json")
	if err != nil {
		t.Fatal(err)
	}
	var call struct {
		Query     string
		Variables map[string]any
	}
	if err := json.Unmarshal(text, &call); err != nil {
		t.Fatal(err)
	}
	if got := b.calling(t, "liquidation", call.Query, call.Variables); !strings.Contains(got, `"added":1,`) || !strings.Contains(got, `"errors":[]`) {
		t.Error(got)
	}
}
