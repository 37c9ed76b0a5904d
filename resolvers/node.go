package resolvers

import (
	"context"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"comptesante/domain"
)

// errNotFound is the answer for what is not there and for what is not yours.
var errNotFound = domain.Errorf(domain.NotFound, "nothing with this id is yours to see")

// node loads the object that an id names, where the actor may see it.
func (r *Resolver) node(ctx context.Context, id domain.ID) (domain.Node, error) {
	switch id.Kind {
	case domain.KindPayment:
		return r.paymentNode(ctx, id)
	case domain.KindAssure:
		a, err := r.account(ctx, id.Assure)
		return present(a, a != nil, err)
	case domain.KindBeneficiary:
		people, err := r.people(ctx, id.Assure)
		if i := slices.IndexFunc(people, func(b domain.Beneficiary) bool { return b.ID == id }); i >= 0 {
			return people[i], err
		}
		return present(domain.Beneficiary{}, false, err)
	case domain.KindCaisse:
		return present(r.DB.Caisse(ctx, id.Key))
	case domain.KindMutuelle:
		return present(r.DB.Mutuelle(ctx, id.Key))
	case domain.KindProfessional:
		return present(r.DB.Professional(ctx, id.Key))
	}
	return nil, errNotFound
}

// present turns what was looked for into a node, or NOT_FOUND.
func present[T domain.Node](object T, ok bool, err error) (domain.Node, error) {
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errNotFound
	}
	return object, nil
}

// paymentNode is a payment by its id, from the read of all that the operation
// names.
func (r *Resolver) paymentNode(ctx context.Context, id domain.ID) (domain.Node, error) {
	l := loadersOf(ctx)
	l.nodes.Do(func() { l.prime(ctx, idsNamed(ctx, domain.KindPayment)) })
	p, err := l.payments.Load(ctx, id)()
	if err != nil || p == nil {
		return present(domain.Payment{}, false, err)
	}
	return *p, nil
}

// idsNamed are the ids of a kind that the operation names by node(id:) at its
// root: they are known before the first is looked for.
func idsNamed(ctx context.Context, kind domain.Kind) (ids []domain.ID) {
	op := graphql.GetOperationContext(ctx)
	for _, field := range graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Query"}) {
		var id domain.ID
		if field.Name == "node" && id.UnmarshalGQL(field.ArgumentMap(op.Variables)["id"]) == nil && id.Kind == kind {
			ids = append(ids, id)
		}
	}
	return ids
}
