package civil_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

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

func TestWindowStart(t *testing.T) {
	for _, row := range []struct{ why, today, want string }{
		{"an ordinary day", "2026-11-23", "2024-08-23"},
		{"31 May has no twin in February of a leap year: clamped to the 29th", "2026-05-31", "2024-02-29"},
		{"the day before falls on the same last day", "2026-05-30", "2024-02-29"},
		{"29 May meets the 29th itself", "2026-05-29", "2024-02-29"},
		{"in a common year the clamp is the 28th", "2027-05-31", "2025-02-28"},
		{"seen from 29 February", "2028-02-29", "2025-11-29"},
		{"over a new year", "2026-01-01", "2023-10-01"},
		{"31 December meets 30 September", "2026-12-31", "2024-09-30"},
	} {
		if got := civil.WindowStart(day(t, row.today)); got.String() != row.want {
			t.Errorf("%s: %s: got %s, want %s", row.why, row.today, got, row.want)
		}
	}
}

func TestOf(t *testing.T) {
	for _, row := range []struct{ why, at, want string }{
		{"winter: Paris is one hour ahead, so the day has changed", "2026-01-31T23:00:00Z", "2026-02-01"},
		{"one second before", "2026-01-31T22:59:59Z", "2026-01-31"},
		{"summer: two hours ahead", "2026-07-14T22:00:00Z", "2026-07-15"},
		{"the night the clocks go forward", "2026-03-29T00:59:59Z", "2026-03-29"},
		{"that night's end still counts two hours", "2026-03-29T22:00:00Z", "2026-03-30"},
		{"the night the clocks go back: midnight is still two hours ahead", "2026-10-24T22:00:00Z", "2026-10-25"},
		{"and the next midnight one hour ahead", "2026-10-25T22:59:59Z", "2026-10-25"},
		{"29 February", "2028-02-28T23:00:00Z", "2028-02-29"},
	} {
		at, err := time.Parse(time.RFC3339, row.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := civil.Of(at); got.String() != row.want {
			t.Errorf("%s: %s: got %s, want %s", row.why, row.at, got, row.want)
		}
	}
}

func TestAgeOn(t *testing.T) {
	for _, row := range []struct {
		why, born, on string
		want          int
	}{
		{"the day before the sixteenth birthday", "2010-11-24", "2026-11-23", 15},
		{"the day itself", "2010-11-23", "2026-11-23", 16},
		{"the day after", "2010-11-22", "2026-11-23", 16},
		{"born on 29 February: not yet on the 28th", "2008-02-29", "2026-02-28", 17},
		{"born on 29 February: on 1 March", "2008-02-29", "2026-03-01", 18},
		{"born on 29 February: on the 29th of a leap year", "2008-02-29", "2024-02-29", 16},
	} {
		if got := day(t, row.born).AgeOn(day(t, row.on)); got != row.want {
			t.Errorf("%s: got %d, want %d", row.why, got, row.want)
		}
	}
}

func TestDaysSince(t *testing.T) {
	for _, row := range []struct {
		why, later, earlier string
		want                int
	}{
		{"the same day", "2026-03-29", "2026-03-29", 0},
		{"over the night in which clocks go forward", "2026-03-30", "2026-03-28", 2},
		{"over the night in which clocks go back", "2026-10-26", "2026-10-24", 2},
		{"over 29 February", "2024-03-01", "2024-02-28", 2},
		{"backwards, over a new year", "2025-12-31", "2026-01-01", -1},
		{"over the epoch", "1970-01-02", "1969-12-30", 3},
	} {
		if got := day(t, row.later).DaysSince(day(t, row.earlier)); got != row.want {
			t.Errorf("%s: got %d, want %d", row.why, got, row.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for why, in := range map[string]string{
		"29 February of a common year": "2026-02-29",
		"a thirteenth month":           "2026-13-01",
		"an hour is no day":            "2026-02-28T00:00:00Z",
		"no zeros":                     "2026-2-8",
		"nothing":                      "",
		"French order":                 "28/02/2026",
		"long before the health cover": "1799-12-31",
	} {
		if d, err := civil.Parse(in); err == nil {
			t.Errorf("%s: %q became %s", why, in, d)
		}
	}
}

func TestGQLAndSQL(t *testing.T) {
	d := day(t, "2026-02-28")
	var out bytes.Buffer
	d.MarshalGQL(&out)
	if out.String() != `"2026-02-28"` {
		t.Errorf("marshalled %s", &out)
	}
	for why, src := range map[string]any{
		"as the driver gives it": time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC),
		"as text":                "2026-02-28",
		"as bytes":               []byte("2026-02-28"),
	} {
		var got civil.Date
		if err := got.Scan(src); err != nil || got != d {
			t.Errorf("%s: got %v, %v", why, got, err)
		}
	}
	var got civil.Date
	if err := got.UnmarshalGQL(20260228); err == nil {
		t.Error("a number became a day")
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"2026-02-28", "2024-02-29", "0000-00-00", "2026-02-30", "９９９９-01-01"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := civil.Parse(s)
		if err == nil && d.String() != s {
			t.Fatalf("%q became %q", s, d)
		}
		if err == nil && d.AddMonths(-civil.HistoryMonths).Compare(d) >= 0 {
			t.Fatalf("the window of %s starts after it", d)
		}
	})
}

func TestFromEpoch(t *testing.T) {
	for _, row := range []struct {
		why  string
		days int
		want string
	}{
		{"the epoch", 0, "1970-01-01"},
		{"the day before", -1, "1969-12-31"},
		{"29 February", 59 + 2*365, "1972-02-29"},
		{"the day after", 60 + 2*365, "1972-03-01"},
		{"the day on which clocks change has 23 hours in Paris", 20541, "2026-03-29"},
		{"a day of birth of another century", -25567, "1900-01-01"},
	} {
		if got := day(t, row.want).Epoch(); got != row.days {
			t.Errorf("%s is day %d, want %d", row.want, got, row.days)
		}
		if got := civil.FromEpoch(row.days).String(); got != row.want {
			t.Errorf("%s: got %s, want %s", row.why, got, row.want)
		}
	}
}

// TestParseIsTheCalendar: every day of some years, and none that they have not.
func TestParseIsTheCalendar(t *testing.T) {
	for _, year := range []int{1800, 1900, 1999, 2000, 2024, 2026, 2100, 9999} {
		for month := range 14 {
			for d := range 33 {
				text := fmt.Sprintf("%04d-%02d-%02d", year, month, d)
				_, want := time.Parse(time.DateOnly, text)
				if got, err := civil.Parse(text); (err == nil) != (want == nil) || (err == nil && got.String() != text) {
					t.Errorf("%s: %v %v", text, got, err)
				}
			}
		}
	}
}
