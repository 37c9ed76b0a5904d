// Command gateway measures comptesante's sockets beside those of stock gqlgen,
// centrifuge and graphql-ws, in one run, with the same client: what a sleeping
// socket holds, how long a storm of reconnects takes, how fast one event reaches
// all, and how long an event takes from its commit. bench/README.md says what is
// fair about it and what is not.
//
//	make bench-gateway BENCH_SOCKETS=1000
//
// It needs Linux, whose /proc says what processes use.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"comptesante/bench/process"
)

func main() { process.Main("gateway", run) }

func run(ctx context.Context, file string) (err error) {
	c, err := loadConfig()
	if err != nil {
		return err
	}
	if err := process.CanMeasure(); err != nil {
		return err
	}
	say("opening %d files with a session each", c.Sockets)
	h, err := openHouse(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	if c.Soak > 0 {
		return soak(ctx, h)
	}
	results := make([]*result, len(c.chosen()))
	for i, t := range c.chosen() {
		results[i] = &result{target: t}
	}
	var load []string
	for n := range c.Rounds {
		load = append(load, loadAverage())
		for _, r := range results {
			f, err := measure(ctx, h, r.target)
			if err != nil {
				return err
			}
			r.rounds = append(r.rounds, f)
			say("round %d, load %s: %s: %.1f KB, storm %.2f s, broadcast %.0f ms, p99 %.2f ms", n+1, loadAverage(), r.target.name, f.Memory, f.Storm, f.Broadcast, f.P99)
		}
	}
	if err := writeMarkdown(os.Stdout, c, results, load); err != nil {
		return err
	}
	if err := writeJSON(file, results); err != nil {
		return err
	}
	for _, r := range results {
		if r.target.ours && r.faults() > 0 {
			return fmt.Errorf("%.0f faults of comptesante: what they are stands above", r.faults())
		}
	}
	return nil
}

// say tells a person how far the run is, beside the report on standard output.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "gateway: "+format+"\n", args...)
}
