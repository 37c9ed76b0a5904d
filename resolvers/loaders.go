package resolvers

import (
	"context"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/graph-gophers/dataloader/v7"

	"comptesante/db"
	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
)

// loaders hold what one execution of one operation has read ahead or reads in
// batches, so for one event of a subscription, as its actor sees it. What a
// history page shows needs none of it: it is filled by the page's own read.
type loaders struct {
	fetch    func(context.Context, []domain.ID) (map[domain.ID]domain.Payment, error)
	payments *dataloader.Loader[domain.ID, *domain.Payment]
	nodes    sync.Once // reads ahead what the operation names by node(id:)
	people   sync.Map  // by assuré, a function that reads once
	pages    sync.Map  // by the response path of its field, the *history that was read ahead
}

// readPeople calls read for the first who asks for a file's people, and gives
// what it gave to all.
func (l *loaders) readPeople(assure int64, read func() ([]domain.Beneficiary, error)) ([]domain.Beneficiary, error) {
	once, _ := l.people.LoadOrStore(assure, sync.OnceValues(read))
	return once.(func() ([]domain.Beneficiary, error))()
}

// loaderWait is how long a loader waits for more keys where nobody has told it
// all of them before; its library's default of 16 ms would be felt at each level
// of a query.
const loaderWait = time.Millisecond

// prime reads payments in one call and has the loader give them at once, without
// waiting for more keys. Where the read fails, the loader tries again and tells.
func (l *loaders) prime(ctx context.Context, ids []domain.ID) {
	found, err := l.fetch(ctx, ids)
	if err != nil {
		return
	}
	for _, id := range ids {
		if p, ok := found[id]; ok {
			l.payments.Prime(ctx, id, &p)
		} else {
			l.payments.Prime(ctx, id, nil)
		}
	}
}

func newLoaders(ctx context.Context, d *db.DB, now time.Time) *loaders {
	sights, from := actor.FromContext(ctx).Sights, civil.WindowStart(civil.Of(now))
	fetch := func(ctx context.Context, ids []domain.ID) (map[domain.ID]domain.Payment, error) {
		return d.PaymentsByID(ctx, sights, from, ids)
	}
	return &loaders{fetch: fetch, payments: newLoader(ctx, fetch)}
}

// newLoader batches keys into calls of fetch, and puts results to their keys,
// whatever order fetch finds them in. A key that fetch does not find gives nil.
// A batch runs in the operation's context, not in that of the field which came
// first and may be gone.
func newLoader[K comparable, V any](operation context.Context, fetch func(context.Context, []K) (map[K]V, error)) *dataloader.Loader[K, *V] {
	return dataloader.NewBatchedLoader(func(_ context.Context, keys []K) []*dataloader.Result[*V] {
		found, err := fetch(operation, keys)
		results := make([]*dataloader.Result[*V], len(keys))
		for i, key := range keys {
			results[i] = &dataloader.Result[*V]{Error: err}
			if v, ok := found[key]; ok {
				results[i].Data = &v
			}
		}
		return results
	}, dataloader.WithWait[K, *V](loaderWait))
}

type loadersKey struct{}

// Loaders is the extension that gives each execution its own loaders.
type Loaders struct {
	DB  *db.DB
	Now func() time.Time
}

var _ graphql.OperationInterceptor = Loaders{}

// ExtensionName implements graphql.HandlerExtension.
func (Loaders) ExtensionName() string { return "Loaders" }

// Validate implements graphql.HandlerExtension.
func (Loaders) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptOperation implements graphql.OperationInterceptor.
func (l Loaders) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	return next(context.WithValue(ctx, loadersKey{}, newLoaders(ctx, l.DB, l.Now())))
}

func loadersOf(ctx context.Context) *loaders { return ctx.Value(loadersKey{}).(*loaders) }
