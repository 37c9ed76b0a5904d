package ingest

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"comptesante/domain"
)

// Format is how a file writes payments down.
type Format string

// The formats of files. The empty one is found by the file's name, or else by
// its first byte.
const (
	NDJSON Format = "ndjson"
	CSV    Format = "csv"
)

// byteOrderMark begins the files of some editors and spreadsheets.
const byteOrderMark = "\ufeff"

// source reads a file by steps, so that whoever reads can stop at each.
type source interface {
	// next reads on: the next payment or what is wrong with it, or neither
	// where none is complete yet. The step's line is set with an error too, the
	// last of which is io.EOF.
	next() (step, error)
}

// step is what one reading of a source gives.
type step struct {
	line   int // of the payment's beginning, from 1
	record *domain.PaymentRecord
	fault  *domain.Fault
}

// open finds out whether a file is packed and what it is written in.
func (p *Payments) open(file io.Reader) (source, error) {
	text, err := unpack(bufio.NewReaderSize(file, 64<<10))
	if err != nil {
		return nil, err
	}
	if mark, _ := text.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		_, _ = text.Discard(len(byteOrderMark)) // it was seen
	}
	format := p.Format
	if format == "" {
		format = formatByName(p.Name)
	}
	if format == "" {
		format = formatByText(text)
	}
	p.account(func(a Account) { a.SetFormat(domain.BatchFormat(strings.ToUpper(string(format)))) })
	if format == CSV {
		return openCSV(text)
	}
	return &ndjson{in: text}, nil
}

// formatByName is the format that a file's name tells, or none.
func formatByName(name string) Format {
	switch strings.ToLower(path.Ext(strings.TrimSuffix(strings.ToLower(name), ".gz"))) {
	case ".ndjson", ".jsonl", ".json":
		return NDJSON
	case ".csv":
		return CSV
	}
	return ""
}

// formatByText looks at the first byte that is no blank: what is not JSON is
// CSV, which refuses a wrong file by its header before anything is stored.
func formatByText(in *bufio.Reader) Format {
	for n := 1; ; n++ {
		seen, _ := in.Peek(n)
		if len(seen) < n {
			return NDJSON // nothing but blanks
		}
		switch seen[n-1] {
		case ' ', '\t', '\r', '\n':
		case '{', '[':
			return NDJSON
		default:
			return CSV
		}
	}
}

// gzipMagic begins each gzip file, whatever its name.
const gzipMagic = "\x1f\x8b"

// unpack reads through gzip where a file is packed. Members that follow one
// another are one text, as gzip has it.
func unpack(in *bufio.Reader) (*bufio.Reader, error) {
	if magic, _ := in.Peek(len(gzipMagic)); string(magic) != gzipMagic {
		return in, nil // what Peek failed of comes again as it is read
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, gzipError(err)
	}
	z.Multistream(false)
	return bufio.NewReaderSize(unpacking{z, in}, 64<<10), nil
}

// unpacking is a gzip file whose errors say what to do.
type unpacking struct {
	*gzip.Reader
	in *bufio.Reader
}

// Read implements io.Reader.
func (u unpacking) Read(b []byte) (int, error) {
	for {
		n, err := u.Reader.Read(b)
		switch {
		case errors.Is(err, io.EOF):
			err = u.nextMember()
		case err != nil:
			err = gzipError(err)
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// nextMember begins the member that follows, or gives io.EOF. gzip.Reader would
// take a few bytes of something else for a member that is cut short.
func (u unpacking) nextMember() error {
	magic, err := u.in.Peek(len(gzipMagic))
	switch {
	case len(magic) == 0:
		return err
	case !strings.HasPrefix(gzipMagic, string(magic)):
		return gzipError(gzip.ErrHeader)
	}
	if err := u.Reset(u.in); err != nil {
		return gzipError(err)
	}
	u.Multistream(false)
	return nil
}

// gzipError says what is wrong with a gzip file, and the mend.
func gzipError(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the gzip file is cut short: have it sent again whole (%w)", err)
	case errors.Is(err, gzip.ErrHeader):
		return fmt.Errorf("what follows in the gzip file is not gzip: have it sent again (%w)", err)
	case errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return fmt.Errorf("the gzip file is damaged, and what was read of it may be too: have it sent again (%w)", err)
	}
	return err
}
