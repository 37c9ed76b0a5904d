package domain

import (
	"slices"
	"time"

	"comptesante/domain/civil"
)

// The kinds of events of payments.
const (
	EventAdded     EventKind = "ADDED"
	EventCorrected EventKind = "CORRECTED"
)

// PaymentFact is what an event of the feed of payments speaks of: the payment as
// it stands now, and what a correction changed.
type PaymentFact struct {
	Payment Payment
	Changes []PaymentChange
}

var _ Fact = (*PaymentFact)(nil)

// ShownTo implements Fact: one is told of the people whom one sees, within the
// history's own window (civil.WindowStart), and another than the assuré nothing
// of their account.
func (f *PaymentFact) ShownTo(r Reader) (shown Fact, ok bool) {
	switch {
	case !slices.Contains(r.Beneficiaries, f.Payment.Beneficiary.ID.Key):
		return nil, false
	case f.Payment.PaidOn.Before(civil.WindowStart(r.Today)):
		return nil, false
	case r.Own || !slices.ContainsFunc(f.Changes, PaymentChange.ofAccount):
		return f, true
	}
	rest := &PaymentFact{Payment: f.Payment, Changes: slices.DeleteFunc(slices.Clone(f.Changes), PaymentChange.ofAccount)}
	return rest, len(rest.Changes) > 0
}

func (f *PaymentFact) tell(e *Event, cursor string) any {
	if e.Kind == EventCorrected {
		return PaymentCorrected{Cursor: cursor, OccurredAt: e.OccurredAt, PaymentID: f.Payment.ID, Payment: &f.Payment, Changes: f.Changes}
	}
	return PaymentAdded{Cursor: cursor, OccurredAt: e.OccurredAt, PaymentID: f.Payment.ID, Payment: &f.Payment}
}

// PaymentEvent is what a follower of payments is told. It is one of
// PaymentAdded, PaymentCorrected, FeedReady and FeedReset.
type PaymentEvent interface{ IsPaymentEvent() }

// PaymentAdded tells of a payment that was recorded.
type PaymentAdded struct {
	Cursor     string
	OccurredAt time.Time
	PaymentID  ID
	Payment    *Payment // nil where the follower wants the id alone
}

// PaymentCorrected tells of a payment that has changed.
type PaymentCorrected struct {
	Cursor     string
	OccurredAt time.Time
	PaymentID  ID
	Payment    *Payment // nil where the follower wants the id alone
	Changes    []PaymentChange
}

// PaymentChange is one field of a payment that a correction changed; Before and
// After are nil where there was or is nothing.
type PaymentChange struct {
	Field  string  `json:"field"`
	Before *string `json:"before"`
	After  *string `json:"after"`
}

// PaymentPayload is how much of its payment an event carries.
type PaymentPayload string

// The payloads of events.
const (
	PayloadFull   PaymentPayload = "FULL"
	PayloadIDOnly PaymentPayload = "ID_ONLY"
)

// Of is an event with as much of its payment as a follower wants.
func (p PaymentPayload) Of(event PaymentEvent) PaymentEvent {
	if p != PayloadIDOnly {
		return event
	}
	switch e := event.(type) {
	case PaymentAdded:
		e.Payment = nil
		return e
	case PaymentCorrected:
		e.Payment, e.Changes = nil, []PaymentChange{}
		return e
	}
	return event
}

// IsPaymentEvent marks the events.
func (PaymentAdded) IsPaymentEvent() {}

// IsPaymentEvent marks the events.
func (PaymentCorrected) IsPaymentEvent() {}
