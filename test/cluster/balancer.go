package cluster

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Balancer gives each connection to one of the nodes that are ready, in turn.
// It looks at /readyz of each every CheckEvery, as any balancer would, and
// tries the next node where one does not take the connection.
type Balancer struct {
	*Forwarder
	nodes  []*Node
	ready  []atomic.Bool
	turn   atomic.Uint64
	stop   context.CancelFunc
	checks sync.WaitGroup
}

// CheckEvery is how often a balancer looks whether nodes are ready.
const CheckEvery = 100 * time.Millisecond

var errNobody = errors.New("no node is ready")

// newBalancer listens on an address and looks at nodes until Close.
func newBalancer(address string, nodes []*Node) (*Balancer, error) {
	b := &Balancer{nodes: nodes, ready: make([]atomic.Bool, len(nodes))}
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	for i, n := range nodes {
		b.ready[i].Store(n.Ready(ctx) == nil)
		b.checks.Go(func() { b.look(ctx, i) })
	}
	var err error
	if b.Forwarder, err = Forward(address, b.choose); err != nil {
		stop()
		b.checks.Wait()
	}
	return b, err
}

func (b *Balancer) look(ctx context.Context, i int) {
	tick := time.NewTicker(CheckEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			b.ready[i].Store(b.nodes[i].Ready(ctx) == nil)
		}
	}
}

// choose connects to a node.
func (b *Balancer) choose() (net.Conn, error) {
	first := b.turn.Add(1)
	for i := range b.nodes {
		n := int((first + uint64(i)) % uint64(len(b.nodes)))
		if !b.ready[n].Load() {
			continue
		}
		if conn, err := net.DialTimeout("tcp", b.nodes[n].API, time.Second); err == nil {
			return conn, nil
		}
	}
	return nil, errNobody
}

// Gives tells whether it gives connections to the i-th node.
func (b *Balancer) Gives(i int) bool { return b.ready[i].Load() }

// Close ends it.
func (b *Balancer) Close() {
	b.stop()
	b.checks.Wait()
	b.Forwarder.Close()
}

// readyClient asks nodes whether they are ready: a stopped process takes a
// connection and never answers.
var readyClient = &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
