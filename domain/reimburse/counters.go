package reimburse

import (
	"errors"
	"fmt"

	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// Counters is what has been counted of one beneficiary before a line. It is
// passed in and given back with each result: nothing is remembered here. The
// zero Counters has counted nothing.
type Counters struct {
	Year Year
	Day  Day
}

// Year is what has been counted in a civil year of REIMBURSEMENT (CSS D.160-6,
// D.160-10).
type Year struct {
	Year          int         // zero before the first line
	Participation Tally       // all professionals
	Franchise     money.Cents // all groups; a counter apart from the participation's
}

// Day is what is due for the care of one DAY, whenever it was reimbursed
// (CSS D.160-8, D.160-11).
type Day struct {
	On            civil.Date  // zero before the first line
	Participation Tally       // with the same professional
	Auxiliary     money.Cents // franchise on acts, all professionals
	Transport     money.Cents // franchise on journeys, all carriers
}

// Tally counts participations and their cents. A source that knows the cents
// alone leaves Count at zero: then the cents alone are capped.
type Tally struct {
	Count int
	Cents money.Cents
}

func (t Tally) plus(c money.Cents) Tally {
	switch {
	case c > 0:
		return Tally{t.Count + 1, t.Cents + c}
	case c < 0:
		return Tally{max(0, t.Count-1), t.Cents + c}
	}
	return t
}

// enter makes the counters those of a line's year and day.
func (c Counters) enter(paidOn, caredOn civil.Date) (Counters, error) {
	if c.Year.Year == 0 {
		c.Year.Year = paidOn.Year
	}
	if c.Day.On.IsZero() {
		c.Day.On = caredOn
	}
	switch {
	case c.Year.Year != paidOn.Year:
		return c, fmt.Errorf("the counters are those of %d: give those of %d, the year of reimbursement", c.Year.Year, paidOn.Year)
	case c.Day.On != caredOn:
		return c, errors.New("the counters are those of care on another day: give those of the line's day")
	}
	return c, c.sane()
}

// sane refuses counters that hold less than nothing.
func (c Counters) sane() error {
	y, d := c.Year, c.Day
	if min(y.Participation.Cents, y.Franchise, d.Participation.Cents, d.Auxiliary, d.Transport) < 0 || min(y.Participation.Count, d.Participation.Count) < 0 {
		return errors.New("a counter is below zero: check the lines that were taken back")
	}
	return nil
}

// count is c with what a line holds back, or gives back where it is negative.
func (c Counters) count(family Family, participation, franchise money.Cents) Counters {
	c.Year.Participation = c.Year.Participation.plus(participation)
	c.Day.Participation = c.Day.Participation.plus(participation)
	c.Year.Franchise += franchise
	switch family {
	case Auxiliary:
		c.Day.Auxiliary += franchise
	case Transport:
		c.Day.Transport += franchise
	}
	return c
}
