package resolvers

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"comptesante/domain"
)

// errNotFound is the answer for what is not there and for what is not yours.
var errNotFound = domain.Errorf(domain.NotFound, "nothing with this id is yours to see")

// node loads the object that an id names, where the actor may see it. All that
// the operation names of one kind is read together.
func (r *Resolver) node(ctx context.Context, id domain.ID) (domain.Node, error) {
	l := loadersOf(ctx)
	l.named.Do(func() { l.primeNamed(ctx) })
	switch id.Kind {
	case domain.KindPayment:
		return present(l.payments.load(ctx, id))
	case domain.KindAssure:
		return present(r.account(ctx, id.Assure))
	case domain.KindBeneficiary:
		return present(r.beneficiary(ctx, id))
	case domain.KindCaisse:
		return present(l.caisses.load(ctx, id.Key))
	case domain.KindMutuelle:
		return present(l.mutuelles.load(ctx, id.Key))
	case domain.KindProfessional:
		return present(l.professionals.load(ctx, id.Key))
	}
	return nil, errNotFound
}

// present turns what was looked for into a node, or NOT_FOUND.
func present[T domain.Node](object *T, err error) (domain.Node, error) {
	if err != nil {
		return nil, err
	}
	if object == nil {
		return nil, errNotFound
	}
	return *object, nil
}

// beneficiary is a person in sight, nil where there is none with this id.
func (r *Resolver) beneficiary(ctx context.Context, id domain.ID) (*domain.Beneficiary, error) {
	people, err := r.people(ctx, id.Assure)
	if i := slices.IndexFunc(people, func(b domain.Beneficiary) bool { return b.ID == id }); i >= 0 {
		return &people[i], err
	}
	return nil, err
}

// primeNamed reads what the operation names by node(id:) at its root: those ids
// are known before the first is looked for.
func (l *loaders) primeNamed(ctx context.Context) {
	op := graphql.GetOperationContext(ctx)
	var payments []domain.ID
	keys := make(map[domain.Kind][]int64)
	for _, field := range graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Query"}) {
		var id domain.ID
		if field.Name != "node" || id.UnmarshalGQL(field.ArgumentMap(op.Variables)["id"]) != nil {
			continue
		}
		if keys[id.Kind] = append(keys[id.Kind], id.Key); id.Kind == domain.KindPayment {
			payments = append(payments, id)
		}
	}
	l.payments.prime(payments)
	l.caisses.prime(keys[domain.KindCaisse])
	l.mutuelles.prime(keys[domain.KindMutuelle])
	l.professionals.prime(keys[domain.KindProfessional])
}
