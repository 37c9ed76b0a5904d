package ingest

import (
	"bufio"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"comptesante/domain"
	"comptesante/domain/nir"
)

// table reads CSV: a row is a line of a payment, and the rows of one payment
// stand next to each other. It only builds what NDJSON spells out, and the same
// code checks it.
type table struct {
	rows    rows
	columns []*column // of the file, from the left
	open    *rowsOfPayment
	past    keys
}

// key is a payment's identity, as far as rows are compared.
type key struct{ nir, reference string }

// rowsOfPayment is a payment whose rows are being read.
type rowsOfPayment struct {
	key    key
	line   int      // of its first row
	size   int      // bytes of its rows
	broken bool     // a row that cannot be read followed its rows
	head   []string // the fields of its first row
	draft  draft
}

// openCSV reads the header. What is wrong with it is an error: without it, no
// row can be read.
func openCSV(in *bufio.Reader) (source, error) {
	t := &table{rows: rows{in: in, separator: separatorOf(in)}, past: newKeys()}
	header, err := t.rows.next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the file is empty: CSV begins with a header, which names the columns")
	case err != nil:
		return nil, fmt.Errorf("reading the header: %w", err)
	case header.fault != nil:
		return nil, fmt.Errorf("the first row is no header of columns: %s: %s", header.fault.Reason, header.fault.Mend)
	}
	if t.columns, err = readHeader(header.fields); err != nil {
		return nil, err
	}
	t.rows.width = len(t.columns)
	return t, nil
}

// separatorOf is the one of ; and , that comes first: no column's name has
// either.
func separatorOf(in *bufio.Reader) byte {
	for n := 1; ; n++ {
		seen, _ := in.Peek(n)
		if len(seen) < n || seen[n-1] == '\n' {
			return ';' // one column: the header lacks the others
		}
		if c := seen[n-1]; c == ';' || c == ',' {
			return c
		}
	}
}

// next implements source: it reads a row, and gives the payment that ends
// before it, if one does.
func (t *table) next() (step, error) {
	r, err := t.rows.next()
	switch {
	case errors.Is(err, io.EOF):
		return t.close(r.line), err
	case err != nil: // the open payment may go on behind it
		return step{line: r.line}, err
	case r.fault != nil:
		if t.open != nil {
			t.open.broken = true
		}
		return step{line: r.line, fault: r.fault}, nil
	case r.blank():
		return step{line: r.line}, nil
	}
	var done step
	k := t.key(r.fields)
	if done.line = r.line; t.open == nil || t.open.key != k {
		done = t.close(r.line)
		t.begin(k, r)
	}
	t.add(r)
	return done, nil
}

// key is the identity that a row tells; a NIR with its key or blanks is the
// same without.
func (t *table) key(fields []string) (k key) {
	for i, c := range t.columns {
		switch c.name {
		case "nir":
			k.nir = fields[i]
		case "reference":
			k.reference = fields[i]
		}
	}
	if n, err := nir.Parse(k.nir); err == nil {
		k.nir = n.Reveal()
	}
	return k
}

// begin opens a payment with its first row.
func (t *table) begin(k key, r row) {
	t.open = &rowsOfPayment{key: k, line: r.line, head: r.fields}
	if t.past.seen(k) {
		t.open.draft.fail("reference", "APART", "rows of the same payment stand further up", "put all rows of a payment next to each other")
	}
	for i, c := range t.columns {
		if c.kind.head {
			t.open.read(c, r.fields[i])
		}
	}
}

// add takes a row's line into the open payment. Of a payment that is rejected
// already, nothing more is held.
func (t *table) add(r row) {
	p := t.open
	if p.size += r.size; p.size > maxLine {
		p.draft.fail("", "LENGTH", tooLong, "part the payment")
	}
	if p.broken {
		p.draft.fail("", "CSV", "a row between its rows cannot be read", "mend that row")
	}
	for i, c := range t.columns {
		if c.kind.head && c.name != "nir" && r.fields[i] != p.head[i] {
			p.draft.fail(c.name, "HEAD", "the payment's rows do not agree", "give the same in each, or another reference")
		}
	}
	if p.draft.fault != nil {
		p.draft.Lines = nil
		return
	}
	if len(p.draft.Lines) > domain.MaxLines { // one too many is enough for the check to tell
		return
	}
	p.draft.begin()
	for i, c := range t.columns {
		if !c.kind.head {
			p.read(c, r.fields[i])
		}
	}
	p.draft.endRow()
}

// read reads a cell; an empty one is absent.
func (p *rowsOfPayment) read(c *column, cell string) {
	if cell != "" {
		p.draft.column = c
		c.set(&p.draft, cell)
	}
}

// close gives the open payment, if there is one.
func (t *table) close(line int) step {
	p := t.open
	if t.open = nil; p == nil {
		return step{line: line}
	}
	if p.draft.fault != nil {
		return step{line: p.line, fault: p.draft.fault}
	}
	record, fault := p.draft.record()
	return step{line: p.line, record: record, fault: fault}
}

// maxKeys bounds the payments that are remembered, in some megabytes.
const maxKeys = 1 << 16

// keys remembers the last payments of a file, so that rows of one that stand
// apart are told. Those further apart than it remembers fail by their sums,
// unless each part of the payment amounts to the whole.
type keys struct {
	seed  maphash.Seed
	known map[uint64]struct{}
	ring  []uint64 // in their order, from at on the oldest first
	at    int
}

func newKeys() keys { return keys{seed: maphash.MakeSeed(), known: make(map[uint64]struct{})} }

// seen tells whether a payment is remembered, and remembers it.
func (k *keys) seen(payment key) bool {
	hash := maphash.Comparable(k.seed, payment)
	if _, known := k.known[hash]; known {
		return true
	}
	k.known[hash] = struct{}{}
	if len(k.ring) < maxKeys {
		k.ring = append(k.ring, hash)
		return false
	}
	delete(k.known, k.ring[k.at])
	k.ring[k.at], k.at = hash, (k.at+1)%maxKeys
	return false
}
