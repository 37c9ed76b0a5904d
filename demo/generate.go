package demo

import (
	"context"
	"fmt"
	"math/rand/v2"

	"comptesante/db"
	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/reimburse"
	"comptesante/ingest"
)

// Generate adds n people made of a seed, beside the seven: the same n and seed
// give the same people and payments everywhere. One that was cut short is
// finished by running it again; another seed needs another database.
type Generate struct {
	Assures  int
	Seed     uint64
	Progress func(done, total int) // after each chunk; nil for none
}

// chunk is how many people are in memory at once.
const chunk = 200

// Load adds the people and tells how many payments were added. Load the seven
// first: their day is the day of all.
func (g Generate) Load(ctx context.Context, d *db.DB, today civil.Date) (payments int, err error) {
	if g.Assures == 0 {
		return 0, nil
	}
	if g.Assures < 0 || g.Assures > maxGenerated {
		return 0, fmt.Errorf("give 0 to %d assurés", maxGenerated)
	}
	state, err := d.Demo(ctx)
	if err != nil {
		return 0, err
	}
	caisse, mutuelle, err := references(ctx, d, append(moreCaisses, caisses...), append(moreMutuelles, mutuelles...))
	if err != nil {
		return 0, err
	}
	for first := 0; first < g.Assures; first += chunk {
		last := min(first+chunk, g.Assures)
		files, lines, err := g.people(first, last, state.Began, caisse, mutuelle)
		if err != nil {
			return payments, err
		}
		if err := open(ctx, d, files); err != nil {
			return payments, err
		}
		n, err := record(ctx, d, today, lines)
		payments += n
		if err != nil {
			return payments, err
		}
		if g.Progress != nil {
			g.Progress(last, g.Assures)
		}
	}
	return payments, nil
}

// people makes the files and payments of the people from first to before last.
func (g Generate) people(first, last int, began civil.Date, caisse, mutuelle map[string]int64) (files []db.NewFile, lines []ingest.Line, err error) {
	rules := reimburse.Default() // not what an operator has stored: the same families on every machine
	for i := first; i < last; i++ {
		r := rand.New(rand.NewPCG(g.Seed, uint64(i)))
		one := family(r, i, began)
		assure, children, err := one.file(began, caisse, mutuelle)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, db.NewFile{Assure: assure, Children: children})
		if _, err := one.payments(r, rules, began, func(l ingest.Line) error { lines = append(lines, l); return nil }); err != nil {
			return nil, nil, err
		}
	}
	return files, lines, nil
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
