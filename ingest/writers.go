package ingest

import (
	"cmp"
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"

	"comptesante/domain"
)

const (
	batchSize   = 2000
	writerCount = 3
)

// batch is records on their way to a transaction, with their lines in the file.
type batch struct {
	lines   []int
	records []domain.PaymentRecord
}

// writers store batches, several at a time, while the file is read on. All
// payments of an assuré go through one writer in the order of the file: two
// records of the same payment take effect in that order, and no two writers
// wait for the same payment or feed. Batches are few and of a fixed size,
// whatever the file's: one that fills, one that waits and one that is stored for
// each writer.
type writers struct {
	*Payments
	ctx   context.Context // of the run: the writers end with it
	size  int
	seed  maphash.Seed
	fill  []batch // that of each writer
	sent  bool    // whether a batch was
	lanes []chan batch
	ended sync.WaitGroup

	failed chan struct{} // closed with err
	mu     sync.Mutex    // guards what follows, and Rejects
	sum    Summary
	err    error // the first that stopped a writer
	left   int   // the first line that was read and neither stored nor rejected, because the run was stopped; 0 for none
}

// startWriters starts the writers; stop or finish ends them.
func (p *Payments) startWriters(ctx context.Context) *writers {
	n := cmp.Or(p.Writers, writerCount)
	w := &writers{Payments: p, ctx: ctx, size: cmp.Or(p.Batch, batchSize), seed: maphash.MakeSeed(),
		fill: make([]batch, n), lanes: make([]chan batch, n), failed: make(chan struct{})}
	for i := range w.lanes {
		w.lanes[i] = make(chan batch, 1)
		w.ended.Go(func() { w.write(w.lanes[i]) })
	}
	return w
}

// add takes a record; false tells that a writer has failed.
func (w *writers) add(line int, record *domain.PaymentRecord) bool {
	i := int(maphash.String(w.seed, record.NIR.Index()) % uint64(len(w.fill)))
	b := &w.fill[i]
	if b.lines == nil {
		b.lines, b.records = make([]int, 0, w.size), make([]domain.PaymentRecord, 0, w.size)
	}
	b.lines, b.records = append(b.lines, line), append(b.records, *record)
	return len(b.lines) < w.size || w.send(i)
}

// send hands a writer its batch; false tells that one has failed.
func (w *writers) send(i int) bool {
	b := w.fill[i]
	w.fill[i], w.sent = batch{}, true
	select {
	case w.lanes[i] <- b:
		return true
	case <-w.failed:
		w.leave(b.lines[0])
		return false
	}
}

// refuse counts and tells a fault of a line.
func (w *writers) refuse(line int, fault domain.Fault) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sum.count(domain.OutcomeRejected)
	return w.reject(line, fault)
}

// leave notes a line that will not be stored.
func (w *writers) leave(line int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left == 0 || line < w.left {
		w.left = line
	}
}

// finish stores what is left and gives the result; reading is what ended the
// file before its end, or nil. A file that filled no batch is one transaction,
// so that its rejects come in its order.
func (w *writers) finish(reading error) (Summary, error) {
	if !w.sent {
		w.join()
	}
	for i := range w.fill {
		if len(w.fill[i].lines) > 0 && !w.send(i) {
			break
		}
	}
	return w.stop(reading)
}

// join makes one batch, in the order of the file, of those that fill.
func (w *writers) join() {
	type numbered struct {
		line   int
		record *domain.PaymentRecord
	}
	var all []numbered
	for _, b := range w.fill {
		for i, line := range b.lines {
			all = append(all, numbered{line, &b.records[i]})
		}
	}
	slices.SortFunc(all, func(a, b numbered) int { return cmp.Compare(a.line, b.line) })
	clear(w.fill)
	for _, n := range all {
		w.fill[0].lines, w.fill[0].records = append(w.fill[0].lines, n.line), append(w.fill[0].records, *n.record)
	}
}

// stop ends the writers once they have stored what was sent, waits for them,
// and gives the result. What still fills is left.
func (w *writers) stop(err error) (Summary, error) {
	for i := range w.lanes {
		close(w.lanes[i])
	}
	w.ended.Wait()
	for _, b := range w.fill {
		if len(b.lines) > 0 {
			w.leave(b.lines[0])
		}
	}
	switch {
	case w.err != nil:
		return w.sum, w.err
	case err == nil && w.left > 0:
		err = fmt.Errorf("stopped at line %d: %w; %s", w.left, w.ctx.Err(), keptSoFar)
	}
	return w.sum, err
}

// write is one writer. After a failure, anybody's, it stores no more.
func (w *writers) write(lane chan batch) {
	for b := range lane {
		select {
		case <-w.failed:
			w.leave(b.lines[0])
			continue
		case <-w.ctx.Done():
			w.leave(b.lines[0])
			continue
		default:
		}
		if err := w.store(b); err != nil {
			w.fail(err)
		}
	}
}

// fail notes the first error and has everybody stop.
func (w *writers) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
		close(w.failed)
	}
}

// store stores a batch, counts it and tells its rejects.
func (w *writers) store(b batch) error {
	outcomes, err := w.Store.RecordPayments(w.ctx, w.By, b.records)
	if err != nil {
		return fmt.Errorf("storing lines %d to %d: %w; %s", b.lines[0], b.lines[len(b.lines)-1], err, keptSoFar)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, o := range outcomes { // all are stored by now: count them whatever happens to the rejects
		w.sum.count(o.Outcome)
	}
	for i, o := range outcomes {
		if o.Outcome != domain.OutcomeRejected {
			continue
		}
		if err := w.reject(b.lines[i], *o.Fault); err != nil {
			return err
		}
	}
	return nil
}
