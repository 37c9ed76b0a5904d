// Package money holds amounts in whole euro cents: exact, never rounded by
// arithmetic on binary fractions.
package money

import (
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Cents is an amount in euro cents. Negative amounts are recoveries.
type Cents int64

// Max bounds an amount that is accepted from outside, in cents: ten million
// euros, above any single act or movement. Sums of the at most 100 lines of a
// payment stay far below what int64 holds.
const Max Cents = 1_000_000_000

// Sane tells whether an amount from outside is within ±Max.
func (c Cents) Sane() bool { return -Max <= c && c <= Max }

// Percent is a share of the amount in percent, rounded half up; the share of a
// negative amount is the opposite of that of its opposite.
func (c Cents) Percent(rate int) Cents {
	if c < 0 {
		return -(-c).Percent(rate)
	}
	return (2*c*Cents(rate) + 100) / 200
}

// String writes the amount as French people read it: 1 234,50 €.
func (c Cents) String() string {
	const blank = "\u00a0"
	n, b := uint64(c), make([]byte, 0, 48)
	if c < 0 {
		n, b = -n, append(b, '-')
	}
	begin := len(b)
	b = strconv.AppendUint(b, n/100, 10)
	for i := len(b) - 3; i > begin; i -= 3 {
		b = slices.Insert(b, i, blank[0], blank[1])
	}
	b = append(b, ',', byte('0'+n/10%10), byte('0'+n%10))
	return string(append(b, blank+"€"...))
}

// MarshalGQL writes the scalar Cents: a JSON number.
func (c Cents) MarshalGQL(w io.Writer) {
	var b [20]byte
	_, _ = w.Write(strconv.AppendInt(b[:0], int64(c), 10)) // gqlgen writes to memory
}

// UnmarshalGQL reads the scalar Cents. It refuses anything but a whole number.
func (c *Cents) UnmarshalGQL(v any) error {
	n, err := strconv.ParseInt(fmt.Sprint(v), 10, 64)
	if _, text := v.(string); err != nil || text {
		return fmt.Errorf("Cents: want a whole number of euro cents such as 1900")
	}
	*c = Cents(n)
	return nil
}
