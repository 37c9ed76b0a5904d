package db_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
)

// mutuelleName is what the process says now of the mutuelle of dbtest.
func mutuelleName(t testing.TB, d *db.DB) string {
	t.Helper()
	m, ok, err := d.Mutuelle(t.Context(), 1)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return m.Name
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
	if _, ok, err := d.Mutuelle(t.Context(), 99); ok || err != nil {
		t.Errorf("one that is not there: %v %v", ok, err)
	}
	key, err := d.SetMutuelle(t.Context(), domain.Mutuelle{Code: "99000002", Name: "Autre"})
	if err != nil {
		t.Fatal(err)
	}
	if m, ok, err := d.Mutuelle(t.Context(), key); !ok || m.Name != "Autre" {
		t.Errorf("a new one is there without a renewal: %v %v", m, err)
	}
}

// TestLostBell: nothing is told, and the poll finds the change all the same. It
// fails when KeepReference waits for the bell alone.
func TestLostBell(t *testing.T) {
	d, name := dbtest.Open(t)
	dbtest.AddReference(t, d)
	mutuelleName(t, d)
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.KeepReference(ctx, slog.New(slog.DiscardHandler))
	}()
	defer func() { stop(); <-ended }()
	dbtest.Exec(t, name, `UPDATE mutuelles SET name = 'Nouvelle mutuelle'`)
	for mutuelleName(t, d) != "Nouvelle mutuelle" {
		select {
		case <-ctx.Done():
			t.Fatal("the change was never seen")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// TestReferenceChimes: each change leaves one chime with the next version; what
// changes nothing leaves none, and neither does a new row.
func TestReferenceChimes(t *testing.T) {
	d, name := dbtest.Open(t)
	dbtest.AddReference(t, d)
	dbtest.Pay(t, d, func() domain.PaymentRecord { dbtest.AddFile(t, d, 0); return dbtest.Record(t, 0, "A", "2026-11-02") }())
	take := func() (chimes []domain.Chime) {
		if _, err := d.TakeOutbox(t.Context(), 10, func(taken []domain.Chime) error {
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
	if got := take(); got != nil {
		t.Errorf("new rows rang: %v", got)
	}
	for i, change := range []string{`UPDATE caisses SET name = 'CPAM'`, `UPDATE mutuelles SET site = 'https://example.fr'`, `UPDATE professionals SET town = 'Nîmes'`} {
		dbtest.Exec(t, name, change)
		dbtest.Exec(t, name, change) // the second changes nothing
		if diff := cmp.Diff([]domain.Chime{{FeedKey: domain.ReferenceKey, Seq: int64(i + 1)}}, take()); diff != "" {
			t.Errorf("%s: %s", change, diff)
		}
	}
}
