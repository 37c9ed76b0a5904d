package iban_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"comptesante/domain/iban"
)

func TestParse(t *testing.T) {
	for _, row := range []struct {
		why, in string
		ok      bool
	}{
		{"the French example of the standard", "FR14 2004 1010 0505 0001 3M02 606", true},
		{"lower case", "fr1420041010050500013m02606", true},
		{"a German account", "DE89370400440532013000", true},
		{"one digit changed", "FR1420041010050500013M02607", false},
		{"two digits swapped", "FR1420041010050500013M20606", false},
		{"a French account has 27 characters", "FR142004101005050001", false},
		{"no country", "1420041010050500013M02606FR", false},
		{"an accent is no letter of an account", "FR1420041010050500013É02606", false},
		{"nothing", "", false},
	} {
		i, err := iban.Parse(row.in)
		if (err == nil) != row.ok {
			t.Errorf("%s: %v", row.why, err)
		}
		if err != nil && row.in != "" && strings.Contains(err.Error(), row.in) {
			t.Errorf("%s: the error repeats the account: %v", row.why, err)
		}
		if all := fmt.Sprintf("%v %+v %#v %x", i, i, i, i); row.ok && strings.Contains(all, i.Reveal()[4:len(i.Reveal())-4]) {
			t.Errorf("%s: printed whole: %s", row.why, all)
		}
	}
}

func TestMasked(t *testing.T) {
	i, err := iban.Parse("FR1420041010050500013M02606")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(i)
	if err != nil || string(text) != `"FR•• •••• 2606"` {
		t.Errorf("got %s, %v", text, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("FR1420041010050500013M02606")
	f.Add("DE89 3704 0044 0532 0130 00")
	f.Fuzz(func(t *testing.T, s string) {
		i, err := iban.Parse(s)
		if err != nil {
			return
		}
		if again, err := iban.Parse(i.Reveal()); err != nil || again != i {
			t.Fatalf("%q became %q, %v", s, i.Reveal(), err)
		}
	})
}
