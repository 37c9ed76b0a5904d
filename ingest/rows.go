package ingest

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"comptesante/domain"
)

// rows reads RFC 4180 line by line: no column takes a text with a line break, so
// a row is a line, and a quotation mark that does not close costs its own line
// alone. encoding/csv would read on to the next one, however far, and after a
// wrong one begin anew in the middle of a row. Where a row has no fault,
// encoding/csv reads the same.
type rows struct {
	in        *bufio.Reader
	separator byte
	width     int // fields of a row beyond which none is kept; 0 for any number
	line      int // how many lines were read

	state rowState
	bad   bool   // a quotation mark stands where none may
	open  bool   // the line ended within quotation marks
	size  int    // bytes of the row
	count int    // fields that ended
	text  []byte // what the kept fields say, one after another
	ends  []int  // where each kept field ends in text
}

// row is one row of a file, whose fields share memory.
type row struct {
	line   int // from 1
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
	r.state, r.bad, r.open, r.size, r.count, r.text, r.ends = fieldStart, false, false, 0, 0, r.text[:0], r.ends[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		if r.size += len(part); r.size > maxLine {
			r.text = r.text[:0] // it is read over
		}
		for _, c := range part {
			r.take(c)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && r.size > 0: // the last line, without its break
			r.end(true)
		case err != nil:
			return row{line: begin}, err
		}
		r.line = begin
		return r.row(), nil
	}
}

// take reads one byte.
func (r *rows) take(c byte) {
	switch {
	case c == '\n', c == r.separator && r.state != fieldQuoted:
		r.end(c == '\n')
	case c == '"' && r.state == fieldQuoted:
		r.state = fieldClosing
	case r.state == fieldQuoted:
		r.keep(c)
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
	r.open = r.state == fieldQuoted
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

// row is what the line says, or what is wrong with it.
func (r *rows) row() row {
	out := row{line: r.line, size: r.size}
	fail := func(code, reason, mend string) row {
		out.fault = &domain.Fault{Code: code, Reason: reason, Mend: mend}
		return out
	}
	switch {
	case r.size > maxLine:
		return fail("LENGTH", tooLong, "give each row a line of its own")
	case r.open:
		return fail("CSV", "a quotation mark opens a field and does not close on its line", "close it, double those within a text, and put no line break in a text")
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
