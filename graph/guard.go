package graph

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"

	"comptesante/domain"
)

// Guard refuses documents and variables that would be dear to look at, before
// gqlgen looks at them: its validation is quadratic in repeated fields and its
// complexity calculation exponential in chained fragments. The guard itself
// visits each selection once. It knows no schema: what is wrong in other ways
// is left to validation. A Guard may be used by many requests at once.
type Guard struct {
	limits Limits
	passed *lru.Cache[[sha256.Size]byte, struct{}] // texts that passed; refused ones are not kept
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
} = (*Guard)(nil)

// NewGuard makes a guard that holds these limits.
func NewGuard(limits Limits) *Guard {
	return &Guard{limits: limits, passed: remember[[sha256.Size]byte, struct{}](limits.Remembered)}
}

// remember makes a memory of at most n entries, of one where n is not positive.
func remember[K comparable, V any](n int) *lru.Cache[K, V] {
	cache, err := lru.New[K, V](max(n, 1))
	if err != nil {
		panic(err) // only for sizes below one
	}
	return cache
}

// ExtensionName is the guard's name in gqlgen's statistics.
func (*Guard) ExtensionName() string { return "Guard" }

// Validate accepts any schema: the guard needs none.
func (*Guard) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters refuses a request that is over a limit with
// QUERY_TOO_COMPLEX, and one without text, with @defer or @stream, or with a
// number that nothing can hold, with VALIDATION. A text with a syntax error
// passes: gqlgen reports it. The request itself is never changed.
func (g *Guard) MutateOperationParameters(ctx context.Context, request *graphql.RawParams) *gqlerror.Error {
	if refusal := checkVariables(request.Variables, g.limits.ofVariables(ctx)); refusal != nil {
		return asGraphQL(refusal)
	}
	if refusal := g.checkText(request.Query); refusal != nil {
		return asGraphQL(refusal)
	}
	return nil
}

// checkText looks at a text that has not passed yet.
func (g *Guard) checkText(text string) *domain.Error {
	if text == "" {
		return domain.Errorf(domain.Validation, "the request has no query: send the GraphQL text as `query`")
	}
	if len(text) > g.limits.DocumentBytes {
		return tooComplex("documentBytes", len(text), g.limits.DocumentBytes, "bytes of GraphQL text")
	}
	key := sha256.Sum256([]byte(text))
	if _, ok := g.passed.Get(key); ok {
		return nil
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: text}, g.limits.Tokens)
	if err != nil {
		return g.tokenRefusal(err)
	}
	if refusal := survey(doc).check(g.limits); refusal != nil {
		return refusal
	}
	g.passed.Add(key, struct{}{})
	return nil
}

// tokenRefusal is the refusal where err is that of the parser's token limit,
// which has no type of its own, and nil for a syntax error.
func (g *Guard) tokenRefusal(err error) *domain.Error {
	var e *gqlerror.Error
	if !errors.As(err, &e) || e.Message != fmt.Sprintf("exceeded token limit of %d", g.limits.Tokens) {
		return nil
	}
	return tooComplex("tokens", g.limits.Tokens+1, g.limits.Tokens, "tokens or more")
}

// tooComplex refuses what is over a limit; what names the things counted.
func tooComplex(limit string, value, most int, what string) *domain.Error {
	return domain.Errorf(domain.QueryTooComplex,
		"the request has %d %s, and %d is the most: ask for less at once", value, what, most).
		With("limit", limit).With("value", value).With("max", most)
}
