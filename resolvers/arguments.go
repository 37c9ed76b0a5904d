package resolvers

import (
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/graph/model"
)

// pageArguments are the arguments of a connection of payments.
type pageArguments struct {
	first, last   *int
	after, before *string
	filter        *model.PaymentFilter
	order         domain.PaymentOrder
}

// argumentsOf are the arguments of a field payments that was looked ahead at.
func argumentsOf(field *graphql.FieldContext) (a pageArguments) {
	a.first, _ = field.Args["first"].(*int)
	a.after, _ = field.Args["after"].(*string)
	a.last, _ = field.Args["last"].(*int)
	a.before, _ = field.Args["before"].(*string)
	a.filter, _ = field.Args["filter"].(*model.PaymentFilter)
	a.order, _ = field.Args["orderBy"].(domain.PaymentOrder)
	return a
}

// pageQuery reads the arguments; it refuses what is malformed by name.
func (r *Resolver) pageQuery(assure int64, args pageArguments) (q domain.PageQuery, err error) {
	if q.Limit, q.Backward, err = domain.PageSize(args.first, args.last); err != nil {
		return q, err
	}
	q.Order = args.order
	if q.After, err = r.place(assure, q.Order, "after", args.after); err != nil {
		return q, err
	}
	if q.Before, err = r.place(assure, q.Order, "before", args.before); err != nil {
		return q, err
	}
	if q.Filter, err = pageFilter(args.filter); err != nil {
		return q, err
	}
	from, to := period(args.filter)
	return q, q.SetPeriod(civil.Of(r.Now()), from, to)
}

func (r *Resolver) place(assure int64, order domain.PaymentOrder, argument string, text *string) (*domain.PaymentPlace, error) {
	if text == nil {
		return nil, nil
	}
	at, err := r.Cursor.ParsePayment(assure, order, *text)
	if err != nil {
		return nil, domain.Errorf(domain.Validation, "%s is not a cursor of this list in this order: give one that a page of it gave", argument)
	}
	return &at, nil
}

// pageFilter is a filter as the history has it; its period stands apart.
func pageFilter(in *model.PaymentFilter) (f domain.PageFilter, err error) {
	if in == nil {
		return f, nil
	}
	f.Beneficiaries, _ = in.Beneficiaries.ValueOK()
	f.Recipients, _ = in.Recipients.ValueOK()
	f.Complementary, _ = in.Complementary.ValueOK()
	f.States, _ = in.States.ValueOK()
	f.Movement, _ = in.Movement.ValueOK()
	f.Lines.Kinds, _ = in.Kinds.ValueOK()
	f.Lines.Professionals, _ = in.Professionals.ValueOK()
	if f.Movement != nil && strings.ContainsRune(*f.Movement, 0) {
		return f, domain.Errorf(domain.Validation, "movement holds a character that no reference has: leave it out")
	}
	if text, _ := in.Text.ValueOK(); text != nil {
		err = f.Lines.SetText(*text)
	}
	return f, err
}

func period(filter *model.PaymentFilter) (from, to *civil.Date) {
	if filter == nil {
		return nil, nil
	}
	days, _ := filter.PaidOn.ValueOK()
	if days == nil {
		return nil, nil
	}
	from, _ = days.From.ValueOK()
	to, _ = days.To.ValueOK()
	return from, to
}
