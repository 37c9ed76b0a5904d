package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

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
	families, err := g.Families(ctx, d, state.Began)
	if err != nil {
		return 0, err
	}
	for first := 0; first < g.Assures; first += chunk {
		last := min(first+chunk, g.Assures)
		var files []db.NewFile
		var lines []ingest.Line
		for i := first; i < last; i++ {
			f, err := families.Make(i)
			if err != nil {
				return payments, err
			}
			files, lines = append(files, f.File), append(lines, f.Payments...)
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

// Families makes the families of a seed, as of the day on which the demo began.
type Families struct {
	seed             uint64
	began            civil.Date
	rules            reimburse.Parameters
	caisse, mutuelle map[string]int64 // keys by code
}

// Family is a generated file with its payments, in order of care.
type Family struct {
	File     db.NewFile
	Payments []ingest.Line
}

// Families sets the funds and mutuelles that the families name.
func (g Generate) Families(ctx context.Context, d *db.DB, began civil.Date) (*Families, error) {
	caisse, mutuelle, err := references(ctx, d, slices.Concat(moreCaisses, caisses), slices.Concat(moreMutuelles, mutuelles))
	return &Families{seed: g.Seed, began: began, rules: reimburse.Default(), caisse: caisse, mutuelle: mutuelle}, err
}

// Make makes the i-th family, from 0: the same for the same seed and day,
// whichever were made before.
func (m *Families) Make(i int) (f Family, err error) {
	r := rand.New(rand.NewPCG(m.seed, uint64(i)))
	one := family(r, i, m.began)
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
