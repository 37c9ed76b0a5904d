package domain_test

import (
	"testing"

	"comptesante/domain"
)

// TestSeenByHolder: a second parent sees a child for as long as the first does,
// and never an adult.
func TestSeenByHolder(t *testing.T) {
	for _, row := range []struct {
		why      string
		relation domain.Relation
		born, on string
		want     bool
	}{
		{"the day before the sixteenth birthday", domain.Child, "2010-11-24", "2026-11-23", true},
		{"the birthday itself", domain.Child, "2010-11-24", "2026-11-24", false},
		{"born on 29 February, sixteen in a leap year: the day before", domain.Child, "2012-02-29", "2028-02-28", true},
		{"born on 29 February, sixteen in a leap year: the day", domain.Child, "2012-02-29", "2028-02-29", false},
		{"born on 29 February, sixteen in a year that is none", domain.Child, "2084-02-29", "2100-02-28", true},
		{"and on its 1 March", domain.Child, "2084-02-29", "2100-03-01", false},
		{"the assuré of the file, at any age", domain.Self, "1985-01-01", "2026-11-23", false},
		{"the assuré of the file, below 16 too", domain.Self, "2015-01-01", "2026-11-23", false},
		{"an unknown relation is no child", "", "2015-01-01", "2026-11-23", false},
	} {
		b := domain.Beneficiary{Relation: row.relation, BirthDate: day(t, row.born)}
		if got := b.SeenByHolder(day(t, row.on)); got != row.want {
			t.Errorf("%s: born %s, on %s: got %v", row.why, row.born, row.on, got)
		}
	}
}

func TestMandateFault(t *testing.T) {
	child := domain.Beneficiary{ID: domain.ID{Kind: domain.KindBeneficiary, Assure: 1, Key: 11}, Relation: domain.Child, BirthDate: day(t, "2010-11-24")}
	self := domain.Beneficiary{ID: domain.ID{Kind: domain.KindBeneficiary, Assure: 1, Key: 10}, Relation: domain.Self, BirthDate: day(t, "1985-05-14")}
	for _, row := range []struct {
		why    string
		person domain.Beneficiary
		holder int64
		held   int
		on     string
		want   domain.Code
	}{
		{"a child of fifteen", child, 2, 0, "2026-11-23", ""},
		{"one below the most", child, 2, domain.MaxMandates - 1, "2026-11-23", ""},
		{"the most already", child, 2, domain.MaxMandates, "2026-11-23", domain.Conflict},
		{"the day of sixteen", child, 2, 0, "2026-11-24", domain.Validation},
		{"to oneself", child, 1, 0, "2026-11-23", domain.Validation},
		{"on an adult", self, 2, 0, "2026-11-23", domain.Validation},
	} {
		if got := domain.CodeOf(domain.MandateFault(row.person, row.holder, row.held, day(t, row.on))); got != row.want {
			t.Errorf("%s: got %q, want %q", row.why, got, row.want)
		}
	}
}
