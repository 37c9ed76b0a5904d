package resolvers_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"

	"comptesante/db/dbtest"
	"comptesante/domain/actor"
	"comptesante/domain/cursor"
	"comptesante/graph"
	"comptesante/resolvers"
)

// firstPage is the bench's first question: twenty payments with all that hangs
// on them.
const firstPage = `{ me { payments(first: 20) { nodes { reference movement { reference } paidOn recipient amount revision beneficiary { givenName familyName relation }
	lines { caredOn act label spent base rate reimbursed retained paid professional { name specialty town } }
	complementary { ... on ComplementaryKnown { amount paidOn mutuelle { name } } ... on ComplementaryAwaited { mutuelle { name } } } } pageInfo { hasNextPage } } } }`

// BenchmarkFirstPage is the first page through the whole API but its sockets,
// with the gates (guard, access and cost) and without them: what the difference
// costs is told by comparing the two.
//
//	go test -run '^$' -bench FirstPage -count 10 ./resolvers
func BenchmarkFirstPage(b *testing.B) {
	w := newBundle(b)
	me := w.file(b, 0, 1)
	for n := range 40 {
		r := dbtest.Record(b, 0, fmt.Sprintf("%03d", n), "2026-11-02")
		r.Lines = append(r.Lines, r.Lines[0])
		r.Amount *= 2
		dbtest.Pay(b, w.db, r)
	}
	clock := func() time.Time { return now }
	open := handler.New(graph.Schema(&resolvers.Resolver{DB: w.db, Cursor: cursor.New([32]byte{1}), Now: clock}))
	open.AddTransport(graph.Post{Limits: graph.DefaultLimits(), Log: slog.New(slog.DiscardHandler)})
	open.SetQueryCache(lru.New[*ast.QueryDocument](graph.DefaultLimits().Remembered))
	open.Use(resolvers.Loaders{DB: w.db, Now: clock})
	body, err := json.Marshal(graphql.RawParams{Query: firstPage})
	if err != nil {
		b.Fatal(err)
	}
	a := actor.Actor{Role: actor.Assure, Session: "s", Level: actor.Local2, Since: now, Assure: me, Sights: []actor.Sight{w.sights[me]}}
	for _, one := range []struct {
		name string
		api  http.Handler
	}{{"gated", w.api}, {"open", open}} {
		b.Run(one.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequestWithContext(actor.NewContext(b.Context(), a), http.MethodPost, "/graphql", bytes.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				answer := httptest.NewRecorder()
				if one.api.ServeHTTP(answer, r); bytes.Contains(answer.Body.Bytes(), []byte(`"errors"`)) || answer.Body.Len() < 10_000 {
					b.Fatal(answer.Body)
				}
			}
		})
	}
}
