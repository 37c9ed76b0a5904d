package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"comptesante/db"
	"comptesante/demo"
	"comptesante/domain/civil"
)

type demoCommand struct {
	Load demoLoadCommand `cmd:"" help:"Fill an empty database with people and payments that are nobody's. Example: comptesante demo load --assures 2000 --seed 1"`
	Pay  demoPayCommand  `cmd:"" help:"Record new payments for the demo's people, beside a running serve. Example: comptesante demo pay --every 3s"`
}

var errProduction = errors.New("COMPTESANTE_ENV is production: the demo is for development alone")

type demoLoadCommand struct {
	Assures int    `help:"How many generated assurés to add to the seven made by hand. Run it again to finish a load that was cut short." default:"0"`
	Seed    uint64 `help:"What the generated people are made of: the same people for the same seed. Another seed needs an empty database." default:"1"`
}

// Run loads the demonstration.
func (l demoLoadCommand) Run(ctx context.Context, c *config) error {
	if c.production() {
		return errProduction
	}
	collectRarely()
	d, err := openDatabase(ctx, c, "demo load", db.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	today := civil.Of(time.Now())
	n, err := demo.Load(ctx, d.DB, today)
	if err != nil {
		return err
	}
	bar := progress(os.Stderr, term.IsTerminal(int(os.Stderr.Fd())))
	more, err := demo.Generate{Assures: l.Assures, Seed: l.Seed, Progress: bar}.Load(ctx, d.DB, today)
	if err != nil {
		return err
	}
	assures, payments, err := d.Stored(ctx)
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%d people, %d payments, %d of them new\n", assures, payments, n+more)
	return err
}

// progress tells on out how far a load is: a bar that is written over on a
// terminal, a line per 5 % elsewhere.
func progress(out io.Writer, terminal bool) func(done, total int) {
	told := 0
	return func(done, total int) {
		percent := done * 100 / total
		switch {
		case terminal:
			end := ""
			if done == total {
				end = "\n"
			}
			fmt.Fprintf(out, "\r[%-20s] %3d %% %d/%d%s", strings.Repeat("#", percent/5), percent, done, total, end)
		case percent/5 > told:
			told = percent / 5
			fmt.Fprintf(out, "%d %% (%d of %d people)\n", percent, done, total)
		}
	}
}

type demoPayCommand struct {
	Every time.Duration `help:"Time between rounds; 0 for one round." default:"0s"`
	Times int           `help:"How many rounds; 0 goes on until Ctrl-C (with --every)." default:"0"`
}

// Run pays until it is told to stop.
func (p demoPayCommand) Run(ctx context.Context, c *config) error {
	switch {
	case c.production():
		return errProduction
	case p.Times > 0 && p.Every <= 0:
		return errors.New("--times goes with --every, such as --every 3s")
	}
	d, err := openDatabase(ctx, c, "demo pay", db.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for n := 1; ; n++ {
		if err := demo.Pay(ctx, d.DB, r, civil.Of(time.Now()), os.Stdout); err != nil && ctx.Err() == nil {
			return err
		}
		if p.Every <= 0 || n == p.Times {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(p.Every):
		}
	}
}
