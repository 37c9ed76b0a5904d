package reimburse

import (
	"fmt"

	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// WorkLeave is a leave for a work accident or an occupational disease (AT/MP).
type WorkLeave struct {
	Start      civil.Date // first day of leave
	Days       int        // calendar days
	DaysBefore int        // of leave for the same accident, before this notice
	Pay        money.Cents
}

// WorkPay is the pay of such a leave: it has no waiting days.
type WorkPay struct {
	Daily      money.Cents // days 1 to 28, gross
	DailyLater money.Cents // from day 29, gross
	EarlyDays  int
	LaterDays  int
	Total      money.Cents
	// Provisional tells that the PASS of the year was not known: the last known
	// one has been taken, and the pay may have to be computed anew.
	Provisional bool
	Steps       []Step
}

// Explain reads the steps as one line.
func (w WorkPay) Explain() string { return Line(w.Steps) }

// earlyDays is how many days are paid at the lower rate (CSS R.433-2).
const earlyDays = 28

// WorkPay computes the pay of a leave for a work accident, of the last month's
// gross pay ÷ 30.42, at most 0.834 % of the yearly PASS (CSS R.433-2, R.433-4).
// The limit to the net daily pay is not computed: it asks for the net pay.
func (p Parameters) WorkPay(l WorkLeave) (WorkPay, error) {
	if err := checkLeave(l.Start, l.Days, []money.Cents{l.Pay}); err != nil {
		return WorkPay{}, err
	}
	if l.DaysBefore < 0 || l.DaysBefore > longestLeave {
		return WorkPay{}, fmt.Errorf("give 0 to %d earlier days of leave", longestLeave)
	}
	r := &p.known().sickPay
	year := lookup{day: l.Start}
	pass := at(&year, r.pass)
	if year.err != nil {
		return WorkPay{}, year.err
	}
	var w WorkPay
	w.Daily = workDaily(r, l.Pay, pass, r.work.Value)
	w.DailyLater = workDaily(r, l.Pay, pass, r.workLater.Value)
	w.EarlyDays = min(l.Days, max(0, earlyDays-l.DaysBefore))
	w.LaterDays = l.Days - w.EarlyDays
	w.Total = w.Daily*money.Cents(w.EarlyDays) + w.DailyLater*money.Cents(w.LaterDays)
	var s steps
	w.Provisional = year.tellCarried(&s)
	w.tell(r, s)
	return w, nil
}

// workDaily is a rate of the daily pay, rounded half up once: the lesser of the
// pay's and the cap's, which order as the exact amounts do.
func workDaily(r *sickPayRules, pay, pass money.Cents, rate Rate) money.Cents {
	own := fraction(pay, int64(rate)*100, monthDays*int64(whole))
	most := fraction(pass, int64(r.workCap.Value)*int64(rate), 100_000*int64(whole))
	return min(own, most)
}

func (w *WorkPay) tell(r *sickPayRules, s steps) {
	s.add(StepDaily, w.Daily, fmt.Sprintf("L'indemnité journalière est de %s du salaire journalier jusqu'au 28e jour (%s), puis de %s (%s).", r.work.Value, w.Daily, r.workLater.Value, w.DailyLater))
	s.term(StepTotal, w.Total, fmt.Sprintf("L'indemnisation porte sur %s, pour un total de %s brut.", jours(w.EarlyDays+w.LaterDays), w.Total),
		fmt.Sprintf("%s × %s + %s × %s = %s", w.Daily, jours(w.EarlyDays), w.DailyLater, jours(w.LaterDays), w.Total))
	w.Steps = s
}

// MaternityLeave is a leave for maternity or paternity.
type MaternityLeave struct {
	Start civil.Date
	Days  int
	Pay   [3]money.Cents // gross, of the last three months before the leave
}

// MaternityPay is the pay of such a leave: it has no waiting days.
type MaternityPay struct {
	MonthlyCap  money.Cents // a twelfth of the yearly PASS
	Daily       money.Cents // gross
	Total       money.Cents
	Provisional bool // as of WorkPay
	Steps       []Step
}

// Explain reads the steps as one line.
func (m MaternityPay) Explain() string { return Line(m.Steps) }

// MaternityPay computes the pay of a leave for maternity. The formula is
// derived: it gives the one printed maximum, 104.02 € in 2026.
func (p Parameters) MaternityPay(l MaternityLeave) (MaternityPay, error) {
	if err := checkLeave(l.Start, l.Days, l.Pay[:]); err != nil {
		return MaternityPay{}, err
	}
	r := &p.known().sickPay
	year := lookup{day: l.Start}
	m := MaternityPay{MonthlyCap: fraction(at(&year, r.pass), 1, 12)}
	if year.err != nil {
		return MaternityPay{}, year.err
	}
	sum := capped(l.Pay, m.MonthlyCap)
	m.Daily = fraction(sum, int64(r.maternity.Value)*100, quarterDays*int64(whole))
	m.Total = m.Daily * money.Cents(l.Days)
	var s steps
	m.Provisional = year.tellCarried(&s)
	s.add(StepMonthlyCap, m.MonthlyCap, fmt.Sprintf("Chaque salaire brut compte jusqu'à %s par mois.", m.MonthlyCap))
	s.term(StepDaily, m.Daily, fmt.Sprintf("L'indemnité journalière est de %s brut.", m.Daily),
		fmt.Sprintf("%s ÷ 91,25 × %s = %s", sum, r.maternity.Value, m.Daily))
	s.term(StepTotal, m.Total, fmt.Sprintf("L'indemnisation porte sur %s, pour un total de %s brut.", jours(l.Days), m.Total),
		fmt.Sprintf("; %s × %s = %s", m.Daily, jours(l.Days), m.Total))
	m.Steps = s
	return m, nil
}

// Leave is what a leave is for, as taxes ask.
type Leave string

// The kinds of leave. Taxable by ameli.fr, news of 2018-05-14; that of maternity is not
// told there (it is taxed as pay: general knowledge).
const (
	LeaveIllness   Leave = "MALADIE"
	LeaveALD       Leave = "ALD"
	LeaveWork      Leave = "AT_MP"
	LeaveMaternity Leave = "MATERNITE"
)

// Taxable is the part of sick pay that is taxed: all of it, none for an ALD,
// half for a work accident, rounded half up.
func Taxable(kind Leave, pay money.Cents) (money.Cents, error) {
	switch kind {
	case LeaveIllness, LeaveMaternity:
		return pay, nil
	case LeaveALD:
		return 0, nil
	case LeaveWork:
		return fraction(pay, 1, 2), nil
	}
	return 0, fmt.Errorf("no leave is of the kind %q: give MALADIE, ALD, AT_MP or MATERNITE", kind)
}
