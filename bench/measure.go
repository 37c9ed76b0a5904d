package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"comptesante/bench/process"
)

// measurement is what one server needed for one query in one round. What is
// per request is an average over the period.
type measurement struct {
	Rate        float64 `json:"requestsPerSecond"`
	P50         float64 `json:"p50Ms"`
	P99         float64 `json:"p99Ms"`
	ServerCPU   float64 `json:"serverCPUMsPerRequest"`   // of all its processes
	DatabaseCPU float64 `json:"databaseCPUMsPerRequest"` // of all processes of PostgreSQL
	Allocations float64 `json:"allocationsPerRequest"`   // 0 where the server does not say
	AllocatedKB float64 `json:"allocatedKBPerRequest"`   // 0 where the server does not say
	RSS         float64 `json:"rssMB"`                   // of all its processes at the end
	Answer      float64 `json:"bytesPerAnswer"`          // the body
}

// result is what a server came to on a query over all rounds.
type result struct {
	target *target
	query  query
	rounds []measurement
}

// cell is one server and one query with all that the load needs.
type cell struct {
	result
	requests [][]byte
}

// warmShare is the part of a period that each measurement is preceded by,
// unmeasured, so that caches and connections are those of this query.
const warmShare = 0.25

// measure runs the rounds. Each loads every server with every query once, so
// that what changes on the machine meanwhile meets them all. A first round is
// thrown away: servers that compile while they run have done so by its end.
func measure(ctx context.Context, c *config, d *database, targets []*target, people *people) ([]*result, error) {
	cells := makeCells(c, targets, people)
	postmaster, err := d.postmaster()
	if err != nil {
		return nil, err
	}
	for round := range c.Rounds + 1 {
		for _, one := range cells {
			m, err := one.measure(ctx, c, postmaster)
			if err != nil {
				return nil, one.target.process.Explain(err)
			}
			if round > 0 {
				one.rounds = append(one.rounds, m)
			}
		}
		say("round %d of %d is done%s", round, c.Rounds, map[bool]string{true: ", and thrown away: it was to warm up"}[round == 0])
	}
	results := make([]*result, len(cells))
	for i, one := range cells {
		results[i] = &one.result
	}
	return results, nil
}

// makeCells gives the cells in the order in which they are measured: by query,
// so that servers that are compared come one after the other.
func makeCells(c *config, targets []*target, people *people) (cells []*cell) {
	for _, q := range queries {
		for _, t := range targets {
			one := &cell{result: result{target: t, query: q}}
			for _, p := range people.of(q) {
				one.requests = append(one.requests, t.requestBytes(q, p, c.since()))
			}
			cells = append(cells, one)
		}
	}
	return cells
}

// measure loads the server over connections of its own, since servers close
// those that are idle.
func (c *cell) measure(ctx context.Context, config *config, postmaster int) (m measurement, err error) {
	connections, err := dialAll(c.target.address, config.Connections)
	defer closeAll(connections)
	if err != nil {
		return m, err
	}
	if _, err := drive(ctx, connections, c.requests, time.Duration(warmShare*float64(config.period()))); err != nil {
		return m, err
	}
	before, err := c.read(ctx, postmaster)
	if err != nil {
		return m, err
	}
	load, err := drive(ctx, connections, c.requests, config.period())
	if err != nil {
		return m, err
	}
	after, err := c.read(ctx, postmaster)
	return between(before, after, load), err
}

// between is what was used for a load, from the readings before and after it;
// no request was in flight at either.
func between(before, after reading, load *load) measurement {
	n := float64(load.requests())
	return measurement{
		Rate: n / load.elapsed.Seconds(), P50: ms(load.quantile(0.50)), P99: ms(load.quantile(0.99)),
		ServerCPU: ms(after.server.CPU-before.server.CPU) / n, DatabaseCPU: ms(after.database.CPU-before.database.CPU) / n,
		Allocations: (after.allocations - before.allocations) / n, AllocatedKB: (after.allocated - before.allocated) / n / 1024,
		RSS: float64(after.server.RSS) / (1 << 20), Answer: float64(load.bytes) / n,
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// reading is what was used up to an instant.
type reading struct {
	server, database       process.Usage
	allocations, allocated float64 // number, and bytes
}

func (c *cell) read(ctx context.Context, postmaster int) (r reading, err error) {
	if r.server, err = c.target.process.Usage(); err != nil {
		return r, err
	}
	if r.database, err = process.Tree(postmaster); err != nil || c.target.metrics == "" {
		return r, err
	}
	numbers, err := process.GoNumbers(ctx, c.target.metrics)
	if err != nil {
		return r, err
	}
	r.allocations, r.allocated = numbers["go_memstats_mallocs_total"], numbers["go_memstats_alloc_bytes_total"]
	if r.allocations == 0 || r.allocated == 0 {
		return r, fmt.Errorf("http://%s/metrics has no go_memstats_mallocs_total and go_memstats_alloc_bytes_total", c.target.metrics)
	}
	return r, nil
}

// median is the result of the rounds: of each number its median, and of memory
// the most.
func (r *result) median() measurement {
	of := func(number func(measurement) float64) float64 { return middle(r.rounds, number) }
	return measurement{
		Rate:        of(func(m measurement) float64 { return m.Rate }),
		P50:         of(func(m measurement) float64 { return m.P50 }),
		P99:         of(func(m measurement) float64 { return m.P99 }),
		ServerCPU:   of(func(m measurement) float64 { return m.ServerCPU }),
		DatabaseCPU: of(func(m measurement) float64 { return m.DatabaseCPU }),
		Allocations: of(func(m measurement) float64 { return m.Allocations }),
		AllocatedKB: of(func(m measurement) float64 { return m.AllocatedKB }),
		Answer:      of(func(m measurement) float64 { return m.Answer }),
		RSS: slices.MaxFunc(r.rounds, func(a, b measurement) int {
			return cmp.Compare(a.RSS, b.RSS)
		}).RSS,
	}
}

// middle is the median of a number over the rounds, and of two in the middle
// their average.
func middle(rounds []measurement, number func(measurement) float64) float64 {
	values := make([]float64, len(rounds))
	for i, m := range rounds {
		values[i] = number(m)
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
