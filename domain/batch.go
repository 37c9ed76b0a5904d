package domain

import (
	"time"

	"comptesante/domain/money"
)

// IngestBatch is one sending of payments: a file that was taken in, or a call.
type IngestBatch struct {
	ID      ID
	Sender  string // the name of a service, or who the operator says has sent the file
	Source  BatchSource
	File    *string      // its name without the folder; nil for calls and standard input
	Format  *BatchFormat // nil for calls, and where the file could not be opened
	Status  BatchStatus
	BeganAt time.Time
	EndedAt *time.Time // nil where it runs, or was killed
	Counts  BatchCounts
	Amounts BatchAmounts
	Rejects []RejectCount // by code
}

// BatchSource is the way in which a batch came.
type BatchSource string

// The sources of batches.
const (
	BatchOfFile BatchSource = "FILE"
	BatchOfCall BatchSource = "CALL"
)

// BatchFormat is what a file was written in.
type BatchFormat string

// BatchStatus is how a batch stands.
type BatchStatus string

// The statuses of a batch.
const (
	BatchRunning  BatchStatus = "RUNNING"
	BatchFinished BatchStatus = "FINISHED" // read to its end, whatever was rejected
	BatchFailed   BatchStatus = "FAILED"   // ended by an error; what was stored before is kept
	BatchKilled   BatchStatus = "KILLED"   // never ended, and was not heard of for a while: its program is gone
)

// BatchCounts counts what became of a batch's records; Rejected counts lines that
// are no record too.
type BatchCounts struct{ Added, Corrected, Unchanged, Rejected int }

// BatchAmounts are sums of what the sender gave of the records that were taken.
// What the fund paid is told by outcome; Complementary are the known parts of
// mutuelles, of all outcomes.
type BatchAmounts struct{ Added, Corrected, Unchanged, Complementary money.Cents }

// Accepted is what the fund paid by all records that were taken.
func (a BatchAmounts) Accepted() money.Cents { return a.Added + a.Corrected + a.Unchanged }

// RejectCount is how many records were rejected under one code of a Fault.
type RejectCount struct {
	Code  string `json:"code"`
	Count int    `json:"count"`
}

// Tally is what records add to their batch. The zero Tally is empty.
type Tally struct {
	Counts  BatchCounts
	Amounts BatchAmounts
	Rejects map[string]int // by code
}

// Add counts a record that was stored, or rejected.
func (t *Tally) Add(r *PaymentRecord, became Recorded) {
	switch became.Outcome {
	case OutcomeAdded:
		t.Counts.Added++
		t.Amounts.Added += r.Amount
	case OutcomeCorrected:
		t.Counts.Corrected++
		t.Amounts.Corrected += r.Amount
	case OutcomeUnchanged:
		t.Counts.Unchanged++
		t.Amounts.Unchanged += r.Amount
	case OutcomeRejected:
		t.Reject(became.Fault.Code, 1)
		return
	}
	t.Amounts.Complementary += r.Complementary.Amount // 0 but for a known part
}

// Reject counts n rejects of a code.
func (t *Tally) Reject(code string, n int) {
	if t.Rejects == nil {
		t.Rejects = make(map[string]int)
	}
	t.Rejects[code] += n
	t.Counts.Rejected += n
}

// Submitted is one record of a call: checked, or with what is wrong with it.
type Submitted struct {
	Record *PaymentRecord // nil where there is a Fault
	Fault  *Fault
}

// Receipt is what became of a call: its batch, and a result for each record in
// their order.
type Receipt struct {
	Batch   IngestBatch
	Results []Recorded
}
