package db

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"comptesante/domain"
)

// Call is a call that records payments.
type Call struct {
	Sender  string // the name of the service that calls
	Session string // the id of its session
	Key     string // idempotency key; empty for none
	Input   any    // what the key stands for, as JSON writes it; only its HMAC is kept
	Records []domain.Submitted
}

// callOutcome is what is kept of a call for those who call again: no personal
// data, since a fault never repeats a value.
type callOutcome struct {
	Batch   int64        `json:"batch"`
	Results []callResult `json:"results"`
}

type callResult struct {
	Outcome domain.Outcome `json:"outcome"`
	Fault   *domain.Fault  `json:"fault,omitempty"`
}

// RecordCall stores the records of a call that were checked, in one transaction
// with the batch that it is and its idempotency row. Called again with its key it
// gives what became of the first call, and does nothing. It fails with
// IDEMPOTENCY_MISMATCH where the key was used for another input.
func (d *DB) RecordCall(ctx context.Context, c Call) (_ domain.Receipt, err error) {
	defer wrap(&err, "RecordCall")
	kept := keptOutcome{actor: "service:" + c.Sender, operation: "recordPayments", key: c.Key}
	if kept.input, err = d.keys.digestOfInput(c.Input); err != nil {
		return domain.Receipt{}, err
	}
	var outcome callOutcome
	known, err := kept.find(ctx, d.pool, &outcome)
	if err == nil && !known {
		outcome, err = d.recordCall(ctx, c, kept)
		if errors.Is(err, errKept) { // the same call was faster, and this one's work is undone
			_, err = kept.find(ctx, d.pool, &outcome)
		}
	}
	if err != nil {
		return domain.Receipt{}, err
	}
	return d.receipt(ctx, c.Sender, outcome)
}

// recordCall is a call whose key was never seen.
func (d *DB) recordCall(ctx context.Context, c Call, kept keptOutcome) (outcome callOutcome, err error) {
	var records []domain.PaymentRecord
	for _, s := range c.Records {
		if s.Fault == nil {
			records = append(records, *s.Record)
		}
	}
	_, err = d.record(ctx, c.Sender, records, func(ctx context.Context, tx pgx.Tx, outcomes []domain.Recorded) (int64, error) {
		t := tallyOf(records, outcomes)
		outcome.Results = make([]callResult, len(c.Records))
		for i, s := range c.Records {
			if s.Fault != nil {
				t.Reject(s.Fault.Code, 1)
				outcome.Results[i] = callResult{domain.OutcomeRejected, s.Fault}
				continue
			}
			outcome.Results[i] = callResult{outcomes[0].Outcome, outcomes[0].Fault}
			outcomes = outcomes[1:]
		}
		if err := tx.QueryRow(ctx, insertBatch, c.Sender, c.Session, string(domain.BatchOfCall), "", string(domain.BatchFinished)).Scan(&outcome.Batch); err != nil {
			return 0, err
		}
		if err := advance(ctx, tx, outcome.Batch, "", &t); err != nil {
			return 0, err
		}
		return outcome.Batch, kept.keep(ctx, tx, outcome)
	})
	return outcome, err
}

// receipt is what became of a call, with its batch.
func (d *DB) receipt(ctx context.Context, sender string, outcome callOutcome) (r domain.Receipt, err error) {
	batch, err := d.IngestBatch(ctx, sender, outcome.Batch)
	if err != nil {
		return r, err
	}
	if batch == nil {
		return r, errors.New("the batch of a call that was made is gone")
	}
	r.Batch = *batch
	for _, result := range outcome.Results {
		r.Results = append(r.Results, domain.Recorded{Outcome: result.Outcome, Fault: result.Fault})
	}
	return r, nil
}

// keptOutcome is where the outcome of an operation is kept for those who call
// again with its key. Without a key nothing is.
type keptOutcome struct {
	actor, operation, key string
	input                 []byte // HMAC
}

// errKept tells that the key was kept by another transaction since it was looked
// for.
var errKept = errors.New("an outcome is kept under this key already")

// find reads the outcome that is kept; known is false where none is.
func (k *keptOutcome) find(ctx context.Context, pool *pgxpool.Pool, outcome any) (known bool, err error) {
	if k.key == "" {
		return false, nil
	}
	var same bool
	var text []byte
	err = pool.QueryRow(ctx, `SELECT input_hmac = $4, outcome FROM idempotency WHERE actor = $1 AND operation = $2 AND key = $3`,
		k.actor, k.operation, k.key, k.input).Scan(&same, &text)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case err != nil:
		return false, err
	case !same:
		return false, domain.Errorf(domain.IdempotencyClash, "idempotencyKey was used with another input: give each call a key of its own, and the same again only to repeat it")
	}
	return true, json.Unmarshal(text, outcome)
}

// keep keeps the outcome, or fails with errKept where one is kept. It waits for
// another transaction that keeps one under the same key.
func (k *keptOutcome) keep(ctx context.Context, tx pgx.Tx, outcome any) error {
	if k.key == "" {
		return nil
	}
	text, err := json.Marshal(outcome)
	if err != nil {
		return err
	}
	done, err := tx.Exec(ctx, `INSERT INTO idempotency (actor, operation, key, input_hmac, outcome) VALUES ($1, $2, $3, $4, $5::jsonb)
		ON CONFLICT (actor, operation, key) DO NOTHING`, k.actor, k.operation, k.key, k.input, string(text))
	if err == nil && done.RowsAffected() == 0 {
		err = errKept
	}
	return err
}

// digestOfInput tells inputs apart without keeping them. It is keyed, as that of
// a record is.
func (k *Keys) digestOfInput(input any) ([]byte, error) {
	text, err := json.Marshal(input)
	if err != nil {
		return nil, err
	}
	return k.index("idempotency.input", string(text))
}
