package auth_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/actor"
)

// sightsOf is what a session sees at an instant, by its token and by its id.
func (d *door) sightsOf(t testing.TB, id, token, at string) []actor.Sight {
	t.Helper()
	d.now = instant(t, at)
	byToken, err := d.Authenticate(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	byID, err := d.Actors(t.Context(), []string{id})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(byToken, byID[id]); diff != "" {
		t.Errorf("by id: %s", diff)
	}
	return byToken.Sights
}

// TestMandateEndsWithTheSixteenthBirthday: for both parents, at midnight in Paris,
// child by child.
func TestMandateEndsWithTheSixteenthBirthday(t *testing.T) {
	for i, row := range []struct{ why, born, last, first string }{
		{"winter: Paris is one hour ahead of UTC", "2010-12-15", "2026-12-14T22:59:59Z", "2026-12-14T23:00:00Z"},
		{"summer: two", "2011-07-15", "2027-07-14T21:59:59Z", "2027-07-14T22:00:00Z"},
		{"29 February", "2012-02-29", "2028-02-28T22:59:59Z", "2028-02-28T23:00:00Z"},
		{"1 March: in a leap year 29 February is the day before", "2012-03-01", "2028-02-29T22:59:59Z", "2028-02-29T23:00:00Z"},
	} {
		d := open(t)
		file, holder := dbtest.AddFile(t, d.DB, i, row.born, "2017-09-03", "2018-09-03"), dbtest.AddFile(t, d.DB, 6)
		people := d.beneficiaries(t) // the parent, three children, the holder
		for _, key := range people[1:3] {
			if err := d.DB.GrantMandate(t.Context(), "test", domain.ID{Kind: domain.KindBeneficiary, Assure: file.Assure, Key: key}, holder.Assure, dbtest.Day(t, "2026-11-23")); err != nil {
				t.Fatal(err)
			}
		}
		id, token := d.mint(t, holder.Assure)
		firstID, firstToken := d.mint(t, file.Assure)
		own := actor.Sight{Assure: holder.Assure, Beneficiaries: people[4:]}
		for at, children := range map[string][]int64{row.last: people[1:3], row.first: people[2:3]} {
			want := []actor.Sight{own, {Assure: file.Assure, Beneficiaries: children}}
			if diff := cmp.Diff(want, d.sightsOf(t, id, token, at)); diff != "" {
				t.Errorf("%s: at %s: %s", row.why, at, diff)
			}
		}
		want := []actor.Sight{{Assure: file.Assure, Beneficiaries: []int64{people[0], people[2], people[3]}}}
		if diff := cmp.Diff(want, d.sightsOf(t, firstID, firstToken, row.first)); diff != "" {
			t.Errorf("%s: the first parent: %s", row.why, diff)
		}
	}
}

// TestMandatesOfBoth: two parents with a mandate each on the other's child see
// that child and no more; one mandate ends and the other stands.
func TestMandatesOfBoth(t *testing.T) {
	d := open(t)
	one, other := dbtest.AddFile(t, d.DB, 0, "2017-09-03"), dbtest.AddFile(t, d.DB, 1, "2019-01-01", "2020-02-29")
	people := d.beneficiaries(t) // one, their child, other, their children
	childOfOne := domain.ID{Kind: domain.KindBeneficiary, Assure: one.Assure, Key: people[1]}
	childOfOther := domain.ID{Kind: domain.KindBeneficiary, Assure: other.Assure, Key: people[3]}
	for child, holder := range map[domain.ID]int64{childOfOne: other.Assure, childOfOther: one.Assure} {
		if err := d.DB.GrantMandate(t.Context(), "test", child, holder, dbtest.Day(t, "2026-11-23")); err != nil {
			t.Fatal(err)
		}
	}
	const at = "2026-11-23T10:00:00Z"
	oneID, oneToken := d.mint(t, one.Assure)
	otherID, otherToken := d.mint(t, other.Assure)
	ofOne := actor.Sight{Assure: one.Assure, Beneficiaries: people[:2]}
	ofOther := actor.Sight{Assure: other.Assure, Beneficiaries: people[2:]}
	if diff := cmp.Diff([]actor.Sight{ofOne, {Assure: other.Assure, Beneficiaries: people[3:4]}}, d.sightsOf(t, oneID, oneToken, at)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]actor.Sight{ofOther, {Assure: one.Assure, Beneficiaries: people[1:2]}}, d.sightsOf(t, otherID, otherToken, at)); diff != "" {
		t.Error(diff)
	}
	if err := d.DB.EndMandate(t.Context(), "test", childOfOther, one.Assure); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]actor.Sight{ofOne}, d.sightsOf(t, oneID, oneToken, at)); diff != "" {
		t.Errorf("ended: %s", diff)
	}
	if got := d.sightsOf(t, otherID, otherToken, at); len(got) != 2 {
		t.Errorf("the other's mandate ended too: %v", got)
	}
}
