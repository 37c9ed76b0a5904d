package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// MaxPage is how many objects a page can have.
const MaxPage = 100

// DefaultPage is how many it has where nobody says.
const DefaultPage = 20

// PaymentOrder is by which day payments are listed, the latest first.
type PaymentOrder string

// The orders of payments.
const (
	ByPaidOn  PaymentOrder = "PAID_ON"  // day of payment; the zero value is this one too
	ByCaredOn PaymentOrder = "CARED_ON" // day of the last care
)

// PaymentPlace is where a payment stands in a list: the latest day of the list's
// order first, and within a day the highest key first.
type PaymentPlace struct {
	Day civil.Date
	Key int64
}

// Place is where the payment stands in a list of an order.
func (p *Payment) Place(order PaymentOrder) PaymentPlace {
	if order == ByCaredOn {
		return PaymentPlace{p.CaredOn, p.ID.Key}
	}
	return PaymentPlace{p.PaidOn, p.ID.Key}
}

// PageQuery asks for a page of payments of one assuré.
type PageQuery struct {
	Limit    int           // 1 to MaxPage
	Backward bool          // the last ones instead of the first
	After    *PaymentPlace // nil: from the start
	Before   *PaymentPlace // nil: to the end
	Order    PaymentOrder
	From, To civil.Date // days paid, both included; From is never before the window
	Cut      bool       // the period that was asked for begins, or ends, before the window
	Today    civil.Date // in Paris, for the states of payments
	Filter   PageFilter
	Needs    PaymentNeeds
}

// PageFilter narrows a page; nil is no condition, an empty list is one that
// nothing meets.
type PageFilter struct {
	Beneficiaries []ID // whose care; one out of sight has no payments
	Recipients    []Recipient
	Complementary []ComplementaryState
	States        []PaymentState
	Movement      *string // reference of the bank movement
	Lines         LineFilter
}

// Narrow tells whether the filter asks for more than what the index of the
// history holds.
func (f *PageFilter) Narrow() bool {
	return f.States != nil || f.Movement != nil || f.Lines.Any()
}

// LineFilter chooses payments of which one line meets every condition that is
// given; nil is none.
type LineFilter struct {
	Kinds         []ActKind
	Professionals []ID
	Words         []string // each found in the act's code or label, or the professional's name, specialty or town, whatever the case and accents
}

// Any tells whether there is a condition.
func (f *LineFilter) Any() bool {
	return f.Kinds != nil || f.Professionals != nil || f.Words != nil
}

// The bounds of a free text, in characters and in words.
const (
	maxSearch = 100
	maxWords  = 8
)

// SetText asks for the words of a free text. What is never seen by itself (accents
// that stand alone, joiners, marks of direction) is left out of them: without it a
// word is found all the same, and a word of nothing else would be found everywhere.
func (f *LineFilter) SetText(text string) error {
	f.Words = strings.Fields(strings.Map(seen, text))
	switch {
	case utf8.RuneCountInString(text) > maxSearch, len(f.Words) > maxWords:
		return Errorf(Validation, "text is longer than %d characters or %d words: shorten it", maxSearch, maxWords)
	case strings.ContainsRune(text, 0):
		return Errorf(Validation, "text holds a character that no text has: leave it out")
	case len(f.Words) == 0:
		return Errorf(Validation, "text has no word: give one, or leave text out")
	}
	return nil
}

// composedWithSpace are characters that Unicode reads as a space with a mark on
// it, and that are not of category Sk as the other ones are.
const composedWithSpace = "\u037a\u2017\u203e\ufe49\ufe4a\ufe4b\ufe4c"

// seen drops a character that only changes others, and makes a space of a mark on
// a space, such as U+00A8: the search folds it to one.
func seen(r rune) rune {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return -1
	case r > unicode.MaxASCII && (unicode.Is(unicode.Sk, r) || strings.ContainsRune(composedWithSpace, r)):
		return ' '
	}
	return r
}

// SetPeriod bounds the query to the days from and to, nil for open, within the
// window as seen on a day.
func (q *PageQuery) SetPeriod(today civil.Date, from, to *civil.Date) error {
	q.Today, q.From, q.To = today, civil.WindowStart(today), civil.Latest
	q.Cut = (from != nil && from.Before(q.From)) || (to != nil && to.Before(q.From))
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
	Details     bool // the lines' retentions and allowances
	Beneficiary bool // its day of birth, which has to be unsealed
}

// MovementNeeds says which parts of a bank movement are to be loaded.
type MovementNeeds struct {
	Payments bool
	Each     PaymentNeeds // of those payments
	Sums     bool         // number and sum of its payments
	Account  bool
}

// Any tells whether there is more to load than the number of the movement.
func (n MovementNeeds) Any() bool { return n.Payments || n.Sums || n.Account }

// AllNeeds loads a payment whole.
var AllNeeds = PaymentNeeds{Lines: true, Details: true, Beneficiary: true}

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
	Allowances    money.Cents // of Amount, the daily allowances, before retentions
}

// Remaining is what is left to the patient as far as is known (reste à charge).
// A daily allowance pays for no care: it counts on neither side.
func (t PaymentTotals) Remaining() money.Cents {
	return t.Spent - t.Amount - t.Complementary + t.Allowances
}

// SummaryKey is by what payments are summed up.
type SummaryKey string

// The keys of a summary.
const (
	ByMonth       SummaryKey = "MONTH" // of payment
	ByKind        SummaryKey = "KIND"  // of act
	ByBeneficiary SummaryKey = "BENEFICIARY"
)

// Grouping says by which keys payments are summed up: one or more.
type Grouping struct{ Month, Kind, Beneficiary bool }

// GroupingBy is the grouping by keys, in whatever order they come and however
// often; VALIDATION where there is none.
func GroupingBy(keys []SummaryKey) (g Grouping, err error) {
	for _, key := range keys {
		switch key {
		case ByMonth:
			g.Month = true
		case ByKind:
			g.Kind = true
		case ByBeneficiary:
			g.Beneficiary = true
		}
	}
	if g == (Grouping{}) {
		err = Errorf(Validation, "by is empty: give MONTH, KIND or BENEFICIARY, or ask for totals instead")
	}
	return g, err
}

// Summaries are what payments sum up to by each grouping that was asked for, the
// latest month first.
type Summaries map[Grouping][]PaymentSummary

// PaymentSummary are sums over the payments of one group. What it is not summed
// up by is zero.
type PaymentSummary struct {
	Month       civil.Date // its first day
	Kind        ActKind
	Beneficiary ID
	PaymentTotals
}
