package domain

import (
	"comptesante/domain/civil"
	"comptesante/domain/iban"
	"comptesante/domain/money"
)

// Payment is the part of one bank movement that concerns one beneficiary.
type Payment struct {
	ID            ID
	Reference     string // unique for the assuré, the identity of the payment
	Movement      Movement
	PaidOn        civil.Date // never changed by a correction
	CaredOn       civil.Date // of the last line by day of care
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

// LastCare is the last of the lines' days of care; zero without lines.
func LastCare(lines []PaymentLine) (last civil.Date) {
	for i := range lines {
		if last.Before(lines[i].CaredOn) {
			last = lines[i].CaredOn
		}
	}
	return last
}

// PaymentState is how a payment stands on a day.
type PaymentState string

// The states of a payment.
const (
	PaymentAnnounced PaymentState = "ANNOUNCED" // the bank will make it on a day to come
	PaymentPaid      PaymentState = "PAID"
	PaymentRecovered PaymentState = "RECOVERED" // below zero: taken back from the assuré
)

// StateOn is how the payment stands on a day in Paris.
func (p *Payment) StateOn(today civil.Date) PaymentState {
	switch {
	case p.Amount < 0:
		return PaymentRecovered
	case today.Before(p.PaidOn):
		return PaymentAnnounced
	}
	return PaymentPaid
}

// Movement is a bank movement (virement) of an assuré.
type Movement struct {
	Reference string      // the number on the bank statement
	Payments  []Payment   // those in sight, the latest first, MaxMovement at most
	Count     int         // of all in sight
	Amount    money.Cents // their sum
	Account   *iban.IBAN  // nil where no sender said it, or where it was not asked for
	Read      bool        // false where only the number was read
}

// MovementKey names a movement.
type MovementKey struct {
	Assure    int64
	Reference string
}

// MaxMovement is how many payments of a movement are shown below another object.
// A longer one is a list of its own, page by page.
const MaxMovement = 30

// Recipient is to whom a payment goes.
type Recipient string

// The recipients.
const (
	ToAssure       Recipient = "ASSURE"
	ToProfessional Recipient = "PROFESSIONAL" // tiers payant
	ToEmployer     Recipient = "EMPLOYER"     // daily allowances to one who goes on paying the wage (subrogation)
)

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
