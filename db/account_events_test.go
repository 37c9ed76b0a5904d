package db_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/actor"
)

func accountOf(id domain.ID) domain.FeedKey {
	return domain.FeedKey{Assure: id.Assure, Feed: domain.FeedAccount}
}

// openSession opens a session of an assuré, or of a service for 0.
func openSession(t testing.TB, d *db.DB, assure int64, token string) (id string) {
	t.Helper()
	n := db.NewSession{Assure: assure, Role: actor.Assure, Level: actor.FC1, Label: "x", TokenHash: []byte(token), Ends: time.Now().Add(time.Hour)}
	if assure == 0 {
		n.Role = actor.Service
	}
	id, err := d.OpenSession(context.Background(), "test", n)
	if err != nil {
		t.Error(err)
	}
	return id
}

// TestAccountEvents: what happens to sessions and the account is told in the
// assuré's own feed, in order, and rung for; what changes nothing, fails, or is of
// a service, is not.
func TestAccountEvents(t *testing.T) {
	d := dbtest.New(t)
	id, other := dbtest.AddFile(t, d, 0), dbtest.AddFile(t, d, 1)
	first, second := openSession(t, d, id.Assure, "1"), openSession(t, d, id.Assure, "2")
	service := openSession(t, d, 0, "3")
	for i, err := range []error{
		d.ExtendSession(t.Context(), "test", first, time.Now().Add(2*time.Hour)),
		d.EndSession(t.Context(), "test", first),
		d.EndSession(t.Context(), "test", service),
		d.SetSuspended(t.Context(), "test", id.Assure, true),
		d.SetSuspended(t.Context(), "test", id.Assure, true),
		d.SetSuspended(t.Context(), "test", id.Assure, false),
		d.EndSessionsLabelled(t.Context(), "test", "x"),
	} {
		if err != nil {
			t.Errorf("step %d: %v", i, err)
		}
	}
	if err := d.EndSession(t.Context(), "test", first); domain.CodeOf(err) != domain.NotFound {
		t.Errorf("ended twice: %v", err)
	}
	var got []string
	for _, e := range events(t, d, accountOf(id), 0) {
		f := e.Fact.(*domain.AccountFact)
		got = append(got, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", e.Seq, e.Kind, f.Session, f.Level)))
	}
	want := []string{"1 SESSION_OPENED " + first + " FC1", "2 SESSION_OPENED " + second + " FC1", "3 SESSION_ENDED " + first,
		"4 ACCOUNT_SUSPENDED", "5 ACCOUNT_RESTORED", "6 SESSION_ENDED " + second}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if more := events(t, d, accountOf(other), 0); len(more) != 0 {
		t.Errorf("another is told %v", more)
	}
	heard := map[int64]bool{}
	if _, err := d.TakeOutbox(t.Context(), 1000, func(chimes []domain.Chime) error {
		for _, c := range chimes {
			if c.FeedKey == accountOf(id) {
				heard[c.Seq] = true
			}
		}
		return nil
	}); err != nil || len(heard) != 6 {
		t.Errorf("rung for %v, %v", heard, err)
	}
}

// TestAccountEventsInOrderOfCommit: the fault of TestEarlierWriterCommitsLast, in
// the account's feed. Fails as that does.
func TestAccountEventsInOrderOfCommit(t *testing.T) {
	d, name := dbtest.Open(t)
	id := dbtest.AddFile(t, d, 0)
	openSession(t, d, id.Assure, "1")
	conn := dbtest.Connect(t, db.App, name)
	defer func() { _ = conn.Close(context.Background()) }()
	slow, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{`UPDATE feeds SET last = last + 1 WHERE assure_id = $1 AND feed = 'account'`,
		`INSERT INTO feed_events (assure_id, feed, seq, kind) VALUES ($1, 'account', 2, 'ACCOUNT_RESTORED')`} {
		if _, err := slow.Exec(t.Context(), sql, id.Assure); err != nil {
			t.Fatal(err)
		}
	}
	fast := make(chan error, 1)
	go func() { fast <- d.SetSuspended(context.Background(), "test", id.Assure, true) }()
	waitBlocked(t, name)
	if got := events(t, d, accountOf(id), 1); len(got) != 0 {
		t.Fatalf("the later writer's event can be read before the earlier one's: %v", got)
	}
	if err := slow.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-fast; err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events(t, d, accountOf(id), 1) {
		got = append(got, fmt.Sprint(e.Seq, e.Kind))
	}
	if diff := cmp.Diff([]string{"2ACCOUNT_RESTORED", "3ACCOUNT_SUSPENDED"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestAccountsAndPaymentsAtOnce: who signs in and out, suspends, and pays at once
// waits for nobody in a circle, and each feed's sequences have no hole and no
// double.
func TestAccountsAndPaymentsAtOnce(t *testing.T) {
	d := dbtest.New(t)
	ids := []domain.ID{dbtest.AddFile(t, d, 0), dbtest.AddFile(t, d, 1), dbtest.AddFile(t, d, 2)}
	const rounds = 8
	var all sync.WaitGroup
	check := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	for w := range 3 {
		all.Go(func() {
			for n := range rounds {
				for i := range ids {
					id := ids[(i+w)%3]
					check(d.EndSession(context.Background(), "test", openSession(t, d, id.Assure, fmt.Sprintf("%d-%d-%d", w, n, i))))
				}
			}
		})
		all.Go(func() {
			for n := range rounds {
				check(d.SetSuspended(context.Background(), "test", ids[w].Assure, n%2 == 0))
			}
		})
		var records [][]domain.PaymentRecord
		for n := range rounds {
			var some []domain.PaymentRecord
			for i := range ids {
				some = append(some, dbtest.Record(t, (i+2*w)%3, fmt.Sprintf("w%d-%d", w, n), "2026-11-02"))
			}
			records = append(records, some)
		}
		all.Go(func() {
			for _, some := range records {
				_, err := d.RecordPayments(context.Background(), "test", some)
				check(err)
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		for key, want := range map[domain.FeedKey]int{feedOf(id): 3 * rounds, accountOf(id): 3*2*rounds + rounds} {
			told := events(t, d, key, 0)
			for i, e := range told {
				if e.Seq != int64(i+1) {
					t.Fatalf("%v: event %d has sequence %d", key, i+1, e.Seq)
				}
			}
			if len(told) != want {
				t.Errorf("%v: %d events of %d", key, len(told), want)
			}
		}
	}
}

// TestFeedsThatCannotBeRead: what does not open is the fault of its own feed, up to
// which the feed is given; others of the batch are whole, and no text holds a value.
func TestFeedsThatCannotBeRead(t *testing.T) {
	d, name := dbtest.Open(t)
	broken, well, gone := dbtest.AddFile(t, d, 0, "2019-01-01"), dbtest.AddFile(t, d, 1), dbtest.AddFile(t, d, 2)
	pay := func(reference, born string) {
		r := dbtest.Record(t, 0, reference, "2026-11-02")
		if born != "" {
			r.BirthDate, r.BirthRank = dbtest.Day(t, born), 1
		}
		dbtest.Pay(t, d, r)
	}
	pay("of the parent", "")
	pay("of the child", "2019-01-01")
	pay("of the parent again", "")
	dbtest.Pay(t, d, dbtest.Record(t, 1, "well", "2026-11-02"), dbtest.Record(t, 2, "of nobody", "2026-11-02"))
	dbtest.Exec(t, name, `DELETE FROM beneficiaries WHERE assure_id = $1`, gone.Assure)
	openSession(t, d, broken.Assure, "1")
	openSession(t, d, well.Assure, "2")
	child := childrenOf(t, name, broken)[0]
	dbtest.Exec(t, name, `UPDATE beneficiaries SET birth_sealed = (SELECT birth_sealed FROM assures LIMIT 1) WHERE id = $1`, child.Key)
	dbtest.Exec(t, name, `UPDATE feed_events SET kind = 'OF_A_LATER_VERSION' WHERE assure_id = $1 AND feed = 'account'`, well.Assure)

	var from []domain.FeedFrom
	for _, key := range []domain.FeedKey{feedOf(broken), feedOf(well), feedOf(gone), accountOf(broken), accountOf(well)} {
		from = append(from, domain.FeedFrom{FeedKey: key})
	}
	read, err := d.FeedEvents(t.Context(), from, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		why    string
		key    domain.FeedKey
		events int
		fault  string
	}{
		{"a child's day of birth does not open", feedOf(broken), 1, fmt.Sprintf("event 2 of feed payments of assuré %d", broken.Assure)},
		{"whom it was for is not there", feedOf(gone), 0, fmt.Sprintf("event 1 of feed payments of assuré %d", gone.Assure)},
		{"nothing is wrong", feedOf(well), 1, ""},
		{"an account beside payments that do not open", accountOf(broken), 1, ""},
		{"a kind that nobody knows", accountOf(well), 0, fmt.Sprintf("event 1 of feed account of assuré %d", well.Assure)},
	} {
		got := read[row.key]
		if len(got.Events) != row.events || (got.Fault != nil) != (row.fault != "") {
			t.Errorf("%s: %d events, %v", row.why, len(got.Events), got.Fault)
		} else if got.Fault != nil && (!strings.Contains(got.Fault.Error(), row.fault) || strings.Contains(got.Fault.Error(), "-01-01")) {
			t.Errorf("%s: %v", row.why, got.Fault)
		}
	}
}

// TestRightsAreRung: whatever changes what somebody may do rings for them at the
// commit, by whoever's hand, and for nobody without an open session; what changes
// nothing of it does not. Fails without the triggers of migration 91.
func TestRightsAreRung(t *testing.T) {
	d, name := dbtest.Open(t)
	file, holder, away := dbtest.AddFile(t, d, 0, "2017-09-03"), dbtest.AddFile(t, d, 1), dbtest.AddFile(t, d, 2)
	child, today := childrenOf(t, name, file)[0], dbtest.Day(t, "2026-11-23")
	own, held, service := openSession(t, d, file.Assure, "1"), openSession(t, d, holder.Assure, "2"), openSession(t, d, 0, "3")
	exec := func(sql string, args ...any) func() error {
		return func() error { dbtest.Exec(t, name, sql, args...); return nil }
	}
	for _, row := range []struct {
		why  string
		do   func() error
		want []int64
	}{
		{"sign-ins and new files ring for nobody", func() error { return nil }, nil},
		{"an account without a session", func() error { return d.SetSuspended(t.Context(), "t", away.Assure, true) }, nil},
		{"suspended", func() error { return d.SetSuspended(t.Context(), "t", file.Assure, true) }, []int64{file.Assure}},
		{"restored", func() error { return d.SetSuspended(t.Context(), "t", file.Assure, false) }, []int64{file.Assure}},
		{"renewed", func() error { return d.ExtendSession(t.Context(), "t", own, time.Now().Add(3*time.Hour)) }, []int64{file.Assure}},
		{"a mandate rings for its holder", func() error { return d.GrantMandate(t.Context(), "t", child, holder.Assure, today) }, []int64{holder.Assure}},
		{"a child changes for the parent and the holder", exec(`UPDATE beneficiaries SET relation = relation WHERE id = $1`, child.Key), []int64{file.Assure, holder.Assure}},
		{"a mandate ends", func() error { return d.EndMandate(t.Context(), "t", child, holder.Assure) }, []int64{holder.Assure}},
		{"a payment changes nobody's rights", func() error {
			_, err := d.RecordPayments(t.Context(), "t", []domain.PaymentRecord{dbtest.Record(t, 0, "A", "2026-11-02")})
			return err
		}, nil},
		{"by hand, without a version", exec(`UPDATE assures SET given_name = 'Zoé'`), nil},
		{"ended", func() error { return d.EndSession(t.Context(), "t", held) }, []int64{holder.Assure}},
		{"a service's", func() error { return d.EndSession(t.Context(), "t", service) }, []int64{0}},
		{"what fails rings for nobody", func() error { _ = d.EndSession(t.Context(), "t", held); return nil }, nil},
	} {
		if err := row.do(); err != nil {
			t.Fatal(row.why, err)
		}
		var rung []int64
		if _, err := d.TakeOutbox(t.Context(), 1000, func(chimes []domain.Chime) error {
			for _, c := range chimes {
				if c.Feed == domain.FeedRights {
					rung = append(rung, c.Assure)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(rung)
		if diff := cmp.Diff(row.want, rung); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
}
