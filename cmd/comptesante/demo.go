package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"comptesante/db"
	"comptesante/demo"
	"comptesante/domain/civil"
)

type demoCommand struct {
	Load demoLoadCommand `cmd:"" help:"Fill an empty database with people and payments that are nobody's. Example: comptesante demo load"`
	Pay  demoPayCommand  `cmd:"" help:"Record new payments for the demo's people, beside a running serve. Example: comptesante demo pay --every 3s"`
}

var errProduction = errors.New("COMPTESANTE_ENV is production: the demo is for development alone")

type demoLoadCommand struct{}

// Run loads the demonstration.
func (demoLoadCommand) Run(ctx context.Context, c *config) error {
	if c.production() {
		return errProduction
	}
	d, err := openDatabase(ctx, c, "demo load", db.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	n, err := demo.Load(ctx, d.DB, civil.Of(time.Now()))
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%d people, %d payments\n", len(demo.People), n)
	return err
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
