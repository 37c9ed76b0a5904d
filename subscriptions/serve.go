package subscriptions

import (
	"context"

	"comptesante/domain"
)

// Request is what a subscription asks to follow.
type Request struct {
	Key   domain.FeedKey
	After *domain.Position // nil: from now on
	Saw   []int64          // whom the actor had been told of up to After; nil: nobody knows
	Only  []int64          // beneficiaries who are followed; nil: all whom the actor sees
}

// call is one execution of a subscription's operation: the first, with no
// event, asks what to follow; each later one renders an event.
type call struct {
	event   any
	request *Request
}

type callKey struct{}

// Serve is the body of a subscription's resolver. It never waits: it either
// tells the transport what is asked for, computed by open, or gives the one
// event that the transport put into the context, as show shows it, where show is
// not nil. E is the union of the feed that is asked for.
func Serve[E any](ctx context.Context, open func() (Request, error), show func(E) E) (<-chan E, error) {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		return nil, domain.Errorf(domain.Validation, "a subscription is followed over a WebSocket (graphql-transport-ws) or a stream of events, not by a query's way")
	}
	events := make(chan E, 1)
	defer close(events)
	if c.event != nil {
		event := c.event.(E)
		if show != nil {
			event = show(event)
		}
		events <- event
		return events, nil
	}
	request, err := open()
	if err != nil {
		return nil, err
	}
	c.request = &request
	return events, nil
}
