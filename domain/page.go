package domain

import (
	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// MaxPage is how many objects a page can have.
const MaxPage = 100

// DefaultPage is how many it has where nobody says.
const DefaultPage = 20

// PaymentPlace is where a payment stands in the history: the latest day first,
// and within a day the highest key first.
type PaymentPlace struct {
	PaidOn civil.Date
	Key    int64
}

// PageQuery asks for a page of payments of one assuré.
type PageQuery struct {
	Limit    int           // 1 to MaxPage
	Backward bool          // the last ones instead of the first
	After    *PaymentPlace // nil: from the start
	Before   *PaymentPlace // nil: to the end
	From, To civil.Date    // days paid, both included; From is never before the window
	Filter   PageFilter
	Needs    PaymentNeeds
}

// PageFilter narrows a page; nil is no condition, an empty list is one that
// nothing meets.
type PageFilter struct {
	Beneficiaries []ID // whose care; one out of sight has no payments
	Recipients    []Recipient
	Complementary []ComplementaryState
}

// SetPeriod bounds the query to the days from and to, nil for open, within the
// window as seen on a day.
func (q *PageQuery) SetPeriod(today civil.Date, from, to *civil.Date) error {
	q.From, q.To = civil.WindowStart(today), civil.Date{Year: 9999, Month: 12, Day: 31}
	if from != nil && q.From.Before(*from) {
		q.From = *from
	}
	if to != nil {
		q.To = *to
	}
	if from != nil && to != nil && to.Before(*from) {
		return Errorf(Validation, "paidOn.to is before paidOn.from: swap them")
	}
	return nil
}

// PaymentNeeds says which parts of a payment are to be loaded.
type PaymentNeeds struct {
	Lines       bool // with their professionals
	Beneficiary bool // its day of birth, which has to be unsealed
}

// AllNeeds loads a payment whole.
var AllNeeds = PaymentNeeds{Lines: true, Beneficiary: true}

// PaymentPage is a page of payments, the latest first.
type PaymentPage struct {
	Payments    []Payment
	HasNext     bool
	HasPrevious bool
}

// PageSize is the size and direction of a page from the arguments of a
// connection, or a VALIDATION error that says what is wrong with them.
func PageSize(first, last *int) (limit int, backward bool, err error) {
	switch {
	case first != nil && last != nil:
		return 0, false, Errorf(Validation, "give first or last, not both")
	case first == nil && last == nil:
		return DefaultPage, false, nil
	case last != nil:
		first, backward = last, true
	}
	if *first < 1 || *first > MaxPage {
		return 0, false, Errorf(Validation, "first and last go from 1 to %d; ask for the next page with after", MaxPage)
	}
	return *first, backward, nil
}

// PaymentTotals are sums over payments.
type PaymentTotals struct {
	Count         int
	Spent         money.Cents // charged
	Amount        money.Cents // paid by the fund
	Retained      money.Cents // held back of it
	Complementary money.Cents // paid by mutuelles, as far as known
}

// Remaining is what is left to the patient as far as is known (reste à charge).
func (t PaymentTotals) Remaining() money.Cents { return t.Spent - t.Amount - t.Complementary }
