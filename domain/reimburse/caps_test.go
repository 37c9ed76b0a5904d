package reimburse

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/domain/civil"
	"comptesante/domain/dated"
	"comptesante/domain/money"
)

func number(n int) *int { return &n }

func TestYearCaps(t *testing.T) {
	byCents, err := Default().With("participation.arret-au-nombre", "non")
	if err != nil {
		t.Fatal(err)
	}
	fewer, err := Default().With("participation.nombre-annuel.2016", "40")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		why  string
		p    Parameters
		year int
		want *int
	}{
		{"the last year of 1 €", Default(), 2023, number(50)},
		{"the year of the change: 50, within 50 €", Default(), 2024, number(50)},
		{"25 since", Default(), 2025, number(25)},
		{"no end is known", Default(), 2027, number(25)},
		{"an operator counts cents alone", byCents, 2026, nil},
		{"an operator has found another number", fewer, 2023, number(40)},
		{"which is not that of later years", fewer, 2024, number(50)},
	} {
		got, err := row.p.YearCaps(row.year)
		want := Caps{Year: row.year, Participation: Cap{50_00, row.want}, Franchise: Cap{Cents: 50_00}}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", row.why, err, diff)
		}
	}
	for _, p := range []Parameters{Default(), {}} {
		if got, err := p.YearCaps(2004); err == nil {
			t.Errorf("caps of a year of which none are known: %+v", got)
		}
	}
}

// TestYearlyTables: yearly caps change on 1 January alone, as YearCaps needs.
func TestYearlyTables(t *testing.T) {
	p := Default().rules
	first := func(name string, from civil.Date) {
		if from.Month != 1 || from.Day != 1 {
			t.Errorf("%s changes on %s", name, from)
		}
	}
	for _, table := range []amounts{p.participation.yearCap, p.franchise.yearCap} {
		for _, v := range table.Values {
			first(table.Name, v.From)
		}
	}
	for _, v := range p.participation.yearCount.Values {
		first(p.participation.yearCount.Name, v.From)
	}
}

// TestYearCapsAreKept: acts of a year, one a day, are held back until the caps
// that YearCaps tells, and no further.
func TestYearCapsAreKept(t *testing.T) {
	caps, err := Default().YearCaps(2026)
	if err != nil {
		t.Fatal(err)
	}
	var year Year
	for day := dated.Day("2026-01-01"); day.Year == 2026; day = day.AddDays(1) {
		care := Care{On: day, Patient: Patient{Born: dated.Day("1980-05-14")}, Spent: 30_00, Price: 30_00}
		got, err := Default().Act(Act{Care: care, Family: Doctor}, Counters{Year: year})
		if err != nil {
			t.Fatal(err)
		}
		year = got.Counters.Year
	}
	if year.Participation.Cents != caps.Participation.Cents || year.Participation.Count != *caps.Participation.Count {
		t.Errorf("held back %+v, the caps are %+v", year, caps)
	}
}

func TestRetentionRules(t *testing.T) {
	r, err := Default().RetentionRules(dated.Day("2026-11-22"))
	if err != nil {
		t.Fatal(err)
	}
	p, f := r.Participation, r.Franchise
	amounts := map[string]money.Cents{
		"per act": p.PerAct.Amount, "per day": p.PerDay.Amount, "per year": p.PerYear.Amount,
		"box": f.PerBox.Amount, "act": f.PerAct.Amount, "journey": f.PerJourney.Amount,
		"acts a day": f.ActsPerDay.Amount, "journeys a day": f.JourneysPerDay.Amount, "franchise a year": f.PerYear.Amount,
	}
	want := map[string]money.Cents{"per act": 2_00, "per day": 8_00, "per year": 50_00, "box": 1_00, "act": 1_00, "journey": 4_00,
		"acts a day": 4_00, "journeys a day": 8_00, "franchise a year": 50_00}
	if diff := cmp.Diff(want, amounts); diff != "" {
		t.Error(diff)
	}
	if p.PerDayCount.Count != 4 || p.PerYearCount == nil || p.PerYearCount.Count != 25 {
		t.Errorf("numbers: %+v, %+v", p.PerDayCount, p.PerYearCount)
	}
	for _, told := range []Told{p.PerAct.Told, p.PerDay.Told, p.PerDayCount.Told, p.PerYear.Told, p.PerYearCount.Told,
		f.PerBox.Told, f.PerAct.Told, f.PerJourney.Told, f.ActsPerDay.Told, f.JourneysPerDay.Told, f.PerYear.Told} {
		if !strings.HasSuffix(told.Explanation, ".") || strings.Contains(told.Explanation, "%!") || told.Source == "" || told.Since.IsZero() || told.Until != nil || told.Doubtful {
			t.Errorf("%+v", told)
		}
	}
	if want := "Une participation forfaitaire de 2,00\u00a0€ est retenue sur chaque consultation"; !strings.HasPrefix(p.PerAct.Explanation, want) {
		t.Errorf("%q", p.PerAct.Explanation)
	}
}

func TestRetentionRulesOfOtherDays(t *testing.T) {
	for _, row := range []struct {
		why, day      string
		act, box      money.Cents
		until         string
		count         int
		countDoubtful bool
	}{
		{"the day before the participation doubled", "2024-05-14", 1_00, 1_00, "2024-05-14", 50, false},
		{"the day", "2024-05-15", 2_00, 1_00, "", 50, false},
		{"the day before the franchise doubled", "2024-03-30", 1_00, 50, "2024-05-14", 50, false},
		{"29 February", "2024-02-29", 1_00, 50, "2024-05-14", 50, false},
		{"a year whose number is doubtful", "2023-12-31", 1_00, 50, "2024-05-14", 50, true},
		{"the first day of which all is known", "2016-01-01", 1_00, 50, "2024-05-14", 50, true},
	} {
		r, err := Default().RetentionRules(dated.Day(row.day))
		if err != nil {
			t.Errorf("%s: %v", row.why, err)
			continue
		}
		until := ""
		if u := r.Participation.PerAct.Until; u != nil {
			until = u.String()
		}
		if r.Participation.PerAct.Amount != row.act || r.Franchise.PerBox.Amount != row.box || until != row.until ||
			r.Participation.PerYearCount.Count != row.count || r.Participation.PerYearCount.Doubtful != row.countDoubtful {
			t.Errorf("%s: %+v, %+v", row.why, r.Participation, r.Franchise.PerBox)
		}
	}
	byCents, err := Default().With("participation.arret-au-nombre", "non")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := byCents.RetentionRules(dated.Day("2026-11-22")); err != nil || r.Participation.PerYearCount != nil {
		t.Errorf("the number is not capped, and: %+v, %v", r.Participation.PerYearCount, err)
	}
	if r, err := Default().RetentionRules(dated.Day("2015-12-31")); err == nil {
		t.Errorf("not all is known of that day: %+v", r)
	}
}
