package faults

import (
	"context"
	"syscall"

	"comptesante/test/cluster"
)

// row is a fault of the matrix.
type row struct {
	id, why string
	do      func(r *run) // what is done while all are at work; it returns when it is over
	devices int          // that follow each assuré; 0: devices
}

// quick are the rows of every test run.
var quick = []row{
	{"K1 S1", "a node is killed, then the other; a session ends while one is away", killOneThenTheOther, 0},
	{"K3", "both nodes leave and come back, one by one, as in a deploy: no write fails", rollingRestart, 0},
	{"N1", "each NATS server is killed and comes back: the bell moves, or the poll takes over", killNATS, 0},
	{"P1", "PostgreSQL is killed and comes back: what was acknowledged stays", killPostgres, 0},
	{"W1", "the clients' network is away: all come back with their cursors", clientsOffline, 0},
}

// killOneThenTheOther ends three sessions: that of the follower who waits for the
// node that is away, one while the other node is away, and one whose socket is
// open and stays so.
func killOneThenTheOther(r *run) {
	for i := range r.c.Nodes {
		r.c.Nodes[i].Kill()
		r.revoke(i * devices)
		r.flows("with one node")
		r.start(i)
		r.flows("with both nodes again")
	}
	r.revokeLive(2 * devices)
}

// start starts a node that has ended.
func (r *run) start(i int) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r.restarted[i] = true
	if err := r.c.Nodes[i].Start(ctx); err != nil {
		r.t.Fatal(err)
	}
	r.noticed(i)
}

// noticed waits until the balancer knows that a node is ready.
func (r *run) noticed(i int) {
	r.await("the balancer gives to "+r.c.Nodes[i].Name, func() bool { return r.c.Balancer.Gives(i) })
}

func rollingRestart(r *run) {
	for i, n := range r.c.Nodes {
		leave(r, n)
		r.start(i)
		r.flows("after a restart")
	}
	for _, w := range r.writers {
		if _, failures := w.snapshot(); len(failures) > 0 {
			r.t.Errorf("a write failed while a node left: %v", failures)
		}
	}
}

// leave asks a node to end and waits until it has.
func leave(r *run, n *cluster.Node) {
	r.t.Helper()
	if err := n.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatal(err)
	}
	r.await(n.Name+" ends", func() bool {
		select {
		case <-n.Ended():
			return true
		default:
			return false
		}
	})
	if code := n.ExitCode(); code != 0 {
		r.t.Errorf("%s ended with %d", n.Name, code)
	}
}

func killNATS(r *run) {
	for _, s := range r.c.NATS {
		s.Kill()
		r.flows("with a NATS server killed")
		restart(r, s)
	}
	r.flows("with all NATS servers again")
}

func restart(r *run, p *cluster.Process) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.Start(ctx); err != nil {
		r.t.Fatal(err)
	}
}

func killPostgres(r *run) {
	if err := r.c.Postgres.Kill(); err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.c.Postgres.Start(ctx); err != nil {
		r.t.Fatal(err)
	}
	r.flows("with PostgreSQL again")
}

func clientsOffline(r *run) {
	mend := r.cut("clients")
	r.written("while no client is there")
	mend()
	r.flows("with the clients again")
}

// written waits until every writer has written something that began after now.
func (r *run) written(when string) {
	r.t.Helper()
	before := make([]string, len(r.writers))
	for i, w := range r.writers {
		before[i] = w.lastCommitted().event
	}
	r.await("payments are written "+when, func() bool {
		for i, w := range r.writers {
			if w.lastCommitted().event == before[i] {
				return false
			}
		}
		return true
	})
}
