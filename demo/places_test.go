package demo

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"comptesante/db/dbtest"
)

// TestNames: names that people bear hold all that a French register holds, and a
// name is nobody's mark.
func TestNames(t *testing.T) {
	const n = 2000
	began, names, count := dbtest.Day(t, days[0]), make(map[string]int), 0
	all := ""
	for i := range n {
		m := family(rand.New(rand.NewPCG(1, uint64(i))), i, began)
		if given := map[bool][]string{true: womenNames, false: menNames}[m.NIR[0] == '2']; !slices.Contains(given, m.GivenName) {
			t.Errorf("%s %s, whose NIR begins with %c", m.GivenName, m.FamilyName, m.NIR[0])
		}
		if names[m.FamilyName]++; slices.Contains(rareFamilyNames, m.FamilyName) {
			count++
		}
		all += m.GivenName + " " + m.FamilyName + " "
	}
	for _, part := range []string{"'", "-", "é", "è", "ë", "ï", "ü", "ç", "Ç", "œ", "Œ", "æ", "Ÿ", "É", "ñ", "ễ", "ã"} {
		if !strings.Contains(all, part) {
			t.Errorf("nobody has %s in the name", part)
		}
	}
	for name, often := range names {
		if often > n/50 {
			t.Errorf("%d of %d are called %s", often, n, name)
		}
	}
	if len(names) < 200 || count > n/10 {
		t.Errorf("%d family names, and %d people with a rare one", len(names), count)
	}
}

// TestTowns: everybody who cares for somebody is of a town of the patient's own
// department, and the towns hold all that a French register holds.
func TestTowns(t *testing.T) {
	towns, seen := make(map[string][]string), ""
	for _, f := range slices.Concat(generalFunds, localFunds) {
		towns[f.Code] = f.towns
	}
	numbers := make(map[string]string)
	families(t, 2000, dbtest.Day(t, days[0]), func(m *made) {
		for _, l := range m.lines {
			for _, a := range l.Lines {
				who := a.Professional
				if who == nil {
					if a.Allowance == nil {
						t.Errorf("%s by nobody", a.Act)
					}
					continue
				}
				if !slices.Contains(towns[m.Caisse], *who.Town) {
					t.Errorf("somebody of the fund %s is cared for in %s", m.Caisse, *who.Town)
				}
				called := who.Name + ", " + who.Specialty + ", " + *who.Town
				if known := numbers[who.Number]; known == "" {
					numbers[who.Number] = called
					seen += " " + *who.Town
				} else if known != called {
					t.Errorf("%s is %s and %s", who.Number, known, called)
				}
			}
		}
	})
	for _, part := range []string{"'", "-", "é", "è", "ÿ", "œ", "É", "Î", "ç", "ô", "Aÿ-Champagne", "Le Puy-en-Velay", "L'Haÿ-les-Roses", "Île-d'Aix"} {
		if !strings.Contains(seen, part) {
			t.Errorf("no town has %s in its name", part)
		}
	}
}

// TestOwnDoctor: one goes to one's médecin traitant mostly, and to another now
// and then.
func TestOwnDoctor(t *testing.T) {
	own, others := 0, 0
	families(t, enoughFamilies, dbtest.Day(t, days[0]), func(m *made) {
		visits, all := make(map[string]int), 0
		for _, l := range m.lines {
			if l.Lines[0].Act == "G" {
				visits[l.Lines[0].Professional.Number]++
				all++
			}
		}
		most := 0
		for _, n := range visits {
			most = max(most, n)
		}
		own, others = own+most, others+all-most
		if all >= 10 && most*2 < all {
			t.Errorf("%s: %d of %d visits to one doctor", m.NIR, most, all)
		}
	})
	if own < 5*others || others == 0 {
		t.Errorf("%d visits to one's own doctor, %d to others", own, others)
	}
}

// TestFunds: as many people are with a fund as live in its department, about:
// few in Corsica and overseas.
func TestFunds(t *testing.T) {
	const n = 2000
	began, of := dbtest.Day(t, days[0]), make(map[string]int)
	for i := range n {
		m := family(rand.New(rand.NewPCG(1, uint64(i))), i, began)
		of[m.Caisse]++
	}
	for _, row := range []struct {
		why         string
		codes       []string
		least, most int
	}{
		{"Corsica: 0.5 % of the country", []string{"201", "202"}, 4, 40},
		{"La Réunion: 1.3 %", []string{"974"}, 10, 80},
		{"overseas: 3 %", []string{"971", "972", "973", "974"}, 30, 150},
		{"Paris: 3 %", []string{"751"}, 40, 160},
		{"Alsace-Moselle: 4 %", []string{"671", "571", "681"}, 20, 120},
	} {
		got := 0
		for _, code := range row.codes {
			got += of[code]
		}
		if got < row.least || got > row.most {
			t.Errorf("%s: %d of %d people", row.why, got, n)
		}
	}
	if len(of) != len(generalFunds)+len(localFunds) {
		t.Errorf("people with %d funds", len(of))
	}
}
