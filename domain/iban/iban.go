// Package iban reads and checks bank account numbers (ISO 13616). An IBAN is
// secret: it prints masked wherever it is written, and Reveal alone gives it
// whole.
package iban

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// IBAN is a checked account number. The zero IBAN is none.
type IBAN struct {
	text string // without spaces, upper case; unexported so that no encoder prints it
}

var (
	errShape = errors.New("want a country, two digits and 11 to 30 letters or digits")
	errCheck = errors.New("the check digits (3rd and 4th characters) do not fit")
)

// Parse reads an account number, with spaces anywhere. Errors never repeat it.
func Parse(s string) (IBAN, error) {
	t := strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	if len(t) < 15 || len(t) > 34 || (strings.HasPrefix(t, "FR") && len(t) != 27) {
		return IBAN{}, errShape
	}
	rest := 0
	for i := range len(t) { // the country and check digits count last (ISO 7064, mod 97-10)
		c := t[(i+4)%len(t)]
		switch {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return IBAN{}, errShape
		}
	}
	if !letters(t[:2]) || letters(t[2:3]) || letters(t[3:4]) {
		return IBAN{}, errShape
	}
	if rest != 1 {
		return IBAN{}, errCheck
	}
	return IBAN{t}, nil
}

func letters(s string) bool {
	return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// IsZero tells whether i is none.
func (i IBAN) IsZero() bool { return i.text == "" }

// Reveal is the number whole. It is for sealing and for paying; never for a log.
func (i IBAN) Reveal() string { return i.text }

// String is the number masked: its country and its last four characters.
func (i IBAN) String() string {
	if i.IsZero() {
		return ""
	}
	return i.text[:2] + "•• •••• " + i.text[len(i.text)-4:]
}

// Format prints the number masked whatever the verb, %#v and %x included.
func (i IBAN) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, i.String()) }

// LogValue logs the number masked.
func (i IBAN) LogValue() slog.Value { return slog.StringValue(i.String()) }

// MarshalText writes the number masked, in JSON too.
func (i IBAN) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// MarshalGQL writes the scalar Iban: masked.
func (i IBAN) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, `"`+i.String()+`"`) }

// UnmarshalGQL reads the scalar Iban: a whole number.
func (i *IBAN) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("Iban: %w", errShape)
	}
	parsed, err := Parse(s)
	if err != nil {
		return fmt.Errorf("Iban: %w", err)
	}
	*i = parsed
	return nil
}
