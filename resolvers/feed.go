package resolvers

import (
	"context"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/subscriptions"
)

// follow is what newPayments asks to follow: a feed of somebody whom the actor
// may see, from a place that was given for it.
func (r *Resolver) follow(ctx context.Context, assure *domain.ID, after *string) (subscriptions.Request, error) {
	a := actor.FromContext(ctx)
	request := subscriptions.Request{Key: domain.FeedKey{Assure: a.Assure, Feed: domain.FeedPayments}}
	if assure != nil {
		request.Key.Assure = assure.Assure
		if _, ok := a.Sight(assure.Assure); !ok || assure.Kind != domain.KindAssure {
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
