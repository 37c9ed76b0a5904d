package reimburse

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"comptesante/domain/civil"
	"comptesante/domain/dated"
	"comptesante/domain/money"
)

// Doubt is a parameter that an operator may change, because its sources are
// few, disagree or are silent.
type Doubt struct {
	Key     string // stable
	What    string // the parameter's name
	Source  string
	Why     string // what is doubtful about it
	Current string // as With takes it
	Set     bool   // whether Current was given by With
	Unit    Unit
	Want    string     // which values With takes
	From    civil.Date // the first day on which the value holds; zero for one without dates
	To      civil.Date // the last one; zero where no end is known
}

// Unit is what a doubtful parameter's value is counted in.
type Unit string

// The units.
const (
	UnitCents  Unit = "cents"   // euro cents
	UnitRate   Unit = "percent" // of the whole
	UnitNumber Unit = "number"  // of what the parameter's name says
	UnitChoice Unit = "choice"  // oui or non
	UnitDay    Unit = "day"     // in Paris
)

// Setting is a value that was given to a doubtful parameter.
type Setting struct{ Key, Value string }

// Doubts lists the doubtful parameters with their current values.
func (p Parameters) Doubts() []Doubt {
	var all []Doubt
	for _, s := range p.known().settings() {
		s.Set = slices.ContainsFunc(p.set, func(o Setting) bool { return o.Key == s.Key })
		all = append(all, s.Doubt)
	}
	return all
}

// Settings lists what was given by With, so that it can be kept and given anew.
func (p Parameters) Settings() []Setting { return slices.Clone(p.set) }

// With is p with another value of one doubtful parameter. It refuses a key that
// is none of Doubts and a value that the parameter cannot have, and says what to
// give instead. p stays as it is.
func (p Parameters) With(key, value string) (Parameters, error) {
	set := p.Settings()
	if i := slices.IndexFunc(set, func(s Setting) bool { return s.Key == key }); i >= 0 {
		set[i].Value = value
	} else {
		set = append(set, Setting{key, value})
	}
	next := Default() // anew, so that no table is shared with p
	next.set = set
	places := next.rules.settings()
	for _, s := range set {
		if err := apply(places, s); err != nil {
			return Parameters{}, fmt.Errorf("%s: %w", s.Key, err)
		}
	}
	next.rules.carry() // what is not known yet follows what was set before it
	if err := next.Check(); err != nil {
		return Parameters{}, fmt.Errorf("%s: %w", key, err)
	}
	return next, nil
}

// settings is what can be set, in the order in which operators read it.
func (r *rules) settings() (all []setting) {
	for _, t := range r.tables() {
		all = append(all, t.settings()...)
	}
	return all
}

func apply(places []setting, given Setting) error {
	keys := make([]string, len(places))
	for i, s := range places {
		if s.Key == given.Key {
			return s.apply(given.Value)
		}
		keys[i] = s.Key
	}
	if near := nearest(given.Key, keys); len(near) > 0 {
		return fmt.Errorf("no such parameter: give one of %s", strings.Join(near, ", "))
	}
	return fmt.Errorf("no such parameter: the list of doubtful parameters shows the keys")
}

// setting is a doubt with the way to change its value, in place.
type setting struct {
	Doubt
	apply func(text string) error
}

func (f *fixed[T]) check() error {
	switch {
	case f.Name == "" || f.Source == "":
		return fmt.Errorf("parameter %q: give it a name and a source", f.Name)
	case (f.Key == "") != (f.Doubt == ""):
		return fmt.Errorf("%s: a doubt has a key, and a key a doubt", f.Name)
	}
	return nil
}

func (f *fixed[T]) carry() {}

func (f *fixed[T]) settings() []setting {
	if f.Key == "" {
		return nil
	}
	return []setting{valueSetting(Doubt{Key: f.Key, What: f.Name, Source: f.Source, Why: f.Doubt}, &f.Value)}
}

