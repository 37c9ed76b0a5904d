package domain

import "time"

// The kinds of events of an account. One more needs a type of AccountEvent, and
// nothing of the machinery that carries it.
const (
	EventSessionOpened    EventKind = "SESSION_OPENED"
	EventSessionEnded     EventKind = "SESSION_ENDED"
	EventAccountSuspended EventKind = "ACCOUNT_SUSPENDED"
	EventAccountRestored  EventKind = "ACCOUNT_RESTORED"
)

// AccountFact is what an event of an account speaks of, as it is stored with the
// event: ids and names of levels, nothing else about a person.
type AccountFact struct {
	Session string `json:"session,omitempty"` // the id of the session that was opened or ended
	Level   string `json:"level,omitempty"`   // at which it was opened (actor.Level)
}

var _ Fact = (*AccountFact)(nil)

// ShownTo implements Fact: an account's events are told to the assuré alone.
func (f *AccountFact) ShownTo(r Reader) (shown Fact, ok bool) { return f, r.Own }

func (f *AccountFact) tell(e *Event, cursor string) any {
	switch e.Kind {
	case EventSessionOpened:
		return SessionOpened{Cursor: cursor, OccurredAt: e.OccurredAt, Session: f.Session, Level: f.Level}
	case EventSessionEnded:
		return SessionEnded{Cursor: cursor, OccurredAt: e.OccurredAt, Session: f.Session}
	case EventAccountSuspended:
		return AccountSuspended{Cursor: cursor, OccurredAt: e.OccurredAt}
	default: // AccountKnown has seen to it
		return AccountRestored{Cursor: cursor, OccurredAt: e.OccurredAt}
	}
}

// AccountKnown tells whether this version can tell events of an account of a
// kind: a later one may have written others.
func AccountKnown(kind EventKind) bool {
	switch kind {
	case EventSessionOpened, EventSessionEnded, EventAccountSuspended, EventAccountRestored:
		return true
	}
	return false
}

// AccountEvent is what a follower of an account is told. It is one of
// SessionOpened, SessionEnded, AccountSuspended, AccountRestored, FeedReady and
// FeedReset.
type AccountEvent interface{ IsAccountEvent() }

// SessionOpened tells of a new sign-in.
type SessionOpened struct {
	Cursor     string
	OccurredAt time.Time
	Session    string // id of the session
	Level      string // its level's name (actor.Level)
}

// SessionEnded tells of a session that somebody has ended; one that has run out
// is not told.
type SessionEnded struct {
	Cursor     string
	OccurredAt time.Time
	Session    string // id of the session
}

// AccountSuspended tells that the account was suspended. Nobody can follow it
// then: it is heard once that is lifted.
type AccountSuspended struct {
	Cursor     string
	OccurredAt time.Time
}

// AccountRestored tells that a suspension was lifted.
type AccountRestored struct {
	Cursor     string
	OccurredAt time.Time
}

// IsAccountEvent marks the events.
func (SessionOpened) IsAccountEvent() {}

// IsAccountEvent marks the events.
func (SessionEnded) IsAccountEvent() {}

// IsAccountEvent marks the events.
func (AccountSuspended) IsAccountEvent() {}

// IsAccountEvent marks the events.
func (AccountRestored) IsAccountEvent() {}
