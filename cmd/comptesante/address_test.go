package main

import (
	"net/http/httptest"
	"testing"
)

// What a client writes into X-Forwarded-For itself is never believed.
func TestClientAddress(t *testing.T) {
	for _, row := range []struct {
		why, peer string
		trusted   []string
		forwarded []string
		want      string
	}{
		{"nobody is trusted", "192.0.2.1:5", nil, []string{"198.51.100.1"}, "192.0.2.1"},
		{"the peer is no proxy", "192.0.2.1:5", []string{"10.0.0.0/8"}, []string{"198.51.100.1"}, "192.0.2.1"},
		{"a proxy", "10.0.0.1:5", []string{"10.0.0.0/8"}, []string{"198.51.100.1"}, "198.51.100.1"},
		{"a client that lies", "10.0.0.1:5", []string{"10.0.0.0/8"}, []string{"203.0.113.9, 198.51.100.1"}, "198.51.100.1"},
		{"that lies to be a proxy", "10.0.0.1:5", []string{"10.0.0.0/8"}, []string{"203.0.113.9,10.9.9.9, 198.51.100.1"}, "198.51.100.1"},
		{"two proxies, two headers", "10.0.0.1:5", []string{"10.0.0.0/8"}, []string{"203.0.113.9,198.51.100.1", "10.0.0.2"}, "198.51.100.1"},
		{"proxies all the way", "10.0.0.1:5", []string{"10.0.0.0/8"}, []string{"10.0.0.3,10.0.0.2"}, "10.0.0.3"},
		{"a hop with a port", "10.0.0.1:5", []string{"10.0.0.0/8"}, []string{"198.51.100.1:4711"}, "198.51.100.1"},
		{"IPv6", "[2001:db8::1]:5", []string{"2001:db8::/64"}, []string{"2001:db8:9::1"}, "2001:db8:9::1"},
		{"IPv4 by an IPv6 socket", "[::ffff:10.0.0.1]:5", []string{"10.0.0.0/8"}, []string{"198.51.100.1"}, "198.51.100.1"},
		{"a proxy that does not say", "10.0.0.1:5", []string{"10.0.0.0/8"}, nil, "invalid IP"},
		{"one that nobody has named", "10.0.0.1:5", nil, []string{"198.51.100.1"}, "invalid IP"},
		{"on this machine", "127.0.0.1:5", nil, nil, "invalid IP"},
		{"in this network", "[fe80::1%eth0]:5", nil, nil, "invalid IP"},
		{"an inner client of a proxy", "10.0.0.1:5", []string{"10.0.0.1/32"}, []string{"192.168.7.7"}, "192.168.7.7"},
		{"nonsense", "10.0.0.1:5", []string{"10.0.0.0/8"}, []string{"198.51.100.1, unknown"}, "invalid IP"},
		{"the range's own bits are set", "10.1.2.3:5", []string{"10.1.2.3/8"}, []string{"198.51.100.1"}, "198.51.100.1"},
	} {
		r := httptest.NewRequest("GET", "/graphql", nil)
		r.RemoteAddr = row.peer
		for _, f := range row.forwarded {
			r.Header.Add("X-Forwarded-For", f)
		}
		if got := (&config{Proxies: row.trusted}).clientAddress()(r); got.String() != row.want {
			t.Errorf("%s: %s, want %s", row.why, got, row.want)
		}
	}
}
