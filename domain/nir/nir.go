// Package nir reads and checks social security numbers (numéro d'inscription
// au répertoire, NIR). A NIR is secret: it prints masked wherever it is
// written, and Reveal alone gives it whole.
package nir

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
)

// NIR is a checked number: 13 characters and its two-digit key. The zero NIR is
// none.
type NIR struct {
	digits string // 15 characters, unexported so that no encoder prints it
}

var (
	errShape = errors.New("not 13 digits (2A or 2B for Corsica), with or without the 2-digit key")
	errMonth = errors.New("the month of birth (5th and 6th digits) is not one that the register uses")
	errKey   = errors.New("the key (last 2 digits) does not fit the number")
)

// Parse reads a number of 13 characters, or 15 with the key, with spaces, dots
// and dashes anywhere. The key is computed where it is missing and checked
// where it is given. Errors never repeat the number.
func Parse(s string) (NIR, error) {
	n := bare(s)
	if len(n) != 13 && len(n) != 15 {
		return NIR{}, errShape
	}
	value, ok := number(n[:13])
	if !ok || !strings.ContainsRune("123478", rune(n[0])) {
		return NIR{}, errShape
	}
	if !monthUsed(n[3:5]) {
		return NIR{}, errMonth
	}
	rest := byte(97 - value%97)
	key := [2]byte{'0' + rest/10, '0' + rest%10}
	if len(n) == 15 && n[13:] != string(key[:]) {
		return NIR{}, errKey
	}
	return NIR{n[:13] + string(key[:])}, nil
}

var blanks = strings.NewReplacer(" ", "", ".", "", "-", "", "\u00a0", "", "\u202f", "")

// bare is a number without blanks, in capitals; most come so.
func bare(s string) string {
	for i := range len(s) {
		if (s[i] < '0' || s[i] > '9') && s[i] != 'A' && s[i] != 'B' {
			return strings.ToUpper(blanks.Replace(s))
		}
	}
	return s
}

// number is the 13 characters as the number that the key is computed of:
// 2A counts as 19, 2B as 18 (register's own convention for Corsica).
func number(n string) (int64, bool) {
	for i := range 13 {
		corsica := i == 6 && n[5] == '2' && (n[i] == 'A' || n[i] == 'B')
		if (n[i] < '0' || n[i] > '9') && !corsica {
			return 0, false
		}
	}
	value := int64(0)
	for i := range 13 {
		digit := int64(n[i] - '0')
		if n[i] == 'A' || n[i] == 'B' {
			value, digit = value/10*10+1, 9-int64(n[i]-'A') // 2A is 19, 2B is 18
		}
		value = 10*value + digit
	}
	return value, true
}

// monthUsed tells whether the register uses a month: 01-12, and 20-42 or
// 50-99 where the civil record is incomplete (31-42 is unverified, accepted).
func monthUsed(mm string) bool {
	m, err := strconv.Atoi(mm)
	return err == nil && ((1 <= m && m <= 12) || (20 <= m && m <= 42) || m >= 50)
}

// IsZero tells whether n is none.
func (n NIR) IsZero() bool { return n.digits == "" }

// Permanent tells whether the number is a final one; numbers that begin with 3,
// 4, 7 or 8 are given while the civil record is being checked and cannot open
// an account.
func (n NIR) Permanent() bool {
	return !n.IsZero() && (n.digits[0] == '1' || n.digits[0] == '2')
}

// Reveal is the number whole, 13 characters and key. It is for sealing,
// indexing and the few answers that may show it; never for a log.
func (n NIR) Reveal() string { return n.digits }

// Index is what the blind index is computed of: the 13 characters without key.
func (n NIR) Index() string {
	if n.IsZero() {
		return ""
	}
	return n.digits[:13]
}

// String is the number masked: sex and year, then the key.
func (n NIR) String() string {
	if n.IsZero() {
		return ""
	}
	return n.digits[:1] + " " + n.digits[1:3] + " •• •• ••• ••• " + n.digits[13:]
}

// Format prints the number masked whatever the verb, %#v and %x included.
func (n NIR) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, n.String()) }

// LogValue logs the number masked.
func (n NIR) LogValue() slog.Value { return slog.StringValue(n.String()) }

// MarshalText writes the number masked, in JSON too.
func (n NIR) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// MarshalGQL writes the scalar Nir: masked.
func (n NIR) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, `"`+n.String()+`"`) }

// UnmarshalGQL reads the scalar Nir: a whole number.
func (n *NIR) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("Nir: %w", errShape)
	}
	parsed, err := Parse(s)
	if err != nil {
		return fmt.Errorf("Nir: %w", err)
	}
	*n = parsed
	return nil
}
