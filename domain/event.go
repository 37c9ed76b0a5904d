package domain

import (
	"time"

	"comptesante/domain/civil"
)

// Feed names a sequence of events of an assuré. Each assuré has one of each.
type Feed string

// FeedPayments tells of payments that are recorded and corrected.
const FeedPayments Feed = "payments"

// FeedReference is no feed of anybody's: its chimes tell that reference data
// (funds, mutuelles, professionals) has changed. Its sequence is the version.
const FeedReference Feed = "reference"

// ReferenceKey is what is rung for where reference data has changed.
var ReferenceKey = FeedKey{Feed: FeedReference}

// FeedKey names one feed of one assuré.
type FeedKey struct {
	Assure int64
	Feed   Feed
}

// Position is a place in a feed: the feed's epoch, which changes when the
// database is restored from a backup, and the sequence of the last event that
// was seen; 0 is before the first.
type Position struct {
	Epoch int64
	Seq   int64
}

// FeedFrom asks for what follows a sequence of a feed.
type FeedFrom struct {
	FeedKey
	After int64
}

// Chime is what is rung for a feed that has something new: the sequence of its
// last event, and no data.
type Chime struct {
	FeedKey
	Seq int64
}

// EventKind is what an event tells.
type EventKind string

// The kinds of events.
const (
	EventAdded     EventKind = "ADDED"
	EventCorrected EventKind = "CORRECTED"
)

// Event is an entry of a feed with what it speaks of, as it stands now.
type Event struct {
	FeedKey
	Position
	Kind       EventKind
	OccurredAt time.Time
	Payment    Payment
	Changes    []PaymentChange // what a correction changed
}

// InWindow tells whether what the event speaks of may still be seen on a day:
// the history's own line, see civil.WindowStart.
func (e Event) InWindow(today civil.Date) bool {
	return !e.Payment.PaidOn.Before(civil.WindowStart(today))
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

// FeedReady tells that everything before it was sent: the stream is live.
type FeedReady struct{ Cursor string }

// ResetReason is why a feed cannot be continued from a cursor.
type ResetReason string

// The reasons of a FeedReset.
const (
	ResetTooOld        ResetReason = "CURSOR_TOO_OLD"
	ResetEpochChanged  ResetReason = "EPOCH_CHANGED"
	ResetAccessChanged ResetReason = "ACCESS_CHANGED"
)

// FeedReset tells that a feed cannot be continued from the cursor that was
// given: the client loads the payments anew and goes on from ResumeFrom.
type FeedReset struct {
	Reason     ResetReason
	ResumeFrom string
}

// IsPaymentEvent marks the events.
func (PaymentAdded) IsPaymentEvent() {}

// IsPaymentEvent marks the events.
func (PaymentCorrected) IsPaymentEvent() {}

// IsPaymentEvent marks the events.
func (FeedReady) IsPaymentEvent() {}

// IsPaymentEvent marks the events.
func (FeedReset) IsPaymentEvent() {}
