// Package scalar writes and reads the schema's scalars whose Go type is not
// ours; the types of domain write and read themselves.
package scalar

import (
	"fmt"
	"io"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// MarshalDateTime writes the scalar DateTime: RFC 3339 in UTC, to the
// microsecond, which is what the database keeps.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		_, _ = io.WriteString(w, t.UTC().Format(`"2006-01-02T15:04:05.999999Z07:00"`)) // gqlgen writes to memory
	})
}

// UnmarshalDateTime reads the scalar DateTime. It is strict, which time.Parse is
// not: that reads 8:15 and 08:15:00,5 too.
func UnmarshalDateTime(v any) (t time.Time, err error) {
	s, ok := v.(string)
	if !ok || t.UnmarshalText([]byte(s)) != nil {
		return time.Time{}, fmt.Errorf("DateTime: want an instant such as 2026-02-28T08:15:00Z")
	}
	return t.UTC(), nil
}
