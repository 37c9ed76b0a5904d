// Command gqlgen is a peer of the gateway's bench: gqlgen's own WebSocket
// transport with its default settings, over a feed in memory.
package main

import (
	"context"
	"errors"
	"log"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"

	"peers/control"
	"peers/gqlgen/generated"
)

func main() {
	f := &feeds{followers: make(map[string]map[chan generated.PaymentEvent]context.Context)}
	server := handler.New(generated.NewExecutableSchema(generated.Config{Resolvers: f}))
	server.SetQueryCache(lru.New[*ast.QueryDocument](1000)) // as handler.NewDefaultServer, so is the rest
	server.AddTransport(transport.Websocket{KeepAlivePingInterval: 10 * time.Second, InitFunc: signIn})
	go control.Serve(f.publish)
	log.Fatal(http.ListenAndServe(os.Getenv("LISTEN"), server))
}

type userKey struct{}

func signIn(ctx context.Context, init transport.InitPayload) (context.Context, *transport.InitPayload, error) {
	user, ok := control.User(init.Authorization())
	if !ok {
		return nil, nil, errors.New("no token")
	}
	return context.WithValue(ctx, userKey{}, user), nil, nil
}

// feeds are the open subscriptions, by user, and the root resolver.
type feeds struct {
	mu        sync.RWMutex
	followers map[string]map[chan generated.PaymentEvent]context.Context
}

func (f *feeds) Query() generated.QueryResolver               { return f }
func (f *feeds) Subscription() generated.SubscriptionResolver { return f }

func (f *feeds) Ready(context.Context) (bool, error) { return true, nil }

// waiting is how many events may wait for one socket.
const waiting = 64

func (f *feeds) NewPayments(ctx context.Context, _ *string) (<-chan generated.PaymentEvent, error) {
	user, _ := ctx.Value(userKey{}).(string)
	events := make(chan generated.PaymentEvent, waiting)
	events <- generated.FeedReady{Cursor: control.Cursor}
	f.mu.Lock()
	if f.followers[user] == nil {
		f.followers[user] = make(map[chan generated.PaymentEvent]context.Context)
	}
	f.followers[user][events] = ctx
	f.mu.Unlock()
	context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.followers[user], events)
		close(events) // nobody sends any more: publish holds the lock while it does
	})
	return events, nil
}

func (f *feeds) publish(e control.Event) {
	event := generated.PaymentAdded{Cursor: e.Cursor, OccurredAt: "2026-11-24T18:20:30.123456Z", Payment: &generated.Payment{
		ID: "UGF5bWVudDoxMjM0NTo2Nzg5MDE", Reference: e.Reference, PaidOn: "2026-11-24", Amount: 1900, Recipient: "ASSURE",
		Beneficiary: &generated.Beneficiary{GivenName: "Camille"},
		Lines:       []*generated.PaymentLine{{Label: "Consultation généraliste", Spent: 3000, Paid: 1900}},
	}}
	f.mu.RLock()
	defer f.mu.RUnlock()
	for events, ctx := range f.followers[e.User] {
		select {
		case events <- event:
		case <-ctx.Done():
		}
	}
}
