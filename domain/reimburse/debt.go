package reimburse

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// Debt is a participation or a franchise that was not held back on its own
// line. It counts in the year in which that line was reimbursed, whenever it is
// recovered (own choice).
type Debt struct {
	Reference string // the caller's name of the line
	Code      StepCode
	CareOn    civil.Date
	PaidOn    civil.Date  // when its line was reimbursed
	Amount    money.Cents // still owed; above zero
}

// Debt is what the line leaves owed; ok is false where it leaves nothing.
func (r Reimbursement) Debt(reference string) (d Debt, ok bool) {
	code := StepParticipation
	if r.Franchise > 0 {
		code = StepFranchise
	}
	return Debt{reference, code, r.CareOn, r.PaidOn, r.Deferred}, r.Deferred > 0
}

// Settlement is what is taken of a payment to the insured for earlier debts.
type Settlement struct {
	Recovered []Debt // with the amount that was taken of each
	Left      []Debt // with the amount that is still owed, oldest first
	Taken     money.Cents
	Paid      money.Cents // what the insured is paid
	Steps     []Step
}

// Settle takes earlier debts of a payment to the insured, after the lines' own
// retentions: oldest first, never more than the payment (own choice of the
// order). The payment may be for care of the insured or of their children, or
// sick pay. A payment below zero is a recovery by itself: nothing is taken.
func Settle(payment money.Cents, debts []Debt) (Settlement, error) {
	s := Settlement{Paid: payment}
	for _, d := range oldestFirst(debts) {
		if d.Amount <= 0 || !d.Amount.Sane() {
			return Settlement{}, errors.New("a debt is not above zero or beyond any: check its line")
		}
		taken := min(d.Amount, max(0, s.Paid))
		s.take(d, taken)
		if d.Amount > taken {
			d.Amount -= taken
			s.Left = append(s.Left, d)
		}
	}
	return s, nil
}

func (s *Settlement) take(d Debt, taken money.Cents) {
	if taken == 0 {
		return
	}
	s.Taken += taken
	s.Paid -= taken
	d.Amount = taken
	s.Recovered = append(s.Recovered, d)
	what := "participation forfaitaire"
	if d.Code == StepFranchise {
		what = "franchise"
	}
	s.Steps = append(s.Steps, Step{
		Code: StepDebt, Amount: taken,
		Text: fmt.Sprintf("La %s de soins du %s est retenue sur ce paiement : %s.", what, d.CareOn.French(), taken),
		Term: fmt.Sprintf("− %s de %s du %s", taken, what, d.CareOn.French()),
	})
}

func oldestFirst(debts []Debt) []Debt {
	return slices.SortedStableFunc(slices.Values(debts), func(a, b Debt) int {
		return cmp.Or(a.PaidOn.Compare(b.PaidOn), a.CareOn.Compare(b.CareOn))
	})
}
