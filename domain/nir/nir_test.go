package nir_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"comptesante/domain/nir"
)

func TestParse(t *testing.T) {
	for _, row := range []struct{ why, in, want string }{
		{"the number on specimen cards", "2 55 08 14 168 025 38", "255081416802538"},
		{"born abroad, month 20 of an incomplete record", "283209921625930", "283209921625930"},
		{"Corsica, 2A counts as 19", "2 20 03 2A 008 016 42", "220032A00801642"},
		{"lower case is typed by people", "220032a00801642", "220032A00801642"},
		{"a key below ten keeps its zero", "2 79 03 2A 990 004 04", "279032A99000404"},
		{"Corsica, 2B counts as 18", "1 90 01 2B 990 005 91", "190012B99000591"},
		{"overseas", "2 88 01 97 499 007 27", "288019749900727"},
		{"abroad", "1 71 06 99 999 006 02", "171069999900602"},
		{"without its key, which is computed", "1850578006084", "185057800608491"},
		{"dots and dashes", "1.85.05.75.990.001-29", "185057599000129"},
		{"a temporary number is a number", "7 85 05 75 990 001", "785057599000141"},
	} {
		n, err := nir.Parse(row.in)
		if err != nil {
			t.Errorf("%s: %v", row.why, err)
		} else if row.want != n.Reveal() && !strings.HasPrefix(row.want, n.Index()) {
			t.Errorf("%s: got %s, want %s", row.why, n.Reveal(), row.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for why, in := range map[string]string{
		"a wrong key":                         "255081416802539",
		"too short":                           "25508141680",
		"the key cut in half":                 "25508141680253",
		"month 13 does not exist":             "1851375990001",
		"month 19 does not exist":             "1851975990001",
		"month 43 does not exist":             "1854375990001",
		"sex 5":                               "5850575990001",
		"a letter where Corsica has none":     "18505759A0001",
		"2C is no department":                 "185052C990001",
		"A after something else than a 2":     "185051A990001",
		"full-width digits are not digits":    "１８５０５７５９９０００１",
		"nothing":                             "",
		"a sign is not a digit":               "+850575990001",
		"the right length in bytes, not more": "185057599000é",
	} {
		if n, err := nir.Parse(in); err == nil {
			t.Errorf("%s: %q became %q", why, in, n.Reveal())
		} else if in != "" && strings.Contains(err.Error(), in) {
			t.Errorf("%s: the error repeats the number: %v", why, err)
		}
	}
}

// TestMonths: the months that the register uses, at each boundary. A civil
// record that is incomplete has 20 to 42 (31 to 42 unverified) or 50 to 99.
func TestMonths(t *testing.T) {
	for _, row := range []struct {
		why         string
		first, last int
		ok          bool
	}{
		{"no month", 0, 0, false},
		{"the calendar's", 1, 12, true},
		{"never used", 13, 19, false},
		{"incomplete records", 20, 30, true},
		{"incomplete records, month + 30, unverified", 31, 42, true},
		{"never used", 43, 49, false},
		{"incomplete records", 50, 99, true},
	} {
		for m := row.first; m <= row.last; m++ {
			if _, err := nir.Parse(fmt.Sprintf("185%02d75990001", m)); (err == nil) != row.ok {
				t.Errorf("%s: month %02d: %v", row.why, m, err)
			}
		}
	}
}

// TestPlaces: where people are born decides the form of the place, and in
// Corsica the key. The keys were computed apart from this program,
// of communes that do not exist.
func TestPlaces(t *testing.T) {
	for _, row := range []struct{ why, in string }{
		{"Corse-du-Sud", "2 79 03 2A 990 004 04"},
		{"Haute-Corse", "1 90 01 2B 990 005 91"},
		{"Corsica before 1976 keeps 20 (unverified)", "1 70 01 20 990 123 26"},
		{"a department that is gone, Seine", "1 50 01 75 990 123 06"},
		{"overseas, 97 and one digit", "2 88 01 97 499 007 27"},
		{"overseas, 98 and one digit", "1 88 01 98 799 007 71"},
		{"abroad", "1 71 06 99 999 006 02"},
		{"abroad, month unknown", "2 83 20 99 216 259 30"},
		{"Algeria before independence", "1 55 01 91 990 123 08"},
		{"Algeria before independence, the last of its numbers", "1 45 03 94 990 123 61"},
		{"Morocco before independence", "1 50 01 95 990 123 48"},
		{"Tunisia before independence", "1 50 01 96 990 123 21"},
		{"anonymous care of minors, the fictitious number of billing", "2 55 55 55 131 030 12"},
	} {
		n, err := nir.Parse(row.in)
		if want := strings.ReplaceAll(row.in, " ", ""); err != nil || n.Reveal() != want {
			t.Errorf("%s: got %q, %v", row.why, n.Reveal(), err)
		}
	}
}

// TestKnown: numbers that are printed on specimens or made for seeds, with the key
// that stands there.
func TestKnown(t *testing.T) {
	for _, in := range []string{
		"2 55 08 14 168 025 38", "2 83 20 99 216 259 30", "2 20 03 2A 008 016 42", "1 85 01 78 006 084 27", "2 95 10 99 126 111 93",
		"1 85 05 75 990 001 29", "2 92 03 75 991 002 58", "1 08 11 75 992 003 53", "2 79 03 2A 990 004 04", "1 90 01 2B 990 005 91",
		"1 71 06 99 999 006 02", "2 88 01 97 499 007 27",
	} {
		whole, err := nir.Parse(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if short, err := nir.Parse(in[:len(in)-3]); err != nil || short != whole {
			t.Errorf("%s without its key: %s, %v", in, short, err)
		}
	}
}

// TestPermanent: only a final number can open an account.
func TestPermanent(t *testing.T) {
	for sex, want := range map[string]bool{"1": true, "2": true, "3": false, "4": false, "7": false, "8": false} {
		n, err := nir.Parse(sex + "850575990001")
		if err != nil || n.Permanent() != want {
			t.Errorf("sex %s: got %t, %v", sex, n.Permanent(), err)
		}
	}
	if (nir.NIR{}).Permanent() {
		t.Error("no number is a final one")
	}
}

// TestKey: any wrong key is seen, and so is any single wrong digit.
func TestKey(t *testing.T) {
	const number, key = "1850578006084", "91"
	for k := range 100 {
		if text := fmt.Sprintf("%02d", k); text != key {
			if _, err := nir.Parse(number + text); err == nil {
				t.Errorf("key %s was taken", text)
			}
		}
	}
	for i := range number {
		for d := '0'; d <= '9'; d++ {
			if wrong := number[:i] + string(d) + number[i+1:]; wrong != number {
				if _, err := nir.Parse(wrong + key); err == nil {
					t.Errorf("%s was taken with the key of another number", wrong)
				}
			}
		}
	}
}

// TestNeverWhole writes a number in every way that code writes values by
// accident: none may show the place and order digits.
func TestNeverWhole(t *testing.T) {
	n, err := nir.Parse("185057599000129")
	if err != nil {
		t.Fatal(err)
	}
	var log, gql bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "nir", n, "in", struct{ N nir.NIR }{n})
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "nir", n, "in", []nir.NIR{n})
	n.MarshalGQL(&gql)
	asJSON, err := json.Marshal(map[string]any{"n": n, "p": &n})
	if err != nil {
		t.Fatal(err)
	}
	all := []string{log.String(), gql.String(), string(asJSON), fmt.Sprintf("%v %+v %#v %s %q %x %d", n, n, n, n, n, n, n), fmt.Sprint(&n, []any{n})}
	for _, text := range all {
		for _, secret := range []string{"185057599000129", "990001", "99000", "1850575"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q shows %q", text, secret)
			}
		}
	}
	if gql.String() != `"1 85 •• •• ••• ••• 29"` {
		t.Errorf("masked as %s", &gql)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"185057599000129", "2 79 03 2A 990 004 04", "2b", "9999999999999", "2 88 01 97 499 007 27", "190012B99000591", "2 83 20 99 216 259 30", "1854275990001", "1854375990001", "1 08 11 75 992 003 53"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := nir.Parse(s)
		if err != nil {
			return
		}
		again, err := nir.Parse(n.Reveal())
		if err != nil || again != n || len(n.Reveal()) != 15 {
			t.Fatalf("%q became %q, which became %q, %v", s, n.Reveal(), again.Reveal(), err)
		}
		if strings.Contains(n.String(), n.Index()[3:]) {
			t.Fatalf("%q is not masked", n.String())
		}
	})
}
