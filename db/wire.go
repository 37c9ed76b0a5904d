package db

import (
	"encoding/binary"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// wireRow reads the columns of a row one after another in PostgreSQL's binary
// form, without reflection: a page of history has a thousand of them. NULL is
// read as zero. What is read is copied.
type wireRow struct {
	values [][]byte
	next   int
}

// checkFields refuses columns that are not in the binary form.
func checkFields(fields []pgconn.FieldDescription) error {
	for _, f := range fields {
		text := f.DataTypeOID == pgtype.TextOID // the same in both forms
		if f.Format != pgx.BinaryFormatCode && !text {
			return fmt.Errorf("column %s comes in text form", f.Name)
		}
	}
	return nil
}

func (r *wireRow) bytes() []byte {
	b := r.values[r.next]
	r.next++
	return b
}

// null tells whether the next column is NULL, without reading it.
func (r *wireRow) null() bool { return r.values[r.next] == nil }

// int reads a smallint, an integer or a bigint.
func (r *wireRow) int() int64 {
	switch b := r.bytes(); len(b) {
	case 8:
		return int64(binary.BigEndian.Uint64(b))
	case 4:
		return int64(int32(binary.BigEndian.Uint32(b)))
	case 2:
		return int64(int16(binary.BigEndian.Uint16(b)))
	}
	return 0
}

func (r *wireRow) cents() money.Cents { return money.Cents(r.int()) }

// wireEpoch is the day 0 of PostgreSQL's dates, 1 January 2000, in days since 1
// January 1970.
const wireEpoch = 10957

// date reads a date; the zero Date for NULL.
func (r *wireRow) date() civil.Date {
	if r.null() {
		r.next++
		return civil.Date{}
	}
	return civil.FromEpoch(int(r.int()) + wireEpoch)
}

func (r *wireRow) text() string { return string(r.bytes()) }

// oneOf reads a text that is one of a few known ones without copying it; any
// other is copied.
func oneOf[T ~string](r *wireRow, known ...T) T {
	b := r.bytes()
	for _, k := range known {
		if string(b) == string(k) {
			return k
		}
	}
	return T(b)
}
