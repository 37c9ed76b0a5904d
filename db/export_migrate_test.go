package db

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun/migrate"
)

// MigrateBefore applies the migrations that come before one, which is given by
// the number that its file begins with.
func MigrateBefore(ctx context.Context, url, number string) error {
	migrations := migrate.NewMigrations()
	if err := migrations.Discover(migrationFiles); err != nil {
		return err
	}
	n := slices.IndexFunc(migrations.Sorted(), func(m migrate.Migration) bool { return m.Name == number })
	if n < 0 {
		return fmt.Errorf("no migration has the number %s", number)
	}
	return MigrateFirst(ctx, url, n)
}
