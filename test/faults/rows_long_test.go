package faults

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/db"
	"comptesante/db/embedded"
	"comptesante/domain/actor"
	"comptesante/test/cluster"
)

// long are the rows that only `make test-faults` plays, besides the quick ones.
var long = []row{
	{"K2", "both nodes are killed at once", killBoth, 0},
	{"K4 S1", "a node is stopped and goes on; a session that ended meanwhile sees nothing of what came after", stopAndContinue, 0},
	{"K5", "nodes are killed before a chime is published, after it is and before that is noted, and as one is heard", killRelays, 0},
	{"K6", "a third relay rings along", oneRelayMore, 0},
	{"N2", "all NATS servers are killed, and come back knowing nothing", wipeNATS, 0},
	{"N3", "NATS is away: the poll carries the feed, and a node starts without it and finds it later", withoutNATS, 0},
	{"N4", "NATS is slow and gives its bytes in slices", slowNATS, 0},
	{"N5", "chimes come twice, late and in another order", mischief, 0},
	{"P2", "PostgreSQL is restarted in order", restartPostgres, 0},
	{"P3", "connections break at COMMIT, before and after it has come through", cutAtCommit, 0},
	{"P4", "PostgreSQL answers late, then not at all", slowPostgres, 0},
	{"W2", "a client that does not read is closed, and nobody else waits for it", slowReader, 0},
	{"W3", "everybody comes back at once", storm, 40},
	{"W4", "half-open sockets are found and closed", halfOpen, 0},
}

func killBoth(r *run) {
	for _, n := range r.c.Nodes {
		n.Kill()
	}
	for i := range r.c.Nodes {
		r.start(i)
	}
	r.flows("after both were killed")
}

// stopAndContinue stops a node for longer than clients wait for a sign of life.
// One holds on to its socket there, and its session ends meanwhile.
func stopAndContinue(r *run) {
	n := r.c.Nodes[0]
	if err := n.Signal(syscall.SIGSTOP); err != nil {
		r.t.Fatal(err)
	}
	r.revoke(0)
	r.flows("with a node stopped") // those on it come back through the other
	if err := n.Signal(syscall.SIGCONT); err != nil {
		r.t.Fatal(err)
	}
	r.flows("with the node going on")
}

// killRelays kills both nodes, each of which has a relay, at points that are
// seen from outside: a relay that takes rows of the outbox holds a transaction
// open while it rings.
func killRelays(r *run) {
	bus := r.listen()
	defer bus.close()
	for _, point := range []struct {
		why     string
		stream  string // of the bytes that are lost between nodes and NATS; empty: none
		reached func() bool
	}{
		{"before a chime is published", "upstream", r.relayHolds},
		{"after it is published, before that is noted", "downstream", r.relayHolds},
		{"as a chime is heard", "", func() bool { return bus.heard() > 0 }},
	} {
		var cures []func()
		for name := range r.proxies {
			if point.stream != "" && strings.Contains(name, " nats-") {
				cures = append(cures, r.poison(name, "timeout", point.stream, map[string]any{"timeout": 0}))
			}
		}
		bus.forget()
		r.await(point.why, point.reached)
		for _, n := range r.c.Nodes {
			n.Kill()
		}
		for _, cure := range cures {
			cure()
		}
		for i := range r.c.Nodes {
			r.start(i)
		}
		r.flows("after the relays were killed " + point.why)
	}
}