// datedTable makes a dated table a table.
type datedTable[T any] struct{ dated.Table[T] }

func over[T any](t dated.Table[T]) table { return datedTable[T]{t} }

func (t datedTable[T]) check() error { return t.Check() }

func (t datedTable[T]) carry() { t.Carry() }

func (t datedTable[T]) settings() []setting {
	var all []setting
	for i := range t.Values {
		v := &t.Values[i]
		if v.Doubt != "" {
			s := valueSetting(Doubt{Key: v.Key, What: t.Name, Source: v.Source, Why: v.Doubt, From: v.From, To: v.To}, &v.Value)
			all = append(all, setting{s.Doubt, func(text string) error {
				v.Carried = false
				return s.apply(text)
			}})
		}
		if v.StartDoubt != "" {
			all = append(all, setting{
				Doubt{Key: v.Key + ".debut", What: t.Name + ", first day", Source: v.Source, Why: v.StartDoubt, Current: v.From.String(), Unit: UnitDay, Want: "a day such as 2026-02-28"},
				func(text string) error { return move(t.Table, i, text) },
			})
		}
	}
	return all
}

func move[T any](t dated.Table[T], i int, text string) error {
	day, err := civil.Parse(text)
	if err != nil {
		return err
	}
	return t.Move(i, day)
}

// valueSetting completes a doubt with its value, which stands at place.
func valueSetting[T any](d Doubt, place *T) setting {
	d.Current, d.Unit, d.Want = written(*place)
	return setting{d, func(text string) error {
		if err := read(text, place); err != nil {
			return fmt.Errorf("want %s", d.Want)
		}
		return nil
	}}
}

// The bounds of what an operator may set: above any amount, age or number of
// months among the doubtful parameters. Pay and its caps stand apart, so that an
// amount in euros is refused for either.
const (
	maxSetAmount money.Cents = 1_000_00
	maxSetPay    money.Cents = 100_000_00
	maxSetNumber int         = 120
)

// bounds is the least and the most that may be set in place of an amount.
func bounds(now money.Cents) (least, most money.Cents) {
	if now > maxSetAmount {
		return maxSetAmount + 1, maxSetPay
	}
	return 0, maxSetAmount
}

// written is a value as read takes it, its unit, and which values read takes.
func written(v any) (text string, unit Unit, want string) {
	switch v := v.(type) {
	case money.Cents:
		least, most := bounds(v)
		return strconv.FormatInt(int64(v), 10), UnitCents, fmt.Sprintf("a whole number of euro cents from %d to %d such as %d", least, most, max(1200, int64(v)))
	case Rate:
		return strconv.FormatFloat(float64(v)/100, 'f', -1, 64), UnitRate, "a percentage from 0 to 100 such as 55 or 37.5"
	case int:
		return strconv.Itoa(v), UnitNumber, "a whole number from 0 to 120"
	case bool:
		if v {
			return "oui", UnitChoice, "oui or non"
		}
		return "non", UnitChoice, "oui or non"
	}
	panic(fmt.Sprintf("reimburse: a %T cannot be doubtful", v)) // a fault of the tables, seen by their test
}

func read(text string, place any) error {
	switch p := place.(type) {
	case *money.Cents:
		n, err := strconv.ParseUint(text, 10, 32)
		if least, most := bounds(*p); err != nil || money.Cents(n) < least || money.Cents(n) > most {
			return fmt.Errorf("no amount")
		}
		*p = money.Cents(n)
	case *Rate:
		r, err := parseRate(text)
		if err != nil {
			return err
		}
		*p = r
	case *int:
		n, err := strconv.ParseUint(text, 10, 16)
		if err != nil || int(n) > maxSetNumber {
			return fmt.Errorf("no number")
		}
		*p = int(n)
	case *bool:
		if text != "oui" && text != "non" {
			return fmt.Errorf("no choice")
		}
		*p = text == "oui"
	}
	return nil
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
