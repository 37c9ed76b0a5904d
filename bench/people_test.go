package main

import (
	"testing"

	"comptesante/domain/civil"
	"comptesante/domain/nir"
)

// TestNumbers holds that the numbers are valid, permanent, of the day of birth
// that goes with them, and each of one person alone.
func TestNumbers(t *testing.T) {
	seen := make(map[string]bool)
	for i := 0; i < maxPeople; i += 7 { // 7 divides none of the parts: all of them are met
		number, born := numberOf(i)
		n, err := nir.Parse(number)
		if err != nil || !n.Permanent() || seen[number] {
			t.Fatalf("the %d-th number: %v, permanent %v, met before %v", i, err, n.Permanent(), seen[number])
		}
		seen[number] = true
		if day, err := civil.Parse(born.String()); err != nil || day != born || number[1:5] != born.String()[2:4]+born.String()[5:7] {
			t.Fatalf("the %d-th number does not fit the day of birth %s", i, born)
		}
	}
	if last, _ := numberOf(maxPeople - 1); last != "2991299990999" {
		t.Errorf("the last number is made of %s", last)
	}
}
