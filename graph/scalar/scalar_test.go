package scalar_test

import (
	"bytes"
	"testing"
	"time"

	"comptesante/domain/civil"
	"comptesante/graph/scalar"
)

func TestMarshalDateTime(t *testing.T) {
	for _, row := range []struct {
		why  string
		at   time.Time
		want string
	}{
		{"winter in Paris is one hour ahead of UTC", time.Date(2026, 1, 1, 0, 30, 0, 0, civil.Paris), `"2025-12-31T23:30:00Z"`},
		{"summer two", time.Date(2026, 7, 14, 12, 0, 0, 0, civil.Paris), `"2026-07-14T10:00:00Z"`},
		{"the hour that comes twice: first, in summer time", time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC), `"2026-10-25T00:30:00Z"`},
		{"what the database keeps, and no more", time.Date(2026, 2, 28, 8, 15, 0, 123456789, time.UTC), `"2026-02-28T08:15:00.123456Z"`},
		{"no trailing zeros", time.Date(2026, 2, 28, 8, 15, 0, 500000000, time.UTC), `"2026-02-28T08:15:00.5Z"`},
	} {
		var out bytes.Buffer
		scalar.MarshalDateTime(row.at).MarshalGQL(&out)
		if out.String() != row.want {
			t.Errorf("%s: got %s, want %s", row.why, &out, row.want)
		}
	}
}

func TestUnmarshalDateTime(t *testing.T) {
	at := time.Date(2026, 2, 28, 8, 15, 0, 0, time.UTC)
	for _, row := range []struct {
		why string
		in  any
		ok  bool
	}{
		{"in UTC", "2026-02-28T08:15:00Z", true},
		{"in Paris", "2026-02-28T09:15:00+01:00", true},
		{"fractions", "2026-02-28T08:15:00.000Z", true},
		{"29 February of a common year", "2026-02-29T08:15:00Z", false},
		{"no zone", "2026-02-28T08:15:00", false},
		{"a day alone", "2026-02-28", false},
		{"one digit of the hour", "2026-02-28T8:15:00Z", false},
		{"a comma, which time.Parse reads", "2026-02-28T08:15:00,0Z", false},
		{"hour 24", "2026-02-28T24:00:00Z", false},
		{"a zone of 24 hours", "2026-02-28T08:15:00+24:00", false},
		{"a blank between", "2026-02-28 08:15:00Z", false},
		{"a number", int64(1772266500), false},
		{"null", nil, false},
	} {
		got, err := scalar.UnmarshalDateTime(row.in)
		if (err == nil) != row.ok || (row.ok && (!got.Equal(at) || got.Location() != time.UTC)) {
			t.Errorf("%s: got %v, %v", row.why, got, err)
		}
	}
}
