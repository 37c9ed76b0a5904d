package reimburse

import (
	"fmt"

	"comptesante/domain/money"
)

// exempt gives a line a reason why nothing is held back of it; the patient's
// own reason goes first.
func (l *line) exempt(why Exemption) {
	if l.Exemption == NoExemption {
		l.Exemption = why
	}
}

// retain finds the participation or the franchise of the line. No family bears
// both, and midwives, dentists and devices bear neither.
func (l *line) retain() {
	due := l.participationDue
	switch l.Family {
	case Doctor, Imaging, Biology:
	case Auxiliary, Transport, Medicine1, Medicine7, Medicine4, Medicine2:
		due = l.franchiseDue
	default:
		return
	}
	if l.Exemption != NoExemption {
		l.steps.add(StepExempt, 0, fmt.Sprintf("Ni participation forfaitaire ni franchise : %s.", l.Exemption.French()))
		return
	}
	due()
}

// participationDue is one participation, within the day's and the year's caps
// by number and by cents. Operators may change what the sources are silent about:
// the last of a year is cut to the cents left, none is cut to the AMO's share,
// and where the AMO pays nothing at all none is due.
func (l *line) participationDue() {
	r := &l.rules.participation
	day, year := l.Counters.Day.Participation, l.Counters.Year.Participation
	amount := at(&l.lookup, r.amount)
	inYear := lookup{day: l.PaidOn}
	dayLeft := left(at(&l.lookup, r.dayCap), day.Cents)
	yearLeft := left(at(&inYear, r.yearCap), year.Cents)
	if day.Count >= at(&l.lookup, r.dayCount) {
		dayLeft = 0
	}
	if r.stopAtCount.Value && year.Count >= at(&inYear, r.yearCount) {
		yearLeft = 0
	}
	l.fail(inYear.err)
	if yearLeft < amount && !r.cutLast.Value {
		yearLeft = 0
	}
	l.Participation = min(amount, dayLeft, yearLeft)
	if !r.aboveAMO.Value || l.Gross == 0 && !r.withoutAMO.Value {
		l.Participation = min(l.Participation, l.Gross)
	}
	l.hold(StepParticipation, l.Participation, "participation forfaitaire", amount, dayLeft, yearLeft)
}

// franchiseDue is the franchise of the line's units, within the day's cap of
// the group, the year's cap, and the AMO's share: what is above the share is
// lost (CSS D.160-9).
func (l *line) franchiseDue() {
	r := &l.rules.franchise
	inYear := lookup{day: l.PaidOn}
	yearLeft := left(at(&inYear, r.yearCap), l.Counters.Year.Franchise)
	l.fail(inYear.err)
	unit, dayLeft := r.box, money.Max // boxes have no cap per day
	switch l.Family {
	case Auxiliary:
		unit, dayLeft = r.act, left(at(&l.lookup, r.actsPerDay), l.Counters.Day.Auxiliary)
	case Transport:
		unit, dayLeft = r.journey, left(at(&l.lookup, r.journeysPerDay), l.Counters.Day.Transport)
	}
	amount := at(&l.lookup, unit) * money.Cents(l.quantity)
	l.Franchise = min(amount, dayLeft, yearLeft, l.Gross)
	l.hold(StepFranchise, l.Franchise, "franchise", amount, dayLeft, yearLeft)
}

func (l *lookup) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// hold tells what is due, and which cap has cut it.
func (l *line) hold(code StepCode, due money.Cents, what string, amount, dayLeft, yearLeft money.Cents) {
	if due < amount {
		l.steps.add(StepCapped, amount-due, l.whyCut(due, dayLeft, yearLeft))
	}
	if due == 0 {
		return
	}
	how, term := "retenue", fmt.Sprintf("− %s de %s", due, what)
	if l.care.TiersPayant {
		how, term = "due", ""
	}
	l.steps.term(code, due, fmt.Sprintf("La %s %s est de %s.", what, how, due), term)
}

func (l *line) whyCut(due, dayLeft, yearLeft money.Cents) string {
	switch due {
	case yearLeft:
		return fmt.Sprintf("Le plafond de l'année %d est atteint.", l.PaidOn.Year)
	case dayLeft:
		return "Le plafond de la journée est atteint."
	}
	return "La retenue est limitée à la part de l'assurance maladie."
}

// left is how much of a cap is not used up; never below zero, as caps may have
// been lower when it was used.
func left(limit, used money.Cents) money.Cents { return max(0, limit-used) }
