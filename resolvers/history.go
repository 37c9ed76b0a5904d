package resolvers

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"comptesante/db"
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

// history is one connection of payments: what is asked of it and, once it was
// read, what there is.
type history struct {
	assure int64
	query  domain.PageQuery
	asked  asked

	page, totals int // their places among the pages and the totals of the read
	file         *db.File
}

// asked says which parts of a connection are asked for: its feed's place, its
// payments in any form, its edges, the cursors of its ends, its totals, what its
// movements hold.
type asked struct{ head, rows, edges, ends, totals, movements bool }

// historyOf reads the arguments of the field in ctx and looks ahead at what is
// asked below it; it refuses malformed arguments by name.
func (r *Resolver) historyOf(ctx context.Context, assure int64, args pageArguments) (*history, error) {
	query, err := r.pageQuery(assure, args)
	if err != nil {
		return nil, err
	}
	query.Needs = needs(ctx)
	return &history{assure: assure, query: query, asked: asked{
		head: graphql.AnyFieldRequested(ctx, "liveCursor"), rows: graphql.AnyFieldRequested(ctx, "nodes", "edges", "pageInfo"),
		edges: graphql.AnyFieldRequested(ctx, "edges"), ends: graphql.AnyFieldRequested(ctx, "pageInfo.startCursor", "pageInfo.endCursor"),
		totals: graphql.AnyFieldRequested(ctx, "totals"),
		movements: graphql.AnyFieldRequested(ctx, "nodes.movement.payments", "nodes.movement.amount", "nodes.movement.account",
			"edges.node.movement.payments", "edges.node.movement.amount", "edges.node.movement.account"),
	}}, nil
}

// addTo adds what the connection needs to a read of its file.
func (h *history) addTo(q *db.FileQuery) {
	q.Head = q.Head || h.asked.head
	if h.asked.rows {
		h.page = len(q.Pages)
		q.Pages = append(q.Pages, h.query)
	}
	if h.asked.totals {
		h.totals = len(q.Totals)
		q.Totals = append(q.Totals, h.query)
	}
}

// payments is the connection of an assuré's payments, of the people that the
// actor sees: from the read of the whole account, or by a read of its own.
func (r *Resolver) payments(ctx context.Context, assure int64, args pageArguments) (*model.PaymentConnection, error) {
	if ahead, ok := loadersOf(ctx).page(graphql.GetPath(ctx).String()); ok {
		return r.connection(ctx, ahead), nil
	}
	sight, ok := actor.FromContext(ctx).Sight(assure)
	if !ok {
		return nil, errNotFound
	}
	h, err := r.historyOf(ctx, assure, args)
	if err != nil {
		return nil, err
	}
	var query db.FileQuery
	h.addTo(&query)
	file, err := r.DB.File(ctx, sight, query)
	if err != nil {
		return nil, err
	}
	h.file = &file
	return r.connection(ctx, h), nil
}

// needs looks ahead at which parts of the payments are asked for.
func needs(ctx context.Context) domain.PaymentNeeds {
	asked := func(field string) bool { return graphql.AnyFieldRequested(ctx, "nodes."+field, "edges.node."+field) }
	return domain.PaymentNeeds{Lines: asked("lines"), Beneficiary: asked("beneficiary"),
		Details: asked("lines.retentions") || asked("lines.allowance") || asked("lines.explanation")}
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

// connection turns what was read into the connection. The feed's place was read
// before the page: nothing falls between the two.
func (r *Resolver) connection(ctx context.Context, h *history) *model.PaymentConnection {
	c := &model.PaymentConnection{Assure: h.assure, Query: h.query, Window: windowOf(&h.query)}
	if h.asked.head {
		c.LiveCursor = r.Cursor.Feed(domain.FeedKey{Assure: h.assure, Feed: domain.FeedPayments}, h.file.Head, h.file.Seen...)
	}
	if h.asked.rows {
		r.fill(c, h)
	}
	if h.asked.movements {
		loadersOf(ctx).movements.prime(movementsOf(c.Nodes))
	}
	if h.asked.totals {
		c.Totals = h.file.Totals[h.totals]
	}
	return c
}

// fill turns a page into what is asked for of the connection's lists. A cursor
// is authenticated: none is made for nobody.
func (r *Resolver) fill(c *model.PaymentConnection, h *history) {
	page := h.file.Pages[h.page]
	c.Nodes = page.Payments
	c.PageInfo = model.PageInfo{HasNextPage: page.HasNext, HasPreviousPage: page.HasPrevious}
	cursorOf := func(p *domain.Payment) string {
		return r.Cursor.Payment(h.assure, h.query.Order, p.Place(h.query.Order))
	}
	if h.asked.edges {
		c.Edges = make([]model.PaymentEdge, len(page.Payments))
		for i := range page.Payments {
			c.Edges[i] = model.PaymentEdge{Cursor: cursorOf(&page.Payments[i]), Node: page.Payments[i]}
		}
	}
	if n := len(page.Payments); n > 0 && h.asked.ends {
		start, end := cursorOf(&page.Payments[0]), cursorOf(&page.Payments[n-1])
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &start, &end
	}
}
