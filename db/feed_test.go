package db_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
)

func feedOf(id domain.ID) domain.FeedKey {
	return domain.FeedKey{Assure: id.Assure, Feed: domain.FeedPayments}
}

func events(t testing.TB, d *db.DB, key domain.FeedKey, after int64) []domain.Event {
	t.Helper()
	read, err := d.FeedEvents(t.Context(), []domain.FeedFrom{{FeedKey: key, After: after}}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if read[key].Fault != nil {
		t.Fatal(read[key].Fault)
	}
	return read[key].Events
}

// paid is the payment that an event speaks of.
func paid(e domain.Event) domain.Payment { return e.Fact.(*domain.PaymentFact).Payment }

// TestEarlierWriterCommitsLast is the fault of cursors by id or time: the
// writer that began first commits last. It fails when the sequence is taken
// without the row's lock (a nextval in place of the upsert of feeds).
func TestEarlierWriterCommitsLast(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0)
	dbtest.Pay(t, d, dbtest.Record(t, 0, "first", "2026-11-01"))

	// A writer of its own holds the feed's row, as one does between its last
	// step and its commit.
	conn := dbtest.Connect(t, db.App, name)
	defer func() { _ = conn.Close(context.Background()) }()
	slow, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := slow.Exec(t.Context(), `UPDATE feeds SET last = last + 1 WHERE assure_id = $1`, id.Assure); err != nil {
		t.Fatal(err)
	}
	fast := make(chan error, 1)
	record := dbtest.Record(t, 0, "fast", "2026-11-02")
	go func() {
		_, err := d.RecordPayments(context.Background(), "test", []domain.PaymentRecord{record})
		fast <- err
	}()
	waitBlocked(t, name)
	if got := events(t, d, feedOf(id), 1); len(got) != 0 {
		t.Fatalf("the later writer's event can be read before the earlier one's: %v", got)
	}
	copyEvent(t, slow, id)
	if err := slow.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-fast; err != nil {
		t.Fatal(err)
	}
	var seqs []int64
	for _, e := range events(t, d, feedOf(id), 1) {
		seqs = append(seqs, e.Seq)
	}
	if diff := cmp.Diff([]int64{2, 3}, seqs); diff != "" {
		t.Errorf("what a reader sees after the first event: %s", diff)
	}
}

