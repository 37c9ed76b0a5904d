package test

import (
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/civil"
)

// shown are the examples of docs/realtime.md.
var shown = []string{"graphql-ws", "apollo", "urql"}

// writer records payments of one file, one after another.
type writer struct {
	t    *testing.T
	d    *db.DB
	refs []string // all, in order
}

// write records some.
func (w *writer) write(payments int) {
	today := civil.Of(time.Now()).String()
	for range payments {
		ref := fmt.Sprintf("%04d", len(w.refs))
		if _, err := w.d.RecordPayments(w.t.Context(), "test", []domain.PaymentRecord{dbtest.Record(w.t, 0, ref, today)}); err != nil {
			w.t.Error(err)
		}
		w.refs = append(w.refs, ref)
	}
}

// TestClientsLoseNothing follows with each example while payments are written and
// server and client are killed. It fails when `variables.after = …` is taken from
// feed.ts (what came before the kill comes twice), and when keep is called before
// process (a client that is killed loses an event).
func TestClientsLoseNothing(t *testing.T) {
	d, env := shared(t)
	id := dbtest.AddFile(t, d, 0)
	_, token := mint(t, env, id)
	s := serve(t, env)
	w := &writer{t: t, d: d}
	w.write(3)
	var clients []*nodeClient
	for _, name := range shown {
		clients = append(clients, startClient(t, name, s.api, token, ""))
	}
	for _, c := range clients {
		c.until("a page", func() bool { return c.kept != "" })
	}

	for _, disturb := range []func(){
		func() { s.kill() },
		func() { s.stop(syscall.SIGTERM) },
		func() {
			for _, c := range clients {
				c.restart()
			}
		},
	} {
		w.write(10)
		for _, c := range clients {
			c.has(len(w.refs) - 3 - 5) // all follow, with events still to process
		}
		w.during(disturb)
		select {
		case <-s.ended:
			knocks(t, s.api, len(clients))
			s = serve(t, env)
		default:
		}
	}
	w.write(10)
	for _, c := range clients {
		c.has(len(w.refs) - 3)
		if diff := cmp.Diff(w.refs[3:], c.got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
}

// during writes ten payments while something is done.
func (w *writer) during(disturb func()) {
	written := make(chan struct{})
	go func() {
		defer close(written)
		w.write(10)
	}()
	disturb()
	<-written
}

// knocks stands where a server was until clients have tried to reach it, and
// turns them away.
func knocks(t *testing.T, address string, times int) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	for range times {
		knock, err := l.Accept()
		if err != nil {
			t.Fatal("nobody comes back: ", err)
		}
		_ = knock.Close()
	}
}

// TestClientsLoadAnew: on FeedReset each example loads the page anew, and goes on
// where the feed was begun.
func TestClientsLoadAnew(t *testing.T) {
	d, env := shared(t)
	id := dbtest.AddFile(t, d, 0)
	_, token := mint(t, env, id)
	s := serve(t, env)
	w := &writer{t: t, d: d}
	w.write(3)
	var clients []*nodeClient
	for _, name := range shown {
		clients = append(clients, startClient(t, name, s.api, token, ""))
	}
	for _, c := range clients {
		c.until("a page", func() bool { return c.kept != "" })
	}
	w.write(2)
	for _, c := range clients {
		c.has(2)
	}
	if out, status := run(t, env, "", "feed", "new-epoch"); status != 0 {
		t.Fatal(out)
	}
	for _, c := range clients {
		c.until("a second page", func() bool { return len(c.pages) == 2 })
	}
	w.write(2)
	latest := []string{"0004", "0003", "0002", "0001", "0000"} // the page is in the payments' order, the latest first
	for _, c := range clients {
		c.has(4)
		if diff := cmp.Diff([][]string{latest[2:], latest}, c.pages); diff != "" {
			t.Errorf("%s: pages: -want +got:\n%s", c.name, diff)
		}
		if diff := cmp.Diff(w.refs[3:], c.got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
		c.leave() // an example that is told to stop leaves nothing behind that runs
	}
}

// TestClientsStopWhenSignedOut: a session that ends is final for each example: it
// tells the app, and neither socket nor timer is left, or the program would not
// end. It fails when the transport closes with 1013 in place of 4401.
func TestClientsStopWhenSignedOut(t *testing.T) {
	d, env := shared(t)
	id := dbtest.AddFile(t, d, 0)
	s := serve(t, env)
	var clients []*nodeClient
	var sessions []string
	for _, name := range append([]string{"graphql-ws"}, shown...) {
		session, token := mint(t, env, id)
		clients, sessions = append(clients, startClient(t, name, s.api, token, "")), append(sessions, session)
	}
	for _, c := range clients {
		c.until("a page", func() bool { return c.kept != "" })
	}
	revoke := func(session string) {
		if out, status := run(t, env, "", "token", "revoke", session); status != 0 {
			t.Fatal(out)
		}
	}
	for _, session := range sessions[1:] {
		revoke(session)
	}
	for _, c := range clients[1:] {
		if n := c.says("ended"); n.Code != "4401" {
			t.Errorf("%s: got %+v", c.name, n)
		}
		c.endsWell()
	}

	// One whose session ends while the server is away learns it when coming back.
	away := clients[0]
	s.kill()
	revoke(sessions[0])
	serve(t, env)
	if n := away.says("ended"); n.Code != "4401" {
		t.Errorf("away: got %+v", n)
	}
	away.endsWell()
}

// TestClientsAreRefused: what is refused ends the operation with an error that
// reaches the app, once and as such.
func TestClientsAreRefused(t *testing.T) {
	d, env := shared(t)
	_, token := mint(t, env, dbtest.AddFile(t, d, 0))
	s := serve(t, env)
	c := startClient(t, "query", s.api, token, "")
	if n := c.says("ended"); n.Code != "VALIDATION" || !strings.Contains(n.Why, "only subscriptions run over a socket") {
		t.Errorf("a query over a socket: got %+v", n)
	}
	c.leave()
	for _, name := range shown {
		c := startClient(t, name, s.api, token, "no-cursor")
		if n := c.says("ended"); n.Code != "VALIDATION" {
			t.Errorf("%s with a cursor that is none: got %+v", name, n)
		}
		c.endsWell() // as what has no subscription
		if len(c.got)+len(c.told) > 0 {
			t.Errorf("%s: then %v, %+v", name, c.got, c.told)
		}
	}
}

// TestClientsNoticeSilence: a client whose server says nothing any more, as behind
// a network that has gone away, opens another socket and misses nothing. It fails
// without keepAlive.
func TestClientsNoticeSilence(t *testing.T) {
	d, env := shared(t)
	_, token := mint(t, env, dbtest.AddFile(t, d, 0))
	s := serve(t, env)
	w := &writer{t: t, d: d}
	c := startClient(t, "silence", s.api, token, "")
	c.until("FeedReady", func() bool { return c.kept != "" })
	if err := s.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	w.write(3)
	if n := c.says("closed"); n.Code != "4499" { // graphql-ws' own, for a socket that it gives up
		t.Errorf("got %+v", n)
	}
	if err := s.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	c.has(3)
	if diff := cmp.Diff(w.refs, c.got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
