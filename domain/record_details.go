package domain

import (
	"fmt"
	"slices"

	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// maxRetentions is how many retentions a line can have.
const maxRetentions = 20

// maxAllowance is how many days a period of allowances can have: three years,
// the longest for which they are paid for one illness.
const maxAllowance = 3 * 366

// checkRetentions tells the first thing that is wrong with the detail of what is
// held back, where there is one.
func (l *PaymentLine) checkRetentions(paidOn civil.Date) *Fault {
	if len(l.Retentions) > maxRetentions {
		return fault("retentions", "COUNT", "too many retentions", "give at most %d; sum up those of one day and kind", maxRetentions)
	}
	held := money.Cents(0)
	for i, r := range l.Retentions {
		if f := r.check(paidOn, l.Reimbursed < 0); f != nil {
			f.Field = fmt.Sprintf("retentions[%d].%s", i, f.Field)
			return f
		}
		if !r.Deferred {
			held += r.Amount
		}
	}
	if len(l.Retentions) > 0 && held != l.Retained {
		return fault("retainedCents", "SUM", "not the sum of the retentions that are not deferred", "check the amounts")
	}
	if !l.bearsRetentions() {
		return fault("retentions", "RANGE", "more is due on the line than it can bear",
			"give at most reimbursedCents, or %s with participations; what is due on earlier care goes with of", maxParticipations)
	}
	return nil
}

// maxParticipations is what the participations of one line can come to whatever
// is reimbursed: the law lets one be 3 € (CSS R.160-19), and four a day with one
// professional (CSS D.160-8).
const maxParticipations money.Cents = 12_00

// bearsRetentions tells whether what is due on the line itself, put off or not,
// has the form that the rules give it: never more than is reimbursed, but for
// participations, which they do not cut to that (reimburse.Debt is the rest).
// The amounts themselves are not priced anew. What is taken back is held to the
// same.
func (l *PaymentLine) bearsRetentions() bool {
	var all, cut money.Cents
	for _, r := range l.Retentions {
		if r.Of != nil {
			continue
		}
		amount := max(r.Amount, -r.Amount)
		all += amount
		if r.Kind != Participation {
			cut += amount
		}
	}
	share := max(l.Reimbursed, -l.Reimbursed)
	return cut <= share && all <= max(share, maxParticipations)
}

func (r *Retention) check(paidOn civil.Date, takenBack bool) *Fault {
	switch {
	case !slices.Contains([]RetentionKind{Participation, Franchise, OtherRetained}, r.Kind):
		return fault("kind", "UNKNOWN", "no such kind", "give PARTICIPATION, FRANCHISE or OTHER")
	case r.Amount == 0 || !r.Amount.Sane():
		return fault("amountCents", "RANGE", "zero, or beyond any", "leave out what is nothing; give at most %s", money.Max)
	case r.Amount < 0 && !takenBack:
		return fault("amountCents", "RANGE", "less than nothing is held back", "give it above zero; below zero only where reimbursedCents is")
	case r.Of == nil:
		return nil
	case r.Deferred:
		return fault("of", "EXTRA", "what is deferred is due on this line", "leave of out")
	case r.Of.CaredOn.IsZero():
		return fault("of.caredOn", "MISSING", "the day is missing", "give the day of the care that it is due on")
	case paidOn.Before(r.Of.CaredOn) || (r.Of.PaidOn != nil && paidOn.Before(*r.Of.PaidOn)):
		return fault("of", "ORDER", "the earlier care is after the payment", "check both days")
	case !words(r.Of.Label, maxLabel):
		return fault("of.label", "TEXT", notPlain, "say what care it was, in 1 to %d printable characters", maxLabel)
	}
	return nil
}

// checkAllowance tells the first thing that is wrong with a line's period of
// daily allowances, where it has one.
func (l *PaymentLine) checkAllowance(paidOn civil.Date) *Fault {
	a := l.Allowance
	if a == nil {
		return nil
	}
	for _, c := range []struct {
		field string
		value money.Cents
	}{{"dailyCents", a.Daily}, {"grossCents", a.Gross}, {"csgCents", a.CSG}, {"crdsCents", a.CRDS}} {
		if !c.value.Sane() {
			return fault("allowance."+c.field, "RANGE", beyond, "give cents, at most %s", money.Max)
		}
	}
	switch {
	case !slices.Contains([]AllowanceNature{ForSickness, ForWorkAccident, ForParenthood}, a.Nature):
		return fault("allowance.nature", "UNKNOWN", "no such nature", "give SICKNESS, WORK_ACCIDENT or PARENTHOOD")
	case a.From.IsZero() || a.To.IsZero():
		return fault("allowance.from", "MISSING", "the period is missing", "give its first and its last day")
	case a.To.Before(a.From):
		return fault("allowance.to", "ORDER", "the period ends before it begins", "check both days")
	case a.To.DaysSince(a.From) >= maxAllowance:
		return fault("allowance.to", "RANGE", "the period is longer than three years", "check the years, or part it")
	case paidOn.Before(a.To):
		return fault("allowance.to", "ORDER", "the period ends after the payment, and allowances are paid in arrears", "check both days, or part the period")
	case a.From != l.CaredOn:
		return fault("allowance.from", "ORDER", "not the day of the care", "give the period's first day as caredOn too")
	case a.Days < 1 || a.Days > a.To.DaysSince(a.From)+1:
		return fault("allowance.days", "RANGE", "not as many days as the period has", "give the paid days, 1 to those of the period")
	case l.Spent != 0 || l.Base != 0 || l.Rate != 0:
		return fault("spentCents", "EXTRA", "nothing is charged for an allowance", "give spentCents, baseCents and ratePercent as 0")
	case !withheld(a.CSG, a.Gross) || !withheld(a.CRDS, a.Gross) || !withheld(a.CSG+a.CRDS, a.Gross):
		return fault("allowance.csgCents", "RANGE", "less than nothing is withheld, or more than the gross", "give csgCents and crdsCents the sign of grossCents, and at most that together")
	case l.Reimbursed != a.Net():
		return fault("reimbursedCents", "SUM", "not the allowance's grossCents less csgCents and crdsCents", "check the amounts")
	}
	return nil
}

// withheld tells whether a part can be withheld of a gross amount: it is between
// zero and that.
func withheld(part, gross money.Cents) bool {
	return min(0, gross) <= part && part <= max(0, gross)
}
