package db

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
)

// named is the keys of what records name: professionals by number, acts by
// code and label.
type named struct {
	professionals map[string]int64
	acts          map[act]int64
}

// keys are those of a line's act and professional, nil for none.
func (n *named) keys(l *domain.PaymentLine) (actKey int64, professional *int64, err error) {
	actKey, known := n.acts[act{l.Act, l.Label}]
	if l.Professional != nil {
		key, found := n.professionals[l.Professional.Number]
		professional, known = &key, known && found
	}
	if !known {
		err = errors.New("what a line names was not made")
	}
	return actKey, professional, err
}

// ensureNamed finds the professionals and acts of the records that will be
// stored, and adds those that are new. It commits on its own, before what names
// them: nobody waits for another's payments, and what is in memory is never of a
// transaction that may yet fail.
func (d *DB) ensureNamed(ctx context.Context, items []*item) (*named, error) {
	professionals, acts := make(map[string]*domain.Professional), make(map[act]bool)
	for _, it := range items {
		for _, l := range it.record.Lines {
			acts[act{l.Act, l.Label}] = true
			if l.Professional != nil {
				professionals[l.Professional.Number] = l.Professional
			}
		}
	}
	n := &named{professionals: make(map[string]int64, len(professionals)), acts: make(map[act]int64, len(acts))}
	if err := n.ensureProfessionals(ctx, d, professionals); err != nil {
		return nil, err
	}
	return n, n.ensureActs(ctx, d, acts)
}

func (n *named) ensureProfessionals(ctx context.Context, d *DB, wanted map[string]*domain.Professional) error {
	numbers := make([]string, 0, len(wanted))
	for number := range wanted {
		numbers = append(numbers, number)
	}
	if err := n.findProfessionals(ctx, d, numbers); err != nil || len(n.professionals) == len(wanted) {
		return err
	}
	var fresh, names, specialties []string
	var towns []*string
	for number, p := range wanted {
		if n.professionals[number] == 0 {
			fresh, names, specialties, towns = append(fresh, number), append(names, p.Name), append(specialties, p.Specialty), append(towns, p.Town)
		}
	}
	if _, err := d.pool.Exec(ctx, `INSERT INTO professionals (number, name, specialty, town)
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS w(number, name, specialty, town) ORDER BY number
		ON CONFLICT (number) DO NOTHING`, fresh, names, specialties, towns); err != nil { // in order: two writers never wait for each other in a circle
		return err
	}
	return n.findProfessionals(ctx, d, numbers)
}

func (n *named) findProfessionals(ctx context.Context, d *DB, numbers []string) error {
	rows, err := d.pool.Query(ctx, `SELECT number, id FROM professionals WHERE number = ANY($1::text[])`, numbers)
	if err != nil {
		return err
	}
	var number string
	var key int64
	_, err = pgx.ForEachRow(rows, []any{&number, &key}, func() error {
		n.professionals[number] = key
		return nil
	})
	return err
}

func (n *named) ensureActs(ctx context.Context, d *DB, wanted map[act]bool) error {
	var codes, labels []string
	for a := range wanted {
		codes, labels = append(codes, a.Code), append(labels, a.Label)
	}
	if err := n.findActs(ctx, d, codes, labels); err != nil || len(n.acts) == len(wanted) {
		return err
	}
	codes, labels = nil, nil
	for a := range wanted {
		if n.acts[a] == 0 {
			codes, labels = append(codes, a.Code), append(labels, a.Label)
		}
	}
	if _, err := d.pool.Exec(ctx, `INSERT INTO acts (code, label) SELECT * FROM unnest($1::text[], $2::text[]) AS w(code, label) ORDER BY code, label
		ON CONFLICT (code, label) DO NOTHING`, codes, labels); err != nil {
		return err
	}
	return n.findActs(ctx, d, codes, labels)
}

func (n *named) findActs(ctx context.Context, d *DB, codes, labels []string) error {
	rows, err := d.pool.Query(ctx, `SELECT code, label, id FROM acts WHERE (code, label) IN (SELECT * FROM unnest($1::text[], $2::text[]))`, codes, labels)
	if err != nil {
		return err
	}
	var a act
	var key int64
	_, err = pgx.ForEachRow(rows, []any{&a.Code, &a.Label, &key}, func() error {
		n.acts[a] = key
		return nil
	})
	return err
}
