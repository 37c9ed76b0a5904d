package reimburse

import (
	"errors"
	"fmt"
)

// Undo takes a line back: every amount is the opposite of what it was, so that
// exactly what was held back is given back, and the counters lose what they had
// gained. c is the counters of the year in which the line was REIMBURSED and of
// its day of care, as they are now; the line's own are not read.
//
// Lines between the two keep what was computed for them: a line that a cap had
// spared stays spared.
func (r Reimbursement) Undo(c Counters) (Reimbursement, error) {
	if r.Base < 0 {
		return Reimbursement{}, errors.New("the line takes another one back: compute the care anew")
	}
	c, err := c.enter(r.PaidOn, r.CareOn)
	if err != nil {
		return Reimbursement{}, err
	}
	u := r
	for _, amount := range u.amounts() {
		*amount = -*amount
	}
	u.Counters = c.count(r.Family, u.Participation, u.Franchise)
	if err := u.Counters.sane(); err != nil {
		return Reimbursement{}, fmt.Errorf("the counters hold less than the line gives back: %w", err)
	}
	u.Steps = []Step{{
		Code: StepUndone, Amount: u.Paid, Term: fmt.Sprintf("annulation de %s", r.Paid),
		Text: fmt.Sprintf("La ligne de %s est annulée ; participation et franchise rendues : %s.", r.Paid, r.Participation+r.Franchise),
	}}
	return u, nil
}
