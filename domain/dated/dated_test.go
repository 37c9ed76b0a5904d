package dated_test

import (
	"testing"

	"comptesante/domain/dated"
)

func sample() dated.Table[int] {
	return dated.Table[int]{Name: "sample", Values: []dated.Value[int]{
		dated.Span("2020-01-01", "2024-02-28", 1, "a decree"),
		dated.Span("2024-02-29", "2024-12-31", 2, "a decree").Doubtful("sample.2024", "one source"),
		dated.Span("2025-01-01", "", 3, "a decree").DoubtfulStart("sample.2025", "approximate"),
	}}
}

func TestAt(t *testing.T) {
	for _, row := range []struct {
		why, day string
		want     int
		ok       bool
	}{
		{"the day before the first: nothing is guessed", "2019-12-31", 0, false},
		{"the first day", "2020-01-01", 1, true},
		{"the last day of a value", "2024-02-28", 1, true},
		{"a change on 29 February", "2024-02-29", 2, true},
		{"31 December", "2024-12-31", 2, true},
		{"1 January", "2025-01-01", 3, true},
		{"no end is known", "2999-12-31", 3, true},
	} {
		got, err := sample().At(dated.Day(row.day))
		if got != row.want || (err == nil) != row.ok {
			t.Errorf("%s: %s: got %d, %v", row.why, row.day, got, err)
		}
	}
}

// TestOn: the value comes with its days and its doubts.
func TestOn(t *testing.T) {
	v, err := sample().On(dated.Day("2024-03-01"))
	if err != nil || v.From != dated.Day("2024-02-29") || v.To != dated.Day("2024-12-31") || v.Source != "a decree" || v.Doubt != "one source" {
		t.Errorf("got %+v, %v", v, err)
	}
	if v, err := sample().On(dated.Day("2019-12-31")); err == nil || v != (dated.Value[int]{}) {
		t.Errorf("the day before the first: %+v, %v", v, err)
	}
}

func TestCheck(t *testing.T) {
	if err := sample().Check(); err != nil {
		t.Fatal(err)
	}
	for why, spoil := range map[string]func(*dated.Table[int]){
		"no name":                     func(s *dated.Table[int]) { s.Name = "" },
		"no value":                    func(s *dated.Table[int]) { s.Values = nil },
		"a gap of a day":              func(s *dated.Table[int]) { s.Values[0].To = dated.Day("2024-02-27") },
		"an overlap of a day":         func(s *dated.Table[int]) { s.Values[0].To = dated.Day("2024-02-29") },
		"an open value before others": func(s *dated.Table[int]) { s.Values[0].To = sample().Values[2].To },
		"out of order":                func(s *dated.Table[int]) { s.Values[0], s.Values[1] = s.Values[1], s.Values[0] },
		"ends before it begins":       func(s *dated.Table[int]) { s.Values[2].To = dated.Day("2024-12-31") },
		"no source":                   func(s *dated.Table[int]) { s.Values[1].Source = "" },
		"a doubt without key":         func(s *dated.Table[int]) { s.Values[1].Key = "" },
		"carried on from none":        func(s *dated.Table[int]) { s.Values[0].Carried = true },
		"carried on without doubt":    func(s *dated.Table[int]) { s.Values[2].Carried = true },
		"a key without doubt":         func(s *dated.Table[int]) { s.Values[0].Key = "sample.2020" },
	} {
		s := sample()
		spoil(&s)
		if s.Check() == nil {
			t.Errorf("%s: not seen", why)
		}
	}
}

// TestCarry: what is not known is what was before it, however many follow each
// other, and what is set stays.
func TestCarry(t *testing.T) {
	s := dated.Table[int]{Name: "carried", Values: []dated.Value[int]{
		dated.Span("2025-01-01", "2025-12-31", 3, "a decree"),
		dated.Unknown[int]("2026-01-01", "2026-12-31", "carried on", "y.2026", "not known"),
		dated.Unknown[int]("2027-01-01", "2027-12-31", "carried on", "y.2027", "not known"),
		dated.Unknown[int]("2028-01-01", "", "carried on", "y.2028", "not known"),
	}}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	s.Values[2].Value, s.Values[2].Carried = 7, false // as an operator sets it
	for range 2 {
		s.Carry()
		for day, want := range map[string]int{"2025-12-31": 3, "2026-01-01": 3, "2027-06-01": 7, "2028-01-01": 7, "2999-12-31": 7} {
			if v, err := s.On(dated.Day(day)); err != nil || v.Value != want || v.Carried != (day[:4] != "2025" && day[:4] != "2027") {
				t.Errorf("%s: got %+v, %v", day, v, err)
			}
		}
	}
}

func TestMove(t *testing.T) {
	for _, row := range []struct {
		why string
		i   int
		to  string
		ok  bool
	}{
		{"earlier, and the value before ends earlier", 2, "2024-12-01", true},
		{"the first has none before it", 0, "2019-01-01", true},
		{"the value before keeps a day", 2, "2024-03-01", true},
		{"the value before would lose its last day", 2, "2024-02-29", false},
		{"its own last day", 1, "2024-12-31", true},
		{"after its own last day", 1, "2025-01-01", false},
	} {
		s := sample()
		err := s.Move(row.i, dated.Day(row.to))
		if (err == nil) != row.ok {
			t.Errorf("%s: %v", row.why, err)
		}
		if err := s.Check(); err != nil {
			t.Errorf("%s: left ill-formed: %v", row.why, err)
		}
	}
}
