package db_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
)

const session = "6f0c1d8a-1111-4222-8333-944455556666"

// call is a call of the service "caisse" with records that were checked, and one
// that is none.
func call(key string, records ...domain.PaymentRecord) db.Call {
	c := db.Call{Sender: "caisse", Session: session, Key: key, Records: []domain.Submitted{{Fault: &domain.Fault{Field: "paidOn", Code: "DATE", Reason: "r", Mend: "m"}}}}
	for i := range records {
		c.Records = append(c.Records, domain.Submitted{Record: &records[i]})
	}
	var input []string
	for _, r := range records {
		input = append(input, r.NIR.Reveal()+r.Reference+r.Movement)
	}
	c.Input = input
	return c
}

// TestCallOnce: a call that is made again with its key does nothing and is
// answered as the first, whatever happened since; without a key it is a call of
// its own. It fails where the outcome is not kept, or kept without the batch.
func TestCallOnce(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0)
	record := dbtest.Record(t, 0, "A", "2026-11-02")
	first, err := d.RecordCall(t.Context(), call("k", record))
	if err != nil || len(first.Results) != 2 || first.Results[0].Fault.Code != "DATE" || first.Results[1].Outcome != domain.OutcomeAdded {
		t.Fatalf("%+v %v", first, err)
	}
	if first.Batch.Counts != (domain.BatchCounts{Added: 1, Rejected: 1}) || first.Batch.Source != domain.BatchOfCall || first.Batch.Status != domain.BatchFinished ||
		first.Batch.EndedAt == nil || first.Batch.Amounts.Added != 1900 {
		t.Errorf("%+v", first.Batch)
	}
	changed := record
	changed.Movement = "VIR 2"
	dbtest.Pay(t, d, changed)
	again, err := d.RecordCall(t.Context(), call("k", record))
	if diff := cmp.Diff(first, again); diff != "" || err != nil {
		t.Errorf("again: %v %s", err, diff)
	}
	other := call("k", record)
	other.Sender = "autre"
	for _, row := range []struct { // in this order: the second takes the correction back
		why  string
		call db.Call
	}{{"without a key", call("", changed)}, {"another service's key", other}} {
		got, err := d.RecordCall(t.Context(), row.call)
		if err != nil || got.Batch.ID == first.Batch.ID {
			t.Errorf("%s: %+v %v", row.why, got.Batch, err)
		}
	}
	if _, err := d.RecordCall(t.Context(), call("k", changed)); domain.CodeOf(err) != domain.IdempotencyClash {
		t.Errorf("another input: %v", err)
	}
	if got := events(t, d, feedOf(id), 0); len(got) != 3 { // A, its correction, the other service's correction back
		t.Errorf("%d events", len(got))
	}
	conn := dbtest.Connect(t, db.Owner, name)
	defer func() { _ = conn.Close(context.Background()) }()
	var kept string
	if err := conn.QueryRow(t.Context(), `SELECT string_agg(t::text, '') FROM idempotency t`).Scan(&kept); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(kept, "185057599000") || strings.Contains(kept, hex("185057599000")) {
		t.Errorf("a NIR is kept: %s", kept)
	}
}

// TestCallAtOnce: of the same call made many times at once, one has an effect and
// all are answered alike. It fails where the key is looked for only before the
// work: then each has a batch.
func TestCallAtOnce(t *testing.T) {
	d := dbtest.New(t)
	id := dbtest.AddFile(t, d, 0)
	record := dbtest.Record(t, 0, "A", "2026-11-02")
	const calls = 8
	var receipts [calls]domain.Receipt
	var waiting sync.WaitGroup
	for i := range calls {
		waiting.Go(func() {
			var err error
			if receipts[i], err = d.RecordCall(t.Context(), call("k", record)); err != nil {
				t.Error(err)
			}
		})
	}
	waiting.Wait()
	for _, r := range receipts {
		if diff := cmp.Diff(receipts[0], r); diff != "" {
			t.Error(diff)
		}
	}
	if batches, err := d.IngestBatches(t.Context(), db.BatchQuery{Limit: 9}); err != nil || len(batches) != 1 {
		t.Errorf("%d batches, %v", len(batches), err)
	}
	if got := events(t, d, feedOf(id), 0); len(got) != 1 {
		t.Errorf("%d events", len(got))
	}
}

// TestCallAllOrNothing: a call that fails leaves no payment, no batch and no key.
func TestCallAllOrNothing(t *testing.T) {
	d, name := dbtest.Open(t)
	dbtest.AddFile(t, d, 0)
	dbtest.Exec(t, name, `ALTER TABLE outbox ADD CONSTRAINT broken CHECK (seq < 0)`)
	c := call("k", dbtest.Record(t, 0, "A", "2026-11-02"))
	if _, err := d.RecordCall(t.Context(), c); err == nil {
		t.Fatal("no error")
	}
	dbtest.Exec(t, name, `ALTER TABLE outbox DROP CONSTRAINT broken`)
	if batches, err := d.IngestBatches(t.Context(), db.BatchQuery{Limit: 9}); err != nil || len(batches) != 0 {
		t.Errorf("%d batches, %v", len(batches), err)
	}
	if got, err := d.RecordCall(t.Context(), c); err != nil || got.Results[1].Outcome != domain.OutcomeAdded {
		t.Errorf("%+v %v", got, err)
	}
}
