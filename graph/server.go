package graph

import (
	"log/slog"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"

	"comptesante/graph/generated"
)

// Server says of what the API is made.
type Server struct {
	Schema     graphql.ExecutableSchema
	Access     *Access
	Limits     Limits
	Sockets    graphql.Transport          // serves subscriptions; nil for none
	Extensions []graphql.HandlerExtension // more, such as the loaders
	Log        *slog.Logger
}

// Schema is the executable schema over resolvers.
func Schema(resolvers generated.ResolverRoot) graphql.ExecutableSchema {
	return generated.NewExecutableSchema(generated.Config{Resolvers: resolvers})
}

// Handler is the HTTP handler of the API: POST for queries, and a WebSocket for
// subscriptions. It panics where a field of the schema has no access rule.
func (s Server) Handler() *handler.Server {
	h := handler.New(s.Schema)
	if s.Sockets != nil {
		h.AddTransport(s.Sockets)
	}
	h.AddTransport(Post{Limits: s.Limits, Log: s.Log})
	h.SetQueryCache(lru.New[*ast.QueryDocument](s.Limits.Remembered))
	h.SetParserTokenLimit(s.Limits.Tokens)
	h.SetDisableSuggestion(true) // a suggestion tells of fields that introspection may hide
	h.SetErrorPresenter(ErrorPresenter(s.Log))
	h.SetRecoverFunc(Recover(s.Log))
	h.Use(NewGuard(s.Limits))
	h.Use(s.Access)
	h.Use(Answers{s.Limits})
	for _, e := range s.Extensions {
		h.Use(e)
	}
	return h
}
