// Package ingest is how payments come in: files, one payment a line. A bad line
// is rejected by its number and reason and never stops the rest; the same file
// twice changes nothing.
package ingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"comptesante/domain"
	"comptesante/domain/civil"
)

// Recorder stores checked records; db.DB is one. It is an interface so that
// reading is tested without a database.
type Recorder interface {
	RecordPayments(ctx context.Context, by string, records []domain.PaymentRecord) ([]domain.Recorded, error)
}

// Payments reads a file of payments.
type Payments struct {
	Store   Recorder
	By      string     // who sends, for the audit
	Today   civil.Date // in Paris
	Rejects io.Writer  // takes the rejected lines' numbers and reasons, as NDJSON
	Batch   int        // records a transaction; 0: 500
}

const (
	batchSize = 500
	maxLine   = 1 << 20 // bytes of a line
)

// byteOrderMark begins the files of some editors and spreadsheets.
const byteOrderMark = "\ufeff"

// Summary counts what became of a file's lines; blank lines count nowhere.
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

// numbered is a record with the number of its line, from 1.
type numbered struct {
	line   int
	record domain.PaymentRecord
}

// Run reads NDJSON to its end. What was stored before an error stays stored,
// and the summary counts it: run the file again once the cause is mended.
func (p *Payments) Run(ctx context.Context, r io.Reader) (sum Summary, err error) {
	var batch []numbered
	size := p.Batch
	if size == 0 {
		size = batchSize
	}
	lines := bufio.NewReaderSize(r, 64<<10)
	for number := 1; ; number++ {
		text, fault, err := readLine(lines)
		if err != nil && !errors.Is(err, io.EOF) {
			return sum, fmt.Errorf("reading line %d: %w; what was stored before is kept: run the file again", number, err)
		}
		end := err != nil
		if err := ctx.Err(); err != nil {
			return sum, fmt.Errorf("stopped at line %d: %w; what was stored before is kept: run the file again", number, err)
		}
		if number == 1 {
			text = bytes.TrimPrefix(text, []byte(byteOrderMark))
		}
		if record, fault := p.check(text, fault); fault != nil {
			sum.count(domain.OutcomeRejected)
			if err := p.reject(number, *fault); err != nil {
				return sum, err
			}
		} else if record != nil {
			batch = append(batch, numbered{number, *record})
		}
		if len(batch) == size || (end && len(batch) > 0) {
			if err := p.store(ctx, &sum, batch); err != nil {
				return sum, err
			}
			batch = batch[:0]
		}
		if end {
			return sum, nil
		}
	}
}

// check reads one line; a blank one is neither record nor fault.
func (p *Payments) check(text []byte, fault *domain.Fault) (*domain.PaymentRecord, *domain.Fault) {
	if fault != nil || len(bytes.TrimSpace(text)) == 0 {
		return nil, fault
	}
	record, fault := parse(text)
	if fault != nil {
		return nil, fault
	}
	return record, record.Check(p.Today)
}

// readLine reads to the end of a line. One that is too long is read over and
// told as a fault, in constant memory. The last line comes with io.EOF.
func readLine(r *bufio.Reader) (text []byte, fault *domain.Fault, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(text)+len(part) > maxLine {
			text, fault = nil, &domain.Fault{Code: "LENGTH", Reason: fmt.Sprintf("longer than %d bytes: give each payment a line of its own", maxLine)}
		}
		if fault == nil {
			text = append(text, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return text, fault, err
		}
	}
}

func (p *Payments) store(ctx context.Context, sum *Summary, batch []numbered) error {
	records := make([]domain.PaymentRecord, len(batch))
	for i := range batch {
		records[i] = batch[i].record
	}
	outcomes, err := p.Store.RecordPayments(ctx, p.By, records)
	if err != nil {
		return fmt.Errorf("storing lines %d to %d: %w; what was stored before is kept: run the file again", batch[0].line, batch[len(batch)-1].line, err)
	}
	for _, o := range outcomes { // all are stored by now: count them whatever happens to the rejects
		sum.count(o.Outcome)
	}
	for i, o := range outcomes {
		if o.Outcome != domain.OutcomeRejected {
			continue
		}
		if err := p.reject(batch[i].line, *o.Fault); err != nil {
			return err
		}
	}
	return nil
}

func (p *Payments) reject(line int, fault domain.Fault) error {
	text, err := json.Marshal(Reject{line, fault})
	if err != nil {
		return err
	}
	if _, err := p.Rejects.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("writing the rejects: %w; what was stored before is kept: run the file again", err)
	}
	return nil
}
