package subscriptions

import (
	"net/http"
	"net/netip"
	"testing"

	"comptesante/domain/actor"
)

// A person's connections are counted over sessions and wires; services, which are
// nobody's, are not.
func TestConnectionsOfOnePersonAreBounded(t *testing.T) {
	w := newWorld(t)
	w.sockets.Limits.PerPerson = 2
	for _, session := range []string{"s1", "s2", "s3"} {
		w.sessions.set(actor.Actor{Role: actor.Service, Session: session, Name: session})
	}
	w.listen()
	first := w.signIn("parent")
	w.signIn("narrow") // another session of the same assuré
	third := w.connect()
	third.send(initParent)
	third.closes(1013)
	if status, code := w.status(request{method: "PUT", session: "parent"}); status != http.StatusTooManyRequests || code != "RATE_LIMITED" {
		t.Errorf("a stream over the cap: %d %s", status, code)
	}
	w.signIn("other")
	for _, session := range []string{"s1", "s2", "s3"} {
		w.signIn(session)
	}
	first.leave()
	w.eventually("a place is free again", func() bool {
		w.sockets.mu.Lock()
		defer w.sockets.mu.Unlock()
		return w.sockets.kin[parent].count == 1
	})
	w.signIn("parent")
}

// An address's connections are counted before anybody signs in; one too many is
// refused before the upgrade, and what ends or fails gives its place back.
func TestConnectionsOfOneAddressAreBounded(t *testing.T) {
	w := newWorld(t)
	w.sockets.Limits.PerAddress = 2
	w.sockets.Address = func(r *http.Request) netip.Addr { return netip.MustParseAddr(r.Header.Get("From-Address")) }
	w.listen()
	from := func(address string) http.Header { return http.Header{"From-Address": {address}} }
	first, _, err := w.try(from("192.0.2.1"))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // an upgrade that fails takes no place
		header := from("192.0.2.1")
		header.Set("Origin", "https://elsewhere.example")
		if _, response, err := w.try(header); err == nil || response.StatusCode != http.StatusForbidden {
			t.Fatalf("an upgrade from elsewhere: %v", err)
		}
	}
	if _, _, err := w.try(from("::ffff:192.0.2.1")); err != nil {
		t.Fatal(err)
	}
	_, response, err := w.try(from("192.0.2.1"))
	if err == nil || response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") == "" {
		t.Fatalf("a third socket: %v", err)
	}
	if status, code := w.status(request{method: "PUT", session: "parent", header: map[string]string{"From-Address": "192.0.2.1"}}); status != http.StatusTooManyRequests || code != "RATE_LIMITED" {
		t.Errorf("a stream over the cap: %d %s", status, code)
	}
	if _, _, err := w.try(from("192.0.2.2")); err != nil {
		t.Errorf("another address: %v", err)
	}
	first.leave()
	w.eventually("a place is free again", func() bool {
		w.sockets.mu.Lock()
		defer w.sockets.mu.Unlock()
		return w.sockets.visitors[netip.MustParseAddr("192.0.2.1")] == 1
	})
	if _, _, err := w.try(from("192.0.2.1")); err != nil {
		t.Errorf("after one has left: %v", err)
	}
}

// A client of IPv6 has a whole /64 to choose from.
func TestHousehold(t *testing.T) {
	for _, row := range []struct{ why, address, want string }{
		{"IPv4", "192.0.2.1", "192.0.2.1"},
		{"IPv4 by an IPv6 socket", "::ffff:192.0.2.1", "192.0.2.1"},
		{"IPv6", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
		{"the same household", "2001:db8:1:2:ffff::1", "2001:db8:1:2::"},
		{"with a zone", "fe80::1%eth0", "fe80::"},
	} {
		if got := household(netip.MustParseAddr(row.address)); got.String() != row.want {
			t.Errorf("%s: %s", row.why, got)
		}
	}
	if household(netip.Addr{}).IsValid() {
		t.Error("no address became one")
	}
}
