package domain_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/domain"
	"comptesante/domain/civil"
)

func day(t testing.TB, s string) civil.Date {
	t.Helper()
	d, err := civil.Parse(s)
	if err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	return d
}

// TestSeenByAssure: a child's file closes to the parent on the sixteenth
// birthday.
func TestSeenByAssure(t *testing.T) {
	for _, row := range []struct {
		why      string
		relation domain.Relation
		born, on string
		want     bool
	}{
		{"the day before the sixteenth birthday", domain.Child, "2010-11-24", "2026-11-23", true},
		{"the birthday itself", domain.Child, "2010-11-24", "2026-11-24", false},
		{"the day after", domain.Child, "2010-11-24", "2026-11-25", false},
		{"born on 29 February, sixteen in a leap year: the day before", domain.Child, "2012-02-29", "2028-02-28", true},
		{"born on 29 February, sixteen in a leap year: the day", domain.Child, "2012-02-29", "2028-02-29", false},
		{"born on 1 March: 29 February is the day before", domain.Child, "2012-03-01", "2028-02-29", true},
		{"born on 28 February: the day", domain.Child, "2012-02-28", "2028-02-28", false},
		{"born on 31 December: the last day of the year before is no birthday", domain.Child, "2010-12-31", "2026-12-30", true},
		{"born on 1 January: the year has just turned", domain.Child, "2011-01-01", "2027-01-01", false},
		{"a newborn", domain.Child, "2026-11-23", "2026-11-23", true},
		{"a child of 16 in the centennial year that is no leap year", domain.Child, "2084-02-29", "2100-02-28", true},
		{"and on its 1 March", domain.Child, "2084-02-29", "2100-03-01", false},
		{"oneself, at any age", domain.Self, "1920-01-01", "2026-11-23", true},
		{"oneself, below 16 too", domain.Self, "2015-01-01", "2026-11-23", true},
		{"an unknown relation has no more rights than a child", "", "2000-01-01", "2026-11-23", false},
	} {
		b := domain.Beneficiary{Relation: row.relation, BirthDate: day(t, row.born)}
		if got := b.SeenByAssure(day(t, row.on)); got != row.want {
			t.Errorf("%s: born %s, on %s: got %v", row.why, row.born, row.on, got)
		}
	}
}

// TestWindow: an event is told as long as the history shows its payment.
func TestWindow(t *testing.T) {
	for _, row := range []struct {
		why, paid, on string
		want          bool
	}{
		{"the first day of the window", "2024-08-23", "2026-11-23", true},
		{"the day before it", "2024-08-22", "2026-11-23", false},
		{"the day after it", "2024-08-24", "2026-11-23", true},
		{"31 May reaches back to 29 February", "2024-02-29", "2026-05-31", true},
		{"and not to the 28th", "2024-02-28", "2026-05-31", false},
		{"in a common year it reaches to the 28th", "2025-02-28", "2027-05-31", true},
		{"a payment announced for tomorrow", "2026-11-24", "2026-11-23", true},
	} {
		fact := domain.PaymentFact{Payment: domain.Payment{PaidOn: day(t, row.paid), Beneficiary: domain.Beneficiary{ID: domain.ID{Key: 71}}}}
		if _, got := fact.ShownTo(domain.Reader{Own: true, Beneficiaries: []int64{71}, Today: day(t, row.on)}); got != row.want {
			t.Errorf("%s: got %v", row.why, got)
		}
	}
}

func TestErrors(t *testing.T) {
	known := domain.Errorf(domain.NotFound, "no %s has this id", "assuré")
	for _, row := range []struct {
		why  string
		err  error
		want domain.Code
	}{
		{"no error has no code", nil, ""},
		{"an error of ours", known, domain.NotFound},
		{"wrapped, it keeps its code", fmt.Errorf("reading: %w", known), domain.NotFound},
		{"any other is internal", errors.New("boom"), domain.Internal},
		{"joined with another, ours is read", errors.Join(errors.New("boom"), known), domain.NotFound},
	} {
		if got := domain.CodeOf(row.err); got != row.want {
			t.Errorf("%s: got %q", row.why, got)
		}
	}
	a := known.With("at", 1)
	b := a.With("at", 2)
	if known.Data != nil || a.Data["at"] != 1 || b.Data["at"] != 2 {
		t.Errorf("With changes what it is called on: %v %v %v", known.Data, a.Data, b.Data)
	}
	if want := "NOT_FOUND: no assuré has this id"; b.Error() != want {
		t.Errorf("got %q", b.Error())
	}
}

