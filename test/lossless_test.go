package test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/db/embedded"
	"comptesante/domain"
	"comptesante/domain/civil"
)

// shared is a database that outlives the servers on it, as in production.
func shared(t *testing.T) (d *db.DB, env []string) {
	t.Helper()
	d, name := dbtest.Open(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close() // the server takes the port, and takes it again after each kill
	return d, settings(filepath.Join(folder(t), "data"), "DATABASE_URL="+dbtest.URL(embedded.Launcher, name),
		"COMPTESANTE_KEYS_FILE="+dbtest.KeysFile(), "COMPTESANTE_LISTEN="+address)
}

// mint opens a session by the command line.
func mint(t *testing.T, env []string, id domain.ID) (session, token string) {
	t.Helper()
	out, status := run(t, env, "", "token", "mint", id.String())
	if status != 0 {
		t.Fatal(out)
	}
	if _, err := fmt.Sscanf(out, "session %s\ntoken   %s", &session, &token); err != nil {
		t.Fatal(err, out)
	}
	return session, token
}

// TestNothingLostNothingTwice kills the server again and again while payments
// are written and a client follows with its cursor. It fails when resuming
// skips an event (a read after cursor + 1) or repeats one (a read from it).
func TestNothingLostNothingTwice(t *testing.T) {
	d, env := shared(t)
	id := dbtest.AddFile(t, d, 0)
	_, token := mint(t, env, id)
	s := serve(t, env)
	c, cursor := follow(t, s, token)

	const payments, kills = 300, 4
	var want []string
	var records []domain.PaymentRecord
	today := civil.Of(time.Now()).String()
	for n := range payments {
		want = append(want, fmt.Sprintf("%04d", n))
		records = append(records, dbtest.Record(t, 0, want[n], today))
	}
	written := make(chan error, 1)
	go func() {
		for _, r := range records {
			if _, err := d.RecordPayments(context.Background(), "test", []domain.PaymentRecord{r}); err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()

	var got []string
	for kill := 1; len(got) < payments; {
		e, err := c.event()
		switch {
		case err != nil: // the server was killed: come back with the cursor
			s = serve(t, env)
			c = connect(t, s, token)
			if err := c.subscribe(cursor); err != nil {
				t.Fatal(err)
			}
			continue
		case e.Type == "PaymentAdded":
			got = append(got, e.Payment.Reference)
		case e.Type != "FeedReady":
			t.Fatalf("got %+v", e)
		}
		cursor = e.Cursor
		if kill <= kills && len(got) == kill*payments/(kills+1) {
			kill++
			s.kill()
		}
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestPageThenStream: what the page's liveCursor and the stream give together is
// everything, once, while somebody writes.
func TestPageThenStream(t *testing.T) {
	d, env := shared(t)
	id := dbtest.AddFile(t, d, 0)
	_, token := mint(t, env, id)
	s := serve(t, env)
	today := civil.Of(time.Now()).String()
	const payments = 60
	var records []domain.PaymentRecord
	for n := range payments {
		records = append(records, dbtest.Record(t, 0, fmt.Sprintf("%04d", n), today))
	}
	half := make(chan struct{})
	go func() {
		for n, r := range records {
			if n == payments/2 {
				close(half)
			}
			if _, err := d.RecordPayments(context.Background(), "test", []domain.PaymentRecord{r}); err != nil {
				t.Error(err)
			}
		}
	}()
	<-half
	var page struct {
		Me struct {
			Payments struct {
				LiveCursor string
				Nodes      []struct{ Reference string }
			}
		}
	}
	a := s.query(token, `{ me { payments(first: 100) { liveCursor nodes { reference } } } }`, nil)
	if err := json.Unmarshal(a.Data, &page); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, n := range page.Me.Payments.Nodes {
		seen[n.Reference] = true
	}
	c := connect(t, s, token)
	if err := c.subscribe(page.Me.Payments.LiveCursor); err != nil {
		t.Fatal(err)
	}
	streamed := map[string]bool{}
	for len(seen) < payments {
		e, err := c.event()
		if err != nil {
			t.Fatalf("%d of %d: %v", len(seen), payments, err)
		}
		if e.Type == "PaymentAdded" {
			if streamed[e.Payment.Reference] {
				t.Errorf("%s came twice", e.Payment.Reference)
			}
			seen[e.Payment.Reference], streamed[e.Payment.Reference] = true, true
		}
	}
}

// TestCorrectionArrives: a late mutuelle part is told with what changed.
func TestCorrectionArrives(t *testing.T) {
	d, env := shared(t)
	id := dbtest.AddFile(t, d, 0)
	_, token := mint(t, env, id)
	s := serve(t, env)
	today := civil.Of(time.Now())
	r := dbtest.Record(t, 0, "R1", today.String())
	dbtest.Pay(t, d, r)
	c, _ := follow(t, s, token)
	r.Complementary = domain.RecordPart{State: domain.StateKnown, Mutuelle: dbtest.MutuelleCode, Amount: 900, PaidOn: today}
	dbtest.Pay(t, d, r)
	e, err := c.event()
	if err != nil || e.Type != "PaymentCorrected" || len(e.Changes) != 3 || e.Changes[0].After != "KNOWN" {
		t.Errorf("got %+v, %v", e, err)
	}
}

// TestLostRightBites: a session that ends, and an account that is suspended,
// lose their sockets and their next request. It fails without Transport.Keep.
func TestLostRightBites(t *testing.T) {
	d, env := shared(t)
	s := serve(t, env)
	for person, lose := range []func(session string, id domain.ID){
		func(session string, _ domain.ID) {
			if out, status := run(t, env, "", "token", "revoke", session); status != 0 {
				t.Fatal(out)
			}
		},
		func(_ string, id domain.ID) {
			if err := d.SetSuspended(t.Context(), "test", id.Assure, true); err != nil {
				t.Fatal(err)
			}
		},
		func(session string, _ domain.ID) {
			if err := d.ExtendSession(t.Context(), "test", session, time.Now().Add(500*time.Millisecond)); err != nil {
				t.Fatal(err)
			}
		},
	} {
		id := dbtest.AddFile(t, d, person)
		session, token := mint(t, env, id)
		c, _ := follow(t, s, token)
		lose(session, id)
		if _, err := c.event(); closeCode(err) != 4401 {
			t.Errorf("%d: the socket ends with %v", person, err)
		}
		if a := s.query(token, `{ me { id } }`, nil); a.Status != 401 || a.code() != "UNAUTHENTICATED" {
			t.Errorf("%d: the next request gets %d %s", person, a.Status, a.code())
		}
		if _, err := dial(t, s.api, token); closeCode(err) != 4401 {
			t.Errorf("%d: a new socket ends with %v", person, err)
		}
	}
}

// TestDatabaseAway: a PostgreSQL that restarts loses nobody's place.
func TestDatabaseAway(t *testing.T) {
	d, env := shared(t)
	id := dbtest.AddFile(t, d, 0)
	_, token := mint(t, env, id)
	s := serve(t, env)
	c, _ := follow(t, s, token)
	dbtest.Exec(t, "postgres", `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'comptesante'`)
	today := civil.Of(time.Now()).String()
	eventually(t, "a payment is recorded", func() bool {
		_, err := d.RecordPayments(t.Context(), "test", []domain.PaymentRecord{dbtest.Record(t, 0, "R1", today)})
		return err == nil
	})
	if e, err := c.event(); err != nil || e.Payment.Reference != "R1" {
		t.Errorf("got %+v, %v", e, err)
	}
}

// TestNewEpoch: after a restore from a backup the operator begins the feeds
// anew; who follows is told to load anew, at once and when coming back.
func TestNewEpoch(t *testing.T) {
	d, env := shared(t)
	id := dbtest.AddFile(t, d, 0)
	dbtest.Pay(t, d, dbtest.Record(t, 0, "R1", civil.Of(time.Now()).String()))
	_, token := mint(t, env, id)
	s := serve(t, env)
	c, before := follow(t, s, token)
	if out, status := run(t, env, "", "feed", "new-epoch"); status != 0 {
		t.Fatal(out)
	}
	back := connect(t, s, token)
	if err := back.subscribe(before); err != nil {
		t.Fatal(err)
	}
	for who, socket := range map[string]*socket{"who follows": c, "who comes back": back} {
		for _, want := range []string{"FeedReset", "FeedReady"} {
			e, err := socket.event()
			if err != nil || e.Type != want || (want == "FeedReset" && e.Reason != "EPOCH_CHANGED") {
				t.Errorf("%s: got %+v, %v, want %s", who, e, err, want)
			}
		}
	}
}
