// Package actor says who asks: a role, a session with its level, and whose
// files it may see. An Actor is a snapshot, computed anew for each request and
// each delivered event; it never outlives either.
package actor

import (
	"context"
	"slices"
	"time"
)

// Role is what a session was opened as.
type Role string

// The roles of sessions. Anonymous is the absence of one.
const (
	Anonymous Role = ""
	Assure    Role = "ASSURE"  // an insured person
	Service   Role = "SERVICE" // a program of the fund, such as the one that records payments
)

// Level is how surely we know that the person is who they say: the way they
// signed in. Levels are ordered.
type Level int

// The levels of a session, from the weakest.
const (
	NoLevel Level = iota
	Local1        // secret on a remembered device
	Local2        // secret and e-mail code
	FC1           // FranceConnect, eIDAS low
	FC2           // FranceConnect+, eIDAS substantial or high
)

var levelNames = [...]string{"", "LOCAL1", "LOCAL2", "FC1", "FC2"}

// String is the level's name in the schema, empty for NoLevel.
func (l Level) String() string {
	if l < 0 || int(l) >= len(levelNames) {
		return ""
	}
	return levelNames[l]
}

// ParseLevel reads a level's name; ok is false for an unknown one.
func ParseLevel(name string) (level Level, ok bool) {
	i := slices.Index(levelNames[:], name)
	if i <= 0 {
		return NoLevel, false
	}
	return Level(i), true
}

// Sight is one assuré's file and the beneficiaries in it that may be seen.
type Sight struct {
	Assure        int64
	Beneficiaries []int64
}

// Actor is who asks. Its zero value is the anonymous caller.
type Actor struct {
	Role    Role
	Session string    // id of the session, stable while its tokens rotate
	Name    string    // what a service is known by, over all its sessions; empty for other roles
	Level   Level     // level of the session
	Since   time.Time // when the level was reached
	Ends    time.Time // when the session ends by itself
	Assure  int64     // the insured person that the session belongs to, 0 for other roles
	Sights  []Sight   // whose files may be seen, oneself first
}

// Equal tells whether two actors are the same, with the same rights.
func (a Actor) Equal(b Actor) bool {
	return a.Role == b.Role && a.Session == b.Session && a.Name == b.Name && a.Level == b.Level && a.Since.Equal(b.Since) && a.Ends.Equal(b.Ends) &&
		a.Assure == b.Assure && slices.EqualFunc(a.Sights, b.Sights, func(x, y Sight) bool {
		return x.Assure == y.Assure && slices.Equal(x.Beneficiaries, y.Beneficiaries)
	})
}

// Sight is what the actor may see of an assuré's file; ok is false where that
// is nothing.
func (a Actor) Sight(assure int64) (s Sight, ok bool) {
	for _, s := range a.Sights {
		if s.Assure == assure {
			return s, true
		}
	}
	return Sight{}, false
}

// Others are the files of others of which the actor may see something.
func (a Actor) Others() []Sight {
	if len(a.Sights) > 0 && a.Sights[0].Assure == a.Assure {
		return a.Sights[1:]
	}
	return a.Sights
}

// Sees tells whether the actor may see this beneficiary of this assuré.
func (a Actor) Sees(assure, beneficiary int64) bool {
	s, ok := a.Sight(assure)
	return ok && slices.Contains(s.Beneficiaries, beneficiary)
}

type contextKey struct{}

// NewContext returns ctx carrying who asks.
func NewContext(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, contextKey{}, a)
}

// FromContext is who asks: the anonymous caller where nobody was set.
func FromContext(ctx context.Context) Actor {
	a, _ := ctx.Value(contextKey{}).(Actor)
	return a
}
