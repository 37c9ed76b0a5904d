package resolvers

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"comptesante/db"
	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
)

// account is the actor's own file as the operation shows it; another's is
// NOT_FOUND, also where a child in it may be seen. It looks ahead at what is asked
// below the field, so that all of it comes in one round trip.
func (r *Resolver) account(ctx context.Context, assure int64) (*domain.Assure, error) {
	if assure != actor.FromContext(ctx).Assure {
		return nil, errNotFound
	}
	query, ahead := r.lookAhead(ctx, assure)
	file, err := r.file(ctx, assure, query)
	if err != nil {
		return nil, err
	}
	keepAhead(ctx, ahead, file, &query)
	return &file.Assure, nil
}

// file reads a file as the actor sees it; NOT_FOUND where they see nobody of it.
func (r *Resolver) file(ctx context.Context, assure int64, q db.FileQuery) (*db.File, error) {
	who := actor.FromContext(ctx)
	sight, ok := who.Sight(assure)
	if !ok {
		return nil, errNotFound
	}
	q.Own, q.Today, q.Bytes = assure == who.Assure, civil.Of(r.Now()), r.ReadBytes
	file, err := r.DB.File(ctx, sight, q)
	return &file, err
}

// keepAhead keeps what was read ahead of a file for its fields.
func keepAhead(ctx context.Context, ahead map[string]*history, file *db.File, q *db.FileQuery) {
	l := loadersOf(ctx)
	for path, h := range ahead {
		h.file = file
		l.histories.keep(path, h)
	}
	for _, year := range q.Counters {
		l.counters.keep(counterKey{file.Assure.ID.Assure, year}, file)
	}
	if q.People {
		l.people.keep(file.Assure.ID.Assure, file.Assure.Beneficiaries)
	}
}

// lookAhead is what the operation asks of a file below the field, with the
// connections of payments by their response paths. Below an interface gqlgen does
// not tell the arguments of fields ahead: lists and counters come on their own.
func (r *Resolver) lookAhead(ctx context.Context, assure int64) (query db.FileQuery, ahead map[string]*history) {
	ahead = make(map[string]*history)
	for _, field := range graphql.CollectFieldsCtx(ctx, []string{"Assure", "Node", "AccessibleFile"}) {
		switch field.Name {
		case "id", "assure", "__typename", "accessible":
		case "beneficiaries":
			query.People = true
		case "retentionCounters":
			query.Counters = r.countersBelow(ctx)
		case "payments":
			if path, h := r.historyAhead(ctx, assure, field); h != nil {
				h.addTo(&query)
				ahead[path] = h
			}
		default: // the assuré's own facts
			query.Assure = true
		}
	}
	return query, ahead
}

// historyAhead is a connection of payments that is asked for below the field,
// with its response path. One whose arguments are wrong is left to its own
// resolver, which says so.
func (r *Resolver) historyAhead(ctx context.Context, assure int64, field graphql.CollectedField) (path string, h *history) {
	quiet := graphql.WithFreshResponseContext(ctx) // what is wrong is told once, by the field itself
	child, err := graphql.GetFieldContext(ctx).Child(quiet, field)
	if err != nil {
		return "", nil
	}
	if h, err = r.historyOf(graphql.WithFieldContext(quiet, child), assure, argumentsOf(child)); err != nil {
		return "", nil
	}
	return child.Path().String(), h
}

// people are the beneficiaries in sight of a file, read once in an operation.
func (r *Resolver) people(ctx context.Context, assure int64) ([]domain.Beneficiary, error) {
	return loadersOf(ctx).people.get(assure, func() ([]domain.Beneficiary, error) {
		file, err := r.file(ctx, assure, db.FileQuery{People: true})
		if err != nil {
			return nil, err
		}
		return file.Assure.Beneficiaries, nil
	})
}
