package reimburse

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"comptesante/domain/dated"
)

// TestOverlay: what is stored stands on top of the defaults, in whatever order it
// comes; what cannot be taken is left out with its fault, and harms no other.
func TestOverlay(t *testing.T) {
	stored := []Setting{
		{"taux.aspa", "85"},
		{"acte-lourd.montant.2026.debut", "2026-04-01"},
		{"of.a.newer.release", "1"},
		{"acte-lourd.seuil", "120 €"},
		{"c2s.hors-parcours", "non"},
	}
	for range 20 {
		rand.Shuffle(len(stored), func(i, j int) { stored[i], stored[j] = stored[j], stored[i] })
		p, refused := Default().Overlay(stored)
		var left []string
		for _, r := range refused {
			left = append(left, r.Key)
			if !strings.Contains(r.Why.Error(), r.Key) {
				t.Errorf("%s: the fault does not name it: %v", r.Key, r.Why)
			}
		}
		if !slices.Equal(left, []string{"acte-lourd.seuil", "of.a.newer.release"}) {
			t.Errorf("left out: %v", left)
		}
		for key, want := range map[string]string{
			"taux.aspa": "85", "acte-lourd.montant.2026.debut": "2026-04-01", "c2s.hors-parcours": "non", "acte-lourd.seuil": "12000",
		} {
			if got := current(p, key); got != want {
				t.Errorf("%s is %s, want %s", key, got, want)
			}
		}
		if got, err := p.rules.heavy.amount.At(dated.Day("2026-04-01")); err != nil || got != 32_00 {
			t.Errorf("a moved day moves the value: %s, %v", got, err)
		}
	}
	if p, refused := Default().Overlay(nil); len(refused) != 0 || len(p.Settings()) != 0 {
		t.Errorf("nothing stored: %v, %v", p.Settings(), refused)
	}
	if current(Default(), "taux.aspa") != "80" {
		t.Error("the defaults were changed")
	}
}

// TestOverlayOfAll: every doubtful parameter can be stored at once, and what was
// stored of a value is that value.
func TestOverlayOfAll(t *testing.T) {
	var stored []Setting
	for _, d := range Default().Doubts() {
		canonical, err := Replace(stored, d.Key, d.Current)
		if err != nil || canonical != d.Current {
			t.Fatalf("%s: %s, %v", d.Key, canonical, err)
		}
		stored = append(stored, Setting{d.Key, canonical})
	}
	p, refused := Default().Overlay(stored)
	if len(refused) != 0 || len(p.Settings()) != len(stored) {
		t.Errorf("left out: %v", refused)
	}
}

func current(p Parameters, key string) string {
	for _, d := range p.Doubts() {
		if d.Key == key {
			return d.Current
		}
	}
	return ""
}

func TestReplace(t *testing.T) {
	for _, row := range []struct{ why, key, value, want, fault string }{
		{"as Doubts writes it", "taux.aspa", "37,50", "37.5", ""},
		{"zeros before a number", "hors-parcours.age", "018", "18", ""},
		{"the bound", "acte-lourd.seuil", "100000", "100000", ""},
		{"beyond it", "acte-lourd.seuil", "100001", "", "euro cents"},
		{"a letter is missing", "taux.apsa", "80", "", "taux.aspa"},
		{"a subject with a letter too few", "acte-lour.seuil", "1", "", "acte-lourd.seuil"},
		{"nothing like it", "zzz", "1", "", "list of doubtful parameters"},
		{"a value that a key of this release had under another one", "of.a.newer.release", "2", "", "no such parameter"},
	} {
		stored := []Setting{{"of.a.newer.release", "1"}, {"taux.aspa", "70"}}
		got, err := Replace(stored, row.key, row.value)
		if got != row.want || (err == nil) != (row.fault == "") || (err != nil && !strings.Contains(err.Error(), row.fault)) {
			t.Errorf("%s: got %q, %v", row.why, got, err)
		}
		if !slices.Equal(stored, []Setting{{"of.a.newer.release", "1"}, {"taux.aspa", "70"}}) {
			t.Errorf("%s: what was given was changed: %v", row.why, stored)
		}
	}
}

// TestNearestIsShort: a wrong key of a subject with many is answered with few,
// the nearest first.
func TestNearestIsShort(t *testing.T) {
	_, err := Replace(nil, "tarif.COE.2025", "1")
	if err == nil || strings.Count(err.Error(), ",") != mostNear-1 || !strings.Contains(err.Error(), "give one of tarif.COE.2024,") {
		t.Errorf("got %v", err)
	}
	if _, err := Replace(nil, strings.Repeat("taux.", 100_000), "1"); err == nil {
		t.Error("a key of half a million letters is taken")
	}
}

// TestRemove: a setting that another needs stays. No two defaults of today need
// each other, so the rule is tried where taking away is refused by the tables.
func TestRemove(t *testing.T) {
	stored := []Setting{{"taux.aspa", "70"}, {"of.a.newer.release", "1"}}
	for _, key := range []string{"taux.aspa", "of.a.newer.release", "acte-lourd.seuil"} {
		if err := Remove(stored, key); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	before, after := []Setting{{"taux.aspa", "70"}}, []Setting{{"taux.aspa", "700"}, {"acte-lourd.seuil", "1"}}
	if _, err := settle(before, after, "acte-lourd.seuil"); err == nil || !strings.Contains(err.Error(), "taux.aspa, which is set to 700") {
		t.Errorf("another no longer stands, and: %v", err)
	}
}

func TestDistance(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"seuil", "seuil", 0}, {"seui", "seuil", 1}, {"suiel", "seuil", 2}, {"taux", "faux", 1}} {
		if got := distance(row.a, row.b); got != row.want {
			t.Errorf("%q to %q: %d, want %d", row.a, row.b, got, row.want)
		}
	}
}

func TestCite(t *testing.T) {
	for _, row := range []struct{ why, source, want string }{
		{"two keys, the first of them twice", "OF; KINE, OF", "OF; KINE, OF [OF: openfisca-france a7038ee49 (2026-07-23), parameters; KINE: kineonline.fr]"},
		{"an article after the key, and words in capitals", "KINE L.1 AMO", "KINE L.1 AMO [KINE: kineonline.fr]"},
		{"no key", "somebody", "somebody"},
	} {
		if got := Cite(row.source); got != row.want {
			t.Errorf("%s: %s", row.why, got)
		}
	}
}

func BenchmarkOverlayOfAll(b *testing.B) {
	var stored []Setting
	for _, d := range Default().Doubts() {
		stored = append(stored, Setting{d.Key, d.Current})
	}
	for b.Loop() {
		Default().Overlay(stored)
	}
}
