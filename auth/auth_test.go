package auth_test

import (
	"context"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"comptesante/auth"
	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/actor"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// door is sessions over a database, and the time that they read.
type door struct {
	*auth.Sessions
	name string // of the database
	now  time.Time
}

func open(t testing.TB) *door {
	t.Helper()
	d := &door{now: instant(t, "2026-11-23T10:00:00Z")}
	store, name := dbtest.Open(t)
	d.name, d.Sessions = name, &auth.Sessions{DB: store, Now: func() time.Time { return d.now }}
	return d
}

func instant(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// ends is when the sessions of these tests end.
const ends = "2030-01-01T00:00:00Z"

// mint opens a session of an assuré, or of a program for 0.
func (d *door) mint(t testing.TB, assure int64) (id, token string) {
	t.Helper()
	n := db.NewSession{Assure: assure, Role: actor.Assure, Level: actor.FC1, Label: "test", Ends: instant(t, ends)}
	if assure == 0 {
		n.Role = actor.Service
	}
	id, token, err := d.Mint(t.Context(), "test", n)
	if err != nil {
		t.Fatal(err)
	}
	return id, token
}

// beneficiaries are the keys of everybody in the database.
func (d *door) beneficiaries(t testing.TB) []int64 {
	t.Helper()
	conn := dbtest.Connect(t, db.Owner, d.name)
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), `SELECT id FROM beneficiaries ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestActor(t *testing.T) {
	d := open(t)
	file := dbtest.AddFile(t, d.DB, 0, "2017-09-03", "2005-01-01")
	dbtest.AddFile(t, d.DB, 1, "2017-09-03") // another's
	people := d.beneficiaries(t)
	id, token := d.mint(t, file.Assure)
	got, err := d.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if since := time.Since(got.Since); since < -time.Minute || since > time.Minute {
		t.Errorf("the level was reached %s ago", since)
	}
	want := actor.Actor{Role: actor.Assure, Session: id, Level: actor.FC1, Ends: instant(t, ends), Assure: file.Assure,
		Sights: []actor.Sight{{Assure: file.Assure, Beneficiaries: people[:2]}}} // oneself and the younger child
	if want.Since = got.Since; cmp.Diff(want, got) != "" {
		t.Error(cmp.Diff(want, got))
	}
	actors, err := d.Actors(t.Context(), []string{id})
	if diff := cmp.Diff(map[string]actor.Actor{id: got}, actors); diff != "" || err != nil {
		t.Errorf("by id: %v %s", err, diff)
	}

	id, token = d.mint(t, 0)
	got, err = d.Authenticate(t.Context(), token)
	if err != nil || got.Role != actor.Service || got.Session != id || got.Assure != 0 || got.Sights != nil {
		t.Errorf("a program: %+v %v", got, err)
	}
}

func TestRefused(t *testing.T) {
	d := open(t)
	file, other := dbtest.AddFile(t, d.DB, 0), dbtest.AddFile(t, d.DB, 1)
	_, good := d.mint(t, file.Assure)
	endedID, ended := d.mint(t, file.Assure)
	if err := d.DB.EndSession(t.Context(), "test", endedID); err != nil {
		t.Fatal(err)
	}
	_, suspended := d.mint(t, other.Assure)
	if err := d.DB.SetSuspended(t.Context(), "test", other.Assure, true); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		why, header, at string
		ok              bool
	}{
		{"a good token", "Bearer " + good, "2026-11-23T10:00:00Z", true},
		{"the scheme in another case, and more blanks", "bEARER   " + good + " ", "2026-11-23T10:00:00Z", true},
		{"one microsecond before its end", "Bearer " + good, "2029-12-31T23:59:59.999999Z", true},
		{"the instant of its end", "Bearer " + good, ends, false},
		{"one microsecond after", "Bearer " + good, "2030-01-01T00:00:00.000001Z", false},
		{"nothing", "", "2026-11-23T10:00:00Z", false},
		{"a scheme alone", "Bearer", "2026-11-23T10:00:00Z", false},
		{"another scheme", "Basic " + good, "2026-11-23T10:00:00Z", false},
		{"no scheme", good, "2026-11-23T10:00:00Z", false},
		{"a tab is no blank between the two", "Bearer\t" + good, "2026-11-23T10:00:00Z", false},
		{"without our prefix", "Bearer " + strings.TrimPrefix(good, "cst_"), "2026-11-23T10:00:00Z", false},
		{"the prefix alone", "Bearer cst_", "2026-11-23T10:00:00Z", false},
		{"in another case", "Bearer " + strings.ToUpper(good), "2026-11-23T10:00:00Z", false},
		{"one character less", "Bearer " + good[:len(good)-1], "2026-11-23T10:00:00Z", false},
		{"one character more", "Bearer " + good + "A", "2026-11-23T10:00:00Z", false},
		{"two tokens", "Bearer " + good + " " + good, "2026-11-23T10:00:00Z", false},
		{"unknown", "Bearer cst_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "2026-11-23T10:00:00Z", false},
		{"an attempt at SQL", "Bearer cst_' OR '1'='1", "2026-11-23T10:00:00Z", false},
		{"a byte that PostgreSQL cannot hold", "Bearer cst_\x00", "2026-11-23T10:00:00Z", false},
		{"ended", "Bearer " + ended, "2026-11-23T10:00:00Z", false},
		{"of a suspended account", "Bearer " + suspended, "2026-11-23T10:00:00Z", false},
	} {
		d.now = instant(t, row.at)
		a, err := d.AuthenticateHeader(t.Context(), row.header)
		if row.ok != (err == nil) || (!row.ok && domain.CodeOf(err) != domain.Unauthenticated) {
			t.Errorf("%s: %v", row.why, err)
		}
		if !row.ok && cmp.Diff(actor.Actor{}, a) != "" {
			t.Errorf("%s: an actor comes with the refusal: %+v", row.why, a)
		}
		if socket, again := d.AuthenticateSocket(t.Context(), row.header); domain.CodeOf(again) != domain.CodeOf(err) || cmp.Diff(a, socket) != "" {
			t.Errorf("%s: over a socket: %v %s", row.why, again, cmp.Diff(a, socket))
		}
		if err != nil && strings.Contains(err.Error(), "cst_") {
			t.Errorf("%s: the error repeats the token: %v", row.why, err)
		}
	}

	d.now = instant(t, "2026-11-23T10:00:00Z")
	if err := d.DB.SetSuspended(t.Context(), "test", other.Assure, false); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Authenticate(t.Context(), suspended); err != nil {
		t.Errorf("the suspension is lifted: %v", err)
	}
}

// TestActorsDropsTheDead: what has no right any more is missing, and takes
// nobody with it.
func TestActorsDropsTheDead(t *testing.T) {
	d := open(t)
	file, other := dbtest.AddFile(t, d.DB, 0), dbtest.AddFile(t, d.DB, 1)
	good, _ := d.mint(t, file.Assure)
	program, _ := d.mint(t, 0)
	ended, _ := d.mint(t, file.Assure)
	suspended, _ := d.mint(t, other.Assure)
	short, _ := d.mint(t, file.Assure)
	for what, err := range map[string]error{
		"ending":     d.DB.EndSession(t.Context(), "test", ended),
		"suspending": d.DB.SetSuspended(t.Context(), "test", other.Assure, true),
		"shortening": d.DB.ExtendSession(t.Context(), "test", short, d.now.Add(time.Second)),
	} {
		if err != nil {
			t.Fatal(what, err)
		}
	}
	ids := []string{ended, suspended, good, short, "00000000-0000-0000-0000-000000000000", program, good}
	for _, row := range []struct {
		why   string
		after time.Duration
		want  []string
	}{
		{"before the short one ends", 0, []string{good, program, short}},
		{"when it ends", time.Second, []string{good, program}},
	} {
		d.now = d.now.Add(row.after)
		actors, err := d.Actors(t.Context(), ids)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for id, a := range actors {
			got = append(got, id)
			if a.Session != id {
				t.Errorf("%s: %s is given as %s", row.why, a.Session, id)
			}
		}
		slices.Sort(got)
		slices.Sort(row.want)
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
	if actors, err := d.Actors(t.Context(), nil); err != nil || len(actors) != 0 {
		t.Errorf("nobody: %v %v", actors, err)
	}
}

// TestSixteenthBirthday: a child's file closes at midnight in Paris.
func TestSixteenthBirthday(t *testing.T) {
	for i, row := range []struct{ why, born, last, first string }{
		{"winter: Paris is one hour ahead of UTC", "2010-01-15", "2026-01-14T22:59:59Z", "2026-01-14T23:00:00Z"},
		{"summer: two", "2010-07-15", "2026-07-14T21:59:59Z", "2026-07-14T22:00:00Z"},
		{"the day the clocks go forward begins in winter", "2010-03-29", "2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z"},
		{"the day after begins in summer", "2010-03-30", "2026-03-29T21:59:59Z", "2026-03-29T22:00:00Z"},
		{"the day the clocks go back begins in summer", "2010-10-25", "2026-10-24T21:59:59Z", "2026-10-24T22:00:00Z"},
		{"29 February", "2012-02-29", "2028-02-28T22:59:59Z", "2028-02-28T23:00:00Z"},
		{"the new year", "2011-01-01", "2026-12-31T22:59:59Z", "2026-12-31T23:00:00Z"},
	} {
		d := open(t)
		file := dbtest.AddFile(t, d.DB, i%7, row.born)
		people := d.beneficiaries(t)
		id, token := d.mint(t, file.Assure)
		for at, want := range map[string][]int64{row.last: people, row.first: people[:1]} {
			d.now = instant(t, at)
			byToken, err := d.Authenticate(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			byID, err := d.Actors(t.Context(), []string{id})
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range []actor.Actor{byToken, byID[id]} {
				if diff := cmp.Diff([]actor.Sight{{Assure: file.Assure, Beneficiaries: want}}, a.Sights); diff != "" {
					t.Errorf("%s: at %s: %s", row.why, at, diff)
				}
			}
		}
	}
}

// TestTokenIsNotStored looks for a token in every table, as text and as bytes.
func TestTokenIsNotStored(t *testing.T) {
	d := open(t)
	file := dbtest.AddFile(t, d.DB, 0)
	_, token := d.mint(t, file.Assure)
	_, another := d.mint(t, file.Assure)
	if token == another || len(token) != len("cst_")+43 { // 256 bits in base64
		t.Errorf("tokens of %d characters", len(token))
	}
	conn := dbtest.Connect(t, db.Owner, d.name)
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || !slices.Contains(tables, "sessions") || !slices.Contains(tables, "audit") {
		t.Fatal(tables, err)
	}
	for _, table := range tables {
		rows, err := conn.Query(t.Context(), `SELECT x::text FROM `+table+` x`)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var row string
			if err := rows.Scan(&row); err != nil {
				t.Fatal(err)
			}
			secret := strings.TrimPrefix(token, "cst_")
			if strings.Contains(row, secret) || strings.Contains(row, hex.EncodeToString([]byte(secret))) {
				t.Errorf("%s holds the token", table)
			}
		}
	}
}

// TestMiddleware: no token is the anonymous caller; a bad one is refused and
// goes no further.
func TestMiddleware(t *testing.T) {
	d := open(t)
	file := dbtest.AddFile(t, d.DB, 0)
	id, token := d.mint(t, file.Assure)
	endedID, ended := d.mint(t, file.Assure)
	if err := d.DB.EndSession(t.Context(), "test", endedID); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		why, header string
		session     string
		refused     domain.Code
		challenge   string
	}{
		{"no header is the anonymous caller", "", "", "", ""},
		{"a good token", "Bearer " + token, id, "", ""},
		{"an ended one is not the anonymous caller", "Bearer " + ended, "", domain.Unauthenticated, `Bearer error="invalid_token"`},
		{"another scheme", "Basic dXNlcjpwYXNz", "", domain.Unauthenticated, `Bearer error="invalid_token"`},
		{"an empty token", "Bearer ", "", domain.Unauthenticated, `Bearer error="invalid_token"`},
	} {
		w, passed, refused := d.serve(t.Context(), row.header)
		if (passed == nil) != (row.refused != "") || (passed != nil && passed.Session != row.session) {
			t.Errorf("%s: passed as %+v", row.why, passed)
		}
		if diff := cmp.Diff([]any{row.refused, row.challenge}, []any{domain.CodeOf(refused), w.Header().Get("WWW-Authenticate")}); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
}

// serve sends a request through the middleware and gives who passed, nil for
// nobody, and the refusal.
func (d *door) serve(ctx context.Context, header string) (w *httptest.ResponseRecorder, passed *actor.Actor, refused error) {
	next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		a := actor.FromContext(r.Context())
		passed = &a
	})
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", nil)
	if header != "" {
		r.Header.Set("Authorization", header)
	}
	w = httptest.NewRecorder()
	d.Middleware(next, func(_ http.ResponseWriter, _ *http.Request, err error) { refused = err }).ServeHTTP(w, r)
	return w, passed, refused
}

// TestDatabaseAway: a good token is not refused as a bad one while the database
// is away or does not answer, and works again after.
func TestDatabaseAway(t *testing.T) {
	name, dir := dbtest.Database(t), t.TempDir()
	real, err := url.Parse(dbtest.URL(db.App, name))
	if err != nil {
		t.Fatal(err)
	}
	query := real.Query()
	server, socket := filepath.Join(query.Get("host"), ".s.PGSQL.5432"), filepath.Join(dir, ".s.PGSQL.5432")
	query.Set("host", dir)
	real.RawQuery = query.Encode()
	back := func() {
		if err := os.Symlink(server, socket); err != nil {
			t.Fatal(err)
		}
	}
	back()
	store, err := db.Open(t.Context(), real.String(), dbtest.Keys(), db.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	d := &door{name: name, now: instant(t, "2026-11-23T10:00:00Z")}
	d.Sessions = &auth.Sessions{DB: store, Now: func() time.Time { return d.now }}
	id, token := d.mint(t, dbtest.AddFile(t, store, 0).Assure)

	if err := os.Remove(socket); err != nil {
		t.Fatal(err)
	}
	dbtest.Exec(t, "postgres", `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '`+name+`'`)
	for i := range 2 {
		w, passed, refused := d.serve(t.Context(), "Bearer "+token)
		if domain.CodeOf(refused) != domain.Unavailable || passed != nil || w.Header().Get("WWW-Authenticate") != "" {
			t.Errorf("request %d: %v, passed %v", i, refused, passed)
		}
		if actors, err := d.Actors(t.Context(), []string{id}); domain.CodeOf(err) != domain.Unavailable || actors != nil {
			t.Errorf("request %d: actors: %v %v", i, actors, err)
		}
	}
	back()
	if _, passed, refused := d.serve(t.Context(), "Bearer "+token); passed == nil || passed.Session != id {
		t.Errorf("it is back: %v", refused)
	}

	lock := dbtest.Connect(t, db.Owner, name)
	defer func() { _ = lock.Close(context.Background()) }()
	if _, err := lock.Exec(t.Context(), `BEGIN; LOCK TABLE sessions`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, passed, refused := d.serve(ctx, "Bearer "+token); domain.CodeOf(refused) != domain.Unavailable || passed != nil {
		t.Errorf("it does not answer: %v", refused)
	}
}
