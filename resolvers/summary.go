package resolvers

import (
	"fmt"
	"slices"

	"comptesante/domain"
	"comptesante/domain/civil"
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

// summary is the sums of a connection's payments by keys: they were read with it.
func summary(c *model.PaymentConnection, keys []domain.SummaryKey) ([]model.PaymentGroup, error) {
	by, err := domain.GroupingBy(keys)
	if err != nil {
		return nil, err
	}
	groups := make([]model.PaymentGroup, len(c.Sums[by]))
	for i := range groups {
		groups[i] = groupOf(&c.Sums[by][i], c.People, by)
	}
	return groups, nil
}

// groupOf is a group as it is shown: what it is not grouped by is null.
func groupOf(s *domain.PaymentSummary, people []domain.Beneficiary, by domain.Grouping) model.PaymentGroup {
	g := model.PaymentGroup{Count: s.Count, Spent: s.Spent, Amount: s.Amount, Retained: s.Retained, Allowances: s.Allowances}
	if by.Month {
		g.Month = &s.Month
	}
	if by.Kind {
		g.Kind = &s.Kind
	} else {
		remaining := s.Remaining()
		g.Complementary, g.Remaining = &s.Complementary, &remaining
	}
	if i := slices.IndexFunc(people, func(b domain.Beneficiary) bool { return b.ID == s.Beneficiary }); i >= 0 && by.Beneficiary {
		g.Beneficiary = &people[i]
	}
	return g
}
