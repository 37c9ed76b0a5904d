package db

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

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
		for lines := noLines; lines <= detailedLines; lines++ {
			for b := plainFilter; b <= lineFilter; b++ {
				for _, backward := range []bool{false, true} {
					f := pageForm{backward, lines, order, b}
					forms[f] = hot{fmt.Sprintf("history %s %d %d %t", order, lines, b, backward), f.statement()}
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
	day, order, from := "p.paid_on", "DESC", 10
	if f.backward {
		order = "ASC"
	}
	where := `p.assure_id = $1 AND p.beneficiary_id = ANY($2::bigint[])`
	if f.order == domain.ByCaredOn {
		day, from = "p.cared_on", 12
		where += ` AND p.paid_on BETWEEN $10::date AND $11::date`
	}
	where += strings.ReplaceAll(` AND (DAY, p.id) < ($3::date, $4::bigint) AND (DAY, p.id) > ($5::date, $6::bigint)
		AND ($8::text[] IS NULL OR p.recipient = ANY($8)) AND ($9::text[] IS NULL OR p.complementary = ANY($9))`, "DAY", day)
	return selectPayments(where+f.breadth.conditions(from)+fmt.Sprintf(" ORDER BY %s %s, p.id %s LIMIT $7::bigint", day, order, order), f.lines)
}

// addPage adds the statement of a page, which reads one payment more than the
// page has.
func (r *fileReader) addPage(ctx context.Context, f *flight, i int) error {
	form, args := pageOf(r.sight, &r.q.Pages[i])
	read := func(rows pgx.Rows) (err error) {
		r.gathered[i], err = gather(rows, form.lines)
		return err
	}
	return f.add(ctx, hotPages[form], read, args...)
}

// pageOf is the form of a page, and its parameters.
func pageOf(s actor.Sight, q *domain.PageQuery) (form pageForm, args []any) {
	form = pageForm{q.Backward, formOf(q.Needs), cmp.Or(q.Order, domain.ByPaidOn), breadthOf(&q.Filter)}
	below, above := bounds(q)
	args = []any{s.Assure, inSight(s, q.Filter.Beneficiaries), instant(below.Day), below.Key, instant(above.Day), above.Key,
		int64(q.Limit + 1), q.Filter.Recipients, q.Filter.Complementary}
	if form.order == domain.ByCaredOn {
		args = append(args, instant(q.From), instant(q.To))
	}
	return form, append(args, form.breadth.args(q)...)
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

// page completes a page and cuts what it has too much.
func (r *fileReader) page(ctx context.Context, q domain.PageQuery, g *gathered, people map[domain.ID]domain.Beneficiary) (page domain.PaymentPage, err error) {
	if !q.Needs.Beneficiary {
		people = nil
	}
	payments, err := r.d.complete(ctx, r.d.pool, g, people)
	if err != nil {
		return page, err
	}
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
	return page, nil
}

// breadth is how far a filter looks.
type breadth int

const (
	plainFilter  breadth = iota // at what the index of the history holds
	narrowFilter                // at the state and the movement too
	lineFilter                  // at the lines too, with their acts and professionals
)

func breadthOf(f *domain.PageFilter) breadth {
	switch {
	case f.Lines.Any():
		return lineFilter
	case f.Narrow():
		return narrowFilter
	}
	return plainFilter
}

// conditions are those of a payment p beyond the plain filter, whose parameters
// begin with a number; args gives their values.
func (b breadth) conditions(from int) string {
	text := ""
	if b >= narrowFilter {
		text += ` AND ($A::text[] IS NULL OR CASE WHEN p.amount_cents < 0 THEN 'RECOVERED' WHEN p.paid_on > $B::date THEN 'ANNOUNCED' ELSE 'PAID' END = ANY($A))
			AND ($C::text IS NULL OR p.movement = $C)`
	}
	if b >= lineFilter {
		text += ` AND EXISTS (SELECT FROM payment_lines l JOIN (` + selectKinds + `) a ON a.id = l.act_id LEFT JOIN professionals w ON w.id = l.professional_id
			WHERE l.assure_id = p.assure_id AND l.paid_on = p.paid_on AND l.payment_id = p.id
			  AND ($D::text[] IS NULL OR a.kind = ANY($D)) AND ($E::bigint[] IS NULL OR l.professional_id = ANY($E))
			  AND NOT EXISTS (SELECT FROM unnest((SELECT array_agg(fold(v)) FROM unnest($F::text[]) v)) word
			                  WHERE strpos(a.search || ' ' || coalesce(w.search, ''), word) = 0))`
	}
	for i, letter := range "ABCDEF" {
		text = strings.ReplaceAll(text, "$"+string(letter), fmt.Sprintf("$%d", from+i))
	}
	return text
}

func (b breadth) args(q *domain.PageQuery) []any {
	var args []any
	if b >= narrowFilter {
		args = append(args, q.Filter.States, instant(q.Today), q.Filter.Movement)
	}
	if b >= lineFilter {
		args = append(args, q.Filter.Lines.Kinds, keysOfKind(domain.KindProfessional, q.Filter.Lines.Professionals), q.Filter.Lines.Words)
	}
	return args
}

// keysOfKind are the keys of those ids that are of a kind; nil where there are no
// ids.
func keysOfKind(kind domain.Kind, ids []domain.ID) []int64 {
	if ids == nil {
		return nil
	}
	keys := []int64{}
	for _, id := range ids {
		if id.Kind == kind {
			keys = append(keys, id.Key)
		}
	}
	return keys
}

// selectChosen is all payments of a file that a period and a filter choose,
// whatever the page; chosenArgs gives its parameters, of which there are as many
// as parameters tells.
func (b breadth) selectChosen() string {
	return `SELECT p.id, p.paid_on, p.beneficiary_id, p.amount_cents, p.complementary_cents FROM payments p
		WHERE p.assure_id = $1 AND p.beneficiary_id = ANY($2::bigint[]) AND p.paid_on BETWEEN $3::date AND $4::date
		  AND ($5::text[] IS NULL OR p.recipient = ANY($5)) AND ($6::text[] IS NULL OR p.complementary = ANY($6))` + b.conditions(7)
}

func (b breadth) parameters() int { return [...]int{6, 9, 12}[b] }

func chosenArgs(s actor.Sight, q *domain.PageQuery) []any {
	args := []any{s.Assure, inSight(s, q.Filter.Beneficiaries), instant(q.From), instant(q.To), q.Filter.Recipients, q.Filter.Complementary}
	return append(args, breadthOf(&q.Filter).args(q)...)
}
