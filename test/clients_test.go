package test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"

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
		if diff := cmp.Diff(k.refs[first:], c.received()); diff != "" {
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
	k.resets()
	k.write(2)
	k.got(3)
	for _, c := range k.clients {
		c.leave() // it fails for one that does not close what it has opened
	}
}

// resets has the feed begun anew: each client loads the page again, and goes on
// from there. It fails when handle only keeps resumeFrom.
func (k *desk) resets() {
	k.t.Helper()
	pages := map[*nodeClient]int{}
	for _, c := range k.clients {
		pages[c] = len(c.loaded())
	}
	k.comptesante("feed", "new-epoch")
	latest := slices.Clone(k.refs[len(k.refs)-20:])
	slices.Reverse(latest)
	for _, c := range k.clients {
		c.until("another page", func() bool { return len(c.pages) > pages[c] })
		if diff := cmp.Diff(latest, c.loaded()[pages[c]]); diff != "" {
			k.t.Errorf("%s: the page: -want +got:\n%s", c.name, diff)
		}
	}
}

// TestClientsStopWhenSignedOut: the end of a session is final for each client: it
// tells the app, and neither socket nor timer is left, or the program would not
// end. It fails when sockets of dead sessions close with 1013.
func TestClientsStopWhenSignedOut(t *testing.T) {
	k := newDesk(t)
	ended, away := k.follow(all...), k.follow("graphql-ws", "graphql-sse", "legacy")
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
	query := startClient(t, "query", k.server.api, token, "")
	for _, name := range all {
		k.clients = append(k.clients, startClient(t, name, k.server.api, token, "no-cursor"))
	}
	if n := query.says("ended"); n.Code != "VALIDATION" || !strings.Contains(n.Why, "only subscriptions run here") {
		t.Errorf("a query over a socket: got %+v", n)
	}
	query.leave()
	for _, c := range k.clients {
		if n := c.says("ended"); n.Code != "VALIDATION" {
			t.Errorf("%s with a cursor that is none: got %+v", c.name, n)
		}
		if slices.Contains(modern, c.name) {
			c.endsWell() // as what follows nothing
		} else {
			c.leave()
		}
		if len(c.got)+len(c.told) > 0 {
			t.Errorf("%s: then %v, %+v", c.name, c.got, c.told)
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

// TestClientsHonourTheHint: a client waits as long as the reason of a close says.
// It fails when retryWait looks at backoff alone.
func TestClientsHonourTheHint(t *testing.T) {
	upgrade := websocket.Upgrader{Subprotocols: []string{"graphql-transport-ws"}}
	leaving := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrade.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = ws.Close() }()
		err = ws.WriteJSON(frame{Type: "connection_ack"})
		err = errors.Join(err, ws.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(1001, "the server is leaving: reconnect with your last cursor; reconnectAfterMs=34567")))
		for err == nil {
			_, _, err = ws.ReadMessage()
		}
	}))
	defer leaving.Close()
	c := startClient(t, "pauses", leaving.Listener.Addr().String(), "", "a-cursor")
	c.until("a pause of 34567 ms", func() bool {
		return slices.ContainsFunc(c.told, func(n notice) bool { return n.Kind == "pause" && n.Code == "34567" })
	})
	c.kill()
}
