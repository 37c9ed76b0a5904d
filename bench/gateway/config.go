package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"
)

// config is all that a run can be told, from the environment; make passes its
// variables on.
type config struct {
	Sockets int      `env:"BENCH_SOCKETS" envDefault:"10000"`
	Rounds  int      `env:"BENCH_ROUNDS" envDefault:"3"`   // medians are over these
	Seconds float64  `env:"BENCH_SECONDS" envDefault:"20"` // of events at Rate, for each server in each round
	Rate    int      `env:"BENCH_RATE" envDefault:"1000"`  // transactions a second, with two events each
	Soak    int      `env:"BENCH_SOAK" envDefault:"0"`     // minutes of events at Rate, of comptesante alone, in place of the comparison
	Targets []string `env:"BENCH_TARGETS"`                 // keys of servers; empty: all
	Data    string   `env:"BENCH_DATA"`                    // folder in which a folder for the database is made, and removed at the end; empty: a temporary one
	PgBin   string   `env:"PG_BIN"`                        // folder of PostgreSQL's programs
	Server  string   `env:"BENCH_SERVER" envDefault:"bin/comptesante"`
	GoPeers string   `env:"BENCH_GATEWAY_PEERS" envDefault:"bin/gateway-peers"` // folder of those in Go
	Peers   string   `env:"BENCH_PEERS" envDefault:"bench/peers"`               // folder of those in JavaScript
}

// othersFiles is how many files a process here opens beside its sockets.
const othersFiles = 200

// loadConfig reads the environment and names every fault at once.
func loadConfig() (*config, error) {
	c := &config{}
	if err := env.Parse(c); err != nil {
		return nil, err
	}
	var faults []error
	atLeast := func(name string, value, least float64) {
		if value < least {
			faults = append(faults, fmt.Errorf("%s is %v: give at least %v", name, value, least))
		}
	}
	atLeast("BENCH_SOCKETS", float64(c.Sockets), 2*writers) // each writer tells two people at a time
	atLeast("BENCH_ROUNDS", float64(c.Rounds), 1)
	atLeast("BENCH_SECONDS", c.Seconds, 0.1)
	atLeast("BENCH_RATE", float64(c.Rate), 1)
	atLeast("BENCH_SOAK", float64(c.Soak), 0)
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err == nil && uint64(c.Sockets)+othersFiles > files.Cur {
		faults = append(faults, fmt.Errorf("BENCH_SOCKETS is %d, and a process here may open %d files: give at most %d, or raise the limit (ulimit -n)",
			c.Sockets, files.Cur, files.Cur-othersFiles))
	}
	for _, key := range c.Targets {
		if !slices.ContainsFunc(allTargets, func(t *target) bool { return t.key == key }) {
			faults = append(faults, fmt.Errorf("BENCH_TARGETS has %q: give some of %q, with commas", key, targetKeys()))
		}
	}
	for _, path := range []*string{&c.Server, &c.GoPeers, &c.Peers} {
		absolute, err := filepath.Abs(*path)
		faults = append(faults, err)
		*path = absolute
	}
	return c, errors.Join(faults...)
}

// period is how long events are published at the rate.
func (c *config) period() time.Duration { return time.Duration(c.Seconds * float64(time.Second)) }

// chosen are the targets of a run, ours first.
func (c *config) chosen() (chosen []*target) {
	for _, t := range allTargets {
		if len(c.Targets) == 0 || slices.Contains(c.Targets, t.key) {
			chosen = append(chosen, t)
		}
	}
	return chosen
}
