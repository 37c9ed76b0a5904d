package reimburse

import (
	"slices"
	"strings"
	"testing"

	"comptesante/domain/dated"
	"comptesante/domain/money"
)

// TestTables: every table is in order, without gap, and says its sources by
// keys that Sources explains.
func TestTables(t *testing.T) {
	p := Default()
	if err := p.Check(); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, tb := range p.rules.tables() {
		for _, source := range sourcesOf(tb) {
			words := strings.FieldsFunc(source, func(c rune) bool { return strings.ContainsRune(" ,;:()", c) })
			if _, ok := Sources[words[0]]; !ok {
				t.Errorf("source %q begins with none of Sources", source)
			}
			for _, w := range words {
				used[w] = true
			}
		}
	}
	for _, key := range sortedKeys(Sources) {
		if !used[key] {
			t.Errorf("no table names the source %s", key)
		}
	}
	if n := len(p.rules.tables()); n < 80 {
		t.Errorf("%d tables are checked: some are not listed", n)
	}
}

func sourcesOf(tb table) []string {
	switch tb := tb.(type) {
	case datedTable[money.Cents]:
		return spanSources(tb.Table)
	case datedTable[Rate]:
		return spanSources(tb.Table)
	case datedTable[int]:
		return spanSources(tb.Table)
	case datedTable[bool]:
		return spanSources(tb.Table)
	case *fixed[bool]:
		return []string{tb.Source}
	case *fixed[int]:
		return []string{tb.Source}
	case *fixed[Rate]:
		return []string{tb.Source}
	}
	return []string{"a table of a kind that this test does not know"}
}

func spanSources[T any](t dated.Table[T]) (all []string) {
	for _, v := range t.Values {
		all = append(all, v.Source)
	}
	return all
}

// TestDoubts: keys are unique, and each current value is one that With takes and
// that changes nothing.
func TestDoubts(t *testing.T) {
	p := Default()
	seen := map[string]bool{}
	for _, d := range p.Doubts() {
		if seen[d.Key] {
			t.Errorf("%s names two parameters", d.Key)
		}
		seen[d.Key] = true
		if d.What == "" || d.Source == "" || d.Why == "" || d.Current == "" || d.Unit == "" || d.Want == "" || d.Set {
			t.Errorf("%+v does not say all", d)
		}
		same, err := p.With(d.Key, d.Current)
		if err != nil {
			t.Errorf("its own value is refused: %v", err)
			continue
		}
		for _, now := range same.Doubts() {
			if now.Key == d.Key && (now.Current != d.Current || !now.Set) {
				t.Errorf("%s became %+v", d.Key, now)
			}
		}
	}
	for _, key := range []string{"acte-lourd.montant.2026.debut", "hors-parcours.prix-specialiste", "taux.transport.2023", "taux.transport.2023.debut", "c2s.hors-parcours"} {
		if !seen[key] {
			t.Errorf("%s is doubtful by rules.json, and is not listed", key)
		}
	}
}

func TestWith(t *testing.T) {
	p := Default()
	moved, err := p.With("acte-lourd.montant.2026.debut", "2026-04-01")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		why  string
		p    Parameters
		on   string
		want money.Cents
	}{
		{"the draft's date: the day before", moved, "2026-03-31", 24_00},
		{"the draft's date: the day", moved, "2026-04-01", 32_00},
		{"the parameters it was made of stay as they were", p, "2026-04-21", 24_00},
		{"and those made anew", Default(), "2026-04-21", 24_00},
	} {
		if got, err := row.p.rules.heavy.amount.At(dated.Day(row.on)); err != nil || got != row.want {
			t.Errorf("%s: got %s, %v", row.why, got, err)
		}
	}
	both, err := moved.With("acte-lourd.seuil", "13000")
	if err != nil {
		t.Fatal(err)
	}
	both, err = both.With("acte-lourd.seuil", "14000")
	if err != nil {
		t.Fatal(err)
	}
	want := []Setting{{"acte-lourd.montant.2026.debut", "2026-04-01"}, {"acte-lourd.seuil", "14000"}}
	if got := both.Settings(); !slices.Equal(got, want) {
		t.Errorf("settings are %v, want %v", got, want)
	}
}

func TestWithRefuses(t *testing.T) {
	for _, row := range []struct{ why, key, value, mend string }{
		{"an unknown key", "secret", "1", "list of doubtful parameters"},
		{"a key that is nearly one", "acte-lourd.seui", "12000", "acte-lourd.seuil"},
		{"a settled parameter", "participation.montant", "300", "participation."},
		{"an amount in euros", "acte-lourd.seuil", "120,00", "euro cents"},
		{"an amount below zero", "acte-lourd.seuil", "-1", "euro cents"},
		{"an amount beyond any", "acte-lourd.seuil", "100001", "euro cents"},
		{"a rate above the whole", "taux.aspa", "100.01", "percentage"},
		{"a rate with three decimals", "taux.aspa", "80.125", "percentage"},
		{"a rate with its sign", "taux.aspa", "80 %", "percentage"},
		{"a rate of nothing", "taux.aspa", "", "percentage"},
		{"a choice in English", "c2s.hors-parcours", "yes", "oui or non"},
		{"a number in words", "hors-parcours.age", "seize", "whole number"},
		{"a day that the calendar has not", "acte-lourd.montant.2026.debut", "2026-02-29", "want a day"},
		{"a day that leaves the value before it none", "acte-lourd.montant.2026.debut", "2019-01-01", "after 2019-01-01"},
		{"a day after the value's last", "urgences.plein.2022.debut", "2026-03-01", "up to 2026-02-28"},
	} {
		_, err := Default().With(row.key, row.value)
		if err == nil || !strings.Contains(err.Error(), row.mend) || !strings.Contains(err.Error(), row.key) {
			t.Errorf("%s: got %v, want it to say %q", row.why, err, row.mend)
		}
	}
}

func TestRate(t *testing.T) {
	for _, row := range []struct {
		why, text, want string
	}{
		{"whole", "70", "70\u00a0%"},
		{"a half, as French people write", "37,5", "37,5\u00a0%"},
		{"hundredths", "0.25", "0,25\u00a0%"},
		{"all", "100", "100\u00a0%"},
		{"nothing", "0", "0\u00a0%"},
	} {
		if got, err := parseRate(row.text); err != nil || got.String() != row.want {
			t.Errorf("%s: got %s, %v", row.why, got, err)
		}
	}
}

func TestFraction(t *testing.T) {
	for _, row := range []struct {
		why      string
		c        money.Cents
		num, den int64
		want     money.Cents
	}{
		{"half a cent goes up", 1, 1, 2, 1},
		{"less than half goes down", 1, 49, 100, 0},
		{"a recovery mirrors the payment", -1, 1, 2, -1},
		{"nothing", 0, 1, 2, 0},
		{"16,75 € × 70 % is 11,725 €", 16_75, 70, 100, 11_73},
		{"the largest amount by the largest factors", money.Max, 100_00 * 100, quarterDays * 100_00, 10_958_904},
	} {
		if got := fraction(row.c, row.num, row.den); got != row.want {
			t.Errorf("%s: got %d, want %d", row.why, got, row.want)
		}
	}
}

func FuzzParseRate(f *testing.F) {
	for _, s := range []string{"70", "37,5", "100.00", ".5", "1.", "-1", "１"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseRate(s)
		if err != nil {
			return
		}
		text, _, _ := written(r)
		if again, err := parseRate(text); err != nil || again != r || r < 0 || r > whole {
			t.Fatalf("%q became %d, written %s, read %d, %v", s, r, text, again, err)
		}
	})
}
