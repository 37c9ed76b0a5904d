// Package auth says who is asking: it opens and ends sessions, and makes of a
// token the actor who holds it. What an actor may see is computed anew for each
// request and each delivered event, from the day in Paris and the days of birth
// of the family.
package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"comptesante/db"
	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
)

// Sessions makes actors of sessions.
type Sessions struct {
	DB  *db.DB
	Now func() time.Time

	memory memory
}

// tokenPrefix lets secret scanners find a token that leaked.
const tokenPrefix = "cst_"

// newToken is a fresh token (256 bits) and the hash that is stored of it.
func newToken() (token string, hash []byte) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	token = tokenPrefix + base64.RawURLEncoding.EncodeToString(b[:])
	sum := hashToken(token)
	return token, sum[:]
}

// isToken tells whether a text may be a token: none is looked up that cannot.
func isToken(text string) bool { return strings.HasPrefix(text, tokenPrefix) }

func hashToken(token string) [sha256.Size]byte { return sha256.Sum256([]byte(token)) }

var (
	errBadToken  = domain.Errorf(domain.Unauthenticated, "the token is not that of an open session: sign in again")
	errSuspended = domain.Errorf(domain.Unauthenticated, "the account is suspended: an adviser can lift it")
)

// Authenticate gives the actor who holds a token. It fails with UNAUTHENTICATED
// where the token is of no open session, or the account is suspended.
func (s *Sessions) Authenticate(ctx context.Context, token string) (actor.Actor, error) {
	if !isToken(token) {
		return actor.Actor{}, errBadToken
	}
	hash := hashToken(token)
	session, ok, err := s.DB.SessionByToken(ctx, hash[:])
	if err != nil {
		return actor.Actor{}, err
	}
	if !ok {
		return actor.Actor{}, errBadToken
	}
	return actorOf(session, s.Now())
}

// actorOf computes who asks and what they may see at an instant.
func actorOf(s db.Session, now time.Time) (actor.Actor, error) {
	switch {
	case s.Ended || s.Unreadable || !now.Before(s.Ends):
		return actor.Actor{}, errBadToken
	case s.Suspended:
		return actor.Actor{}, errSuspended
	}
	a := actor.Actor{Role: s.Role, Session: s.ID, Level: s.Level, Since: s.Since, Ends: s.Ends, Assure: s.Assure}
	switch s.Role {
	case actor.Service:
		a.Name = s.Label
	case actor.Assure:
		a.Sights = actor.SightsOf(s.Assure, s.People, civil.Of(now))
	}
	return a, nil
}

// Mint opens a session for an operator or a demonstration and gives its id and
// its token, which is not stored and cannot be told again.
func (s *Sessions) Mint(ctx context.Context, by string, n db.NewSession) (id, token string, err error) {
	token, n.TokenHash = newToken()
	id, err = s.DB.OpenSession(ctx, by, n)
	return id, token, err
}
