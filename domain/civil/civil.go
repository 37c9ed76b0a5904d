// Package civil holds days as the health insurance counts them: in Paris,
// without hours. Nothing here reads a clock: instants are passed in.
package civil

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	_ "time/tzdata" // Paris is known on machines without a zone database
)

// Paris is the time zone in which days begin and end.
var Paris = mustLoad("Europe/Paris")

func mustLoad(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // the zone database is compiled in
	}
	return loc
}

// Date is a day. The zero Date is no day.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// Of is the day of an instant in Paris.
func Of(t time.Time) Date {
	y, m, d := t.In(Paris).Date()
	return Date{y, m, d}
}

// FromEpoch is the day that is so many days after 1 January 1970.
func FromEpoch(days int) Date {
	t := time.Unix(int64(days)*24*60*60, 0).UTC()
	y, m, d := t.Date()
	return Date{y, m, d}
}

// Earliest and Latest are the bounds of days that come from outside.
var (
	Earliest = Date{1800, time.January, 1}
	Latest   = Date{9999, time.December, 31}
)

// Epoch is how many days d is after 1 January 1970; negative before.
func (d Date) Epoch() int {
	return int(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// errDate says what a day looks like, without repeating what was given: it may
// be a birth date.
var errDate = errors.New("want a day such as 2026-02-28")

// Parse reads a day written YYYY-MM-DD, of the years 1800 to 9999, and refuses
// one that the calendar has not.
func Parse(s string) (Date, error) {
	if len(s) != len(time.DateOnly) || s[4] != '-' || s[7] != '-' {
		return Date{}, errDate
	}
	year, month, day := digits(s[:4]), digits(s[5:7]), digits(s[8:])
	if year < Earliest.Year || month < 1 || month > 12 || day < 1 || day > daysIn(year, time.Month(month)) {
		return Date{}, errDate
	}
	return Date{year, time.Month(month), day}, nil
}

// digits is a number of nothing but digits; -1 for any other text.
func digits(s string) (n int) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		n = 10*n + int(s[i]-'0')
	}
	return n
}

// daysIn is how many days a month has.
func daysIn(year int, month time.Month) int {
	switch month {
	case time.April, time.June, time.September, time.November:
		return 30
	case time.February:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// IsZero tells whether d is no day.
func (d Date) IsZero() bool { return d == Date{} }

// String writes the day as YYYY-MM-DD.
func (d Date) String() string {
	var b [len(time.DateOnly)]byte
	return string(d.AppendTo(b[:0]))
}

// AppendTo appends the day as YYYY-MM-DD.
func (d Date) AppendTo(b []byte) []byte {
	if d.Year < 0 || d.Year > 9999 {
		return fmt.Appendf(b, "%d-%02d-%02d", d.Year, d.Month, d.Day)
	}
	return append(b,
		byte('0'+d.Year/1000), byte('0'+d.Year/100%10), byte('0'+d.Year/10%10), byte('0'+d.Year%10), '-',
		byte('0'+d.Month/10), byte('0'+d.Month%10), '-',
		byte('0'+d.Day/10), byte('0'+d.Day%10))
}

// Compare is negative where d is before o, zero where they are the same day,
// and positive where d is after o.
func (d Date) Compare(o Date) int {
	if d.Year != o.Year {
		return d.Year - o.Year
	}
	if d.Month != o.Month {
		return int(d.Month - o.Month)
	}
	return d.Day - o.Day
}

// Before tells whether d is before o.
func (d Date) Before(o Date) bool { return d.Compare(o) < 0 }

// AddDays is the day n days later, or earlier for a negative n.
func (d Date) AddDays(n int) Date {
	t := time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, time.UTC)
	return Date{t.Year(), t.Month(), t.Day()}
}

// DaysSince is how many days d is after o; negative where it is before.
func (d Date) DaysSince(o Date) int {
	return d.Epoch() - o.Epoch()
}

// AddMonths is the same day n months later (earlier for a negative n), clamped
// to the month's last day: one month after 31 January is 28 or 29 February.
func (d Date) AddMonths(n int) Date {
	first := time.Date(d.Year, d.Month+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := time.Date(first.Year(), first.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return Date{first.Year(), first.Month(), min(d.Day, last)}
}

// AgeOn is the age in whole years on a day. Who is born on 29 February reaches
// an age on 1 March of a common year (a term in years ends with the day that
// bears the same date; there is none).
func (d Date) AgeOn(day Date) int {
	age := day.Year - d.Year
	if day.Month < d.Month || (day.Month == d.Month && day.Day < d.Day) {
		age--
	}
	return age
}

// HistoryMonths is how far back payments can be seen: the last 27 months
// (product brief, "sur les vingt-sept derniers mois").
const HistoryMonths = 27

// WindowStart is the first day of the history that may be seen on a day:
// 27 months before, clamped to the month's last day.
func WindowStart(today Date) Date { return today.AddMonths(-HistoryMonths) }

// Value stores the day as a date.
func (d Date) Value() (driver.Value, error) {
	if d.IsZero() {
		return nil, nil
	}
	return d.String(), nil
}

// Scan reads a date of the database. NULL is the zero Date.
func (d *Date) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d = Date{}
		return nil
	case time.Time:
		*d = Date{v.Year(), v.Month(), v.Day()}
		return nil
	case string:
		return d.UnmarshalText([]byte(v))
	case []byte:
		return d.UnmarshalText(v)
	}
	return fmt.Errorf("civil: cannot read a day from a %T", src)
}

// MarshalText writes the day as YYYY-MM-DD, for JSON too.
func (d Date) MarshalText() ([]byte, error) { return d.AppendTo(nil), nil }

// UnmarshalText reads a day written YYYY-MM-DD.
func (d *Date) UnmarshalText(text []byte) error {
	v, err := Parse(string(text))
	if err == nil {
		*d = v
	}
	return err
}

// MarshalGQL writes the scalar Date.
func (d Date) MarshalGQL(w io.Writer) {
	var b [len(time.DateOnly) + 2]byte
	_, _ = w.Write(append(d.AppendTo(append(b[:0], '"')), '"')) // gqlgen writes to memory
}

// UnmarshalGQL reads the scalar Date.
func (d *Date) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return fmt.Errorf("Date: %w", errDate)
	}
	if err := d.UnmarshalText([]byte(s)); err != nil {
		return fmt.Errorf("Date: %w", err)
	}
	return nil
}

// Midnight is the instant at which the day begins in Paris.
func (d Date) Midnight() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, Paris)
}

// French writes the day as people read it: 28/02/2026.
func (d Date) French() string {
	return fmt.Sprintf("%02d/%02d/%s", d.Day, d.Month, strconv.Itoa(d.Year))
}
