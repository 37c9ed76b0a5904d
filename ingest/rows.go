package ingest

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"comptesante/domain"
)

// rows reads RFC 4180 row by row. encoding/csv would hold a field of any
// length, and after a wrong quotation mark begin anew in the middle of a row.
// Where a row has no fault, encoding/csv reads the same.
type rows struct {
	in        *bufio.Reader
	separator byte
	width     int // fields of a row beyond which none is kept; 0 for any number
	line      int // how many lines were read

	state rowState
	bad   bool   // a quotation mark stands where none may
	size  int    // bytes of the row
	count int    // fields that ended
	text  []byte // what the kept fields say, one after another
	ends  []int  // where each kept field ends in text
}

// row is one row of a file, whose fields share memory.
type row struct {
	line   int // the first of the row, from 1
	size   int // bytes, with quotation marks and separators
	fields []string
	fault  *domain.Fault // with no fields
}

// rowState is where in a field the reader is.
type rowState int

const (
	fieldStart   rowState = iota
	fieldPlain            // within a field without quotation marks
	fieldQuoted           // within quotation marks
	fieldClosing          // after a quotation mark that closes, or is the first of two
	fieldReturn           // after the carriage return behind it
)

// next reads the next row, in memory that is bounded by maxLine. After the last
// it gives io.EOF; a row that another error cuts is none.
func (r *rows) next() (row, error) {
	begin := r.line + 1
	r.state, r.bad, r.size, r.count, r.text, r.ends = fieldStart, false, 0, 0, r.text[:0], r.ends[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		if r.size += len(part); r.size > maxLine {
			r.text = r.text[:0] // it is read over
		}
		ended := false
		for _, c := range part {
			ended = r.take(c)
		}
		if errors.Is(err, io.EOF) {
			if r.size == 0 {
				return row{line: begin}, err
			}
			r.line++
			open := r.state == fieldQuoted
			r.end(true)
			return r.row(begin, open), nil
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return row{line: begin}, err
		}
		if err == nil {
			r.line++
		}
		if ended {
			return r.row(begin, false), nil
		}
	}
}

// take reads one byte and tells whether it ends the row.
func (r *rows) take(c byte) (ended bool) {
	switch {
	case r.state == fieldQuoted:
		if c == '"' {
			r.state = fieldClosing
		} else {
			r.keep(c)
		}
	case c == r.separator || c == '\n':
		r.end(c == '\n')
		return c == '\n'
	case c == '"' && r.state == fieldClosing:
		r.state = fieldQuoted
		r.keep(c)
	case c == '"' && r.state == fieldStart:
		r.state = fieldQuoted
	case c == '\r' && r.state == fieldClosing:
		r.state = fieldReturn
	default:
		r.bad = r.bad || c == '"' || r.state == fieldClosing || r.state == fieldReturn
		r.state = fieldPlain
		r.keep(c)
	}
	return false
}

func (r *rows) keep(c byte) {
	if r.size <= maxLine && (r.width == 0 || r.count < r.width) {
		r.text = append(r.text, c)
	}
}

// end ends a field, and with it the row: a carriage return is of the line's
// end there, and a quotation mark's alone elsewhere.
func (r *rows) end(line bool) {
	r.bad = r.bad || (r.state == fieldReturn && !line)
	kept := r.width == 0 || r.count < r.width
	if n := len(r.text); line && kept && r.state == fieldPlain && n > 0 && r.text[n-1] == '\r' {
		r.text = r.text[:n-1]
	}
	if r.size <= maxLine && kept {
		r.ends = append(r.ends, len(r.text))
	}
	r.count++
	r.state = fieldStart
}

// row is what was read since a line, or what is wrong with it.
func (r *rows) row(line int, open bool) row {
	out := row{line: line, size: r.size}
	fail := func(code, reason, mend string) row {
		out.fault = &domain.Fault{Code: code, Reason: reason, Mend: mend}
		return out
	}
	switch {
	case open:
		return fail("CSV", "a quotation mark opens a field and never closes, so that the rest of the file was read as part of it", "close it, and double those within a text")
	case r.size > maxLine:
		return fail("LENGTH", tooLong, "look for a quotation mark that does not close")
	case r.bad:
		return fail("CSV", "a quotation mark within a field", "put the whole field in quotation marks and double those within")
	}
	if out.fields = r.fields(); out.fields == nil {
		return fail("UTF8", "the row is not UTF-8", "convert the file")
	}
	if r.width > 0 && r.count != r.width && len(r.text) > 0 {
		out.fields = nil
		return fail("CSV", "not as many fields as the header", "put texts with a separator in quotation marks")
	}
	return out
}

// fields are the kept fields, or nil where one is not UTF-8.
func (r *rows) fields() []string {
	text, begin := string(r.text), 0
	fields := make([]string, len(r.ends))
	for i, end := range r.ends {
		if fields[i] = text[begin:end]; !utf8.ValidString(fields[i]) {
			return nil
		}
		begin = end
	}
	return fields
}

// blank tells whether a row has nothing in any field, as spreadsheets leave them
// below a table.
func (r *row) blank() bool {
	for _, f := range r.fields {
		if strings.TrimSpace(f) != "" {
			return false
		}
	}
	return r.fault == nil
}
