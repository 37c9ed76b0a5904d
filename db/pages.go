package db

import (
	"cmp"
	"fmt"
	"slices"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
)

// pageForm says which of the forms of a page a query needs. Each is a statement
// of its own, so that the plain page, which is most of them, pays for no other.
type pageForm struct {
	backward bool
	lines    lineForm
	order    domain.PaymentOrder
	breadth  breadth
}

// hotPages are the forms of a page. What the plain filter looks at is in the
// index: a page that few payments meet reads the index's part of one history,
// and no table.
var hotPages = func() map[pageForm]hot {
	forms := make(map[pageForm]hot)
	for _, order := range []domain.PaymentOrder{domain.ByPaidOn, domain.ByCaredOn} {
		for _, lines := range lineForms {
			for _, b := range breadths {
				for _, backward := range []bool{false, true} {
					f := pageForm{backward, lines, order, b}
					forms[f] = byName(fmt.Sprintf("history %s %d %d %t", order, lines, b, backward), f.statement())
				}
			}
		}
	}
	return forms
}()

// statement is a page's: between two places in its order, which are always
// given, as the index has them. An open one would cost the whole history in a
// plan that serves any.
//
// By day of care there is no such index: a file's payments of the period are
// sorted, as many as a person has in 27 months (docs/decisions/0002).
func (f pageForm) statement() string {
	day, period, direction := "p.paid_on", "", "DESC"
	if f.backward {
		direction = "ASC"
	}
	if f.order == domain.ByCaredOn {
		day, period = "p.cared_on", " AND p.paid_on BETWEEN @from::date AND @to::date"
	}
	return selectPayments(inFile+period+fmt.Sprintf(` AND (%[1]s, p.id) < (@below_day::date, @below_key::bigint) AND (%[1]s, p.id) > (@above_day::date, @above_key::bigint)%[2]s
		ORDER BY %[1]s %[3]s, p.id %[3]s LIMIT @count::bigint`, day, f.breadth.conditions(), direction), f.lines)
}

// pageOf is the statement of a page, which reads one payment more than the page
// has, the form of its lines, and its values.
func pageOf(s actor.Sight, q *domain.PageQuery) (h hot, lines lineForm, v values) {
	form := pageForm{q.Backward, formOf(q.Needs), cmp.Or(q.Order, domain.ByPaidOn), breadthOf(&q.Filter)}
	below, above := bounds(q)
	v = filterValues(s, q)
	v["below_day"], v["below_key"], v["above_day"], v["above_key"] = instant(below.Day), below.Key, instant(above.Day), above.Key
	v["count"] = int64(q.Limit + 1)
	return hotPages[form], form.lines, v
}

// bounds are the places between which a page lies: everything below the first
// one and above the second. Keys begin at 1, so a day's place of key 0 lies
// before all its payments.
func bounds(q *domain.PageQuery) (below, above domain.PaymentPlace) {
	below, above = domain.PaymentPlace{Day: q.To.AddDays(1)}, domain.PaymentPlace{Day: q.From}
	if q.Order == domain.ByCaredOn { // the period is that of payment
		below, above = domain.PaymentPlace{Day: civil.Latest}, domain.PaymentPlace{Day: civil.Earliest}
	}
	if q.After != nil && comparePlaces(*q.After, below) < 0 {
		below = *q.After
	}
	if q.Before != nil && comparePlaces(*q.Before, above) > 0 {
		above = *q.Before
	}
	return below, above
}

func comparePlaces(a, b domain.PaymentPlace) int {
	return cmp.Or(a.Day.Compare(b.Day), cmp.Compare(a.Key, b.Key))
}

// pageFrom is the page of what was read for it, in order, without what it has too
// much.
func pageFrom(q *domain.PageQuery, payments []domain.Payment) (page domain.PaymentPage) {
	slices.SortFunc(payments, func(a, b domain.Payment) int { return comparePlaces(b.Place(q.Order), a.Place(q.Order)) })
	more := len(payments) > q.Limit
	page.HasNext, page.HasPrevious = more, q.After != nil
	if q.Backward {
		page.HasNext, page.HasPrevious = q.Before != nil, more
	}
	switch {
	case more && q.Backward:
		payments = payments[1:]
	case more:
		payments = payments[:q.Limit]
	}
	page.Payments = payments
	return page
}
