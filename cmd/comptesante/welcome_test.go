package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"comptesante/auth"
	"comptesante/db/dbtest"
	"comptesante/demo"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// TestIntroduce: tokens are printed only where the demo filled the database and
// nobody else can reach the address. It fails when one condition is left out.
func TestIntroduce(t *testing.T) {
	loopback, everywhere := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, &net.TCPAddr{IP: net.IPv4zero}
	development, production := &config{Environment: "development"}, &config{Environment: "production"}
	for _, row := range []struct {
		why    string
		config *config
		demo   bool
		api    net.Addr
		tokens int
	}{
		{"a demo on loopback", development, true, loopback, len(demo.People)},
		{"IPv6 has a loopback too", development, true, &net.TCPAddr{IP: net.IPv6loopback}, len(demo.People)},
		{"a demo that others can reach", development, true, everywhere, 0},
		{"a database that the demo did not fill", development, false, loopback, 0},
		{"production", production, true, loopback, 0},
	} {
		d := dbtest.New(t)
		if row.demo {
			if _, err := demo.Load(t.Context(), d, dbtest.Day(t, "2026-11-23")); err != nil {
				t.Fatal(err)
			}
		}
		n := &node{config: row.config, db: d, sessions: &auth.Sessions{DB: d, Now: time.Now}}
		var b strings.Builder
		if err := n.introduce(t.Context(), &b, row.api); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(b.String(), "cst_"); got != row.tokens {
			t.Errorf("%s: %d tokens, want %d", row.why, got, row.tokens)
		}
	}
}
