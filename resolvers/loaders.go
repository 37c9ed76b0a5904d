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
	payments      loader[domain.ID, domain.Payment]
	movements     loader[movementKey, domain.Movement]
	caisses       loader[int64, domain.Caisse]
	mutuelles     loader[int64, domain.Mutuelle]
	professionals loader[int64, domain.Professional]
	named         sync.Once // reads what the operation names by node(id:)

	people    memory[int64, []domain.Beneficiary]
	counters  memory[counterKey, *db.File]
	histories memory[string, *history] // that were read ahead, by the response path of their fields
}

// loaderWait is how long a loader waits for more keys where nobody has told it
// all of them before; its library's default of 16 ms would be felt at each level
// of a query. Tests change it.
var loaderWait = time.Millisecond

func (l Loaders) make(ctx context.Context) *loaders {
	sights, from := actor.FromContext(ctx).Sights, civil.WindowStart(civil.Of(l.Now()))
	return &loaders{
		payments: newLoader(ctx, func(ctx context.Context, ids []domain.ID) (map[domain.ID]domain.Payment, error) {
			return l.DB.PaymentsByID(ctx, sights, from, ids)
		}),
		movements:     newLoader(ctx, l.readMovements),
		caisses:       newLoader(ctx, l.DB.Caisses),
		mutuelles:     newLoader(ctx, l.DB.Mutuelles),
		professionals: newLoader(ctx, l.DB.Professionals),
	}
}

// memory is what was read ahead, or is read by the first who asks for it.
type memory[K comparable, V any] struct {
	mu    sync.Mutex // guards what follows
	reads map[K]func() (V, error)
}

// get calls read for the first who asks for a key, and gives what it gave to all.
func (m *memory[K, V]) get(key K, read func() (V, error)) (V, error) {
	m.mu.Lock()
	once, known := m.reads[key]
	if !known {
		once = sync.OnceValues(read)
		m.put(key, once)
	}
	m.mu.Unlock()
	return once()
}

// keep keeps what was read ahead for a key.
func (m *memory[K, V]) keep(key K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(key, func() (V, error) { return v, nil })
}

// put is keep for whoever holds mu.
func (m *memory[K, V]) put(key K, read func() (V, error)) {
	if m.reads == nil {
		m.reads = make(map[K]func() (V, error))
	}
	m.reads[key] = read
}

// known is what was kept for a key.
func (m *memory[K, V]) known(key K) (v V, ok bool) {
	m.mu.Lock()
	read, ok := m.reads[key]
	m.mu.Unlock()
	if ok {
		v, _ = read()
	}
	return v, ok
}

// loader gives values by key, in batches. fetch gives those that there are, in
// whatever order; the others are nil. A batch runs in the operation's context,
// not in that of the field which came first and may be gone.
type loader[K comparable, V any] struct {
	operation context.Context
	fetch     func(context.Context, []K) (map[K]V, error)
	batches   *dataloader.Loader[K, *V]
}

func newLoader[K comparable, V any](operation context.Context, fetch func(context.Context, []K) (map[K]V, error)) loader[K, V] {
	return loader[K, V]{operation, fetch, dataloader.NewBatchedLoader(func(_ context.Context, keys []K) []*dataloader.Result[*V] {
		found, err := fetch(operation, keys)
		results := make([]*dataloader.Result[*V], len(keys))
		for i, key := range keys {
			results[i] = &dataloader.Result[*V]{Data: at(found, key), Error: err}
		}
		return results
	}, dataloader.WithWait[K, *V](loaderWait))}
}

// at is the value of a key, nil where there is none.
func at[K comparable, V any](values map[K]V, key K) *V {
	if v, ok := values[key]; ok {
		return &v
	}
	return nil
}

// prime reads keys in one call and has the loader give them at once, without
// waiting for more. Where the read fails, the loader tries again and tells.
func (l loader[K, V]) prime(keys []K) {
	if len(keys) == 0 {
		return
	}
	found, err := l.fetch(l.operation, keys)
	if err != nil {
		return
	}
	for _, key := range keys {
		l.batches.Prime(l.operation, key, at(found, key))
	}
}

// load gives the value of a key, nil where there is none.
func (l loader[K, V]) load(ctx context.Context, key K) (*V, error) { return l.batches.Load(ctx, key)() }

type loadersKey struct{}

// Loaders is the extension that gives each execution its own loaders.
type Loaders struct {
	DB        *db.DB
	Now       func() time.Time
	ReadBytes int // as in Resolver
}

var _ graphql.OperationInterceptor = Loaders{}

// ExtensionName implements graphql.HandlerExtension.
func (Loaders) ExtensionName() string { return "Loaders" }

// Validate implements graphql.HandlerExtension.
func (Loaders) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptOperation implements graphql.OperationInterceptor.
func (l Loaders) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	return next(context.WithValue(ctx, loadersKey{}, l.make(ctx)))
}

func loadersOf(ctx context.Context) *loaders { return ctx.Value(loadersKey{}).(*loaders) }
