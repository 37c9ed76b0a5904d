// Package dated holds values that hold for a time, such as an amount set by
// decree: each with the days on which it is in force, where it was read, and
// what is doubtful about it.
package dated

import (
	"fmt"

	"comptesante/domain/civil"
)

// Value is a value and the days on which it is in force, both included.
type Value[T any] struct {
	From  civil.Date
	To    civil.Date // zero: no end is known
	Value T

	Source string // where the value was read
	Key    string // names the value to an operator; empty for one that is settled
	Doubt  string // why the value may be wrong; empty for one that is settled

	StartDoubt string // why From may be wrong; empty where it is settled

	// Carried tells that the value is not known yet: until it is set, the one
	// before it holds on (Table.Carry).
	Carried bool
}

// Span makes a value of two days written YYYY-MM-DD; to is empty where no end
// is known. It is for tables in the program's text: it panics on what is no day.
func Span[T any](from, to string, value T, source string) Value[T] {
	v := Value[T]{From: Day(from), Value: value, Source: source}
	if to != "" {
		v.To = Day(to)
	}
	return v
}

// Day reads a day of the program's text; it panics on what is none.
func Day(s string) civil.Date {
	d, err := civil.Parse(s)
	if err != nil {
		panic(fmt.Sprintf("dated: %q: %v", s, err))
	}
	return d
}

// Doubtful is v, told to be doubtful and why. The key is stable: operators
// write it.
func (v Value[T]) Doubtful(key, why string) Value[T] {
	v.Key, v.Doubt = key, why
	return v
}

// DoubtfulStart is v, whose first day is told to be doubtful and why.
func (v Value[T]) DoubtfulStart(key, why string) Value[T] {
	v.Key, v.StartDoubt = key, why
	return v
}

// Unknown makes a value of days on which it is not known yet, to be carried on
// from the one before it. It is doubtful by nature, and a source says what is
// carried on.
func Unknown[T any](from, to, source, key, why string) Value[T] {
	var none T
	v := Span(from, to, none, source).Doubtful(key, why)
	v.Carried = true
	return v
}

func (v Value[T]) holds(day civil.Date) bool {
	return !day.Before(v.From) && (v.To.IsZero() || !v.To.Before(day))
}

// Table is the values of one parameter, in order of time and without gap.
type Table[T any] struct {
	Name   string // what the parameter is, for errors
	Values []Value[T]
}

// At is the value in force on a day. It fails for a day on which none is known:
// a value is never guessed.
func (t Table[T]) At(day civil.Date) (T, error) {
	v, err := t.On(day)
	return v.Value, err
}

// On is At with the days, the source and the doubts of the value.
func (t Table[T]) On(day civil.Date) (Value[T], error) {
	for _, v := range t.Values {
		if v.holds(day) {
			return v, nil
		}
	}
	return Value[T]{}, fmt.Errorf("no value of %s is known on %s", t.Name, day)
}

// Move sets the first day of the i-th value, and the last day of the one before
// it to the day before, in place. It refuses a day that leaves either of them
// none.
func (t Table[T]) Move(i int, from civil.Date) error {
	v := &t.Values[i]
	if !v.To.IsZero() && v.To.Before(from) {
		return fmt.Errorf("%s: give a day up to %s, the last on which the value holds", t.Name, v.To)
	}
	if i > 0 {
		before := &t.Values[i-1]
		if !before.From.Before(from) {
			return fmt.Errorf("%s: give a day after %s, on which the value before it begins", t.Name, before.From)
		}
		before.To = from.AddDays(-1)
	}
	v.From = from
	return nil
}

// Carry gives each value that is not known yet the one before it, in place.
func (t Table[T]) Carry() {
	for i := range t.Values {
		if i > 0 && t.Values[i].Carried {
			t.Values[i].Value = t.Values[i-1].Value
		}
	}
}

// Check tells what is wrong with the table: a gap, an overlap, a value without
// source, a doubt without key, or nothing at all.
func (t Table[T]) Check() error {
	if t.Name == "" || len(t.Values) == 0 {
		return fmt.Errorf("table %q: give it a name and values", t.Name)
	}
	for i, v := range t.Values {
		switch {
		case v.From.IsZero():
			return fmt.Errorf("%s: value %d has no first day", t.Name, i)
		case !v.To.IsZero() && v.To.Before(v.From):
			return fmt.Errorf("%s: the value of %s ends before it begins", t.Name, v.From)
		case i+1 < len(t.Values) && (v.To.IsZero() || v.To.AddDays(1) != t.Values[i+1].From):
			return fmt.Errorf("%s: the value of %s does not end on the day before the next begins", t.Name, v.From)
		case v.Source == "":
			return fmt.Errorf("%s: the value of %s does not say its source", t.Name, v.From)
		case (v.Key != "") != (v.Doubt != "" || v.StartDoubt != ""):
			return fmt.Errorf("%s: the value of %s has a doubt without key, or a key without doubt", t.Name, v.From)
		case v.Carried && (i == 0 || v.Doubt == ""):
			return fmt.Errorf("%s: the value of %s is carried on from none, or without doubt", t.Name, v.From)
		}
	}
	return nil
}
