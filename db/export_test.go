package db

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/migrate"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
)

// Asked is a statement of the history with its parameters.
type Asked struct {
	Name, SQL string
	Args      []any
}

func askedOf(h hot, v values) Asked { return Asked{h.name, h.sql, h.arguments(v)} }

// AskedPage is the statement of a page.
func AskedPage(s actor.Sight, q domain.PageQuery) Asked {
	page, _, v := pageOf(s, &q)
	return askedOf(page, v)
}

// AskedOf are the statements that a query of a history comes to: its page in each
// form of its lines, its totals and its summaries.
func AskedOf(s actor.Sight, q domain.PageQuery) (all []Asked) {
	for _, q.Needs = range []domain.PaymentNeeds{{}, {Lines: true}, domain.AllNeeds} {
		all = append(all, AskedPage(s, q))
	}
	b, v := breadthOf(&q.Filter), filterValues(s, &q)
	all = append(all, askedOf(hotTotals[b], v))
	for _, g := range []domain.Grouping{{Month: true}, {Kind: true}, {Month: true, Kind: true, Beneficiary: true}} {
		all = append(all, askedOf(hotSummaries[summaryForm{b, g}], v))
	}
	return all
}

// AskedBeside are the statements of what else is asked of a history: counters,
// movements, payments by id.
func AskedBeside(s actor.Sight, year int, today civil.Date) (all []Asked) {
	assures, people := flatten([]actor.Sight{s})
	v := values{"assure": s.Assure, "people": s.Beneficiaries, "movements": []string{"VIR 1", "VIR 2"}, "from": instant(civil.WindowStart(today))}
	for _, lines := range lineForms {
		all = append(all, askedOf(hotMovements[lines], v))
	}
	return append(all, askedOf(hotAccounts, v), askedOf(hotRetentions, retentionValues(s, year, today)),
		Asked{hotByID.name, hotByID.sql, []any{[]int64{s.Assure}, []int64{1}, assures, people, v["from"]}},
		Asked{hotNamed.name, hotNamed.sql, []any{[]int64{s.Assure}, []int64{1}}})
}

// PreparedStatements are the names of what is prepared on one connection.
func (d *DB) PreparedStatements(ctx context.Context) ([]string, error) {
	rows, err := d.pool.Query(ctx, `SELECT name FROM pg_prepared_statements ORDER BY name`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// RenewReference is what KeepReference does each second.
func (d *DB) RenewReference(ctx context.Context) error { return d.renewReference(ctx) }

// MigrateFirst applies the first n migrations alone.
func MigrateFirst(ctx context.Context, url string, n int) error {
	pool, err := openPool(ctx, url, Owner, Options{MaxConns: 1})
	if err != nil {
		return err
	}
	defer pool.Close()
	migrations := migrate.NewMigrations()
	if err := migrations.Discover(migrationFiles); err != nil {
		return err
	}
	m := migrate.NewMigrator(bun.NewDB(stdlib.OpenDBFromPool(pool), pgdialect.New()), migrations, migrate.WithMarkAppliedOnSuccess(true), migrate.WithUpsert(true))
	if err := m.Init(ctx); err != nil {
		return err
	}
	for _, one := range migrations.Sorted()[:n] {
		if err := m.RunMigration(ctx, one.Name); err != nil {
			return err
		}
	}
	return nil
}

// ReferencePoll sets how often KeepReference looks, until the returned function
// is called.
func ReferencePoll(every time.Duration) (back func()) {
	was := referencePoll
	referencePoll = every
	return func() { referencePoll = was }
}

// Beat has a batch say that it runs, as it does by itself each beatEvery, and
// returns once it has.
func (b *Batch) Beat(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	ticks, done := make(chan time.Time), make(chan struct{})
	go func() {
		b.keepAlive(ctx, ticks)
		close(done)
	}()
	ticks <- time.Time{}
	ticks <- time.Time{} // taken once the first was worked off
	stop()
	<-done
}
