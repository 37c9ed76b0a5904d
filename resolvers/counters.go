package resolvers

import (
	"context"

	"comptesante/db"
	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// counterKey names the counters of a file and a civil year.
type counterKey struct {
	assure int64
	year   int
}

// countersBelow are the years whose counters are asked for below the file in ctx,
// each once. One that is wrong is left to its own resolver, which says so.
func (r *Resolver) countersBelow(ctx context.Context) (years []int) {
	seen := make(map[int]bool)
	for _, field := range childrenOf(ctx, "Assure", "retentionCounters") {
		asked, _ := field.Args["year"].(*int)
		if year, err := domain.CounterYear(asked, civil.Of(r.Now())); err == nil && !seen[year] {
			seen[year] = true
			years = append(years, year)
		}
	}
	return years
}

// retentionCounters are the counters of a civil year of the people in sight: from
// the read of the whole account, or by one read for all who ask for that year.
func (r *Resolver) retentionCounters(ctx context.Context, assure int64, asked *int) ([]domain.RetentionCounter, error) {
	today := civil.Of(r.Now())
	year, err := domain.CounterYear(asked, today)
	if err != nil {
		return nil, err
	}
	file, err := loadersOf(ctx).counters.get(counterKey{assure, year}, func() (*db.File, error) {
		return r.file(ctx, assure, db.FileQuery{Counters: []int{year}})
	})
	if err != nil {
		return nil, err
	}
	caps, err := r.DB.Parameters().YearCaps(year)
	return domain.CountRetentions(file.Assure.Beneficiaries, year, map[domain.RetentionKind]money.Cents{
		domain.Participation: caps.Participation.Cents, domain.Franchise: caps.Franchise.Cents,
	}, file.Counters[year]), err
}
