package db

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/jackc/pgx/v5"

	"comptesante/domain/civil"
)

// wireCopy is a COPY into a table, written in PostgreSQL's binary form: the
// counterpart of wireRow. Each row is begun and then gets a value for each
// column, of the column's width: PostgreSQL refuses any other. pgx's CopyFrom
// does the same for any type, with a box and a look-up for each value and a
// round trip for the columns' types: for rows in bulk that is dear.
type wireCopy struct {
	sql   string
	width int // columns
	rows  int
	bytes []byte
	err   error // the first value that does not fit its column
}

// copyHeader begins the binary form: no flags, no extension.
const copyHeader = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// newCopy begins a COPY of rows of about so many bytes.
func newCopy(table string, rows, size int, columns ...string) *wireCopy {
	c := &wireCopy{sql: `COPY ` + table + ` (` + strings.Join(columns, ", ") + `) FROM STDIN (FORMAT binary)`, width: len(columns)}
	c.bytes = append(make([]byte, 0, len(copyHeader)+rows*size), copyHeader...)
	return c
}

// row begins a row.
func (c *wireCopy) row() {
	c.rows++
	c.bytes = binary.BigEndian.AppendUint16(c.bytes, uint16(c.width))
}

func (c *wireCopy) null() { c.bytes = append(c.bytes, 0xff, 0xff, 0xff, 0xff) }

// bigint writes a bigint.
func (c *wireCopy) bigint(v int64) {
	c.bytes = binary.BigEndian.AppendUint64(append(c.bytes, 0, 0, 0, 8), uint64(v))
}

// integer writes an integer.
func (c *wireCopy) integer(v int64) {
	c.fits(v, math.MinInt32, math.MaxInt32)
	c.bytes = binary.BigEndian.AppendUint32(append(c.bytes, 0, 0, 0, 4), uint32(v))
}

// smallint writes a smallint.
func (c *wireCopy) smallint(v int) {
	c.fits(int64(v), math.MinInt16, math.MaxInt16)
	c.bytes = binary.BigEndian.AppendUint16(append(c.bytes, 0, 0, 0, 2), uint16(v))
}

// fits notes a number that would be cut.
func (c *wireCopy) fits(v, least, most int64) {
	if c.err == nil && (v < least || v > most) {
		c.err = fmt.Errorf("a number beyond its column: %s", c.sql)
	}
}

// text writes a text; an empty one is no NULL.
func (c *wireCopy) text(s string) {
	c.bytes = append(binary.BigEndian.AppendUint32(c.bytes, uint32(len(s))), s...)
}

// boolean writes a boolean.
func (c *wireCopy) boolean(b bool) {
	v := byte(0)
	if b {
		v = 1
	}
	c.bytes = append(c.bytes, 0, 0, 0, 1, v)
}

// blob writes a bytea; nil is NULL.
func (c *wireCopy) blob(b []byte) {
	if b == nil {
		c.null()
		return
	}
	c.bytes = append(binary.BigEndian.AppendUint32(c.bytes, uint32(len(b))), b...)
}

// jsonb writes a jsonb; nil is NULL.
func (c *wireCopy) jsonb(text []byte) {
	if text == nil {
		c.null()
		return
	}
	const version = 1 // of the binary form
	c.bytes = append(binary.BigEndian.AppendUint32(c.bytes, uint32(len(text)+1)), version)
	c.bytes = append(c.bytes, text...)
}

// date writes a date; the zero Date is NULL.
func (c *wireCopy) date(d civil.Date) {
	if d.IsZero() {
		c.null()
		return
	}
	days := d.Epoch() - wireEpoch
	c.fits(int64(days), math.MinInt32, math.MaxInt32)
	c.bytes = binary.BigEndian.AppendUint32(append(c.bytes, 0, 0, 0, 4), uint32(days))
}

// send copies the rows in a transaction; none is no round trip.
func (c *wireCopy) send(ctx context.Context, tx pgx.Tx) error {
	if c.err != nil || c.rows == 0 {
		return c.err
	}
	c.bytes = append(c.bytes, 0xff, 0xff) // the end
	_, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(c.bytes), c.sql)
	return err
}
