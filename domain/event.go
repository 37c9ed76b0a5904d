package domain

import (
	"time"

	"comptesante/domain/civil"
)

// Feed names a sequence of events of an assuré. Each assuré has one of each.
type Feed string

// The feeds.
const (
	FeedPayments Feed = "payments" // payments that are recorded and corrected
	FeedAccount  Feed = "account"  // sessions and the account itself
)

// What is rung for and is no feed of anybody's.
const (
	// FeedReference: reference data (funds, mutuelles, professionals) has changed.
	// The sequence is its version.
	FeedReference Feed = "reference"
	// FeedRights: what an assuré, or one of their sessions, may do has changed; the
	// assuré is 0 for a session of a service. It has no sequence.
	FeedRights Feed = "rights"
)

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

// EventKind is what an event tells. Each feed has kinds of its own.
type EventKind string

// Event is an entry of a feed. What all feeds do with an event, such as counting
// and passing on, needs no more; what it says is its fact's.
type Event struct {
	FeedKey
	Position
	Kind       EventKind
	OccurredAt time.Time
	Fact       Fact
}

// Fact is what an event speaks of. It has one implementation for each feed
// (PaymentFact, AccountFact), and is never changed: many read it at once.
type Fact interface {
	// ShownTo is what of it a reader is told; ok is false for nothing.
	ShownTo(r Reader) (shown Fact, ok bool)
	// tell is the event with its cursor, as one of the feed's union.
	tell(e *Event, cursor string) any
}

// Reader is who reads a feed, on a day.
type Reader struct {
	Own           bool    // it is their own file
	Beneficiaries []int64 // of the file, whom they see
	Today         civil.Date
}

// Tell is what is said of the event, as much as its fact holds: a PaymentEvent or
// an AccountEvent.
func (e Event) Tell(cursor string) any { return e.Fact.tell(&e, cursor) }

// FeedRead is what was read of a feed. Where Fault is not nil, what follows
// Events is there and cannot be read; its text holds keys alone.
type FeedRead struct {
	Events []Event
	Fault  error
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
// given: the client loads anew what the feed speaks of and goes on from
// ResumeFrom.
type FeedReset struct {
	Reason     ResetReason
	ResumeFrom string
}

// IsPaymentEvent marks the events.
func (FeedReady) IsPaymentEvent() {}

// IsPaymentEvent marks the events.
func (FeedReset) IsPaymentEvent() {}

// IsAccountEvent marks the events.
func (FeedReady) IsAccountEvent() {}

// IsAccountEvent marks the events.
func (FeedReset) IsAccountEvent() {}
