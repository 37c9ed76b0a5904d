// Package resolvers is what happens when a client asks: the permission is in
// the actor, the work in one call, the payload comes back. The files
// *.resolvers.go follow the schema's; what they share stands in the others.
package resolvers

import (
	"time"

	"comptesante/db"
	"comptesante/domain/cursor"
)

// Resolver is the root of all resolvers and holds what they ask.
type Resolver struct {
	DB     *db.DB
	Cursor *cursor.Codec
	Now    func() time.Time

	// ReadBytes is most that the payments of one read may hold, in bytes as the
	// database sends them: what could only become an answer over the limit is not
	// read to its end. 0 for no bound.
	ReadBytes int
}
