package resolvers

import (
	"context"
	"strconv"
	"strings"

	"comptesante/db"
	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
	"comptesante/graph/model"
	"comptesante/ingest"
)

// recordPayments records what a service sends, and tells what became of it.
func (r *Resolver) recordPayments(ctx context.Context, input model.RecordPaymentsInput) (*model.RecordPaymentsPayload, error) {
	who := actor.FromContext(ctx)
	key, err := domain.IdempotencyKey(input.IdempotencyKey.Value())
	if err != nil {
		return nil, err
	}
	if n := len(input.Records); n < 1 || n > ingest.MaxCall {
		return nil, domain.Errorf(domain.Validation, "the call has %d records: give 1 to %d, and more in another call", n, ingest.MaxCall)
	}
	receipt, err := r.DB.RecordCall(ctx, db.Call{Sender: who.Name, Session: who.Session, Key: key, Input: input.Records,
		Records: ingest.Check(input.Records, civil.Of(r.Now()))})
	if err != nil {
		return nil, err
	}
	return recorded(receipt), nil
}

// recorded is what a caller reads of a receipt.
func recorded(receipt domain.Receipt) *model.RecordPaymentsPayload {
	payload := &model.RecordPaymentsPayload{Batch: receipt.Batch, Results: make([]model.RecordResult, len(receipt.Results)), Errors: []model.UserError{}}
	for i, result := range receipt.Results {
		payload.Results[i] = model.RecordResult{Index: i, Outcome: result.Outcome}
		if result.Fault != nil {
			rejected := rejectedPayment(i, *result.Fault)
			payload.Results[i].Rejected = &rejected
			payload.Errors = append(payload.Errors, rejected)
		}
	}
	return payload
}

func rejectedPayment(index int, f domain.Fault) model.PaymentRejected {
	path := []string{"input", "records", strconv.Itoa(index)}
	path = append(path, strings.FieldsFunc(f.Field, func(c rune) bool { return strings.ContainsRune(".[]", c) })...)
	return model.PaymentRejected{Code: f.Code, Message: f.Reason + ": " + f.Mend, Path: path, Index: index, Field: f.Field, Reason: f.Reason, Mend: f.Mend}
}

// ingestBatches is a page of what the service has sent. One row more than asked
// for tells whether there is more.
func (r *Resolver) ingestBatches(ctx context.Context, first *int, after *string) (*model.IngestBatchConnection, error) {
	sender := actor.FromContext(ctx).Name
	limit, _, err := domain.PageSize(first, nil)
	if err != nil {
		return nil, err
	}
	query := db.BatchQuery{Sender: &sender, Limit: limit + 1}
	if after != nil {
		if query.Before, err = r.Cursor.ParseBatch(sender, *after); err != nil {
			return nil, domain.Errorf(domain.Validation, "after is not a cursor of this list: give one that a page of it gave")
		}
	}
	batches, err := r.DB.IngestBatches(ctx, query)
	if err != nil {
		return nil, err
	}
	page := &model.IngestBatchConnection{Nodes: batches[:min(limit, len(batches))]}
	page.PageInfo = model.PageInfo{HasNextPage: len(batches) > limit, HasPreviousPage: after != nil} // batches do not go away
	page.Edges = make([]model.IngestBatchEdge, len(page.Nodes))
	for i, b := range page.Nodes {
		page.Edges[i] = model.IngestBatchEdge{Cursor: r.Cursor.Batch(sender, b.ID.Key), Node: b}
	}
	if n := len(page.Edges); n > 0 {
		page.PageInfo.StartCursor, page.PageInfo.EndCursor = &page.Edges[0].Cursor, &page.Edges[n-1].Cursor
	}
	return page, nil
}

// ingestBatch is one of the service's own batches.
func (r *Resolver) ingestBatch(ctx context.Context, id domain.ID) (*domain.IngestBatch, error) {
	if id.Kind != domain.KindIngestBatch {
		return nil, errNotFound
	}
	batch, err := r.DB.IngestBatch(ctx, actor.FromContext(ctx).Name, id.Key)
	if err == nil && batch == nil {
		err = errNotFound
	}
	return batch, err
}
