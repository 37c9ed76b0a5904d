package reimburse_test

import (
	"testing"

	"comptesante/domain/money"
	"comptesante/domain/reimburse"
)

func TestPrice(t *testing.T) {
	for _, row := range []struct {
		why, code, on string
		want          money.Cents
		ok            bool
	}{
		{"the day before the last change", "G", "2024-12-21", 26_50, true},
		{"the day of it", "G", "2024-12-22", 30_00, true},
		{"31 December before the second step", "CSN", "2025-12-31", 50_00, true},
		{"1 January of the second step", "CSN", "2026-01-01", 52_00, true},
		{"a code that is new", "GL", "2025-12-31", 0, false},
		{"a code that is not listed", "XX", "2026-01-01", 0, false},
	} {
		if got, err := reimburse.Default().Price(row.code, day(row.on)); got != row.want || (err == nil) != row.ok {
			t.Errorf("%s: got %s, %v", row.why, got, err)
		}
	}
}
