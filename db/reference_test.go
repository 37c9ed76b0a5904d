package db_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
)

// mutuelleName is what the process says now of the mutuelle of dbtest.
func mutuelleName(t testing.TB, d *db.DB) string {
	t.Helper()
	found, err := d.Mutuelles(t.Context(), []int64{1})
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	return found[1].Name
}

// TestReferenceIsRemembered: what was read once is served from memory until the
// version says that it has changed. It fails when the renewal forgets nothing.
func TestReferenceIsRemembered(t *testing.T) {
	d, name := dbtest.Open(t)
	dbtest.AddReference(t, d)
	if got := mutuelleName(t, d); got != "Mutuelle des Deux Rives" {
		t.Fatal(got)
	}
	dbtest.Exec(t, name, `UPDATE mutuelles SET name = 'Nouvelle mutuelle'`) // by whoever, without telling anybody
	if got := mutuelleName(t, d); got != "Mutuelle des Deux Rives" {
		t.Errorf("read anew: %s", got)
	}
	if err := d.RenewReference(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := mutuelleName(t, d); got != "Nouvelle mutuelle" {
		t.Errorf("after the renewal: %s", got)
	}
	if found, err := d.Mutuelles(t.Context(), []int64{99, 1, 99}); len(found) != 1 || err != nil {
		t.Errorf("one that is not there: %v %v", found, err)
	}
	key, err := d.SetMutuelle(t.Context(), domain.Mutuelle{Code: "99000002", Name: "Autre"})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := d.Mutuelles(t.Context(), []int64{key}); found[key].Name != "Autre" {
		t.Errorf("a new one is there without a renewal: %v %v", found, err)
	}
}

// TestLostBell: nothing is told, and the poll finds the change all the same. It
// fails when KeepReference waits for the bell alone.
func TestLostBell(t *testing.T) {
	d, name := dbtest.Open(t)
	keepReference(t, d)
	dbtest.Exec(t, name, `UPDATE mutuelles SET name = 'Nouvelle mutuelle'`)
	seesNewName(t, d)
}

// TestBellIsHeard: a chime is enough, however seldom the poll looks. It fails
// when ReferenceChanged wakes nobody.
func TestBellIsHeard(t *testing.T) {
	defer db.ReferencePoll(time.Hour)()
	d, name := dbtest.Open(t)
	keepReference(t, d)
	dbtest.Exec(t, name, `UPDATE mutuelles SET name = 'Nouvelle mutuelle'`)
	d.ReferenceChanged(1)
	seesNewName(t, d)
}

// keepReference keeps reference data until the test ends, with a mutuelle in
// memory.
func keepReference(t *testing.T, d *db.DB) {
	t.Helper()
	dbtest.AddReference(t, d)
	mutuelleName(t, d)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.KeepReference(ctx, slog.New(slog.DiscardHandler))
	}()
	t.Cleanup(func() { stop(); <-ended })
}

func seesNewName(t *testing.T, d *db.DB) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); mutuelleName(t, d) != "Nouvelle mutuelle"; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the change was never seen")
		}
	}
}

// TestReferenceWriters: two who change the same rows in opposite orders wait for
// each other and do not deadlock. It fails when the version is raised after a
// row is locked.
func TestReferenceWriters(t *testing.T) {
	d, name := dbtest.Open(t)
	dbtest.AddReference(t, d)
	dbtest.Exec(t, name, `INSERT INTO professionals (number, name, specialty) SELECT i, 'Dr', 'M' FROM generate_series(1, 2) AS i`)
	begin := func() pgx.Tx {
		conn := dbtest.Connect(t, db.App, name)
		t.Cleanup(func() { _ = conn.Close(context.Background()) })
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	first, second := begin(), begin()
	rename := func(tx pgx.Tx, key int) error {
		_, err := tx.Exec(t.Context(), `UPDATE professionals SET name = name || '.' WHERE id = $1`, key)
		return err
	}
	if err := rename(first, 1); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- errors.Join(rename(second, 2), second.Commit(context.Background())) }()
	waitBlocked(t, name)
	if err := errors.Join(rename(first, 2), first.Commit(t.Context())); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestReferenceChimes: a statement leaves one chime with the next version,
// however many rows it changes; new rows leave none, and what changes nothing
// marks no row.
func TestReferenceChimes(t *testing.T) {
	d, name := dbtest.Open(t)
	dbtest.AddFile(t, d, 0)
	take := func() (chimes []domain.Chime) {
		if _, _, err := d.TakeOutbox(t.Context(), 1000, func(taken []domain.Chime) error {
			for _, c := range taken {
				if c.FeedKey == domain.ReferenceKey {
					chimes = append(chimes, c)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return chimes
	}
	take()
	dbtest.Pay(t, d, dbtest.Record(t, 0, "A", "2026-11-02"))
	dbtest.Exec(t, name, `INSERT INTO professionals (number, name, specialty) SELECT i, 'Dr', 'M' FROM generate_series(1, 50) AS i`)
	if got := take(); got != nil {
		t.Errorf("new rows rang: %v", got)
	}
	version := func() (n, marked int64) {
		conn := dbtest.Connect(t, db.App, name)
		defer func() { _ = conn.Close(context.Background()) }()
		if err := conn.QueryRow(t.Context(), `SELECT v.version, (SELECT count(*) FROM professionals p WHERE p.version = v.version) FROM reference_version v`).Scan(&n, &marked); err != nil {
			t.Fatal(err)
		}
		return n, marked
	}
	before, _ := version()
	for i, want := range []int64{51, 0} { // the second time nothing changes
		dbtest.Exec(t, name, `UPDATE professionals SET town = 'Nîmes'`)
		now, marked := version()
		if diff := cmp.Diff([]domain.Chime{{FeedKey: domain.ReferenceKey, Seq: before + int64(i) + 1}}, take()); diff != "" || now != before+int64(i)+1 || marked != want {
			t.Errorf("%d rows marked with %d, want %d: %s", marked, now, want, diff)
		}
	}
}
