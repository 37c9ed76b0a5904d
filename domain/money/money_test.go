package money_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"comptesante/domain/money"
)

func TestString(t *testing.T) {
	for _, row := range []struct {
		why  string
		in   money.Cents
		want string
	}{
		{"nothing", 0, "0,00\u00a0€"},
		{"cents alone keep their leading zero", 5, "0,05\u00a0€"},
		{"a consultation", 1900, "19,00\u00a0€"},
		{"a recovery of less than one euro keeps its sign", -50, "-0,50\u00a0€"},
		{"thousands are parted", 123456789, "1\u00a0234\u00a0567,89\u00a0€"},
		{"the smallest int64 has no positive twin", math.MinInt64, "-92\u00a0233\u00a0720\u00a0368\u00a0547\u00a0758,08\u00a0€"},
	} {
		if got := row.in.String(); got != row.want {
			t.Errorf("%s: %d: got %q, want %q", row.why, row.in, got, row.want)
		}
	}
}

func TestGQL(t *testing.T) {
	var out bytes.Buffer
	money.Cents(-1205).MarshalGQL(&out)
	if out.String() != "-1205" {
		t.Errorf("got %s", &out)
	}
	for _, row := range []struct {
		why string
		in  any
		ok  bool
	}{
		{"a literal arrives as int64", int64(1900), true},
		{"a variable arrives as json.Number", json.Number("1900"), true},
		{"a fraction is no number of cents", json.Number("19.5"), false},
		{"text is not coerced", "1900", false},
		{"nothing is no amount", nil, false},
	} {
		var c money.Cents
		err := c.UnmarshalGQL(row.in)
		if (err == nil) != row.ok || (row.ok && c != 1900) {
			t.Errorf("%s: %v: got %d, %v", row.why, row.in, c, err)
		}
	}
}

// FuzzString: what people read is the amount, digit by digit.
func FuzzString(f *testing.F) {
	for _, n := range []int64{0, 5, -50, 1900, 123456789, math.MinInt64, math.MaxInt64} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n int64) {
		text := money.Cents(n).String()
		digits := strings.NewReplacer("\u00a0", "", ",", "", "€", "").Replace(text)
		if again, err := strconv.ParseInt(digits, 10, 64); err != nil || again != n {
			t.Fatalf("%d is written %q", n, text)
		}
	})
}

// FuzzUnmarshalGQL: a number that is taken is written back as the same number.
func FuzzUnmarshalGQL(f *testing.F) {
	for _, s := range []string{"1900", "-5", "1e3", "19.5", "9223372036854775808", "", "1_000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var c, again money.Cents
		if c.UnmarshalGQL(json.Number(s)) != nil {
			if c != 0 {
				t.Fatalf("%q is refused and gives %d", s, c)
			}
			return
		}
		var out bytes.Buffer
		c.MarshalGQL(&out)
		if err := again.UnmarshalGQL(json.Number(out.String())); err != nil || again != c {
			t.Fatalf("%q became %d, written %s, read %d, %v", s, c, &out, again, err)
		}
	})
}
