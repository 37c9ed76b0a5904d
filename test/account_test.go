package test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	nats "github.com/nats-io/nats-server/v2/server"

	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/civil"
)

// followAccount is the subscription of the tests to an account.
const followAccount = `subscription($assure: ID, $after: Cursor) { accountEvents(assure: $assure, after: $after) { __typename
	... on SessionOpened { cursor session level }
	... on SessionEnded { cursor session }
	... on AccountSuspended { cursor }
	... on AccountRestored { cursor }
	... on FeedReady { cursor } } }`

// account begins to follow an account.
func (s *socket) account(variables map[string]any) {
	s.t.Helper()
	if err := s.send("subscribe", "1", map[string]any{"query": followAccount, "variables": variables}); err != nil {
		s.t.Fatal(err)
	}
}

// refused holds that the server answers with an error of a code next.
func (s *socket) refused(why, code string) {
	s.t.Helper()
	f, err := s.next()
	if err != nil || f.Type != "error" || !strings.Contains(string(f.Payload), `"`+code+`"`) {
		s.t.Errorf("%s: %s %s, %v", why, f.Type, f.Payload, err)
	}
}

// happens holds that an event comes next, of a type and, where it is of a session,
// of this one; it gives the event.
func (s *socket) happens(kind, session string) event {
	s.t.Helper()
	e, err := s.event()
	if err != nil || e.Type != kind || e.Session != session {
		s.t.Fatalf("got %+v %v, want %s %s", e, err, kind, session)
	}
	return e
}

// nodes starts two servers over one database and one NATS.
func nodes(t *testing.T, env []string) (one, two *server) {
	t.Helper()
	bus, err := nats.NewServer(&nats.Options{Host: "127.0.0.1", Port: nats.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	bus.Start()
	t.Cleanup(func() { bus.Shutdown(); bus.WaitForShutdown() })
	if !bus.ReadyForConnections(patience) {
		t.Fatal("NATS is not ready")
	}
	env = append(env, "NATS_URL="+bus.ClientURL())
	return serve(t, env), serve(t, append(env, "COMPTESANTE_LISTEN=127.0.0.1:0", "COMPTESANTE_DATA="+filepath.Join(folder(t), "data")))
}

// TestAccountIsFollowed: a sign-in, a session that is ended, and a suspension once
// it is lifted are told on another node; a revoked session's own socket closes on
// every node, one that is renewed keeps its own beyond its former end.
func TestAccountIsFollowed(t *testing.T) {
	d, env := shared(t)
	id := dbtest.AddFile(t, d, 0)
	_, watch := mint(t, env, id)
	doomed, token := mint(t, env, id)
	one, two := nodes(t, env)
	c := connect(t, two, watch)
	c.account(nil)
	c.happens("FeedReady", "")
	here, _ := follow(t, one, token)
	there, _ := follow(t, two, token)

	former := time.Now().Add(5 * time.Second)
	if err := d.ExtendSession(t.Context(), "test", doomed, former); err != nil {
		t.Fatal(err)
	}
	if out, status := run(t, env, "", "token", "extend", doomed); status != 0 {
		t.Fatal(out)
	}
	time.Sleep(time.Until(former))
	dbtest.Pay(t, d, dbtest.Record(t, 0, "R1", civil.Of(time.Now()).String()))
	for _, s := range []*socket{here, there} {
		if e, err := s.event(); err != nil || e.Payment.Reference != "R1" {
			t.Errorf("a renewed session: %+v, %v", e, err)
		}
	}
	fresh, _ := mint(t, env, id)
	if e := c.happens("SessionOpened", fresh); e.Level != "LOCAL2" {
		t.Errorf("told the level %q", e.Level)
	}
	if out, status := run(t, env, "", "token", "revoke", doomed); status != 0 {
		t.Fatal(out)
	}
	began := time.Now()
	for _, s := range []*socket{here, there} {
		if e, err := s.event(); closeCode(err) != 4401 {
			t.Errorf("a revoked session: %+v, %v", e, err)
		}
	}
	t.Logf("closed on both nodes %v after the command", time.Since(began))
	cursor := c.happens("SessionEnded", doomed).Cursor

	for _, suspended := range []bool{true, false} {
		if err := d.SetSuspended(t.Context(), "test", id.Assure, suspended); err != nil {
			t.Fatal(err)
		}
		if suspended {
			if e, err := c.event(); closeCode(err) != 4401 {
				t.Errorf("a suspended account: %+v, %v", e, err)
			}
		}
	}
	c = connect(t, one, watch)
	c.account(map[string]any{"after": cursor, "assure": id.String()})
	c.happens("AccountSuspended", "")
	c.happens("AccountRestored", "")
	c.happens("FeedReady", "")
}

// TestAccountIsOnesOwn: nobody follows an account but its assuré.
func TestAccountIsOnesOwn(t *testing.T) {
	env := settings(filepath.Join(folder(t), "data"))
	s := serve(t, env, "--demo")
	out, status := run(t, env, "", "token", "mint", "--service", "liquidation")
	if status != 0 {
		t.Fatal(out)
	}
	service := connect(t, s, tokenLine2(out))
	service.account(nil)
	service.refused("a service", "FORBIDDEN")
	thomas := accessible(t, s, s.tokens["Lucia"])[0].Assure
	lucia := connect(t, s, s.tokens["Lucia"])
	lucia.account(map[string]any{"assure": thomas})
	lucia.refused("a parent of a child of the file", "NOT_FOUND")
	lucia.account(map[string]any{"assure": domain.ID{Kind: domain.KindAssure, Assure: 99999, Key: 99999}.String()})
	lucia.refused("nobody's", "NOT_FOUND")
	if a := s.query(s.tokens["Lucia"], `subscription { accountEvents { __typename } }`, nil); a.code() != "VALIDATION" {
		t.Errorf("over HTTP: %s", a.code())
	}
	lucia.account(nil)
	lucia.happens("FeedReady", "")
}
