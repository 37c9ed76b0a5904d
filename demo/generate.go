package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"

	"comptesante/db"
	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/reimburse"
	"comptesante/ingest"
)

// Generate adds n people made of a seed, beside the seven: the same n and seed
// give the same people and payments everywhere. One that was cut short is
// finished by running it again; another seed is refused: it needs another database.
type Generate struct {
	Assures  int
	Seed     uint64
	Progress func(done, total int) // as people are handed on to be stored, and once all are stored; nil for none
}

// chunkSize is how many people are made and opened at once; three such chunks
// are in memory.
const chunkSize = 200

// Load adds the people and tells how many payments were added. Load the seven
// first: their day is the day of all.
func (g Generate) Load(ctx context.Context, d *db.DB, today civil.Date) (payments int, err error) {
	if g.Assures == 0 {
		return 0, nil
	}
	if g.Assures < 0 || g.Assures > MaxAssures {
		return 0, fmt.Errorf("give 0 to %d assurés", MaxAssures)
	}
	state, err := d.Demo(ctx)
	if err != nil {
		return 0, err
	}
	if err := d.SetDemoSeed(ctx, g.Seed); err != nil {
		return 0, err
	}
	families, err := g.Families(ctx, d, state.Began)
	if err != nil {
		return 0, err
	}
	var rejects bytes.Buffer
	in := ingest.Payments{Store: d, By: Label, Today: today, Rejects: &rejects}
	sum, err := in.RunLines(ctx, g.lines(ctx, d, families))
	if err == nil && sum.Rejected > 0 {
		err = errors.New("the demonstration made payments that are rejected: " + rejects.String())
	}
	if err == nil && g.Progress != nil {
		g.Progress(g.Assures, g.Assures)
	}
	return sum.Added + sum.Corrected, err
}

// lines opens the files, chunk by chunk, and gives the payments of each chunk
// once its files are open, while the next ones are made.
func (g Generate) lines(ctx context.Context, d *db.DB, families *Families) iter.Seq2[*ingest.Line, error] {
	return func(yield func(*ingest.Line, error) bool) {
		making, stop := context.WithCancel(ctx)
		made := make(chan chunk, 1)
		var maker sync.WaitGroup
		maker.Go(func() { g.make(making, families, made) })
		defer maker.Wait()
		defer stop()
		for c := range made {
			if c.err == nil {
				c.err = open(ctx, d, c.files)
			}
			for i := range c.people {
				if c.err == nil {
					c.err = c.people[i].shareChildren(ctx, d, families.began)
				}
			}
			if c.err != nil {
				yield(nil, c.err)
				return
			}
			for i := range c.lines {
				if !yield(&c.lines[i], nil) {
					return
				}
			}
			if g.Progress != nil && c.last < g.Assures {
				g.Progress(c.last, g.Assures)
			}
		}
		if err := ctx.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// chunk is the people from one to before last.
type chunk struct {
	last   int
	files  []db.NewFile
	people []Person
	lines  []ingest.Line
	err    error // ends the making
}

// make makes all chunks, until ctx ends.
func (g Generate) make(ctx context.Context, families *Families, made chan<- chunk) {
	defer close(made)
	for first := 0; first < g.Assures; first += chunkSize {
		c := chunk{last: min(first+chunkSize, g.Assures)}
		for i := first; i < c.last && c.err == nil; i++ {
			var f Family
			f, c.err = families.Make(i)
			c.files, c.people, c.lines = append(c.files, f.File), append(c.people, f.person), append(c.lines, f.Payments...)
		}
		select {
		case made <- c:
		case <-ctx.Done():
			return
		}
		if c.err != nil {
			return
		}
	}
}

// Families makes the families of a seed, as of the day on which the demo began.
type Families struct {
	seed             uint64
	assures          int
	began            civil.Date
	rules            reimburse.Parameters // the defaults, not what an operator has stored: the same families on every machine
	caisse, mutuelle map[string]int64     // keys by code
}

// Family is a generated file with its payments, in order of payment.
type Family struct {
	File     db.NewFile
	Payments []ingest.Line
	person   Person
}

// Families sets the funds and mutuelles that the families name.
func (g Generate) Families(ctx context.Context, d *db.DB, began civil.Date) (*Families, error) {
	var funds []domain.Caisse
	for _, f := range slices.Concat(generalFunds, localFunds) {
		funds = append(funds, f.Caisse)
	}
	caisse, mutuelle, err := references(ctx, d, funds, slices.Concat(moreMutuelles, mutuelles))
	return &Families{seed: g.Seed, assures: g.Assures, began: began, rules: reimburse.Default(), caisse: caisse, mutuelle: mutuelle}, err
}

// Make makes the i-th family, from 0: the same for the same seed and day,
// whichever were made before.
func (m *Families) Make(i int) (f Family, err error) {
	r := rand.New(rand.NewPCG(m.seed, uint64(i)))
	one := family(r, i, m.began)
	one.shared(i, m.assures)
	f.person = one.Person
	if f.File.Assure, f.File.Children, err = one.file(m.began, m.caisse, m.mutuelle); err != nil {
		return f, err
	}
	_, err = one.payments(r, m.rules, m.began, func(l ingest.Line) error { f.Payments = append(f.Payments, l); return nil })
	return f, err
}

// open opens files at once, or, where some are there from a load that was cut
// short, one by one.
func open(ctx context.Context, d *db.DB, files []db.NewFile) error {
	_, err := d.AddFiles(ctx, Label, files)
	if domain.CodeOf(err) != domain.Conflict {
		return err
	}
	for _, f := range files {
		if _, err := d.AddFile(ctx, Label, f); err != nil && domain.CodeOf(err) != domain.Conflict {
			return err
		}
	}
	return nil
}

// references sets funds and mutuelles, and gives their keys by code.
func references(ctx context.Context, d *db.DB, funds []domain.Caisse, insurers []domain.Mutuelle) (caisse, mutuelle map[string]int64, err error) {
	caisse, mutuelle = make(map[string]int64), make(map[string]int64)
	for _, c := range funds {
		if caisse[c.Code], err = d.SetCaisse(ctx, c); err != nil {
			return nil, nil, err
		}
	}
	for _, m := range insurers {
		if mutuelle[m.Code], err = d.SetMutuelle(ctx, m); err != nil {
			return nil, nil, err
		}
	}
	return caisse, mutuelle, nil
}
