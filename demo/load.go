package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"

	"comptesante/db"
	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/reimburse"
	"comptesante/ingest"
)

// seed makes the demonstration the same on every machine on the same day.
const seed = 20261123

// Load fills an empty database with the demonstration's people and their
// payments, and tells how many payments it added: none where it was loaded
// already. A load that was cut short is finished. It fails with CONFLICT on a
// database that holds other files.
func Load(ctx context.Context, d *db.DB, today civil.Date) (payments int, err error) {
	if demo, err := d.Demo(ctx); err != nil || demo.Loaded {
		return 0, err
	}
	if today, err = d.BeginDemo(ctx, today); err != nil {
		return 0, err
	}
	if err := openFiles(ctx, d, today); err != nil {
		return 0, err
	}
	for i := range People {
		if err := People[i].shareChildren(ctx, d, today); err != nil {
			return 0, err
		}
	}
	var lines []ingest.Line
	for i := range People {
		more, err := People[i].history(rand.New(rand.NewPCG(seed, uint64(i))), today)
		if err != nil {
			return 0, err
		}
		lines = append(lines, more...)
	}
	if payments, err = record(ctx, d, today, lines); err != nil {
		return payments, err
	}
	return payments, d.EndDemo(ctx)
}

func openFiles(ctx context.Context, d *db.DB, today civil.Date) error {
	caisse, mutuelle, err := references(ctx, d, caisses, mutuelles)
	if err != nil {
		return err
	}
	for i := range People {
		assure, children, err := People[i].file(today, caisse, mutuelle)
		if err != nil {
			return err
		}
		_, err = d.AddFile(ctx, Label, db.NewFile{Assure: assure, Children: children})
		if err != nil && domain.CodeOf(err) != domain.Conflict { // there from a load that was cut short
			return err
		}
	}
	return nil
}

// record sends lines through the ingest path and refuses rejects: the
// demonstration makes none.
func record(ctx context.Context, d *db.DB, today civil.Date, lines []ingest.Line) (int, error) {
	var file, rejects bytes.Buffer
	for _, l := range lines {
		text, err := json.Marshal(l)
		if err != nil {
			return 0, err
		}
		file.Write(append(text, '\n'))
	}
	in := ingest.Payments{Store: d, By: Label, Today: today, Rejects: &rejects}
	sum, err := in.Run(ctx, &file)
	if err == nil && sum.Rejected > 0 {
		err = errors.New("the demonstration made a line that is rejected: " + rejects.String())
	}
	return sum.Added + sum.Corrected, err
}

// Pay records one new payment for each person of the demonstration who receives
// care, and tells each in a line on out.
func Pay(ctx context.Context, d *db.DB, r *rand.Rand, today civil.Date, out io.Writer) error {
	demo, err := d.Demo(ctx)
	if err != nil {
		return err
	}
	if demo.Began.IsZero() {
		return errors.New("this database was not filled by the demo: run `comptesante demo load` on an empty one first")
	}
	for i := range People {
		p := &People[i]
		if p.CareAMonth == 0 {
			continue
		}
		counted, err := countedSoFar(ctx, d, p, today.Year)
		if err != nil {
			return err
		}
		line, err := p.live(r, demo.Began, today, counted)
		if err != nil {
			return err
		}
		if _, err := record(ctx, d, today, []ingest.Line{line}); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%10s paid for %s %s (%s)\n", *line.AmountCents, p.GivenName, p.FamilyName, line.Reference); err != nil {
			return err
		}
	}
	return nil
}

// live makes one payment of today's, of care of the days before.
func (p *Person) live(r *rand.Rand, began, today civil.Date, counted db.DemoCounted) (ingest.Line, error) {
	c := newCare(&generated{Person: *p, kind: byHand}, r, reimburse.Default(), began)
	c.letter = fmt.Sprintf("L%08x-", r.Uint32())
	c.people[0].years, c.people[0].debts = []reimburse.Year{counted.Year}, counted.Debts
	return c.visit(today.AddDays(-3-r.IntN(9)), today)
}

// countedSoFar is what the fund has counted of a person and is owed.
func countedSoFar(ctx context.Context, d *db.DB, p *Person, year int) (db.DemoCounted, error) {
	id, err := assureOf(ctx, d, p.NIR)
	if err != nil {
		return db.DemoCounted{}, err
	}
	return d.DemoCounted(ctx, id.Assure, year)
}
