package resolvers

import (
	"context"
	"slices"

	"comptesante/domain"
)

// errNotFound is the answer for what is not there and for what is not yours.
var errNotFound = domain.Errorf(domain.NotFound, "nothing with this id is yours to see")

// node loads the object that an id names, where the actor may see it.
func (r *Resolver) node(ctx context.Context, id domain.ID) (domain.Node, error) {
	l := loadersOf(ctx)
	switch id.Kind {
	case domain.KindPayment:
		return present(found(ctx, l.payments, id))
	case domain.KindAssure:
		return present(found(ctx, l.assures, id.Assure))
	case domain.KindBeneficiary:
		people, err := found(ctx, l.beneficiaries, id.Assure)
		if i := slices.IndexFunc(people, func(b domain.Beneficiary) bool { return b.ID == id }); i >= 0 {
			return people[i], err
		}
		return present[domain.Beneficiary](nil, err)
	case domain.KindCaisse:
		return present(found(ctx, l.caisses, id.Key))
	case domain.KindMutuelle:
		return present(found(ctx, l.mutuelles, id.Key))
	case domain.KindProfessional:
		return present(found(ctx, l.professionals, id.Key))
	}
	return nil, errNotFound
}

// present turns what a loader gives into a node, or NOT_FOUND.
func present[T domain.Node](object *T, err error) (domain.Node, error) {
	if err != nil {
		return nil, err
	}
	if object == nil {
		return nil, errNotFound
	}
	return *object, nil
}
