package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/caarlos0/env/v11"

	"comptesante/bench/synth"
	"comptesante/demo"
	"comptesante/domain/civil"
)

// config is all that a run can be told, from the environment; make passes its
// variables on.
type config struct {
	Payments    int      `env:"BENCH_PAYMENTS" envDefault:"1000000"`
	Rounds      int      `env:"BENCH_ROUNDS" envDefault:"5"`           // medians are over these
	Seconds     float64  `env:"BENCH_SECONDS" envDefault:"3"`          // of measurement, for each server and query in each round
	People      int      `env:"BENCH_PEOPLE" envDefault:"500"`         // asked about, of each kind at most
	Connections int      `env:"BENCH_CONNECTIONS" envDefault:"16"`     // each with one request in flight
	Data        string   `env:"BENCH_DATA"`                            // folder of the database, kept for the next run
	Targets     []string `env:"BENCH_TARGETS"`                         // keys of servers; empty: all
	Buffers     string   `env:"BENCH_SHARED_BUFFERS" envDefault:"2GB"` // of PostgreSQL's own memory; a quarter of the machine's is the custom
	PgBin       string   `env:"PG_BIN"`                                // folder of PostgreSQL's programs
	Server      string   `env:"BENCH_SERVER" envDefault:"bin/comptesante"`
	Limit       string   `env:"BENCH_LIMIT" envDefault:"bin/bench-limit"`
	Peers       string   `env:"BENCH_PEERS" envDefault:"bench/peers"`

	today civil.Date // in Paris, at the start
}

// loadConfig reads the environment and names every fault at once.
func loadConfig() (*config, error) {
	c := &config{today: civil.Of(time.Now())}
	if err := env.Parse(c); err != nil {
		return nil, err
	}
	var faults []error
	atLeast := func(name string, value, least float64) {
		if value < least {
			faults = append(faults, fmt.Errorf("%s is %v: give at least %v", name, value, least))
		}
	}
	atLeast("BENCH_PAYMENTS", float64(c.Payments), 20_000) // so that the people with a long history have more than a page
	atLeast("BENCH_ROUNDS", float64(c.Rounds), 1)
	atLeast("BENCH_SECONDS", c.Seconds, 0.1)
	atLeast("BENCH_PEOPLE", float64(c.People), 1)
	atLeast("BENCH_CONNECTIONS", float64(c.Connections), 1)
	if n := c.size().Assures(); n > demo.MaxAssures {
		faults = append(faults, fmt.Errorf("BENCH_PAYMENTS asks for %d people, and there are numbers for %d: give less", n, demo.MaxAssures))
	}
	for _, key := range c.Targets {
		if !slices.ContainsFunc(allTargets, func(t target) bool { return t.key == key }) {
			faults = append(faults, fmt.Errorf("BENCH_TARGETS has %q: give some of %q, with commas", key, targetKeys()))
		}
	}
	faults = append(faults, c.fillPaths())
	return c, errors.Join(faults...)
}

// fillPaths sets the folder that was not given, and makes paths good from any
// folder.
func (c *config) fillPaths() error {
	if c.Data == "" {
		cache, err := os.UserCacheDir()
		if os.Geteuid() == 0 {
			cache, err = "/var/cache", nil // PostgreSQL then runs as another user, who cannot enter root's home
		}
		if err != nil {
			return fmt.Errorf("no folder for the database: %w: set BENCH_DATA to one", err)
		}
		c.Data = filepath.Join(cache, "comptesante-bench")
	}
	for _, path := range []*string{&c.Data, &c.Server, &c.Limit, &c.Peers} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = absolute
	}
	return nil
}

// size is what the database is filled with, up to today.
func (c *config) size() synth.Size { return synth.Size{Payments: c.Payments, Today: c.today.String()} }

// since is the first day of the history that comptesante shows today.
func (c *config) since() civil.Date { return civil.WindowStart(c.today) }

// period is how long a measurement takes.
func (c *config) period() time.Duration { return time.Duration(c.Seconds * float64(time.Second)) }
