package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// Bearer reads the token of an Authorization header; empty where there is none.
// Both the scheme's case and more spaces are accepted (RFC 9110, 11.1).
func Bearer(header string) string {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// AuthenticateHeader is Authenticate for the value of an Authorization header.
func (s *Sessions) AuthenticateHeader(ctx context.Context, header string) (actor.Actor, error) {
	return s.Authenticate(ctx, Bearer(header))
}

// Middleware puts into the request's context who asks. A request without a
// token is the anonymous caller's; one with a token that is not good is refused
// through refuse, so that a client never takes an ended session for a missing
// right. A socket brings its token in connection_init: its upgrade passes.
func (s *Sessions) Middleware(next http.Handler, refuse func(http.ResponseWriter, *http.Request, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := r.Header.Get("Authorization")
		if header == "" {
			next.ServeHTTP(w, r)
			return
		}
		a, err := s.AuthenticateHeader(r.Context(), header)
		if err != nil {
			var known *domain.Error
			if errors.As(err, &known) && known.Code == domain.Unauthenticated {
				w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
			}
			refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(actor.NewContext(r.Context(), a)))
	})
}