// waitBlocked returns when a statement of the database waits for a lock.
func waitBlocked(t *testing.T, name string) {
	t.Helper()
	conn := dbtest.Connect(t, db.Owner, name)
	defer func() { _ = conn.Close(context.Background()) }()
	for waiting := false; !waiting; {
		if err := conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND (database IS NULL OR
			database = (SELECT oid FROM pg_database WHERE datname = current_database())))`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
}

// copyEvent makes the slow writer's event the twin of the first one.
func copyEvent(t *testing.T, tx pgx.Tx, id domain.ID) {
	t.Helper()
	if _, err := tx.Exec(t.Context(), `INSERT INTO feed_events (assure_id, feed, seq, kind, payment_id, beneficiary_id)
		SELECT assure_id, feed, 2, kind, payment_id, beneficiary_id FROM feed_events WHERE assure_id = $1 AND seq = 1`, id.Assure); err != nil {
		t.Fatal(err)
	}
}

// TestManyWriters: sequences have no hole and no double, whoever writes.
func TestManyWriters(t *testing.T) {
	d := dbtest.New(t)
	ids := []domain.ID{dbtest.AddFile(t, d, 0), dbtest.AddFile(t, d, 1), dbtest.AddFile(t, d, 2)}
	var wait sync.WaitGroup
	for w := range 6 {
		records := make([][]domain.PaymentRecord, 8)
		for n := range records {
			for person := range ids { // in another order for each writer
				records[n] = append(records[n], dbtest.Record(t, (person+w)%3, fmt.Sprintf("w%d-%d", w, n), "2026-11-02"))
			}
		}
		wait.Go(func() {
			for _, r := range records {
				if _, err := d.RecordPayments(context.Background(), "test", r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	for _, id := range ids {
		for i, e := range events(t, d, feedOf(id), 0) {
			if e.Seq != int64(i+1) {
				t.Fatalf("event %d has sequence %d", i+1, e.Seq)
			}
		}
		if n := len(events(t, d, feedOf(id), 0)); n != 48 {
			t.Errorf("%d events of 48", n)
		}
	}
}

func TestFeedReads(t *testing.T) {
	d := dbtest.New(t)
	one, two, none := dbtest.AddFile(t, d, 0), dbtest.AddFile(t, d, 1), dbtest.AddFile(t, d, 2)
	for n := range 5 {
		dbtest.Pay(t, d, dbtest.Record(t, 0, fmt.Sprint(n), "2026-11-02"), dbtest.Record(t, 1, fmt.Sprint(n), "2026-11-03"))
	}
	read, err := d.FeedEvents(t.Context(), []domain.FeedFrom{{FeedKey: feedOf(one), After: 3}, {FeedKey: feedOf(two)}, {FeedKey: feedOf(none)}}, 3)
	if err != nil {
		t.Fatal(err)
	}
	got := map[int64][]int64{}
	for key, list := range read {
		for _, e := range list.Events {
			if p := paid(e); p.Amount != 1900 || len(p.Lines) != 1 || p.Lines[0].Professional == nil {
				t.Errorf("event %d is without its payment: %+v", e.Seq, p)
			}
			got[key.Assure] = append(got[key.Assure], e.Seq)
		}
	}
	if diff := cmp.Diff(map[int64][]int64{one.Assure: {4, 5}, two.Assure: {1, 2, 3}}, got); diff != "" {
		t.Error(diff)
	}
	epoch, heads, err := d.FeedHeads(t.Context(), []domain.FeedKey{feedOf(one), feedOf(none)})
	if err != nil || epoch == 0 {
		t.Fatalf("epoch %d, %v", epoch, err)
	}
	if diff := cmp.Diff(map[domain.FeedKey]int64{feedOf(one): 5}, heads); diff != "" {
		t.Error(diff)
	}
}

func TestOutbox(t *testing.T) {
	d := dbtest.New(t)
	one, two := dbtest.AddFile(t, d, 0), dbtest.AddFile(t, d, 1)
	dbtest.Pay(t, d, dbtest.Record(t, 0, "a", "2026-11-02"), dbtest.Record(t, 0, "b", "2026-11-02"), dbtest.Record(t, 1, "a", "2026-11-02"))
	if _, err := d.TakeOutbox(t.Context(), 10, func([]domain.Chime) error { return errors.New("the bell is broken") }); err == nil {
		t.Fatal("a chime that was not rung is told as taken")
	}
	var rung []domain.Chime
	ring := func(c []domain.Chime) error { rung = append(rung, c...); return nil }
	if n, err := d.TakeOutbox(t.Context(), 10, ring); err != nil || n != 2 {
		t.Fatalf("%d, %v", n, err)
	}
	slices.SortFunc(rung, func(a, b domain.Chime) int { return int(a.Assure - b.Assure) })
	if diff := cmp.Diff([]domain.Chime{{FeedKey: feedOf(one), Seq: 2}, {FeedKey: feedOf(two), Seq: 1}}, rung); diff != "" {
		t.Errorf("one chime for each feed, of its last event: %s", diff)
	}
	if n, err := d.TakeOutbox(t.Context(), 10, ring); err != nil || n != 0 {
		t.Errorf("rung twice: %d, %v", n, err)
	}
}

// TestOutboxSharesWork: two relays at once take different chimes.
func TestOutboxSharesWork(t *testing.T) {
	d := dbtest.New(t)
	dbtest.AddFile(t, d, 0)
	dbtest.AddFile(t, d, 1)
	dbtest.Pay(t, d, dbtest.Record(t, 0, "a", "2026-11-02"), dbtest.Record(t, 1, "a", "2026-11-02"))
	n, err := d.TakeOutbox(t.Context(), 1, func(first []domain.Chime) error {
		other, err := d.TakeOutbox(t.Context(), 10, func(second []domain.Chime) error {
			if len(second) != 1 || second[0] == first[0] {
				t.Errorf("the second relay takes %v beside %v", second, first)
			}
			return nil
		})
		if other != 1 {
			t.Errorf("the second relay takes %d", other)
		}
		return err
	})
	if n != 1 || err != nil {
		t.Errorf("the first relay takes %d, %v", n, err)
	}
}