// TestNoMutuelle: the absence of a part is told in French.
func TestNoMutuelle(t *testing.T) {
	if got, want := (domain.ComplementaryNone{}).Message(), "Aucune mutuelle ne participe à ce paiement."; got != want {
		t.Errorf("got %q", got)
	}
}

func TestPageSize(t *testing.T) {
	n := func(i int) *int { return &i }
	for _, row := range []struct {
		why         string
		first, last *int
		limit       int
		backward    bool
		code        domain.Code
	}{
		{"nobody says", nil, nil, domain.DefaultPage, false, ""},
		{"the smallest page", n(1), nil, 1, false, ""},
		{"the largest page", n(100), nil, 100, false, ""},
		{"the last ones", nil, n(5), 5, true, ""},
		{"one more than the largest", n(101), nil, 0, false, domain.Validation},
		{"an empty page", n(0), nil, 0, false, domain.Validation},
		{"fewer than none", nil, n(-1), 0, false, domain.Validation},
		{"both ends at once", n(1), n(1), 0, false, domain.Validation},
	} {
		limit, backward, err := domain.PageSize(row.first, row.last)
		if domain.CodeOf(err) != row.code || (err == nil && (limit != row.limit || backward != row.backward)) {
			t.Errorf("%s: got %d %v %v", row.why, limit, backward, err)
		}
	}
}

func TestSetPeriod(t *testing.T) {
	type period struct{ From, To string }
	const today, end = "2026-11-23", "9999-12-31"
	for _, row := range []struct {
		why, today, from, to string
		want                 period
		cut                  bool
		code                 domain.Code
	}{
		{"open on both sides: the window", today, "", "", period{"2024-08-23", end}, false, ""},
		{"from the first day of the window", today, "2024-08-23", "", period{"2024-08-23", end}, false, ""},
		{"from the day before: the window bounds it", today, "2024-08-22", "", period{"2024-08-23", end}, true, ""},
		{"from the day after", today, "2024-08-24", "", period{"2024-08-24", end}, false, ""},
		{"to the last day of a leap February", today, "", "2028-02-29", period{"2024-08-23", "2028-02-29"}, false, ""},
		{"one day", today, "2026-11-02", "2026-11-02", period{"2026-11-02", "2026-11-02"}, false, ""},
		{"all before the window is nothing, not a fault", today, "2020-01-01", "2020-12-31", period{"2024-08-23", "2020-12-31"}, true, ""},
		{"to the last day before it, with no beginning", today, "", "2024-08-22", period{"2024-08-23", "2024-08-22"}, true, ""},
		{"to its first day", today, "", "2024-08-23", period{"2024-08-23", "2024-08-23"}, false, ""},
		{"on 31 May the window begins on 29 February", "2026-05-31", "2024-02-01", "", period{"2024-02-29", end}, true, ""},
		{"on 29 February", "2028-02-29", "", "", period{"2025-11-29", end}, false, ""},
		{"the wrong way round", today, "2026-11-03", "2026-11-02", period{"2026-11-03", "2026-11-02"}, false, domain.Validation},
		{"the wrong way round, before the window", today, "2020-01-02", "2020-01-01", period{"2024-08-23", "2020-01-01"}, true, domain.Validation},
	} {
		var q domain.PageQuery
		err := q.SetPeriod(day(t, row.today), optional(t, row.from), optional(t, row.to))
		if domain.CodeOf(err) != row.code {
			t.Errorf("%s: %v", row.why, err)
		}
		if diff := cmp.Diff(row.want, period{q.From.String(), q.To.String()}); diff != "" || q.Cut != row.cut {
			t.Errorf("%s: cut %t %s", row.why, q.Cut, diff)
		}
	}
}

func TestCounterYear(t *testing.T) {
	for _, row := range []struct {
		why, today string
		year       *int
		want       int
		code       domain.Code
	}{
		{"this year when absent", "2026-11-23", nil, 2026, ""},
		{"the oldest year that the window holds whole", "2026-11-23", new(2025), 2025, ""},
		{"one that it cuts", "2026-11-23", new(2024), 0, domain.Validation},
		{"the window begins on 1 January", "2026-04-01", new(2024), 2024, ""},
		{"and on the day after", "2026-04-02", new(2024), 0, domain.Validation},
		{"next year", "2026-12-31", new(2027), 0, domain.Validation},
		{"no year", "2026-11-23", new(0), 0, domain.Validation},
	} {
		got, err := domain.CounterYear(row.year, day(t, row.today))
		if got != row.want || domain.CodeOf(err) != row.code {
			t.Errorf("%s: %d %v", row.why, got, err)
		}
	}
}

func optional(t testing.TB, s string) *civil.Date {
	t.Helper()
	if s == "" {
		return nil
	}
	d := day(t, s)
	return &d
}
