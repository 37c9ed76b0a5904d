package main

import (
	"strings"
	"testing"
	"time"

	"comptesante/domain"
)

// TestChildLine: a line names a child in the few ways that people write one, and
// what is wrong with it is told without a word of it.
func TestChildLine(t *testing.T) {
	const number, day = "185057599000129", "2017-09-03"
	for _, row := range []struct {
		why, text string
		rank      int
		ok        bool
	}{
		{"a NIR and a day", number + " " + day, 0, true},
		{"without its key", number[:13] + " " + day, 0, true},
		{"a NIR in groups, blanks around", "  1 85 05 75 990 001 29\t" + day + " ", 0, true},
		{"a twin", number + " " + day + " 2", 2, true},
		{"nothing", "", 0, false},
		{"no day", number, 0, false},
		{"no NIR", day, 0, false},
		{"another key", "185057599000130 " + day, 0, false},
		{"a day that is none", number + " 2017-02-29", 0, false},
		{"a day as the French write it", number + " 03/09/2017", 0, false},
		{"a rank of 0", number + " " + day + " 0", 0, false},
		{"a name", number + " " + day + " Lucie", 0, false},
		{"one word more", number + " " + day + " 1 1", 0, false},
	} {
		got, err := parseChildLine(row.text)
		if row.ok != (err == nil) {
			t.Errorf("%s: %v", row.why, err)
			continue
		}
		if row.ok && (got.file.Reveal() != number || got.born.String() != day || got.rank != row.rank) {
			t.Errorf("%s: got %s %d", row.why, got.born, got.rank)
		}
		if err != nil && (strings.Contains(err.Error(), number[:5]) || strings.Contains(err.Error(), "Lucie")) {
			t.Errorf("%s: the error repeats the line: %v", row.why, err)
		}
	}
}

func TestWriteMandates(t *testing.T) {
	at := time.Date(2026, time.November, 23, 11, 0, 0, 0, time.FixedZone("", 3600))
	id := func(assure, key int64) domain.ID {
		return domain.ID{Kind: domain.KindBeneficiary, Assure: assure, Key: key}
	}
	var b strings.Builder
	if err := writeMandates(&b, domain.ID{Kind: domain.KindAssure, Assure: 1, Key: 1}, []domain.Mandate{
		{Child: id(1, 11), Holder: 2, Granted: at}, {Child: id(3, 31), Holder: 1, Granted: at, Ended: at.AddDate(0, 1, 0)}}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	if len(lines) != 4 || !strings.Contains(lines[1], id(1, 11).String()) || !strings.Contains(lines[1], "is seen  2026-11-23T10:00:00Z  -") ||
		!strings.Contains(lines[2], "sees     2026-11-23T10:00:00Z  2026-12-23T10:00:00Z") {
		t.Error(b.String())
	}
}
