// Package scalar writes and reads the schema's scalars whose Go type is not
// ours; the types of domain write and read themselves.
package scalar

import (
	"fmt"
	"io"
	"regexp"
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

// MarshalDateText writes the scalar Date from its text.
func MarshalDateText(s string) graphql.Marshaler { return graphql.MarshalString(s) }

// UnmarshalDateText reads the scalar Date as text, empty for null, where a day
// that the calendar does not have is for others to tell: one of a list that is
// wrong by itself.
func UnmarshalDateText(v any) (string, error) {
	if s, ok := v.(string); ok || v == nil {
		return s, nil
	}
	return "", fmt.Errorf("want a Date such as 2026-02-28")
}

// rfc3339 is the form of an instant. time.Parse is laxer: it reads 8:15,
// 08:15:00,5 and +24:00 too.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// UnmarshalDateTime reads the scalar DateTime.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, _ := v.(string)
	if t, err := time.Parse(time.RFC3339, s); err == nil && rfc3339.MatchString(s) {
		return t.UTC(), nil
	}
	return time.Time{}, fmt.Errorf("DateTime: want an instant such as 2026-02-28T08:15:00Z")
}
