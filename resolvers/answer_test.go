package resolvers_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/money"
)

// longPayment is a payment of 100 lines with 20 retentions each, as many as there
// can be.
func longPayment(t *testing.T, reference string) domain.PaymentRecord {
	t.Helper()
	r := dbtest.Record(t, 0, reference, "2026-11-02")
	one := r.Lines[0]
	one.Retained, one.Paid = 0, one.Reimbursed
	for n := range money.Cents(20) {
		one.Retentions = append(one.Retentions, domain.Retention{Kind: domain.Franchise, Amount: n + 1, Deferred: true})
	}
	r.Lines, r.Amount = nil, 100*one.Paid
	for range domain.MaxLines {
		r.Lines = append(r.Lines, one)
	}
	return r
}

const (
	allRetentions = `{ me { payments { nodes { lines { act retentions { kind amount deferred of { label } } } } } } }`
	explanations  = `{ me { payments { nodes { lines { explanation } } } } }`
)

// TestAnswersAreBounded: an answer over the limit is refused by name and without
// data, whichever of reading and writing it finds out, and so is one whose request
// has ended meanwhile. It fails where gqlgen goes on with what was read.
func TestAnswersAreBounded(t *testing.T) {
	b := newBundle(t)
	me := b.file(t, 0, 1)
	for n := range 3 {
		dbtest.Pay(t, b.db, longPayment(t, fmt.Sprint(n)))
	}
	for _, row := range []struct {
		why, query     string
		read, answered int
		giveUp         bool
		code           string
	}{
		{"the limits as they are", allRetentions, b.limits.AnswerBytes, b.limits.AnswerBytes, false, ""},
		{"long texts count", explanations, b.limits.AnswerBytes, 100_000, false, "QUERY_TOO_COMPLEX"},
		{"many small fields count", allRetentions, b.limits.AnswerBytes, 100_000, false, "QUERY_TOO_COMPLEX"},
		{"the names of fields count", `{ me { payments { nodes { lines { a` + fmt.Sprintf("%0400d", 0) + `: act } } } } }`, b.limits.AnswerBytes, 100_000, false, "QUERY_TOO_COMPLEX"},
		{"what is not asked for does not", `{ me { payments { nodes { amount } } } }`, b.limits.AnswerBytes, 100_000, false, ""},
		{"nor is it read", `{ me { payments { nodes { lines { act } } } } }`, 200_000, b.limits.AnswerBytes, false, ""},
		{"reading ends first", allRetentions, 200_000, b.limits.AnswerBytes, false, "QUERY_TOO_COMPLEX"},
		{"of a movement, too", `{ me { payments(first: 1) { nodes { movement { payments { lines { explanation } } } } } } }`, 200_000, b.limits.AnswerBytes, false, "QUERY_TOO_COMPLEX"},
		{"by another way", `{ node(id: "` + domain.ID{Kind: domain.KindPayment, Assure: me, Key: 1}.String() + `") { ... on Payment { movement { payments { lines { explanation } } } } } }`, 200_000, b.limits.AnswerBytes, false, "QUERY_TOO_COMPLEX"},
		{"nobody waits any longer", allRetentions, b.limits.AnswerBytes, b.limits.AnswerBytes, true, "UNAVAILABLE"},
	} {
		limits := b.limits
		b.limits.AnswerBytes, b.giveUp = row.answered, row.giveUp
		b.serve(t, row.read)
		data, code, _ := b.ask(t, me, row.query, nil)
		if code != row.code {
			t.Errorf("%s: %q, want %q", row.why, code, row.code)
		}
		if text, _ := json.Marshal(data); code != "" && len(text) > 100 {
			t.Errorf("%s: still %d bytes of data", row.why, len(text))
		}
		b.limits, b.giveUp = limits, false
	}
}
