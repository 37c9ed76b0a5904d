package domain

import (
	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// CountedRetention is a retention with the line that it is due on.
type CountedRetention struct {
	Beneficiary ID
	Payment     ID
	PaidOn      civil.Date
	CaredOn     civil.Date
	Act         string
	Label       string
	Kind        RetentionKind
	Amount      money.Cents
	Deferred    bool // held back of a later payment (tiers payant)
}

// RetentionCounter is what counts towards one of the two caps of a beneficiary
// in a civil year: of participations forfaitaires, or of franchises. A retention
// counts in the year in which its line was REIMBURSED, whenever it is held back.
type RetentionCounter struct {
	Beneficiary Beneficiary
	Year        int
	Kind        RetentionKind
	Amount      money.Cents
	Cap         money.Cents
	Entries     []CountedRetention // where it comes from, the latest first
}

// Left is what may still be held back in the year.
// What was given back of an earlier year's care leaves no more than the cap.
func (c *RetentionCounter) Left() money.Cents { return min(c.Cap, max(0, c.Cap-c.Amount)) }

// CountRetentions is both counters of each person, in their order, from the
// retentions of a year.
func CountRetentions(people []Beneficiary, year int, caps map[RetentionKind]money.Cents, entries []CountedRetention) []RetentionCounter {
	counters := make([]RetentionCounter, 0, 2*len(people))
	for _, person := range people {
		for _, kind := range []RetentionKind{Participation, Franchise} {
			c := RetentionCounter{Beneficiary: person, Year: year, Kind: kind, Cap: caps[kind], Entries: []CountedRetention{}}
			for _, e := range entries {
				if e.Beneficiary == person.ID && e.Kind == kind {
					c.Amount += e.Amount
					c.Entries = append(c.Entries, e)
				}
			}
			counters = append(counters, c)
		}
	}
	return counters
}

// CounterYear checks that a year lies whole in the window as seen on a day: the
// counters of one that is cut would be too low. nil is this year.
func CounterYear(asked *int, today civil.Date) (int, error) {
	if asked == nil {
		return today.Year, nil
	}
	year := *asked
	first := civil.Date{Year: year, Month: 1, Day: 1}
	if start := civil.WindowStart(today); first.Before(start) || year > today.Year {
		oldest := start.Year
		if (civil.Date{Year: oldest, Month: 1, Day: 1}).Before(start) {
			oldest++
		}
		return 0, Errorf(Validation, "year goes from %d to %d: a later one has not begun, and an older one is not kept whole", oldest, today.Year)
	}
	return year, nil
}
