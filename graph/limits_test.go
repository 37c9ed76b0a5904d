package graph

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// TestServiceMaySendMore: a service sends lists and bodies that nobody else may,
// and no more. It fails where the limits of variables or of the body are those of
// all, or where a service's hold for everybody.
func TestServiceMaySendMore(t *testing.T) {
	l := DefaultLimits()
	g := NewGuard(l)
	for _, row := range []struct {
		why      string
		role     actor.Role
		elements int
		body     int
		passes   bool
	}{
		{"all that others may", actor.Assure, l.ListElements, l.BodyBytes, true},
		{"one more", actor.Assure, l.ListElements + 1, l.BodyBytes + 1, false},
		{"nobody", actor.Anonymous, l.ListElements + 1, l.BodyBytes + 1, false},
		{"all that a service may", actor.Service, l.Service.ListElements, l.Service.BodyBytes, true},
		{"one more", actor.Service, l.Service.ListElements + 1, l.Service.BodyBytes + 1, false},
	} {
		ctx := as(row.role, actor.Local1, 0)
		refusal := g.MutateOperationParameters(ctx, &graphql.RawParams{Query: `{__typename}`, Variables: map[string]any{"v": make([]any, row.elements)}})
		if (refusal == nil) != row.passes {
			t.Errorf("%s (%s): a list: %v", row.why, row.role, refusal)
		}
		const around = `{"query":""}`
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", strings.NewReader(`{"query":"`+strings.Repeat("x", row.body-len(around))+`"}`))
		r.Header.Set("Content-Type", typeJSON)
		if _, _, refusal := (Post{Limits: l}).read(httptest.NewRecorder(), r); (refusal == nil) != row.passes {
			t.Errorf("%s (%s): a body: %v", row.why, row.role, refusal)
		}
	}
}

// TestBodyIsUTF8: a body in another encoding is refused. It fails where
// encoding/json reads it: each wrong byte is U+FFFD then, and would be stored.
func TestBodyIsUTF8(t *testing.T) {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader("{\"query\":\"{me(x:\\\"M\xe9decin\\\")}\"}"))
	r.Header.Set("Content-Type", typeJSON)
	_, status, refusal := (Post{Limits: DefaultLimits()}).read(httptest.NewRecorder(), r)
	if status != http.StatusBadRequest || refusal == nil || refusal.Code != domain.Validation || !strings.Contains(refusal.Message, "UTF-8") {
		t.Errorf("%d %v", status, refusal)
	}
}
