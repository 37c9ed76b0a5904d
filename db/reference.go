package db

import (
	"context"

	"github.com/uptrace/bun"

	"comptesante/domain"
)

// Caisses gives funds by key; a key that names none is missing in the map.
func (d *DB) Caisses(ctx context.Context, keys []int64) (map[int64]domain.Caisse, error) {
	return reference(ctx, d.bun, "caisses", domain.KindCaisse, keys, func(r *referenceRow) domain.Caisse {
		return domain.Caisse{ID: r.id, Code: r.Code, Name: r.Name}
	})
}

// Mutuelles gives complementary insurers by key; a key that names none is
// missing in the map.
func (d *DB) Mutuelles(ctx context.Context, keys []int64) (map[int64]domain.Mutuelle, error) {
	return reference(ctx, d.bun, "mutuelles", domain.KindMutuelle, keys, func(r *referenceRow) domain.Mutuelle {
		return domain.Mutuelle{ID: r.id, Code: r.Code, Name: r.Name, Site: r.Site}
	})
}

// Professionals gives professionals by key; a key that names none is missing
// in the map.
func (d *DB) Professionals(ctx context.Context, keys []int64) (map[int64]domain.Professional, error) {
	return reference(ctx, d.bun, "professionals", domain.KindProfessional, keys, func(r *referenceRow) domain.Professional {
		return domain.Professional{ID: r.id, Number: r.Number, Name: r.Name, Specialty: r.Specialty, Town: r.Town}
	})
}

// referenceRow has the columns of all reference tables; each fills its own.
type referenceRow struct {
	id        domain.ID
	ID        int64
	Code      string
	Number    string
	Name      string
	Specialty string
	Site      *string
	Town      *string
}

func reference[T any](ctx context.Context, db bun.IDB, table string, kind domain.Kind, keys []int64, make_ func(*referenceRow) T) (_ map[int64]T, err error) {
	defer wrap(&err, "reading "+table)
	var rows []referenceRow
	if err := db.NewSelect().Table(table).ColumnExpr("*").Where("id IN (?)", bun.List(keys)).Scan(ctx, &rows); err != nil {
		return nil, err
	}
	found := make(map[int64]T, len(rows))
	for i := range rows {
		rows[i].id = domain.ID{Kind: kind, Key: rows[i].ID}
		found[rows[i].ID] = make_(&rows[i])
	}
	return found, nil
}

// SetCaisse adds or renames a fund and gives its key.
func (d *DB) SetCaisse(ctx context.Context, c domain.Caisse) (key int64, err error) {
	defer wrap(&err, "SetCaisse")
	err = d.bun.NewRaw(`INSERT INTO caisses (code, name) VALUES (?, ?)
		ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name RETURNING id`, c.Code, c.Name).Scan(ctx, &key)
	return key, err
}

// SetMutuelle adds or changes a complementary insurer and gives its key.
func (d *DB) SetMutuelle(ctx context.Context, m domain.Mutuelle) (key int64, err error) {
	defer wrap(&err, "SetMutuelle")
	err = d.bun.NewRaw(`INSERT INTO mutuelles (code, name, site) VALUES (?, ?, ?)
		ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, site = EXCLUDED.site RETURNING id`, m.Code, m.Name, m.Site).Scan(ctx, &key)
	return key, err
}
