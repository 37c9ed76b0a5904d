package ingest_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/ingest"
)

// takeBatch takes a file in as the command does, in transactions of two.
func (h *house) takeBatch(t testing.TB, in io.Reader) (sum ingest.Summary, rejects []string, batch domain.IngestBatch, failed error) {
	t.Helper()
	b, err := h.db.BeginBatch(t.Context(), "test", "lot")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	p := ingest.Payments{Store: b, Account: b, By: "test", Today: dbtest.Day(t, today), Rejects: &out, Batch: 2}
	sum, failed = p.Run(t.Context(), in)
	if err := b.End(t.Context(), failed != nil); err != nil {
		t.Fatal(err)
	}
	got, err := h.db.IngestBatch(t.Context(), "test", b.ID().Key)
	if err != nil || got == nil {
		t.Fatal(got, err)
	}
	return sum, ingest.Rejected(t, &out), *got, failed
}

// fiveLines are payments A to E.
func fiveLines(t testing.TB) (lines []ingest.Line) {
	t.Helper()
	for _, reference := range []string{"A", "B", "C", "D", "E"} {
		lines = append(lines, line(t, 0, reference, "2026-11-02"))
	}
	return lines
}

// TestDatabaseFailsInTheMiddle: PostgreSQL fails at the fourth of five payments,
// in the middle of its transaction. The run ends with the lines that are not in,
// the cause in words and the mend; what was stored before is kept and counted;
// and once the cause is mended, the file makes what one run makes, its events
// included. It fails where a transaction is stored by half, where the run goes on
// behind the gap, where the cause is hidden, or where a batch counts from memory.
//
// The disk is not filled: a trigger of the test raises the SQLSTATE that
// PostgreSQL raises then (53100, disk_full), at the place where it does, a write
// of a row. The connection is lost for real: the trigger ends its own backend.
func TestDatabaseFailsInTheMiddle(t *testing.T) {
	once := open(t)
	once.take(t, fiveLines(t)...)
	for _, row := range []struct{ why, breaks, told string }{
		{"its disk is full", `RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'`, "its disk is full"},
		{"the connection is ended", `PERFORM pg_terminate_backend(pg_backend_pid())`, "ended the connection"},
		{"it is out of memory", `RAISE EXCEPTION 'out of memory' USING ERRCODE = 'out_of_memory'`, "53200"},
	} {
		h := open(t)
		dbtest.Exec(t, h.name, `CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.reference = 'D' THEN `+row.breaks+`; END IF; RETURN NEW; END $$`)
		dbtest.Exec(t, h.name, `CREATE TRIGGER fails BEFORE INSERT ON payments FOR EACH ROW EXECUTE FUNCTION fails()`)
		sum, _, batch, err := h.takeBatch(t, file(t, fiveLines(t)...))
		if err == nil || !strings.Contains(err.Error(), "storing lines 3 to 4:") || !strings.Contains(err.Error(), row.told) || !strings.Contains(err.Error(), "run the file again") {
			t.Errorf("%s: %v", row.why, err)
		}
		if domain.CodeOf(err) != domain.Unavailable {
			t.Errorf("%s: it does not pass by itself: %v", row.why, err)
		}
		want := domain.BatchCounts{Added: 2}
		if batch.Status != domain.BatchFailed || batch.Counts != want || sum != (ingest.Summary{Added: 2}) || len(h.payments(t)) != 2 || len(h.events(t)) != 2 {
			t.Errorf("%s: %s %+v, %v, %d payments, %d events", row.why, batch.Status, batch.Counts, sum, len(h.payments(t)), len(h.events(t)))
		}
		dbtest.Exec(t, h.name, `DROP TRIGGER fails ON payments`)
		sum, _, batch, err = h.takeBatch(t, file(t, fiveLines(t)...))
		if err != nil || sum != (ingest.Summary{Added: 3, Unchanged: 2}) || batch.Status != domain.BatchFinished || batch.Amounts.Accepted() != 5*1900 {
			t.Errorf("%s, again: %v %v %+v", row.why, err, sum, batch)
		}
		if diff := cmp.Diff(once.payments(t), h.payments(t)) + cmp.Diff(once.events(t), h.events(t)); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
}

// TestEverythingInOneFile: all that senders get wrong stands in one file between
// good payments. Each is rejected by its line, the good ones are in, and the batch
// counts both. It fails where one bad line takes a good one along, shifts the
// numbers of lines, or is counted twice.
func TestEverythingInOneFile(t *testing.T) {
	h := open(t)
	text := func(reference string) string {
		return strings.TrimSpace(file(t, line(t, 0, reference, "2026-11-02")).String())
	}
	swap := func(reference, old, new string) string {
		if !strings.Contains(text(reference), old) {
			t.Fatalf("%s is not in %s", old, text(reference))
		}
		return strings.Replace(text(reference), old, new, 1)
	}
	whole := strings.Join([]string{
		text("A"),
		swap("B", dbtest.NIR(t, 0).Reveal(), dbtest.NIR(t, 3).Reveal()), // of nobody
		swap("C", "2026-11-02\",\"recipient", "2026-02-30\",\"recipient"),
		text("D"),
		swap("E", `"amountCents":1900`, `"amountCents":1901`),
		swap("F", "Consultation", "Consult\xe9"),
		`{"nir":"` + strings.Repeat("1", 10<<20) + `"}`,
		text("A"), // the same payment again
		text("G"),
	}, "\n") + "\n"
	sum, rejects, batch, err := h.takeBatch(t, strings.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"2 nir UNKNOWN", "3 paidOn DATE", "5 amountCents SUM", "6  UTF8", "7  LENGTH"}
	slices.Sort(rejects) // what the database does not know is told after what is wrong with a line's form
	if diff := cmp.Diff(want, rejects); diff != "" || sum != (ingest.Summary{Added: 3, Unchanged: 1, Rejected: 5}) {
		t.Errorf("%v %s", sum, diff)
	}
	counts, codes := domain.BatchCounts{Added: 3, Unchanged: 1, Rejected: 5}, []domain.RejectCount{
		{Code: "DATE", Count: 1}, {Code: "LENGTH", Count: 1}, {Code: "SUM", Count: 1}, {Code: "UNKNOWN", Count: 1}, {Code: "UTF8", Count: 1}}
	if diff := cmp.Diff(codes, batch.Rejects) + cmp.Diff(counts, batch.Counts); diff != "" || batch.Amounts.Accepted() != 4*1900 {
		t.Errorf("%v %s", batch.Amounts, diff)
	}

	// Packed and cut, it fails with what was whole in it; then whole, it completes.
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	good := file(t, fiveLines(t)...).String()
	_, _ = w.Write([]byte(good[:strings.LastIndex(good[:len(good)-1], "\n")+1])) // memory does not fail
	_ = w.Flush()                                                                // so that four lines can be read of what is cut
	cut := z.Len()
	_, _ = w.Write([]byte(good))
	_ = w.Close()
	other := open(t)
	sum, _, batch, err = other.takeBatch(t, bytes.NewReader(z.Bytes()[:cut+3]))
	if err == nil || !strings.Contains(err.Error(), "cut short") || batch.Status != domain.BatchFailed || batch.Counts.Added != sum.Added || len(other.payments(t)) != sum.Added || sum.Added != 4 {
		t.Errorf("%v %v %+v", err, sum, batch)
	}
	sum, _, batch, err = other.takeBatch(t, strings.NewReader(good))
	if err != nil || sum != (ingest.Summary{Added: 1, Unchanged: 4}) || batch.Status != domain.BatchFinished {
		t.Errorf("%v %v %+v", err, sum, batch)
	}
}
