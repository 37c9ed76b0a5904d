package resolvers

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"comptesante/db"
	"comptesante/domain"
	"comptesante/graph/model"
)

// history is one connection of payments: what is asked of it and, once it was
// read, what there is.
type history struct {
	assure    int64
	query     db.HistoryQuery
	selection selection

	file *db.File
	at   int // its place among the histories of the file
}

// historyOf reads the arguments of the field in ctx and looks ahead at what is
// selected below it; it refuses malformed arguments by name.
func (r *Resolver) historyOf(ctx context.Context, assure int64, args pageArguments) (*history, error) {
	query, err := r.pageQuery(assure, args)
	if err != nil {
		return nil, err
	}
	s := selectionOf(ctx)
	payments := s.below("nodes").and(s.below("edges").below("node"))
	query.Needs = payments.paymentNeeds()
	return &history{assure: assure, selection: s, query: db.HistoryQuery{
		PageQuery: query,
		Page:      s.has("nodes", "edges", "pageInfo"),
		Movements: payments.below("movement").movementNeeds(),
		Totals:    s.has("totals"),
		Summaries: summariesBelow(ctx),
	}}, nil
}

// summariesBelow are the groupings that are asked for below the connection in
// ctx, each once. One whose arguments are wrong is left to its own resolver, which
// says so.
func summariesBelow(ctx context.Context) (groupings []domain.Grouping) {
	seen := make(map[domain.Grouping]bool)
	for _, field := range childrenOf(ctx, "PaymentConnection", "summary") {
		keys, _ := field.Args["by"].([]domain.SummaryKey)
		if by, err := domain.GroupingBy(keys); err == nil && !seen[by] {
			seen[by] = true
			groupings = append(groupings, by)
		}
	}
	return groupings
}

// childrenOf are the fields of a name below the field in ctx, which gives an
// object of a type, with their arguments as the resolvers will get them.
func childrenOf(ctx context.Context, object, name string) (fields []*graphql.FieldContext) {
	quiet := graphql.WithFreshResponseContext(ctx) // what is wrong is told once, by the field itself
	for _, field := range graphql.CollectFieldsCtx(ctx, []string{object}) {
		if field.Name != name {
			continue
		}
		if child, err := graphql.GetFieldContext(ctx).Child(quiet, field); err == nil {
			fields = append(fields, child)
		}
	}
	return fields
}

// addTo adds what the connection needs to a read of its file.
func (h *history) addTo(q *db.FileQuery) {
	q.Head = q.Head || h.selection.has("liveCursor")
	h.at = len(q.Histories)
	q.Histories = append(q.Histories, h.query)
}

// payments is the connection of an assuré's payments, of the people that the
// actor sees: from the read of the whole account, or by a read of its own.
func (r *Resolver) payments(ctx context.Context, assure int64, args pageArguments) (*model.PaymentConnection, error) {
	if ahead, ok := loadersOf(ctx).histories.known(graphql.GetPath(ctx).String()); ok {
		return r.connection(ahead), nil
	}
	h, err := r.historyOf(ctx, assure, args)
	if err != nil {
		return nil, err
	}
	var query db.FileQuery
	h.addTo(&query)
	if h.file, err = r.file(ctx, assure, query); err != nil {
		return nil, err
	}
	return r.connection(h), nil
}

// connection turns what was read into the connection.
func (r *Resolver) connection(h *history) *model.PaymentConnection {
	read := &h.file.Histories[h.at]
	c := &model.PaymentConnection{Window: windowOf(&h.query.PageQuery), Totals: read.Totals, Sums: read.Summaries, People: h.file.Assure.Beneficiaries}
	if h.selection.has("liveCursor") {
		c.LiveCursor = r.Cursor.Feed(domain.FeedKey{Assure: h.assure, Feed: domain.FeedPayments}, h.file.Head, h.file.Seen...)
	}
	if h.query.Page {
		r.fill(c, h, &read.Page)
	}
	return c
}

// fill turns a page into what is asked for of the connection's lists. A cursor
// is authenticated: none is made for nobody.
func (r *Resolver) fill(c *model.PaymentConnection, h *history, page *domain.PaymentPage) {
	c.Nodes = page.Payments
	c.PageInfo = model.PageInfo{HasNextPage: page.HasNext, HasPreviousPage: page.HasPrevious}
	cursorOf := func(p *domain.Payment) string {
		return r.Cursor.Payment(h.assure, h.query.Order, p.Place(h.query.Order))
	}
	if h.selection.has("edges") {
		c.Edges = make([]model.PaymentEdge, len(page.Payments))
		for i := range page.Payments {
			c.Edges[i] = model.PaymentEdge{Cursor: cursorOf(&page.Payments[i]), Node: page.Payments[i]}
		}
	}
	if n := len(page.Payments); n > 0 && h.selection.below("pageInfo").has("startCursor", "endCursor") {
		start, end := cursorOf(&page.Payments[0]), cursorOf(&page.Payments[n-1])
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &start, &end
	}
}
