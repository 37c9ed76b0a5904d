package resolvers

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
	"comptesante/graph/model"
)

// pageArguments are the arguments of a connection of payments.
type pageArguments struct {
	first, last   *int
	after, before *string
	filter        *model.PaymentFilter
}

// history is a page of an assuré's payments, of the people that the actor sees.
// The feed's place is read before the page: nothing falls between the two.
func (r *Resolver) history(ctx context.Context, assure int64, args pageArguments) (*model.PaymentConnection, error) {
	sight, ok := actor.FromContext(ctx).Sight(assure)
	if !ok {
		return nil, errNotFound
	}
	query, err := r.pageQuery(assure, args)
	if err != nil {
		return nil, err
	}
	query.Needs = needs(ctx)
	connection := &model.PaymentConnection{}
	if graphql.AnyFieldRequested(ctx, "liveCursor") {
		if connection.LiveCursor, err = r.liveCursor(ctx, assure); err != nil {
			return nil, err
		}
	}
	if !graphql.AnyFieldRequested(ctx, "nodes", "edges", "pageInfo") {
		return connection, nil
	}
	page, err := r.DB.PaymentPage(ctx, sight, query)
	if err != nil {
		return nil, err
	}
	r.fill(connection, assure, page)
	return connection, nil
}

// needs looks ahead at which parts of the payments are asked for.
func needs(ctx context.Context) domain.PaymentNeeds {
	asked := func(field string) bool { return graphql.AnyFieldRequested(ctx, "nodes."+field, "edges.node."+field) }
	return domain.PaymentNeeds{Lines: asked("lines"), Beneficiary: asked("beneficiary")}
}

// pageQuery reads the arguments; it refuses what is malformed by name.
func (r *Resolver) pageQuery(assure int64, args pageArguments) (q domain.PageQuery, err error) {
	if q.Limit, q.Backward, err = domain.PageSize(args.first, args.last); err != nil {
		return q, err
	}
	if q.After, err = r.place(assure, "after", args.after); err != nil {
		return q, err
	}
	if q.Before, err = r.place(assure, "before", args.before); err != nil {
		return q, err
	}
	from, to := period(args.filter)
	return q, q.SetPeriod(civil.Of(r.Now()), from, to)
}

func (r *Resolver) place(assure int64, argument string, text *string) (*domain.PaymentPlace, error) {
	if text == nil {
		return nil, nil
	}
	at, err := r.Cursor.ParsePayment(assure, *text)
	if err != nil {
		return nil, domain.Errorf(domain.Validation, "%s is not a cursor of this list: give one that a page of it gave", argument)
	}
	return &at, nil
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

func (r *Resolver) liveCursor(ctx context.Context, assure int64) (string, error) {
	key := domain.FeedKey{Assure: assure, Feed: domain.FeedPayments}
	epoch, heads, err := r.DB.FeedHeads(ctx, []domain.FeedKey{key})
	return r.Cursor.Feed(key, domain.Position{Epoch: epoch, Seq: heads[key]}), err
}

// fill turns a page into the connection.
func (r *Resolver) fill(c *model.PaymentConnection, assure int64, page domain.PaymentPage) {
	c.Nodes = page.Payments
	c.Edges = make([]model.PaymentEdge, len(page.Payments))
	for i, p := range page.Payments {
		at := domain.PaymentPlace{PaidOn: p.PaidOn, Key: p.ID.Key}
		c.Edges[i] = model.PaymentEdge{Cursor: r.Cursor.Payment(assure, at), Node: p}
	}
	c.PageInfo = model.PageInfo{HasNextPage: page.HasNext, HasPreviousPage: page.HasPrevious}
	if n := len(c.Edges); n > 0 {
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &c.Edges[0].Cursor, &c.Edges[n-1].Cursor
	}
}
