package test

import (
	"fmt"
	"net"
	"slices"
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

// The clients of front ends, from npm, under Node.js: the examples of
// docs/realtime.md, and what else is in test/clients. The first three go over
// graphql-transport-ws.
var (
	modern = []string{"graphql-ws", "apollo", "urql"}
	all    = slices.Concat(modern, []string{"graphql-sse", "sse-single", "eventsource", "legacy"})
)

// desk is a server on a database where somebody has a file, and its clients.
type desk struct {
	t       *testing.T
	d       *db.DB
	env     []string
	id      domain.ID
	server  *server
	refs    []string // of the payments that were written, in order
	clients []*nodeClient
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d, env := shared(t)
	env = append(env, "COMPTESANTE_LEGACY_WS=true")
	return &desk{t: t, d: d, env: env, id: dbtest.AddFile(t, d, 0), server: serve(t, env)}
}

// write records payments, one after another.
func (k *desk) write(payments int) {
	today := civil.Of(time.Now()).String()
	for range payments {
		ref := fmt.Sprintf("%04d", len(k.refs))
		if _, err := k.d.RecordPayments(k.t.Context(), "test", []domain.PaymentRecord{dbtest.Record(k.t, 0, ref, today)}); err != nil {
			k.t.Error(err)
		}
		k.refs = append(k.refs, ref)
	}
}

// follow starts clients on a session, and waits until each shows a page.
func (k *desk) follow(names ...string) (session string) {
	k.t.Helper()
	session, token := mint(k.t, k.env, k.id)
	started := len(k.clients)
	for _, name := range names {
		k.clients = append(k.clients, startClient(k.t, name, k.server.api, token, ""))
	}
	for _, c := range k.clients[started:] {
		c.until("a page", func() bool { return c.kept != "" })
	}
	return session
}

// during writes ten payments while something is done.
func (k *desk) during(done func()) {
	written := make(chan struct{})
	go func() {
		defer close(written)
		k.write(10)
	}()
	done()
	<-written
}

// back serves again once the clients have tried to reach the server in vain: each
// of them once, were they equally quick.
func (k *desk) back() {
	k.t.Helper()
	l, err := net.Listen("tcp", k.server.api)
	if err != nil {
		k.t.Fatal(err)
	}
	for range k.clients {
		knock, err := l.Accept()
		if err != nil {
			k.t.Fatal(err)
		}
		_ = knock.Close()
	}
	_ = l.Close()
	k.server = serve(k.t, k.env)
}

// got holds that each client has processed the payments that were written from
// the first on, in order, each once.
func (k *desk) got(first int) {
	k.t.Helper()
	for _, c := range k.clients {
		c.has(len(k.refs) - first)
		if diff := cmp.Diff(k.refs[first:], c.got); diff != "" {
			k.t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
}

func (k *desk) comptesante(args ...string) {
	k.t.Helper()
	if out, status := run(k.t, k.env, "", args...); status != 0 {
		k.t.Fatal(out)
	}
}

// TestClientsLoseNothing kills server and clients while payments are written. It
// fails when renew does nothing (what came before the kill comes twice), when
// keep goes before process (a client that is killed loses an event), when events
// are not processed one after another, and without shouldRetry.
func TestClientsLoseNothing(t *testing.T) {
	k := newDesk(t)
	k.write(3)
	k.follow(all...)
	for _, disturb := range []func(){
		func() { k.server.kill() },
		func() { k.server.stop(syscall.SIGTERM) },
		func() {
			for _, c := range k.clients {
				c.restart()
			}
		},
	} {
		k.write(10)
		for _, c := range k.clients {
			c.has(len(k.refs) - 3 - 5) // all follow, with events still to process
		}
		k.during(disturb)
		select {
		case <-k.server.ended:
			k.back()
		default:
		}
	}
	k.write(10)
	k.got(3)
}

// TestClientsLoadAnew: on FeedReset each client loads the page anew, and goes on
// where the feed was begun. It fails when handle keeps resumeFrom alone. Then each
// stops; it fails for one that does not close what it has opened.
func TestClientsLoadAnew(t *testing.T) {
	k := newDesk(t)
	k.write(3)
	k.follow(all...)
	k.write(2)
	k.got(3)
	k.comptesante("feed", "new-epoch")
	latest := []string{"0004", "0003", "0002", "0001", "0000"} // the page is in the payments' order, the latest first
	for _, c := range k.clients {
		c.until("a second page", func() bool { return len(c.pages) == 2 })
		if diff := cmp.Diff([][]string{latest[2:], latest}, c.pages); diff != "" {
			t.Errorf("%s: pages: -want +got:\n%s", c.name, diff)
		}
	}
	k.write(2)
	k.got(3)
	for _, c := range k.clients {
		c.leave()
	}
}

// TestClientsStopWhenSignedOut: the end of a session is final for each client: it
// tells the app, and neither socket nor timer is left, or the program would not
// end. It fails when sockets of dead sessions close with 1013.
func TestClientsStopWhenSignedOut(t *testing.T) {
	k := newDesk(t)
	ended, away := k.follow(all...), k.follow(all...)
	k.comptesante("token", "revoke", ended)
	for _, c := range k.clients[:len(all)] {
		c.signedOut()
	}
	k.clients = k.clients[len(all):]
	k.server.kill()
	k.comptesante("token", "revoke", away) // whose clients learn it as they come back
	k.back()
	for _, c := range k.clients {
		c.signedOut()
	}
}

// signedOut holds that a client was told to sign in, and does nothing more.
func (c *nodeClient) signedOut() {
	c.t.Helper()
	want := "UNAUTHENTICATED"
	if slices.Contains(modern, c.name) {
		want = "4401"
	}
	if n := c.says("ended"); n.Code != want {
		c.t.Errorf("%s: got %+v, want %s", c.name, n, want)
	}
	c.endsWell()
}

// TestClientsAreRefused: what is refused ends the operation with an error that
// reaches the app, once and as such. It fails when the example of urql does not
// look at error.
func TestClientsAreRefused(t *testing.T) {
	k := newDesk(t)
	_, token := mint(t, k.env, k.id)
	c := startClient(t, "query", k.server.api, token, "")
	if n := c.says("ended"); n.Code != "VALIDATION" || !strings.Contains(n.Why, "only subscriptions run here") {
		t.Errorf("a query over a socket: got %+v", n)
	}
	c.leave()
	for _, name := range all {
		c := startClient(t, name, k.server.api, token, "no-cursor")
		if n := c.says("ended"); n.Code != "VALIDATION" {
			t.Errorf("%s with a cursor that is none: got %+v", name, n)
		}
		if slices.Contains(modern, name) {
			c.endsWell() // as what follows nothing
		} else {
			c.leave()
		}
		if len(c.got)+len(c.told) > 0 {
			t.Errorf("%s: then %v, %+v", name, c.got, c.told)
		}
	}
}

// TestClientsNoticeSilence: a client whose server says nothing any more, as behind
// a network that has gone away, opens another socket and misses nothing. It fails
// without keepAlive.
func TestClientsNoticeSilence(t *testing.T) {
	k := newDesk(t)
	k.follow("silence")
	c := k.clients[0]
	if err := k.server.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	k.write(3)
	if n := c.says("closed"); n.Code != "4499" { // graphql-ws' own, for a socket that it gives up
		t.Errorf("got %+v", n)
	}
	if err := k.server.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	k.got(0)
}
