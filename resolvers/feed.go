package resolvers

import (
	"context"
	"slices"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/subscriptions"
)

// follow is what newPayments asks to follow: the payments of somebody whom the
// actor may see.
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
		if len(beneficiaries) == 0 {
			return request, domain.Errorf(domain.Validation, "beneficiaries is empty: name somebody, or leave it out to follow everybody")
		}
		request.Only = peopleOf(request.Key.Assure, beneficiaries)
		if !slices.ContainsFunc(request.Only, func(b int64) bool { return a.Sees(request.Key.Assure, b) }) {
			return request, errNotFound
		}
	}
	return request, r.begin(&request, after)
}

// followAccount is what accountEvents asks to follow: the actor's own account.
func (r *Resolver) followAccount(ctx context.Context, assure *domain.ID, after *string) (subscriptions.Request, error) {
	a := actor.FromContext(ctx)
	request := subscriptions.Request{Key: domain.FeedKey{Assure: a.Assure, Feed: domain.FeedAccount}}
	if assure != nil && *assure != (domain.ID{Kind: domain.KindAssure, Assure: a.Assure, Key: a.Assure}) {
		return request, errNotFound
	}
	return request, r.begin(&request, after)
}

// begin says where a feed is followed from: a place that was given for it, or
// from now on.
func (r *Resolver) begin(request *subscriptions.Request, after *string) error {
	if after == nil {
		return nil
	}
	at, saw, err := r.Cursor.ParseFeed(request.Key, *after)
	if err != nil {
		return domain.Errorf(domain.Validation, "after is not a cursor of this feed: give that of an event, or for payments the liveCursor of a page")
	}
	request.After, request.Saw = &at, saw
	return nil
}

// peopleOf are those of these ids that are of people of a file, whether or not
// they are seen now: who comes into sight later is to be told.
func peopleOf(assure int64, people []domain.ID) (keys []int64) {
	for _, id := range people {
		if id.Kind == domain.KindBeneficiary && id.Assure == assure {
			keys = append(keys, id.Key)
		}
	}
	return keys
}
