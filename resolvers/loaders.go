package resolvers

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/graph-gophers/dataloader/v7"

	"comptesante/db"
	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
)

// loaders batch what fields outside a history page ask for. They live for one
// execution of one operation, so for one event of a subscription, and see for
// the actor of that execution.
type loaders struct {
	assures       *dataloader.Loader[int64, *domain.Assure]
	beneficiaries *dataloader.Loader[int64, []domain.Beneficiary]
	caisses       *dataloader.Loader[int64, *domain.Caisse]
	mutuelles     *dataloader.Loader[int64, *domain.Mutuelle]
	payments      *dataloader.Loader[domain.ID, *domain.Payment]
	professionals *dataloader.Loader[int64, *domain.Professional]
}

// loaderWait is how long a loader waits for more keys; its library's default of
// 16 ms would be felt at each level of a query.
const loaderWait = time.Millisecond

func newLoaders(ctx context.Context, d *db.DB, now time.Time) *loaders {
	sights := actor.FromContext(ctx).Sights
	return &loaders{
		assures: newLoader(ctx, func(ctx context.Context, keys []int64) (map[int64]domain.Assure, error) {
			return d.Assures(ctx, sights, keys)
		}),
		beneficiaries: newListLoader(ctx, func(ctx context.Context, _ []int64) (map[int64][]domain.Beneficiary, error) { // all in sight: a handful
			return d.Beneficiaries(ctx, sights)
		}),
		caisses:       newLoader(ctx, d.Caisses),
		mutuelles:     newLoader(ctx, d.Mutuelles),
		professionals: newLoader(ctx, d.Professionals),
		payments: newLoader(ctx, func(ctx context.Context, ids []domain.ID) (map[domain.ID]domain.Payment, error) {
			return d.PaymentsByID(ctx, sights, civil.WindowStart(civil.Of(now)), ids)
		}),
	}
}

// newLoader batches keys into calls of fetch. A key that fetch does not find
// gives nil.
func newLoader[K comparable, V any](operation context.Context, fetch func(context.Context, []K) (map[K]V, error)) *dataloader.Loader[K, *V] {
	return batched(operation, fetch, func(v V, ok bool) *V {
		if !ok {
			return nil
		}
		return &v
	})
}

// newListLoader batches keys into calls of fetch. A key that fetch does not
// find gives an empty list.
func newListLoader[K comparable, V any](operation context.Context, fetch func(context.Context, []K) (map[K][]V, error)) *dataloader.Loader[K, []V] {
	return batched(operation, fetch, func(v []V, _ bool) []V { return v })
}

// batched puts results to their keys, whatever order fetch finds them in. The
// batch runs in the operation's context, not in that of the field which came
// first and may be gone.
func batched[K comparable, V, R any](operation context.Context, fetch func(context.Context, []K) (map[K]V, error), as func(V, bool) R) *dataloader.Loader[K, R] {
	return dataloader.NewBatchedLoader(func(_ context.Context, keys []K) []*dataloader.Result[R] {
		found, err := fetch(operation, keys)
		results := make([]*dataloader.Result[R], len(keys))
		for i, key := range keys {
			v, ok := found[key]
			results[i] = &dataloader.Result[R]{Data: as(v, ok), Error: err}
		}
		return results
	}, dataloader.WithWait[K, R](loaderWait))
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

// found is what a loader gives for one key.
func found[K comparable, V any](ctx context.Context, l *dataloader.Loader[K, V], key K) (V, error) {
	return l.Load(ctx, key)()
}