// relayHolds tells whether a relay has taken chimes and has not noted yet that
// it rang them.
func (r *run) relayHolds() bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, r.c.Postgres.URL(embedded.Launcher))
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close(ctx) }()
	var n int
	err = conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction' AND query LIKE '%DELETE FROM outbox%'
		AND state_change < clock_timestamp() - interval '100 milliseconds'`).Scan(&n)
	return err == nil && n > 0
}

func oneRelayMore(r *run) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r.runsNode++
	n, err := r.c.NewNode(ctx, fmt.Sprintf("relay-%d", r.runsNode))
	if err != nil {
		r.t.Fatal(err)
	}
	r.flows("with three relays")
	n.Stop(ctx)
	r.flows("with two again")
}

func wipeNATS(r *run) {
	for _, s := range r.c.NATS {
		s.Kill()
	}
	for _, s := range r.c.NATS {
		restart(r, s)
	}
	r.rings("after NATS has lost everything")
	r.flows("after NATS has lost everything")
}

// withoutNATS also starts both nodes while NATS is away.
func withoutNATS(r *run) {
	for _, s := range r.c.NATS {
		s.Kill()
	}
	r.flows("without NATS")
	for i, n := range r.c.Nodes {
		n.Kill()
		r.start(i)
	}
	r.flows("on nodes that have never seen NATS")
	for _, s := range r.c.NATS {
		restart(r, s)
	}
	r.rings("by nodes that started without NATS")
	r.flows("with NATS again")
}

// rings waits until chimes are heard on NATS.
func (r *run) rings(when string) {
	r.t.Helper()
	bus := r.listen()
	defer bus.close()
	r.await("the bell rings "+when, func() bool { return bus.heard() > 0 })
}

func slowNATS(r *run) {
	for name := range r.proxies {
		if !strings.Contains(name, " nats-") {
			continue
		}
		for _, stream := range []string{"upstream", "downstream"} {
			defer r.poison(name, "latency", stream, map[string]any{"latency": 500, "jitter": 300})()
			defer r.poison(name, "bandwidth", stream, map[string]any{"rate": 10})()
			defer r.poison(name, "slicer", stream, map[string]any{"average_size": 16, "size_variation": 8, "delay": 10})()
		}
	}
	for range 5 {
		r.flows("with a slow NATS")
	}
}

func mischief(r *run) {
	bus := r.listen()
	defer bus.close()
	bus.repeat(r.random.Uint64())
	for range 5 {
		r.flows("with chimes out of order")
	}
}

func restartPostgres(r *run) {
	r.c.Postgres.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.c.Postgres.Start(ctx); err != nil {
		r.t.Fatal(err)
	}
	r.flows("after PostgreSQL was restarted")
}

// postgresDoors are the proxies between nodes and PostgreSQL.
func (r *run) postgresDoors() (names []string) {
	for _, n := range r.c.Nodes {
		names = append(names, n.Name+" postgres")
	}
	return names
}

func cutAtCommit(r *run) {
	for _, after := range []bool{false, true} {
		var cures []func()
		for _, name := range r.postgresDoors() {
			cures = append(cures, r.poison(name, "cut_at_commit", "upstream", map[string]any{"percent": 15, "after": after, "seed": r.random.Uint64() >> 12}))
		}
		for range 5 {
			r.flows("while commits are cut")
		}
		for _, cure := range cures {
			cure()
		}
	}
	r.flows("after commits were cut")
}

func slowPostgres(r *run) {
	for _, fault := range []struct {
		kind       string
		attributes map[string]any
		lasts      time.Duration // that is what it is; zero: until payments have flowed
	}{
		{"latency", map[string]any{"latency": 200}, 0},
		{"latency", map[string]any{"latency": 2000}, 6 * time.Second},
		{"timeout", map[string]any{"timeout": 0}, 10 * time.Second},
	} {
		var cures []func()
		for _, name := range r.postgresDoors() {
			cures = append(cures, r.poison(name, fault.kind, "downstream", fault.attributes))
		}
		if fault.lasts == 0 {
			r.flows("with a slow PostgreSQL")
		}
		pause(context.Background(), fault.lasts)
		for _, cure := range cures {
			cure()
		}
		r.flows("after PostgreSQL was slow")
	}
}

// slowReader has a client ask for all of a long feed and read nothing of it.
func slowReader(r *run) {
	const reader = people // one more assuré, whom nobody else follows
	token, cursor := r.longFeed(reader)
	n := r.c.Nodes[0]
	before := r.closes(n, "too_slow")
	ws, err := deaf(n.API, token, cursor)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = ws.Close() }()
	for r.closes(n, "too_slow") == before {
		r.flows("beside a client that does not read")
	}
}

// closes counts the sockets that a node has closed for a reason.
func (r *run) closes(n *cluster.Node, reason string) float64 {
	m, err := n.Metrics(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	return m[`comptesante_connection_closes_total{reason="`+reason+`"}`]
}

func storm(r *run) {
	for range 3 {
		r.cut("clients")()
		r.await("everybody is back", func() bool { return r.all((*follower).isLive) })
	}
	r.flows("after three storms")
}

// halfOpen leaves a socket at both ends of a network that swallows everything:
// the node finds it by its silence, after 50 s.
func halfOpen(r *run) {
	var others sync.Once
	_, token := r.mint(db.NewSession{Assure: r.assures[0].Assure, Role: actor.Assure, Label: "half open"})
	n := r.c.Nodes[0]
	door, err := r.between(fmt.Sprintf("half open %d", r.runs), n.API)
	if err != nil {
		r.t.Fatal(err)
	}
	before := r.closes(n, "silent")
	ws, err := deaf(door, token, "")
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = ws.Close() }()
	for _, stream := range []string{"upstream", "downstream"} {
		defer r.poison(fmt.Sprintf("half open %d", r.runs), "timeout", stream, map[string]any{"timeout": 0})()
	}
	for r.closes(n, "silent") == before {
		others.Do(func() { r.flows("beside a socket that is half open") })
		pause(context.Background(), time.Second) // a number does not tell when it changes
	}
}
