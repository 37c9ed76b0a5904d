// Package ingest is how payments come in: files of NDJSON or CSV, packed or
// not. A bad payment is rejected by its line and reason and never stops the
// rest; the same file twice changes nothing.
package ingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"comptesante/domain"
	"comptesante/domain/civil"
)

// Recorder stores checked records; db.DB is one. It is an interface so that
// reading is tested without a database.
type Recorder interface {
	RecordPayments(ctx context.Context, by string, records []domain.PaymentRecord) ([]domain.Recorded, error)
}

// Account is told what of a file never reaches the store; db.Batch is one.
type Account interface {
	SetFormat(domain.BatchFormat)
	Reject(code string) // of a line that is no record
}

// Payments reads a file of payments.
type Payments struct {
	Store   Recorder
	Account Account    // nil for nobody
	By      string     // who sends, for the audit
	Today   civil.Date // in Paris
	Name    string     // of the file, which may tell its format; empty where it has none
	Format  Format     // empty: found by the name, or else by the file's first byte
	Rejects io.Writer  // takes the rejected lines' numbers, reasons and mends, as NDJSON
	Batch   int        // records a transaction; 0: 2000
	Writers int        // transactions at a time; 0: 3
}

const maxLine = 1 << 20 // bytes of a line

// tooLong is what is wrong with a line, or a payment's rows, beyond maxLine.
const tooLong = "longer than 1 MiB"

// Summary counts what became of a file's payments, and the lines that are none;
// blank lines count nowhere.
type Summary struct {
	Added, Corrected, Unchanged, Rejected int
}

// String tells the counts for people.
func (s Summary) String() string {
	return fmt.Sprintf("%d added, %d corrected, %d unchanged, %d rejected", s.Added, s.Corrected, s.Unchanged, s.Rejected)
}

// Reject is a line of the rejects file.
type Reject struct {
	Line int `json:"line"`
	domain.Fault
}

func (s *Summary) count(o domain.Outcome) {
	switch o {
	case domain.OutcomeAdded:
		s.Added++
	case domain.OutcomeCorrected:
		s.Corrected++
	case domain.OutcomeUnchanged:
		s.Unchanged++
	case domain.OutcomeRejected:
		s.Rejected++
	}
}

// keptSoFar ends the errors that stop a run.
const keptSoFar = "what was stored before is kept: run the file again"

// Run reads a file to its end. What was stored before an error stays stored,
// and the summary counts it: run the file again once the cause is mended. Of a
// file that cannot be read on, what was whole is stored.
func (p *Payments) Run(ctx context.Context, r io.Reader) (sum Summary, err error) {
	file, err := p.open(r)
	if err != nil {
		return sum, fmt.Errorf("nothing was stored: %w", err)
	}
	return p.run(ctx, file)
}

// RunLines is Run for payments that never were text. An error of theirs ends
// the run as one of a file does.
func (p *Payments) RunLines(ctx context.Context, lines iter.Seq2[*Line, error]) (Summary, error) {
	next, stop := iter.Pull2(lines)
	defer stop()
	return p.run(ctx, &given{pull: next})
}

// run reads on while writers store.
func (p *Payments) run(ctx context.Context, file source) (Summary, error) {
	w := p.startWriters(ctx)
	for {
		at, reading := file.next()
		if ctx.Err() != nil {
			w.leave(at.line)
			return w.stop(nil)
		}
		if record, fault := p.check(at); fault != nil {
			p.account(func(a Account) { a.Reject(fault.Code) })
			if err := w.refuse(at.line, *fault); err != nil {
				return w.stop(err)
			}
		} else if record != nil && !w.add(at.line, record) {
			return w.stop(nil)
		}
		switch {
		case errors.Is(reading, io.EOF):
			return w.finish(nil)
		case reading != nil:
			return w.finish(fmt.Errorf("reading line %d: %w; %s", at.line, reading, keptSoFar))
		}
	}
}

// account tells the account, where there is one.
func (p *Payments) account(tell func(Account)) {
	if p.Account != nil {
		tell(p.Account)
	}
}

// check checks the record of a step that has one.
func (p *Payments) check(s step) (*domain.PaymentRecord, *domain.Fault) {
	if s.fault != nil || s.record == nil {
		return nil, s.fault
	}
	return s.record, s.record.Check(p.Today)
}

// ndjson reads one payment a line.
type ndjson struct {
	in   *bufio.Reader
	line int // the last that was read
}

// next implements source. The last line comes with io.EOF; one that was cut by
// an error is none.
func (n *ndjson) next() (step, error) {
	n.line++
	at := step{line: n.line}
	text, fault, err := readLine(n.in)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
	case fault != nil:
		at.fault = fault
	case len(bytes.TrimSpace(text)) > 0:
		at.record, at.fault = parse(text)
	}
	return at, err
}

// readLine reads to the end of a line; the text is r's until the next one. One
// that is too long is read over and told as a fault, in constant memory. The
// last line comes with io.EOF.
func readLine(r *bufio.Reader) (text []byte, fault *domain.Fault, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if err == nil && text == nil && fault == nil { // most lines: the whole of it, and in one piece
			return part, nil, nil
		}
		if len(text)+len(part) > maxLine {
			text, fault = nil, &domain.Fault{Code: "LENGTH", Reason: tooLong, Mend: "give each payment a line of its own"}
		}
		if fault == nil {
			text = append(text, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return text, fault, err
		}
	}
}

// given are payments that never were text.
type given struct {
	pull func() (*Line, error, bool)
	line int // of the last, from 1
}

// next implements source.
func (g *given) next() (step, error) {
	g.line++
	at := step{line: g.line}
	line, err, ok := g.pull()
	if !ok {
		return at, io.EOF
	}
	if err == nil {
		at.record, at.fault = line.record()
	}
	return at, err
}

func (p *Payments) reject(line int, fault domain.Fault) error {
	text, err := json.Marshal(Reject{line, fault})
	if err != nil {
		return err
	}
	if _, err := p.Rejects.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("writing the rejects: %w; %s", err, keptSoFar)
	}
	return nil
}
