package resolvers

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"comptesante/db"
	"comptesante/domain"
	"comptesante/domain/actor"
)

// account is an assuré's file as the operation shows it. It looks ahead at what
// is asked below the field, so that all of it comes in one round trip.
func (r *Resolver) account(ctx context.Context, assure int64) (*domain.Assure, error) {
	sight, ok := actor.FromContext(ctx).Sight(assure)
	if !ok {
		return nil, errNotFound
	}
	query := db.FileQuery{
		Assure: graphql.AnyFieldRequested(ctx, "nir", "familyName", "givenName", "birthDate", "iban", "caisse", "mutuelle"),
		People: graphql.AnyFieldRequested(ctx, "beneficiaries"),
	}
	ahead := r.historiesBelow(ctx, assure)
	for _, h := range ahead {
		h.addTo(&query)
	}
	file, err := r.DB.File(ctx, sight, query)
	if err != nil {
		return nil, err
	}
	for path, h := range ahead {
		h.file = &file
		loadersOf(ctx).pages.Store(path, h)
	}
	return &file.Assure, nil
}

// historiesBelow are the connections of payments that are asked for below the
// field, by their response paths. One whose arguments are wrong is left to its
// own resolver, which says so; so are all below an interface, whose fields
// gqlgen does not tell ahead.
func (r *Resolver) historiesBelow(ctx context.Context, assure int64) map[string]*history {
	below := make(map[string]*history)
	quiet := graphql.WithFreshResponseContext(ctx) // what is wrong is told once, by the field itself
	for _, field := range graphql.CollectFieldsCtx(ctx, []string{"Assure", "Node"}) {
		if field.Name != "payments" {
			continue
		}
		child, err := graphql.GetFieldContext(ctx).Child(quiet, field)
		if err != nil {
			continue
		}
		if h, err := r.historyOf(graphql.WithFieldContext(ctx, child), assure, argumentsOf(child)); err == nil {
			below[child.Path().String()] = h
		}
	}
	return below
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
