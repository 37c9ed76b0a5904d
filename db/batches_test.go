package db_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
)

// begin begins a file of the sender "caisse".
func begin(t testing.TB, d *db.DB, file string) *db.Batch {
	t.Helper()
	b, err := d.BeginBatch(t.Context(), "caisse", file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// batch is one batch of the sender "caisse".
func batch(t testing.TB, d *db.DB, id domain.ID) domain.IngestBatch {
	t.Helper()
	b, err := d.IngestBatch(t.Context(), "caisse", id.Key)
	if err != nil || b == nil {
		t.Fatal(b, err)
	}
	return *b
}

// store stores records by a batch.
func store(t testing.TB, b *db.Batch, records ...domain.PaymentRecord) {
	t.Helper()
	if _, err := b.RecordPayments(t.Context(), "caisse", records); err != nil {
		t.Fatal(err)
	}
}

// TestBatchCounts: a batch tells what became of its records, by count, by sum
// and by code. It fails when an outcome is counted as another, when an amount is
// not the sender's, or when rejects that no records follow are forgotten.
func TestBatchCounts(t *testing.T) {
	d := dbtest.New(t)
	dbtest.AddFile(t, d, 0)
	same, changed := dbtest.Record(t, 0, "same", "2026-11-02"), dbtest.Record(t, 0, "changed", "2026-11-02")
	dbtest.Pay(t, d, same, changed)
	changed.Lines[0].Retained, changed.Lines[0].Paid, changed.Amount = 0, 2100, 2100
	known := dbtest.Record(t, 0, "new", "2026-11-02")
	known.Complementary = domain.RecordPart{State: domain.StateKnown, Mutuelle: dbtest.MutuelleCode, Amount: 900}

	b := begin(t, d, "lot.csv")
	b.Reject("JSON")
	if got := batch(t, d, b.ID()); got.Status != domain.BatchRunning || got.Counts != (domain.BatchCounts{}) || got.Format != nil || got.EndedAt != nil {
		t.Errorf("a reject is counted before its transaction: %+v", got)
	}
	b.SetFormat("CSV")
	store(t, b, same, changed, known, dbtest.Record(t, 3, "nobody's", "2026-11-02"))
	b.Reject("JSON")
	store(t, b, dbtest.Record(t, 0, "newer", "2026-11-02"))
	b.Reject("SUM")
	if err := b.End(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	got, file, format := batch(t, d, b.ID()), "lot.csv", domain.BatchFormat("CSV")
	if got.EndedAt == nil || got.EndedAt.Before(got.BeganAt) {
		t.Errorf("from %v to %v", got.BeganAt, got.EndedAt)
	}
	want := domain.IngestBatch{ID: b.ID(), Sender: "caisse", Source: domain.BatchOfFile, File: &file, Format: &format, Status: domain.BatchFinished,
		BeganAt: got.BeganAt, EndedAt: got.EndedAt, Counts: domain.BatchCounts{Added: 2, Corrected: 1, Unchanged: 1, Rejected: 4},
		Amounts: domain.BatchAmounts{Added: 3800, Corrected: 2100, Unchanged: 1900, Complementary: 900},
		Rejects: []domain.RejectCount{{Code: "JSON", Count: 2}, {Code: "SUM", Count: 1}, {Code: "UNKNOWN", Count: 1}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestBatchIsWhatIsStored: a transaction that fails counts nothing, and so does
// what was read behind it. It fails when counts are written in a transaction of
// their own, or by End from memory.
func TestBatchIsWhatIsStored(t *testing.T) {
	d, name := dbtest.Open(t)
	dbtest.AddFile(t, d, 0)
	b := begin(t, d, "")
	store(t, b, dbtest.Record(t, 0, "A", "2026-11-02"))
	dbtest.Exec(t, name, `ALTER TABLE outbox ADD CONSTRAINT broken CHECK (seq < 0) NOT VALID`)
	b.Reject("JSON")
	if _, err := b.RecordPayments(t.Context(), "caisse", []domain.PaymentRecord{dbtest.Record(t, 0, "B", "2026-11-02")}); err == nil {
		t.Fatal("no error")
	}
	b.Reject("JSON")
	if err := b.End(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	got := batch(t, d, b.ID())
	if got.Status != domain.BatchFailed || got.Counts != (domain.BatchCounts{Added: 1}) || got.Amounts.Accepted() != 1900 || got.File != nil {
		t.Errorf("%+v", got)
	}
	if err := b.End(t.Context(), false); err == nil {
		t.Error("a batch ends twice")
	}
}

// TestKilledBatch: a batch that was not heard of for half a minute is told as
// killed, and one that says that it runs is not, though every connection that it
// ever had is cut: by a proxy that closes what is idle, or a failover. It fails
// where being alive hangs on one connection.
func TestKilledBatch(t *testing.T) {
	d, name := dbtest.Open(t)
	b := begin(t, d, "")
	defer func() { _ = b.End(context.Background(), false) }()
	status := func(why string, want domain.BatchStatus) {
		t.Helper()
		if got := batch(t, d, b.ID()); got.Status != want {
			t.Errorf("%s: %s", why, got.Status)
		}
	}
	cut := func() {
		dbtest.Exec(t, "postgres", `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = $1`, name)
		for d.Ping(t.Context()) != nil { // each lets go of one that was cut
		}
	}
	silent := func(seconds int) {
		dbtest.Exec(t, name, `UPDATE ingest_batches SET alive_at = clock_timestamp() - $1 * interval '1 second'`, seconds)
	}
	cut()
	status("it has just begun, and its connections are cut", domain.BatchRunning)
	silent(29)
	status("a beat was lost", domain.BatchRunning)
	silent(31)
	status("nothing is heard of it", domain.BatchKilled)
	cut()
	b.Beat(t.Context())
	status("it is heard of again", domain.BatchRunning)
	silent(31)
	store(t, b)
	status("it has stored something", domain.BatchRunning)
	silent(31)
	if err := b.End(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	status("it has ended", domain.BatchFinished)
}

// TestBatchesOfASender: each sees the own, page by page, the newest first; the
// operator sees all.
func TestBatchesOfASender(t *testing.T) {
	d := dbtest.New(t)
	var all []int64
	for _, sender := range []string{"caisse", "autre", "caisse", "caisse"} {
		b, err := d.BeginBatch(t.Context(), sender, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := b.End(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		all = append(all, b.ID().Key)
	}
	sender := "caisse"
	for _, row := range []struct {
		why   string
		query db.BatchQuery
		want  []int64
	}{
		{"a page", db.BatchQuery{Sender: &sender, Limit: 2}, []int64{all[3], all[2]}},
		{"the next", db.BatchQuery{Sender: &sender, Limit: 2, Before: all[2]}, []int64{all[0]}},
		{"everybody's", db.BatchQuery{Limit: 9}, []int64{all[3], all[2], all[1], all[0]}},
	} {
		page, err := d.IngestBatches(t.Context(), row.query)
		var got []int64
		for _, b := range page {
			got = append(got, b.ID.Key)
		}
		if diff := cmp.Diff(row.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", row.why, err, diff)
		}
	}
	if b, err := d.IngestBatch(t.Context(), "caisse", all[1]); b != nil || err != nil {
		t.Errorf("another's batch: %+v, %v", b, err)
	}
}
