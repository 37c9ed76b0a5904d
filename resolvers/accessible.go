package resolvers

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"comptesante/db"
	"comptesante/domain"
	"comptesante/domain/actor"
)

// accessible are the files of others in which the actor sees a child. What is
// asked below the field of all of them comes in one round trip.
func (r *Resolver) accessible(ctx context.Context) ([]domain.AccessibleFile, error) {
	others := actor.FromContext(ctx).Others()
	reads, ahead := make([]db.FileRead, len(others)), make([]map[string]*history, len(others))
	for i, sight := range others {
		reads[i].Sight = sight
		reads[i].FileQuery, ahead[i] = r.lookAhead(elementOf(ctx, i), sight.Assure)
		reads[i].Bytes = r.ReadBytes / len(others)
	}
	read, err := r.DB.Files(ctx, reads)
	if err != nil {
		return nil, err
	}
	files := make([]domain.AccessibleFile, len(others))
	for i := range read {
		keepAhead(ctx, ahead[i], &read[i], &reads[i].FileQuery)
		files[i] = domain.AccessibleFile{Assure: read[i].Assure.ID, Beneficiaries: read[i].Assure.Beneficiaries}
	}
	return files, nil
}

// elementOf is ctx as it will be for the i-th element of the list that the field
// in ctx gives, so that one can look ahead below it.
func elementOf(ctx context.Context, i int) context.Context {
	list := graphql.GetFieldContext(ctx)
	return graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: &i, Field: list.Field, Child: list.Child})
}
