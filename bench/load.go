package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// connection is a client that is as light as can be, since it runs on the cores
// that the servers run on: it writes ready bytes and reads one answer.
type connection struct {
	net.Conn
	in   *bufio.Reader
	body bytes.Buffer // of the last answer
}

// exchangeTime bounds one exchange.
const exchangeTime = 30 * time.Second

func dial(address string) (*connection, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return &connection{Conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}, nil
}

func dialAll(address string, n int) (connections []*connection, err error) {
	for range n {
		conn, err := dial(address)
		if err != nil {
			return connections, err
		}
		connections = append(connections, conn)
	}
	return connections, nil
}

func closeAll(connections []*connection) {
	for _, conn := range connections {
		conn.close()
	}
}

func (c *connection) close() { _ = c.Close() } // everything was read

// errorsField is in an answer of GraphQL that is not whole.
var errorsField = []byte(`"errors"`)

// exchange sends a request and gives the body of its answer, which is good
// until the next one. An answer that is not whole is an error.
func (c *connection) exchange(request []byte) ([]byte, error) {
	if err := c.SetDeadline(time.Now().Add(exchangeTime)); err != nil {
		return nil, err
	}
	if _, err := c.Write(request); err != nil {
		return nil, err
	}
	answer, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return nil, err
	}
	c.body.Reset()
	_, err = c.body.ReadFrom(answer.Body)
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return nil, err
	}
	body := c.body.Bytes()
	if answer.StatusCode != http.StatusOK || bytes.Contains(body, errorsField) {
		return nil, fmt.Errorf("answered %s: %.500s", answer.Status, body)
	}
	if answer.Close {
		return nil, errors.New("the server closes the connection after an answer: it has to be kept")
	}
	return body, nil
}

// load is what a period of requests came to.
type load struct {
	bytes     int64 // of bodies
	elapsed   time.Duration
	latencies []time.Duration // sorted
}

// drive has connections each ask one question after the other for a period,
// about people that chance picks, the same in each run. The first fault ends
// it.
func drive(ctx context.Context, connections []*connection, requests [][]byte, period time.Duration) (*load, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	began := time.Now()
	parts := make([]load, len(connections))
	var group sync.WaitGroup
	for i, conn := range connections {
		group.Go(func() {
			if err := parts[i].fill(ctx, conn, requests, uint64(i), began.Add(period)); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	sum := &load{elapsed: time.Since(began)}
	for _, p := range parts {
		sum.latencies, sum.bytes = append(sum.latencies, p.latencies...), sum.bytes+p.bytes
	}
	slices.Sort(sum.latencies)
	return sum, nil
}

// fill is what one connection does.
func (l *load) fill(ctx context.Context, conn *connection, requests [][]byte, stream uint64, end time.Time) error {
	pick := rand.New(rand.NewPCG(seed, stream))
	for at := time.Now(); at.Before(end) && ctx.Err() == nil; {
		body, err := conn.exchange(requests[pick.IntN(len(requests))])
		if err != nil {
			return err
		}
		now := time.Now()
		l.latencies, l.bytes = append(l.latencies, now.Sub(at)), l.bytes+int64(len(body))
		at = now
	}
	return nil
}

// requests is how many were answered.
func (l *load) requests() int { return len(l.latencies) }

// quantile is the latency that a share of the requests kept within.
func (l *load) quantile(share float64) time.Duration {
	return l.latencies[min(int(share*float64(l.requests())), l.requests()-1)]
}
