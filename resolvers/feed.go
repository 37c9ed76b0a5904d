package resolvers

import (
	"context"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/subscriptions"
)

// follow is what newPayments asks to follow: a feed of somebody whom the actor
// may see, from a place that was given for it.
func (r *Resolver) follow(ctx context.Context, assure *domain.ID, after *string, beneficiaries []domain.ID) (subscriptions.Request, error) {
	a := actor.FromContext(ctx)
	request := subscriptions.Request{Key: domain.FeedKey{Assure: a.Assure, Feed: domain.FeedPayments}}
	if assure != nil {
		request.Key.Assure = assure.Assure
		if _, ok := a.Sight(assure.Assure); !ok || assure.Kind != domain.KindAssure {
			return request, errNotFound
		}
	}
	if beneficiaries != nil {
		if request.Only = followed(a, request.Key, beneficiaries); len(beneficiaries) == 0 {
			return request, domain.Errorf(domain.Validation, "beneficiaries is empty: name somebody, or leave it out to follow everybody")
		} else if request.Only == nil {
			return request, errNotFound
		}
	}
	if after == nil {
		return request, nil
	}
	at, saw, err := r.Cursor.ParseFeed(request.Key, *after)
	if err != nil {
		return request, domain.Errorf(domain.Validation, "after is not a cursor of this feed: give that of an event, or the liveCursor of a page")
	}
	request.After, request.Saw = &at, saw
	return request, nil
}

// followed are those of these people whom the actor sees in the file; nil for
// nobody.
func followed(a actor.Actor, key domain.FeedKey, people []domain.ID) (keys []int64) {
	for _, id := range people {
		if id.Kind == domain.KindBeneficiary && id.Assure == key.Assure && a.Sees(id.Assure, id.Key) {
			keys = append(keys, id.Key)
		}
	}
	return keys
}
