package actor_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/domain/actor"
)

func TestLevels(t *testing.T) {
	names := []string{"LOCAL1", "LOCAL2", "FC1", "FC2"} // from the weakest
	last := actor.NoLevel
	for _, name := range names {
		level, ok := actor.ParseLevel(name)
		if !ok || level.String() != name || level <= last {
			t.Errorf("%s: got %d %v, after %d", name, level, ok, last)
		}
		last = level
	}
	for why, name := range map[string]string{"nothing is no level": "", "another case": "fc1", "beyond the strongest": "FC3", "a number": "1"} {
		if level, ok := actor.ParseLevel(name); ok || level != actor.NoLevel {
			t.Errorf("%s: got %v", why, level)
		}
	}
	for _, level := range []actor.Level{-1, actor.NoLevel, last + 1} {
		if level.String() != "" {
			t.Errorf("%d has the name %q", level, level)
		}
	}
}

func TestSights(t *testing.T) {
	own := actor.Sight{Assure: 1, Beneficiaries: []int64{10, 11}}
	a := actor.Actor{Role: actor.Assure, Assure: 1, Sights: []actor.Sight{own, {Assure: 2, Beneficiaries: []int64{20}}, {Assure: 3}}}
	for _, row := range []struct {
		why                 string
		actor               actor.Actor
		assure, beneficiary int64
		want                bool
	}{
		{"oneself", a, 1, 10, true},
		{"a child", a, 1, 11, true},
		{"another file that may be seen", a, 2, 20, true},
		{"somebody else's child with the same key", a, 2, 10, false},
		{"a file of which nobody may be seen", a, 3, 30, false},
		{"a file that may not be seen", a, 4, 10, false},
		{"the anonymous caller sees nothing, nor the file 0", actor.Actor{}, 0, 0, false},
	} {
		if got := row.actor.Sees(row.assure, row.beneficiary); got != row.want {
			t.Errorf("%s: got %v", row.why, got)
		}
	}
	if s, ok := a.Sight(1); !ok || cmp.Diff(own, s) != "" {
		t.Errorf("the own file: %v %v", s, ok)
	}
	if s, ok := a.Sight(9); ok || s.Assure != 0 || s.Beneficiaries != nil {
		t.Errorf("a file that may not be seen: %v %v", s, ok)
	}
}

func TestContext(t *testing.T) {
	if got := actor.FromContext(t.Context()); cmp.Diff(actor.Actor{}, got) != "" || got.Role != actor.Anonymous {
		t.Errorf("nobody was set: %+v", got)
	}
	a := actor.Actor{Role: actor.Service, Session: "s"}
	ctx := actor.NewContext(t.Context(), a)
	if diff := cmp.Diff(a, actor.FromContext(ctx)); diff != "" {
		t.Error(diff)
	}
	inner := actor.NewContext(ctx, actor.Actor{})
	if got := actor.FromContext(inner); got.Role != actor.Anonymous {
		t.Errorf("the innermost counts: %+v", got)
	}
}
