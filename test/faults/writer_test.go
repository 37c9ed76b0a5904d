package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/ingest"
)

// writer writes the payments of one assuré through the API, one at a time. What
// had no answer is asked for again under the same key until there is one; one
// in four is given up, and stays a maybe.
type writer struct {
	address string
	token   string
	prefix  string // of references and keys: unique in the database
	assure  int
	nir     string
	every   time.Duration
	random  *rand.Rand // only run uses it
	changed *signal
	client  *http.Client
	stop    chan struct{} // closed to end it

	mu       sync.Mutex // guards what follows
	log      []write
	failures []string // answers that were none, and those of faults
}

// answerPatience is how long a writer waits for an answer.
const answerPatience = 5 * time.Second

// corrected is how a correction of a payment is named in the logs.
func corrected(reference string) string { return reference + "+" }

// run writes until stop: a payment, now and then a correction of the last one,
// now and then one whose sums do not match, which must be refused.
func (w *writer) run(ctx context.Context) {
	last := "" // the last payment that is stored for sure and has no correction
	for n := 0; ; n++ {
		select {
		case <-w.stop:
			return
		case <-ctx.Done():
			return
		case <-time.After(w.every/2 + time.Duration(w.random.Int64N(int64(w.every)))):
		}
		reference := fmt.Sprintf("%s-%05d", w.prefix, n)
		line, event := w.line(reference), reference
		switch {
		case n%5 == 4 && last != "":
			line, event = w.correction(last), corrected(last)
			last = ""
		case n%9 == 8:
			*line.AmountCents += 100
		}
		if w.write(ctx, event, line) == committed && event == reference {
			last = reference
		}
	}
}

func (w *writer) line(reference string) ingest.Line {
	amount, spent, share, rate := money.Cents(1900), money.Cents(3000), money.Cents(2100), 70
	paid, today := amount, civil.Of(time.Now()).String()
	return ingest.Line{NIR: w.nir, Reference: reference, Movement: "VIR " + today, PaidOn: today, Recipient: "ASSURE", AmountCents: &amount,
		Lines: []ingest.Act{{CaredOn: today, Act: "G", Label: "Consultation", SpentCents: &spent, BaseCents: &spent, RatePercent: &rate,
			ReimbursedCents: &share, RetainedCents: 200, PaidCents: &paid}},
		Complementary: ingest.Part{State: "AWAITED", Mutuelle: mutuelle}}
}

// correction is a payment with its mutuelle's part, which came late.
func (w *writer) correction(reference string) ingest.Line {
	line, part := w.line(reference), money.Cents(900)
	line.Complementary = ingest.Part{State: "KNOWN", Mutuelle: mutuelle, AmountCents: &part, PaidOn: line.PaidOn}
	return line
}

// write sends a line until its outcome is known, or it is given up.
func (w *writer) write(ctx context.Context, event string, line ingest.Line) outcome {
	became := write{event: event, began: time.Now()}
	for ctx.Err() == nil {
		result, err := w.send(ctx, event, line)
		if err == nil {
			became.outcome = result
			break
		}
		w.fail(err)
		if w.random.IntN(4) == 0 {
			break
		}
		pause(ctx, time.Duration(w.random.Int64N(int64(300*time.Millisecond))))
	}
	became.ended = time.Now()
	w.mu.Lock()
	w.log = append(w.log, became)
	w.mu.Unlock()
	w.changed.raise()
	return became.outcome
}

func (w *writer) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failures = append(w.failures, err.Error())
}

const recordPayments = `mutation($input: RecordPaymentsInput!) { recordPayments(input: $input) { results { outcome } } }`

// send sends a line once. An error says that nobody knows what became of it.
func (w *writer) send(ctx context.Context, key string, line ingest.Line) (outcome, error) {
	body, err := json.Marshal(map[string]any{"query": recordPayments, "variables": map[string]any{
		"input": map[string]any{"idempotencyKey": key, "records": []ingest.Line{line}}}})
	if err != nil {
		return maybe, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.address+"/graphql", bytes.NewReader(body))
	if err != nil {
		return maybe, err
	}
	r.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + w.token}}
	response, err := w.client.Do(r)
	if err != nil {
		return maybe, err
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return maybe, err
	}
	return resultOf(response.Status, text)
}

func resultOf(status string, text []byte) (outcome, error) {
	var answer struct {
		Data struct {
			RecordPayments struct{ Results []struct{ Outcome string } }
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return maybe, fmt.Errorf("%s: %w", status, err)
	}
	results := answer.Data.RecordPayments.Results
	if len(results) != 1 {
		return maybe, fmt.Errorf("%s: %s", status, text)
	}
	if results[0].Outcome == "REJECTED" {
		return refused, nil
	}
	return committed, nil // ADDED, CORRECTED, and UNCHANGED where an earlier try had come through
}

// snapshot is the log so far, and the failures.
func (w *writer) snapshot() ([]write, []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]write(nil), w.log...), append([]string(nil), w.failures...)
}

// lastCommitted is the last write that was acknowledged; zero where there is none.
func (w *writer) lastCommitted() (last write) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.log {
		if l.outcome == committed {
			last = l
		}
	}
	return last
}
