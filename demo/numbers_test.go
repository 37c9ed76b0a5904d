package demo

import (
	"strings"
	"testing"

	"comptesante/domain/civil"
	"comptesante/domain/iban"
	"comptesante/domain/nir"
)

// nobodys tells whether the place of birth in a NIR is none: communes end below
// 910, those overseas below 90, and countries below 600.
func nobodys(number string) bool {
	department, place := number[5:7], number[7:10]
	if department == "97" || department == "98" {
		return place[1:] >= "90"
	}
	return place >= "990"
}

// TestNumbers: all are well-formed, unlike one another, of the month of birth
// that goes with them, and of nobody: the NIRs and the bank's.
func TestNumbers(t *testing.T) {
	seen := make(map[string]bool)
	for i := 0; i < MaxAssures; i += 7 { // 7 divides neither sexes nor months: all of them are met
		number, born := Number(i)
		n, err := nir.Parse(number)
		if err != nil || !n.Permanent() || seen[number] || !nobodys(number) {
			t.Fatalf("person %d: %v, permanent %v, met before %v, nobody's %v", i, err, n.Permanent(), seen[number], nobodys(number))
		}
		seen[number] = true
		if day, err := civil.Parse(born.String()); err != nil || day != born || number[1:5] != born.String()[2:4]+born.String()[5:7] {
			t.Fatalf("person %d: the number does not fit the day of birth %s", i, born)
		}
		if a := bankAccount(i); !strings.HasPrefix(a[4:], "9999999999") {
			t.Fatalf("person %d: a bank that may exist", i)
		} else if _, err := iban.Parse(a); err != nil {
			t.Fatalf("person %d: the account: %v", i, err)
		}
	}
	for _, p := range People {
		if !nobodys(p.NIR) {
			t.Errorf("%s has a NIR that may be somebody's", p.GivenName)
		}
	}
	if last, _ := Number(MaxAssures - 1); len(last) != 13 {
		t.Errorf("the last number has %d characters", len(last))
	}
}
