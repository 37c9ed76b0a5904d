package actor_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
)

func person(assure, key int64, relation domain.Relation, year, month, day int) domain.Beneficiary {
	return domain.Beneficiary{ID: domain.ID{Kind: domain.KindBeneficiary, Assure: assure, Key: key}, Relation: relation,
		BirthDate: civil.Date{Year: year, Month: time.Month(month), Day: day}}
}

// TestSightsOf: the own file comes first and is always there; another's is there
// for as long as a child in it is seen.
func TestSightsOf(t *testing.T) {
	today := civil.Date{Year: 2026, Month: time.November, Day: 23}
	self := person(5, 50, domain.Self, 1985, 5, 14)
	for _, row := range []struct {
		why    string
		people []domain.Beneficiary
		want   []actor.Sight
	}{
		{"alone", []domain.Beneficiary{self}, []actor.Sight{{Assure: 5, Beneficiaries: []int64{50}}}},
		{"nobody can be read", nil, []actor.Sight{{Assure: 5}}},
		{"the other file's key comes before and after one's own", []domain.Beneficiary{
			person(3, 31, domain.Child, 2017, 9, 3), self, person(5, 51, domain.Child, 2017, 9, 3), person(9, 91, domain.Child, 2017, 9, 3), person(9, 92, domain.Child, 2019, 1, 1)},
			[]actor.Sight{{Assure: 5, Beneficiaries: []int64{50, 51}}, {Assure: 3, Beneficiaries: []int64{31}}, {Assure: 9, Beneficiaries: []int64{91, 92}}}},
		{"a child of sixteen today, with one of fifteen", []domain.Beneficiary{self, person(9, 91, domain.Child, 2010, 11, 23), person(9, 92, domain.Child, 2010, 11, 24)},
			[]actor.Sight{{Assure: 5, Beneficiaries: []int64{50}}, {Assure: 9, Beneficiaries: []int64{92}}}},
		{"the only child is sixteen today: the file is not there", []domain.Beneficiary{self, person(9, 91, domain.Child, 2010, 11, 23)},
			[]actor.Sight{{Assure: 5, Beneficiaries: []int64{50}}}},
		{"another adult is never seen, whatever brought them here", []domain.Beneficiary{self, person(9, 90, domain.Self, 1984, 1, 1)},
			[]actor.Sight{{Assure: 5, Beneficiaries: []int64{50}}}},
	} {
		if diff := cmp.Diff(row.want, actor.SightsOf(5, row.people, today)); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
}
