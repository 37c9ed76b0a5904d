package resolvers

import (
	"context"
	"fmt"
	"slices"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/graph/model"
)

// windowOf says how far back a list goes, and tells a person where the filter
// asked for more.
func windowOf(q *domain.PageQuery) model.HistoryWindow {
	w := model.HistoryWindow{From: civil.WindowStart(q.Today), Cut: q.Cut}
	if w.Cut {
		text := fmt.Sprintf("Les paiements d'avant le %s ne sont plus consultables en ligne.", w.From.French())
		w.Message = &text
	}
	return w
}

// summary sums up the payments of a connection, in one statement.
func (r *Resolver) summary(ctx context.Context, c *model.PaymentConnection, by []domain.SummaryKey) ([]model.PaymentGroup, error) {
	if len(by) == 0 {
		return nil, domain.Errorf(domain.Validation, "by is empty: give MONTH, KIND or BENEFICIARY, or ask for totals instead")
	}
	sight, ok := actor.FromContext(ctx).Sight(c.Assure)
	if !ok {
		return nil, errNotFound
	}
	sums, err := r.DB.PaymentSummary(ctx, sight, domain.SummaryQuery{PageQuery: c.Query, By: by})
	if err != nil {
		return nil, err
	}
	var people []domain.Beneficiary
	if slices.Contains(by, domain.ByBeneficiary) {
		if people, err = r.people(ctx, c.Assure); err != nil {
			return nil, err
		}
	}
	groups := make([]model.PaymentGroup, len(sums))
	for i := range sums {
		groups[i] = groupOf(&sums[i], people, by)
	}
	return groups, nil
}

// groupOf is a group as it is shown: what it is not grouped by is null.
func groupOf(s *domain.PaymentSummary, people []domain.Beneficiary, by []domain.SummaryKey) model.PaymentGroup {
	g := model.PaymentGroup{Count: s.Count, Spent: s.Spent, Amount: s.Amount, Retained: s.Retained, Allowances: s.Allowances}
	if slices.Contains(by, domain.ByMonth) {
		g.Month = &s.Month
	}
	if slices.Contains(by, domain.ByKind) {
		g.Kind = &s.Kind
	} else {
		remaining := s.Remaining()
		g.Complementary, g.Remaining = &s.Complementary, &remaining
	}
	if i := slices.IndexFunc(people, func(b domain.Beneficiary) bool { return b.ID == s.Beneficiary }); i >= 0 {
		g.Beneficiary = &people[i]
	}
	return g
}

// retentionCounters are the counters of a civil year of the people in sight.
func (r *Resolver) retentionCounters(ctx context.Context, assure int64, asked *int) ([]domain.RetentionCounter, error) {
	year, err := domain.CounterYear(asked, civil.Of(r.Now()))
	if err != nil {
		return nil, err
	}
	sight, ok := actor.FromContext(ctx).Sight(assure)
	if !ok {
		return nil, errNotFound
	}
	people, err := r.people(ctx, assure)
	if err != nil {
		return nil, err
	}
	entries, err := r.DB.CountedRetentions(ctx, sight, year)
	if err != nil {
		return nil, err
	}
	caps, err := r.DB.Parameters().YearCaps(year)
	return domain.CountRetentions(people, year, map[domain.RetentionKind]money.Cents{
		domain.Participation: caps.Participation.Cents, domain.Franchise: caps.Franchise.Cents,
	}, entries), err
}

// movement is what there is of a movement: its payments in sight are read
// together with those of the page's other movements.
func (r *Resolver) movement(ctx context.Context, m *domain.Movement) (*domain.MovementDetail, error) {
	detail, err := loadersOf(ctx).movements.load(ctx, *m)
	if detail == nil { // an error, or its last payment left the window meanwhile
		detail = &domain.MovementDetail{Payments: []domain.Payment{}}
	}
	if err == nil && len(detail.Payments) > domain.MaxMovement {
		err = domain.Errorf(domain.QueryTooComplex, "the movement has more than %d payments: ask for payments(filter: {movement}), page by page, and its totals", domain.MaxMovement)
	}
	return detail, err
}

// movementsOf are the movements that payments are of, each once.
func movementsOf(payments []domain.Payment) (movements []domain.Movement) {
	seen := make(map[domain.Movement]bool)
	for i := range payments {
		if m := payments[i].Movement; !seen[m] {
			seen[m] = true
			movements = append(movements, m)
		}
	}
	return movements
}
