package db

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/domain/civil"
)

// TestWireCopy: rows are what PostgreSQL's documentation of COPY says. That it
// takes them is seen wherever payments are recorded.
func TestWireCopy(t *testing.T) {
	c := newCopy("t", 1, 1, "a", "b", "c")
	c.row()
	c.bigint(-2)
	c.null()
	c.text("é")
	want := copyHeader + "\x00\x03" + "\x00\x00\x00\x08\xff\xff\xff\xff\xff\xff\xff\xfe" + "\xff\xff\xff\xff" + "\x00\x00\x00\x02\xc3\xa9"
	if diff := cmp.Diff(want, string(c.bytes)); diff != "" || c.rows != 1 {
		t.Errorf("%d rows: %s", c.rows, diff)
	}
	if want := `COPY t (a, b, c) FROM STDIN (FORMAT binary)`; c.sql != want {
		t.Errorf("got %s", c.sql)
	}
}

func TestWireCopyValues(t *testing.T) {
	for _, row := range []struct {
		why   string
		write func(c *wireCopy)
		want  string
	}{
		{"the smallest integer", func(c *wireCopy) { c.integer(math.MinInt32) }, "\x00\x00\x00\x04\x80\x00\x00\x00"},
		{"a smallint", func(c *wireCopy) { c.smallint(258) }, "\x00\x00\x00\x02\x01\x02"},
		{"the first day of PostgreSQL's count", func(c *wireCopy) { c.date(civil.Date{Year: 2000, Month: 1, Day: 1}) }, "\x00\x00\x00\x04\x00\x00\x00\x00"},
		{"the day before", func(c *wireCopy) { c.date(civil.Date{Year: 1999, Month: 12, Day: 31}) }, "\x00\x00\x00\x04\xff\xff\xff\xff"},
		{"no day", func(c *wireCopy) { c.date(civil.Date{}) }, "\xff\xff\xff\xff"},
		{"an empty text is no NULL", func(c *wireCopy) { c.text("") }, "\x00\x00\x00\x00"},
		{"a blob", func(c *wireCopy) { c.blob([]byte{0}) }, "\x00\x00\x00\x01\x00"},
		{"a jsonb has its version before it", func(c *wireCopy) { c.jsonb([]byte("[]")) }, "\x00\x00\x00\x03\x01[]"},
		{"no jsonb", func(c *wireCopy) { c.jsonb(nil) }, "\xff\xff\xff\xff"},
	} {
		c := newCopy("t", 1, 1, "a")
		row.write(c)
		if diff := cmp.Diff(copyHeader+row.want, string(c.bytes)); diff != "" || c.err != nil {
			t.Errorf("%s: %v %s", row.why, c.err, diff)
		}
	}
}

// TestWireCopyRefuses: what does not fit is never cut.
func TestWireCopyRefuses(t *testing.T) {
	for why, write := range map[string]func(c *wireCopy){
		"one above the largest integer":   func(c *wireCopy) { c.integer(math.MaxInt32 + 1) },
		"one below the smallest integer":  func(c *wireCopy) { c.integer(math.MinInt32 - 1) },
		"one above the largest smallint":  func(c *wireCopy) { c.smallint(math.MaxInt16 + 1) },
		"one below the smallest smallint": func(c *wireCopy) { c.smallint(math.MinInt16 - 1) },
	} {
		c := newCopy("t", 1, 1, "a")
		c.row()
		write(c)
		if err := c.send(t.Context(), nil); err == nil {
			t.Errorf("%s is sent", why)
		}
	}
	if err := newCopy("t", 0, 1, "a").send(t.Context(), nil); err != nil {
		t.Errorf("no rows: %v", err)
	}
}
