package domain

import (
	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// Payment is the part of one bank movement that concerns one beneficiary.
type Payment struct {
	ID            ID
	Reference     string // unique for the assuré, the identity of the payment
	Movement      Movement
	PaidOn        civil.Date // never changed by a correction
	Recipient     Recipient
	Amount        money.Cents // the sum of what the lines paid
	Beneficiary   Beneficiary
	Lines         []PaymentLine     // at most MaxLines; nil where they were not asked for
	Complementary ComplementaryPart // nil where it was not asked for
	Revision      int               // corrections since it was recorded
}

// IsNode marks an object that node(id:) can give.
func (Payment) IsNode() {}

// MaxLines is how many lines a payment can have. It is held at ingest, so that
// a page of payments has a bounded size.
const MaxLines = 100

// Movement is a bank movement (virement).
type Movement struct {
	Reference string
}

// Recipient is to whom a payment goes.
type Recipient string

// The recipients.
const (
	ToAssure       Recipient = "ASSURE"
	ToProfessional Recipient = "PROFESSIONAL" // tiers payant
)

// PaymentLine is one act of care and what is paid for it:
// Paid = Reimbursed - Retained.
type PaymentLine struct {
	CaredOn      civil.Date
	Act          string
	Label        string
	Professional *Professional // nil for a line that is no act of a professional
	Spent        money.Cents   // charged
	Base         money.Cents   // price that the share is computed on
	Rate         int           // share, in percent of the base
	Reimbursed   money.Cents   // share before retentions
	Retained     money.Cents   // held back, zero or more
	Paid         money.Cents
}

// ComplementaryPart is what a mutuelle adds to a payment. It is one of
// ComplementaryKnown, ComplementaryAwaited, ComplementaryNone and
// ComplementaryElsewhere.
type ComplementaryPart interface{ IsComplementaryPart() }

// ComplementaryState says which of the four a part is, as stored and ingested.
type ComplementaryState string

// The states of a complementary part.
const (
	StateKnown     ComplementaryState = "KNOWN"
	StateAwaited   ComplementaryState = "AWAITED"
	StateNone      ComplementaryState = "NONE"
	StateElsewhere ComplementaryState = "ELSEWHERE"
)

// ComplementaryKnown is a part that the mutuelle has paid.
type ComplementaryKnown struct {
	Amount   money.Cents
	Mutuelle Mutuelle
	PaidOn   *civil.Date // nil where the mutuelle did not say
}

// ComplementaryAwaited is a part that the mutuelle has not answered about yet.
type ComplementaryAwaited struct{ Mutuelle Mutuelle }

// ComplementaryNone is the absence of a part.
type ComplementaryNone struct{}

// Message tells a person why there is no complementary part.
func (ComplementaryNone) Message() string {
	return "Aucune mutuelle ne participe à ce paiement."
}

// ComplementaryElsewhere is a part whose detail stays at the mutuelle, as for
// MGEN's members.
type ComplementaryElsewhere struct{ Mutuelle Mutuelle }

// IsComplementaryPart marks the parts.
func (ComplementaryKnown) IsComplementaryPart() {}

// IsComplementaryPart marks the parts.
func (ComplementaryAwaited) IsComplementaryPart() {}

// IsComplementaryPart marks the parts.
func (ComplementaryNone) IsComplementaryPart() {}

// IsComplementaryPart marks the parts.
func (ComplementaryElsewhere) IsComplementaryPart() {}
