package reimburse

import (
	"errors"
	"fmt"
	"slices"

	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// SickLeave is a leave for illness (arrêt maladie) for which sick pay is asked.
type SickLeave struct {
	Start       civil.Date     // first day of leave
	Days        int            // calendar days, waiting days included
	Pay         [3]money.Cents // gross, of the last three months before the leave
	PreviousEnd civil.Date     // last day of the leave before this one; zero: none
	ALDSince    civil.Date     // first day of the first leave for the same ALD; zero: no ALD
	Earlier     []Days         // days that were paid in the three years before
	Late        Days           // days that a late notice halves, see Parameters.Notice
}

// Days is days from one to another, both included. The zero Days is none.
type Days struct{ From, To civil.Date }

func (d Days) holds(day civil.Date) bool {
	return !d.From.IsZero() && !day.Before(d.From) && !d.To.Before(day)
}

// SickPay is the sick pay (indemnités journalières, IJ) of a leave.
//
//	Waiting + PaidDays + Unpaid = days of the leave
//	Total = Daily × (PaidDays - HalvedDays) + Halved × HalvedDays
type SickPay struct {
	SMICOn     civil.Date  // last day of the month before the leave, whose SMIC counts
	MonthlyCap money.Cents // most of a month's pay that counts
	Daily      money.Cents // gross
	Waiting    int         // days of leave before the first paid one
	PaidDays   int
	Unpaid     int         // days beyond the longest duration
	HalvedDays int         // of PaidDays, for a late notice
	Halved     money.Cents // what such a day is paid; rounded half up (own choice)
	Total      money.Cents // gross
	// Provisional tells that the SMIC of the day was not known: the last known one
	// has been taken, and the pay may have to be computed anew.
	Provisional bool
	Steps       []Step
}

// Explain reads the steps as one line.
func (s SickPay) Explain() string { return Line(s.Steps) }

// longestLeave bounds a leave, in days.
const longestLeave = 3660

// SickPay computes the pay of a leave: half of the daily pay, from the fourth
// day. Nothing is rounded before the daily amount.
func (p Parameters) SickPay(l SickLeave) (SickPay, error) {
	if err := checkLeave(l.Start, l.Days, l.Pay[:]); err != nil {
		return SickPay{}, err
	}
	if err := l.check(); err != nil {
		return SickPay{}, err
	}
	r := &p.known().sickPay
	var s SickPay
	var told steps
	s.SMICOn = civil.Date{Year: l.Start.Year, Month: l.Start.Month, Day: 1}.AddDays(-1)
	start, before := lookup{day: l.Start}, lookup{day: s.SMICOn}
	s.MonthlyCap = at(&start, r.multiple).Of(at(&before, r.smic))
	if err := errors.Join(start.err, before.err); err != nil {
		return SickPay{}, err
	}
	sum := capped(l.Pay, s.MonthlyCap)
	s.Daily = r.daily(sum, int64(r.rate.Value)*100, quarterDays*int64(whole))
	s.Provisional = before.tellCarried(&told)
	told.add(StepMonthlyCap, s.MonthlyCap, fmt.Sprintf("Chaque salaire brut compte jusqu'à %s par mois.", s.MonthlyCap))
	told.term(StepDaily, s.Daily, fmt.Sprintf("L'indemnité journalière est de %s du salaire de trois mois (%s) divisé par 91,25 : %s brut.", r.rate.Value, sum, s.Daily),
		fmt.Sprintf("%s ÷ 91,25 × %s = %s", sum, r.rate.Value, s.Daily))
	s.count(r, l, &told)
	s.Steps = told
	return s, nil
}

// daily is sum × num ÷ den, as a day of sick pay is rounded.
func (r *sickPayRules) daily(sum money.Cents, num, den int64) money.Cents {
	if r.truncated.Value {
		return money.Cents(int64(sum) * num / den)
	}
	return fraction(sum, num, den)
}

func checkLeave(start civil.Date, days int, pay []money.Cents) error {
	switch {
	case start.IsZero():
		return errors.New("give the first day of the leave")
	case days < 1 || days > longestLeave:
		return fmt.Errorf("give 1 to %d days of leave", longestLeave)
	case slices.ContainsFunc(pay, func(c money.Cents) bool { return c < 0 || !c.Sane() }):
		return fmt.Errorf("give each gross pay from 0 to %s: amounts are in cents", money.Max)
	}
	return nil
}

func (l SickLeave) check() error {
	switch {
	case !l.PreviousEnd.IsZero() && !l.PreviousEnd.Before(l.Start):
		return errors.New("the leave before ends after this one begins: check both days")
	case !l.ALDSince.IsZero() && l.Start.Before(l.ALDSince):
		return errors.New("the first leave for the ALD begins after this one: check both days")
	case l.Late.To.Before(l.Late.From):
		return errors.New("the late days end before they begin: check both days")
	}
	for _, d := range l.Earlier {
		if d.From.IsZero() || d.To.Before(d.From) || !d.To.Before(l.Start) {
			return errors.New("earlier paid days end before they begin or after this leave has begun: check them")
		}
	}
	return nil
}

func capped(pay [3]money.Cents, most money.Cents) (sum money.Cents) {
	for _, p := range pay {
		sum += min(p, most)
	}
	return sum
}

// count goes through the days of the leave: waiting, paid, halved or beyond the
// longest duration.
func (s *SickPay) count(r *sickPayRules, l SickLeave, told *steps) {
	waived := l.noWaiting()
	if waived != "" {
		told.add(StepNoWaiting, 0, "Pas de délai de carence : "+waived+".")
	} else {
		s.Waiting = min(r.waiting.Value, l.Days)
		told.add(StepWaiting, 0, fmt.Sprintf("Délai de carence, qui n'est pas indemnisé : %s.", jours(s.Waiting)))
	}
	paid := paidDays{longest: r.longest.Value, earlier: l.Earlier}
	for i := s.Waiting; i < l.Days; i++ {
		day := l.Start.AddDays(i)
		switch {
		case !l.payable(r, day, &paid):
			s.Unpaid++
		case l.Late.holds(day):
			s.HalvedDays++
			fallthrough
		default:
			s.PaidDays++
			paid.days = append(paid.days, day)
		}
	}
	s.Halved = r.daily(s.Daily, 1, 2)
	s.Total = s.Daily*money.Cents(s.PaidDays-s.HalvedDays) + s.Halved*money.Cents(s.HalvedDays)
	s.tell(told)
}

func (s *SickPay) tell(told *steps) {
	if s.Unpaid > 0 {
		told.add(StepExhausted, 0, fmt.Sprintf("Au-delà de la durée maximale d'indemnisation : %s.", jours(s.Unpaid)))
	}
	if s.HalvedDays > 0 {
		told.add(StepHalved, s.Halved, fmt.Sprintf("L'avis ayant été envoyé en retard, l'indemnité est réduite à %s pour %s.", s.Halved, jours(s.HalvedDays)))
		told.term(StepTotal, s.Total, fmt.Sprintf("Le total est de %s brut.", s.Total),
			fmt.Sprintf("; %s × %s + %s × %s = %s", s.Daily, jours(s.PaidDays-s.HalvedDays), s.Halved, jours(s.HalvedDays), s.Total))
		return
	}
	told.term(StepTotal, s.Total, fmt.Sprintf("L'indemnisation porte sur %s, pour un total de %s brut.", jours(s.PaidDays), s.Total),
		fmt.Sprintf("; %s × %s = %s", s.Daily, jours(s.PaidDays), s.Total))
}

// waitingYears is how long one waiting period serves all leaves for the same
// ALD, and the years in which paid days are counted (CSS R.323-1).
const waitingYears = 3

// noWaiting is why the leave has no waiting days. Two leaves are within 48 hours
// where the second begins at most two days after the day of return.
func (l SickLeave) noWaiting() string {
	switch {
	case !l.PreviousEnd.IsZero() && l.Start.DaysSince(l.PreviousEnd) <= 3:
		return "nouvel arrêt dans les 48 heures de la reprise"
	case !l.ALDSince.IsZero() && l.ALDSince != l.Start && l.Start.Before(l.ALDSince.AddMonths(12*waitingYears)):
		return "arrêts successifs pour la même affection de longue durée"
	}
	return ""
}

// payable tells whether a day may be paid: for a long illness within three years
// of its first leave, otherwise where any three years hold at most 360 paid days.
func (l SickLeave) payable(r *sickPayRules, day civil.Date, paid *paidDays) bool {
	if !l.ALDSince.IsZero() && r.aldApart.Value {
		return day.Before(l.ALDSince.AddMonths(12 * waitingYears))
	}
	return paid.within(day) < paid.longest
}

// paidDays is the days that were paid before a day.
type paidDays struct {
	longest int
	earlier []Days
	days    []civil.Date // of this leave, in order
}

// within is how many days were paid in the three years that end on a day.
func (p *paidDays) within(day civil.Date) (n int) {
	from := day.AddMonths(-12 * waitingYears).AddDays(1)
	for len(p.days) > 0 && p.days[0].Before(from) {
		p.days = p.days[1:]
	}
	for _, d := range p.earlier {
		if first := latest(d.From, from); !d.To.Before(first) {
			n += d.To.DaysSince(first) + 1
		}
	}
	return n + len(p.days)
}

func latest(a, b civil.Date) civil.Date {
	if a.Before(b) {
		return b
	}
	return a
}
