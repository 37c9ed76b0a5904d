package db

import (
	"context"

	"comptesante/domain"
	"comptesante/domain/civil"
)

// Demo says how far the demonstration filled this database.
type Demo struct {
	Began  civil.Date // the day that its people's ages count from; zero where this is no demo
	Loaded bool       // everybody and everything is there
}

// BeginDemo marks an empty database as one that the demo fills, which is what
// lets `serve` print tokens, and gives the day on which that began: a load that
// was cut short goes on with it. It fails with CONFLICT on a database that
// holds other files, whose people may be real.
func (d *DB) BeginDemo(ctx context.Context, today civil.Date) (began civil.Date, err error) {
	defer wrap(&err, "BeginDemo")
	if _, err := d.bun.NewRaw(`UPDATE installation SET demo_began = ?::date
		WHERE demo_began IS NULL AND NOT EXISTS (SELECT FROM assures)`, today.String()).Exec(ctx); err != nil {
		return began, err
	}
	demo, err := d.Demo(ctx)
	if err == nil && demo.Began.IsZero() {
		err = domain.Errorf(domain.Conflict,
			"this database holds files already: the demo fills only an empty one (another folder: COMPTESANTE_DATA, another database: DATABASE_URL)")
	}
	return demo.Began, err
}

// EndDemo notes that the demonstration is loaded.
func (d *DB) EndDemo(ctx context.Context) (err error) {
	defer wrap(&err, "EndDemo")
	_, err = d.bun.NewRaw(`UPDATE installation SET demo_loaded = true`).Exec(ctx)
	return err
}

// Demo reads how far the demonstration filled this database.
func (d *DB) Demo(ctx context.Context) (demo Demo, err error) {
	defer wrap(&err, "Demo")
	err = d.bun.NewRaw(`SELECT demo_began, demo_loaded FROM installation`).Scan(ctx, &demo.Began, &demo.Loaded)
	return demo, err
}
