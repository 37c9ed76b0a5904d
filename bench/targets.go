package main

import (
	"context"
	"fmt"
	"net"
	"path/filepath"

	"github.com/jackc/pgx/v5"

	"comptesante/bench/process"
	"comptesante/db"
)

// target is a server that is measured.
type target struct {
	key, name string
	peer      bool    // one to compare with; the limit is none
	speaks    dialect // how it is asked
	command   func(c *config, d *database) (*command, error)

	address string           // host:port of the running server
	metrics string           // host:port of its Go counters; empty where it has none
	process *process.Process // nil until it is started
}

// command says how a server is started, and where it will listen.
type command struct {
	process.Command
	address, metrics string
}

// allTargets are the servers in the order of the report.
var allTargets = []target{
	{key: "comptesante", name: "comptesante", speaks: comptesante, command: oursCommand},
	{key: "postgraphile", name: "PostGraphile, 1 process", peer: true, speaks: postgraphile, command: peerCommand("postgraphile.js", 1)},
	{key: "postgraphile-2", name: "PostGraphile, 2 processes", peer: true, speaks: postgraphile, command: peerCommand("postgraphile.js", 2)},
	{key: "mercurius", name: "Mercurius, 1 process", peer: true, speaks: mercurius, command: peerCommand("mercurius.js", 1)},
	{key: "mercurius-2", name: "Mercurius, 2 processes", peer: true, speaks: mercurius, command: peerCommand("mercurius.js", 2)},
	{key: "limit", name: "limit (Go, one statement)", speaks: limit, command: limitCommand},
}

func targetKeys() (keys []string) {
	for _, t := range allTargets {
		keys = append(keys, t.key)
	}
	return keys
}

// chosen are the targets of a run.
func (c *config) chosen() (chosen []*target) {
	for _, t := range allTargets {
		wanted := len(c.Targets) == 0
		for _, key := range c.Targets {
			wanted = wanted || key == t.key
		}
		if wanted {
			chosen = append(chosen, &t)
		}
	}
	return chosen
}

// startTargets starts the servers and waits until each takes connections. Those
// that were started are given back with an error too.
func startTargets(ctx context.Context, c *config, d *database) (started []*target, err error) {
	for _, t := range c.chosen() {
		cmd, err := t.command(c, d)
		if err != nil {
			return started, fmt.Errorf("%s: %w", t.name, err)
		}
		t.address, t.metrics = cmd.address, cmd.metrics
		if t.process, err = process.Start(ctx, t.name, cmd.Command, filepath.Join(c.Data, t.key+".log")); err != nil {
			return started, err
		}
		started = append(started, t)
		if err := t.process.Await(ctx, t.address); err != nil {
			return started, err
		}
	}
	return started, nil
}

// stopTargets ends the servers, all at once, and waits for them.
func stopTargets(targets []*target) {
	for _, t := range targets {
		t.process.Ask()
	}
	for _, t := range targets {
		t.process.Stop()
	}
}

// oursCommand is comptesante as in production: sessions, rules, cost and a log
// line for each request.
func oursCommand(c *config, d *database) (*command, error) {
	api, admin, err := process.TwoAddresses()
	return &command{address: api, metrics: admin, Command: process.Command{Path: c.Server, Args: []string{"serve"}, Env: []string{
		"COMPTESANTE_ENV=production", "COMPTESANTE_LOG=json", "COMPTESANTE_LISTEN=" + api, "COMPTESANTE_ADMIN=" + admin,
		"COMPTESANTE_DATA=" + c.Data, "COMPTESANTE_KEYS_FILE=" + d.keysFile(), "DATABASE_URL=" + d.url(db.App),
	}}}, err
}

// limitCommand is the server that has nothing to do but to pass on one row.
func limitCommand(c *config, d *database) (*command, error) {
	api, admin, err := process.TwoAddresses()
	return &command{address: api, metrics: admin, Command: process.Command{Path: c.Limit, Env: []string{
		"LISTEN=" + api, "ADMIN=" + admin, "DATABASE_URL=" + d.url(db.Owner), "SINCE=" + c.since().String(),
	}}}, err
}

// peerCommand is a server of peers/, in some number of processes.
func peerCommand(script string, processes int) func(*config, *database) (*command, error) {
	return func(c *config, d *database) (*command, error) {
		node, err := process.Node(c.Peers)
		if err != nil {
			return nil, err
		}
		address, err := process.FreeAddress()
		if err != nil {
			return nil, err
		}
		_, port, _ := net.SplitHostPort(address) // of our own making
		to, err := pgx.ParseConfig(d.url(db.Owner))
		return &command{address: address, Command: process.Command{Path: node, Args: []string{filepath.Join(c.Peers, script)}, Env: []string{
			"NODE_ENV=production", "GRAPHILE_ENV=production", "PORT=" + port, fmt.Sprintf("PROCESSES=%d", processes),
			"PGHOST=" + to.Host, fmt.Sprintf("PGPORT=%d", to.Port), "PGUSER=" + to.User, "PGDATABASE=" + to.Database,
		}}}, err
	}
}
