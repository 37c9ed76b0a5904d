package db

import (
	"context"

	"comptesante/domain"
)

// BeginDemo marks an empty database as one that the demo fills, which is what
// lets `serve` print tokens. It fails with CONFLICT on a database that holds
// files already, whose people may be real.
func (d *DB) BeginDemo(ctx context.Context) (err error) {
	defer wrap(&err, "BeginDemo")
	done, err := d.bun.NewRaw(`UPDATE installation SET demo_since = now()
		WHERE demo_since IS NULL AND NOT EXISTS (SELECT FROM assures)`).Exec(ctx)
	return oneRow(done, err, domain.Errorf(domain.Conflict,
		"this database holds files already: the demo fills only an empty one (another folder: COMPTESANTE_DATA, another database: DATABASE_URL)"))
}

// IsDemo tells whether the demo filled this database.
func (d *DB) IsDemo(ctx context.Context) (is bool, err error) {
	defer wrap(&err, "IsDemo")
	err = d.bun.NewRaw(`SELECT demo_since IS NOT NULL FROM installation`).Scan(ctx, &is)
	return is, err
}

// IsEmpty tells whether no file was opened yet.
func (d *DB) IsEmpty(ctx context.Context) (is bool, err error) {
	defer wrap(&err, "IsEmpty")
	err = d.bun.NewRaw(`SELECT NOT EXISTS (SELECT FROM assures)`).Scan(ctx, &is)
	return is, err
}
