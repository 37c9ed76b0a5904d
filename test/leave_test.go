package test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"comptesante/db/dbtest"
	"comptesante/db/embedded"
	"comptesante/domain/civil"
)

// TestLeaveNotice: a node that is asked to end is not ready, and serves on until
// balancers have noticed. It fails where the sockets are closed at once, and
// where a client may keep its connection.
func TestLeaveNotice(t *testing.T) {
	t.Parallel() // it waits for the notice to pass
	d, env := shared(t)
	id := dbtest.AddFile(t, d, 0)
	_, token := mint(t, env, id)
	s := serve(t, append(env, "COMPTESANTE_LEAVE_NOTICE=5s"))
	if a := s.query(token, `{ me { id } }`, nil); a.Last {
		t.Error("a node that stays ends its connections")
	}
	c, _ := follow(t, s, token)
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node is not ready", func() bool { return status(t, "http://"+s.admin+"/readyz") == http.StatusServiceUnavailable })
	if a := s.query(token, `{ me { id } }`, nil); a.code() != "" || a.Status != http.StatusOK || !a.Last {
		t.Errorf("a request gets %d %s, the last on its connection: %v", a.Status, a.code(), a.Last)
	}
	late, _ := follow(t, s, token)
	dbtest.Pay(t, d, dbtest.Record(t, 0, "R1", civil.Of(time.Now()).String()))
	for _, socket := range []*socket{c, late} {
		if e, err := socket.event(); err != nil || e.Payment.Reference != "R1" {
			t.Errorf("got %+v, %v", e, err)
		}
		_, err := socket.event()
		if closeCode(err) != 1001 || !strings.Contains(err.Error(), "reconnectAfterMs=") {
			t.Errorf("the socket ends with %v", err)
		}
	}
	s.leaves()
}

// status is that of a GET; 0 where nobody answers.
func status(t testing.TB, url string) int {
	t.Helper()
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		return 0
	}
	_ = response.Body.Close() // its text is for people
	return response.StatusCode
}

// databaseOf is the name of the database that programs are given.
func databaseOf(t testing.TB, env []string) string {
	t.Helper()
	for _, e := range env {
		if text, ok := strings.CutPrefix(e, "DATABASE_URL="); ok {
			u, err := url.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			return strings.TrimPrefix(u.Path, "/")
		}
	}
	t.Fatal("no DATABASE_URL")
	return ""
}

// TestLeaveFinishes: a write that is under way when the node is asked to end is
// finished and answered. It waits for a lock, which is given free when the
// sockets are closed already.
func TestLeaveFinishes(t *testing.T) {
	d, env := shared(t)
	id := dbtest.AddFile(t, d, 0)
	_, token := mint(t, env, id)
	out, code := run(t, env, "", "token", "mint", "--service", "test")
	if code != 0 {
		t.Fatal(out)
	}
	service := strings.Fields(out)[3]
	s := serve(t, env)
	c, _ := follow(t, s, token)
	database := databaseOf(t, env)
	lock, err := dbtest.Connect(t, embedded.Launcher, database).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(t.Context(), `LOCK TABLE feeds IN SHARE MODE`); err != nil {
		t.Fatal(err)
	}
	var record map[string]any
	if err := json.Unmarshal([]byte(manyLines(t, 1)[0]), &record); err != nil {
		t.Fatal(err)
	}
	answers := make(chan answer, 1)
	go func() {
		defer close(answers) // the query may end the test
		answers <- s.query(service, `mutation($input: RecordPaymentsInput!) { recordPayments(input: $input) { results { outcome } } }`,
			map[string]any{"input": map[string]any{"records": []any{record}}})
	}()
	eventually(t, "the write waits", func() bool {
		return dbtest.Texts(t, embedded.Launcher, database, `SELECT count(*)::text FROM pg_locks WHERE NOT granted AND relation = 'feeds'::regclass`)[0] != "0"
	})
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if _, err := c.event(); closeCode(err) != 1001 {
		t.Errorf("the socket ends with %v", err)
	}
	if err := lock.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := <-answers; a.Status != http.StatusOK || !strings.Contains(string(a.Data), "ADDED") {
		t.Errorf("the write gets %d %s %+v", a.Status, a.Data, a.Errors)
	}
	s.leaves()
}
