package resolvers

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"comptesante/db"
	"comptesante/domain"
	"comptesante/domain/actor"
)

// account is the actor's own file as the operation shows it; another's is
// NOT_FOUND, also where a child in it may be seen. It looks ahead at what is asked
// below the field, so that all of it comes in one round trip.
func (r *Resolver) account(ctx context.Context, assure int64) (*domain.Assure, error) {
	who := actor.FromContext(ctx)
	sight, ok := who.Sight(assure)
	if !ok || assure != who.Assure {
		return nil, errNotFound
	}
	query, ahead := r.lookAhead(ctx, assure)
	file, err := r.DB.File(ctx, sight, query)
	if err != nil {
		return nil, err
	}
	keepAhead(ctx, ahead, &file)
	return &file.Assure, nil
}

// keepAhead keeps the connections of a file that were read ahead for their
// fields.
func keepAhead(ctx context.Context, ahead map[string]*history, file *db.File) {
	for path, h := range ahead {
		h.file = file
		loadersOf(ctx).keepPage(path, h)
	}
}

// lookAhead is what the operation asks of a file below the field, with the
// connections of payments by their response paths.
func (r *Resolver) lookAhead(ctx context.Context, assure int64) (query db.FileQuery, ahead map[string]*history) {
	ahead = make(map[string]*history)
	for _, field := range graphql.CollectFieldsCtx(ctx, []string{"Assure", "Node", "AccessibleFile"}) {
		switch field.Name {
		case "id", "assure", "__typename":
		case "accessible", "retentionCounters": // they come on their own
		case "beneficiaries":
			query.People = true
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
// resolver, which says so; so is one below an interface, whose fields gqlgen does
// not tell ahead.
func (r *Resolver) historyAhead(ctx context.Context, assure int64, field graphql.CollectedField) (path string, h *history) {
	quiet := graphql.WithFreshResponseContext(ctx) // what is wrong is told once, by the field itself
	child, err := graphql.GetFieldContext(ctx).Child(quiet, field)
	if err != nil {
		return "", nil
	}
	if h, err = r.historyOf(graphql.WithFieldContext(ctx, child), assure, argumentsOf(child)); err != nil {
		return "", nil
	}
	return child.Path().String(), h
}

// people are the beneficiaries in sight of a file, read once in an operation.
func (r *Resolver) people(ctx context.Context, assure int64) ([]domain.Beneficiary, error) {
	sight, ok := actor.FromContext(ctx).Sight(assure)
	if !ok {
		return nil, errNotFound
	}
	return loadersOf(ctx).readPeople(assure, func() ([]domain.Beneficiary, error) {
		file, err := r.DB.File(ctx, sight, db.FileQuery{People: true})
		return file.Assure.Beneficiaries, err
	})
}
