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
	ClaimedOn civil.Date  // the last time that it was claimed by notice: limitation begins anew; zero: never
	Amount    money.Cents // still owed; above zero
}

// Debt is what the line leaves owed; ok is false where it leaves nothing.
func (r Reimbursement) Debt(reference string) (d Debt, ok bool) {
	code := StepParticipation
	if r.Franchise > 0 {
		code = StepFranchise
	}
	return Debt{Reference: reference, Code: code, CareOn: r.CareOn, PaidOn: r.PaidOn, Amount: r.Deferred}, r.Deferred > 0
}

// Settlement is what is taken of a payment to the insured for earlier debts.
type Settlement struct {
	Recovered []Debt // with the amount that was taken of each
	Left      []Debt // with the amount that is still owed, in the order in which they are taken
	Lapsed    []Debt // cancelled, for they were not recovered within their limitation
	Taken     money.Cents
	Paid      money.Cents // what the insured is paid
	Steps     []Step
}

// Recoverable is the last day on which a debt may be taken of a payment: the fund
// may not give it up before, and it is cancelled after (CSS D.160-7).
func (p Parameters) Recoverable(d Debt) civil.Date {
	return latest(d.PaidOn, d.ClaimedOn).AddMonths(12 * p.known().debts.years.Value)
}

// Settle takes earlier debts of a payment to the insured on a day, after the
// lines' own retentions: in the order of the rules, never more than the payment,
// and none that has lapsed. The payment may be for care of the insured or of
// their children, or sick pay. A payment below zero is a recovery by itself:
// nothing is taken.
func (p Parameters) Settle(on civil.Date, payment money.Cents, debts []Debt) (Settlement, error) {
	if p.rules == nil {
		return Settlement{}, errors.New("no rules are known: start from Default")
	}
	if on.IsZero() {
		return Settlement{}, errors.New("give the day of the payment: a debt lapses in time")
	}
	s := Settlement{Paid: payment}
	for _, d := range p.inOrder(debts) {
		if err := d.check(on); err != nil {
			return Settlement{}, err
		}
		if p.Recoverable(d).Before(on) {
			s.lapse(d, p.Recoverable(d))
			continue
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

func (d Debt) check(on civil.Date) error {
	switch {
	case d.Amount <= 0 || !d.Amount.Sane():
		return errors.New("a debt is not above zero or beyond any: check its line")
	case d.PaidOn.IsZero():
		return errors.New("a debt does not say when its line was reimbursed: its limitation begins on that day")
	case on.Before(d.PaidOn) || on.Before(d.ClaimedOn):
		return errors.New("a debt is later than the payment that it is taken of: check both days")
	}
	return nil
}

func (s *Settlement) take(d Debt, taken money.Cents) {
	if taken == 0 {
		return
	}
	s.Taken += taken
	s.Paid -= taken
	d.Amount = taken
	s.Recovered = append(s.Recovered, d)
	s.Steps = append(s.Steps, Step{
		Code: StepDebt, Amount: taken,
		Text: fmt.Sprintf("La %s de soins du %s est retenue sur ce paiement : %s.", d.what(), d.CareOn.French(), taken),
		Term: fmt.Sprintf("− %s de %s du %s", taken, d.what(), d.CareOn.French()),
	})
}

func (s *Settlement) lapse(d Debt, last civil.Date) {
	s.Lapsed = append(s.Lapsed, d)
	s.Steps = append(s.Steps, Step{
		Code: StepLapsed, Amount: d.Amount,
		Text: fmt.Sprintf("La %s de soins du %s, de %s, n'a pas été récupérée avant le %s : elle est annulée.", d.what(), d.CareOn.French(), d.Amount, last.French()),
	})
}

// what a debt is, in French.
func (d Debt) what() string {
	if d.Code == StepFranchise {
		return "franchise"
	}
	return "participation forfaitaire"
}

// inOrder is the debts in the order in which they are taken: by the day on which
// their lines were reimbursed, then by that of the care.
func (p Parameters) inOrder(debts []Debt) []Debt {
	direction := 1
	if !p.known().debts.oldestFirst.Value {
		direction = -1
	}
	return slices.SortedStableFunc(slices.Values(debts), func(a, b Debt) int {
		return direction * cmp.Or(a.PaidOn.Compare(b.PaidOn), a.CareOn.Compare(b.CareOn))
	})
}
