package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"comptesante/db"
	"comptesante/demo"
	"comptesante/domain/actor"
	"comptesante/domain/nir"
)

// demoTokens is how long the demo's tokens are good for.
const demoTokens = 12 * time.Hour

// welcome tells on standard output where everything is. It never goes through
// the log: it may hold tokens, of the demo's people, where they are to be
// introduced.
func (n *node) welcome(ctx context.Context, d *database, api net.Addr, admin net.Listener, introduce bool) error {
	var b strings.Builder
	b.WriteString("\n")
	if !n.config.production() {
		fmt.Fprintf(&b, "  Playground  http://%s/\n", api)
	}
	fmt.Fprintf(&b, "  API         http://%s/graphql (POST; subscriptions by WebSocket or SSE)\n", api)
	if admin != nil {
		fmt.Fprintf(&b, "  Admin       http://%s/readyz, /healthz, /metrics\n", admin.Addr())
	}
	if d.server != nil {
		fmt.Fprintf(&b, "  Data        %s (PostgreSQL started by comptesante)\n", n.config.Data)
	}
	if introduce {
		if err := n.introduce(ctx, &b, api); err != nil {
			return err
		}
	}
	_, err := os.Stdout.WriteString(b.String() + "\nReady to serve. Ctrl-C stops it.\n\n")
	return err
}

// introduce adds the demo's people with fresh tokens; the former ones end. Only
// where the demo filled the database and nobody else can reach the address.
func (n *node) introduce(ctx context.Context, b *strings.Builder, api net.Addr) error {
	state, err := n.db.Demo(ctx)
	tcp, ok := api.(*net.TCPAddr)
	if err != nil || !state.Loaded || n.config.production() || !ok || !tcp.IP.IsLoopback() {
		return err
	}
	if err := n.db.EndSessionsLabelled(ctx, demo.Label, demo.Label); err != nil {
		return err
	}
	fmt.Fprintf(b, "\n  Demo people; paste a token into the playground (good for %.0f h, ended by the next start):\n", demoTokens.Hours())
	for _, p := range demo.People {
		number, err := nir.Parse(p.NIR)
		if err != nil {
			return err
		}
		id, err := n.db.AssureByNIR(ctx, number)
		if err != nil {
			return err
		}
		_, token, err := n.sessions.Mint(ctx, demo.Label, db.NewSession{Assure: id.Assure, Role: actor.Assure, Level: actor.Local2,
			Label: demo.Label, Ends: n.sessions.Now().Add(demoTokens)})
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "    %s  %s %s: %s\n", token, p.GivenName, p.FamilyName, p.Description)
	}
	fmt.Fprintf(b, "\n  See a payment arrive: run the playground's tab Live, then in another terminal:\n    %s demo pay --every 3s\n", os.Args[0])
	return nil
}
