package demo

import (
	"fmt"
	"time"

	"comptesante/domain/civil"
)

// MaxAssures is how many people have a Number of their own.
const (
	months     = 55 * 12 // of birth, from January 1950 on
	serials    = 999
	MaxAssures = 2 * months * serials
)

// Number gives the i-th NIR, from 0, without its key, and the first day of the
// month of birth that is in it. It is of a country of birth (99 990) that the
// register does not have, so it can belong to nobody. Two that follow, from an
// even one on, are a man and a woman who were born in the same month.
func Number(i int) (number string, born civil.Date) {
	const first = 345 // the first people are in their forties, and show all kinds of families
	sex, i := 1+i%2, i/2
	month, serial := (first+i*7)%months, 1+i/months
	born = civil.Date{Year: 1950 + month/12, Month: time.Month(1 + month%12), Day: 1}
	return fmt.Sprintf("%d%02d%02d99990%03d", sex, born.Year%100, born.Month, serial), born
}

// bankAccount is the i-th account of a bank (99 999) that does not exist,
// well-formed down to the national key.
func bankAccount(i int) string {
	const bank, branch = 99999, 99999
	key := 97 - (89*bank+15*branch+3*i)%97
	bban := fmt.Sprintf("%05d%05d%011d%02d", bank, branch, i, key)
	rest := 0
	for _, c := range bban + "152700" { // F, R and check digits of zero (ISO 7064)
		rest = (rest*10 + int(c-'0')) % 97
	}
	return fmt.Sprintf("FR%02d%s", 98-rest, bban)
}
