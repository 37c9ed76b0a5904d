package reimburse

import (
	"errors"
	"fmt"

	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// Stay is a hospital stay. What the AMO pays of it goes to the hospital.
type Stay struct {
	Entry      civil.Date
	Discharge  civil.Date // the day of discharge itself; Entry for a stay without a night
	Patient    Patient    // on the day of entry
	Cost       money.Cents
	Psychiatry bool
	HeavyAct   bool       // an act of 120 € or coefficient 60 at least is done in it
	HeavyActOn civil.Date // zero: not known, the day of entry counts, unless an operator says otherwise
	Donor      bool       // of an organ or blood
	Disabled   bool       // a disabled child in a special school
}

// StayReimbursement is what becomes of a stay. Stays bear no participation
// forfaitaire and no franchise.
//
//	Paid + TicketModerateur + HeavyAct = cost
//	Due = the larger of TicketModerateur and DailyCharge; for a heavy act HeavyAct + DailyCharge
//	Due = C2SPaid + Remaining
type StayReimbursement struct {
	Rate             Rate        // of the part that bears a share; 100 % for a heavy act
	Paid             money.Cents // by the AMO, to the hospital
	TicketModerateur money.Cents // the patient's share
	HeavyAct         money.Cents // flat participation, in place of a share
	DailyCharge      money.Cents // forfait journalier, before the set-off
	Due              money.Cents // of the patient, the C2S or a complementary
	C2SPaid          money.Cents
	Remaining        money.Cents // left for the patient or a complementary
	Recipient        Recipient
	Steps            []Step
}

// Explain reads the steps as one line.
func (r StayReimbursement) Explain() string { return Line(r.Steps) }

// longestStay bounds a stay, in days.
const longestStay = 3660

// Stay computes a hospital stay.
func (p Parameters) Stay(s Stay) (StayReimbursement, error) {
	if err := s.check(); err != nil {
		return StayReimbursement{}, err
	}
	w := stayWork{rules: p.known(), stay: s, lookup: lookup{day: s.Entry}}
	w.Recipient = ToHospital
	if s.HeavyAct {
		w.flat()
	} else {
		w.percent()
	}
	w.dailyCharge()
	w.setOff()
	if w.err != nil {
		return StayReimbursement{}, w.err
	}
	w.Steps = w.steps
	return w.StayReimbursement, nil
}

func (s Stay) check() error {
	if err := s.Patient.check(s.Entry); err != nil {
		return err
	}
	switch {
	case s.Discharge.Before(s.Entry):
		return errors.New("the discharge is before the entry: check both days")
	case s.days() > longestStay:
		return errors.New("a stay of more than ten years: check both days")
	case s.Cost < 0 || !s.Cost.Sane():
		return fmt.Errorf("give a cost from 0 to %s: amounts are in cents", money.Max)
	case s.HeavyAct && !s.HeavyActOn.IsZero() && (s.HeavyActOn.Before(s.Entry) || s.Discharge.Before(s.HeavyActOn)):
		return errors.New("the heavy act is outside the stay: check its day")
	}
	return nil
}

// days is how many days the stay has, those of entry and discharge included.
func (s Stay) days() int { return s.Discharge.DaysSince(s.Entry) + 1 }

type stayWork struct {
	StayReimbursement
	lookup
	rules *rules
	stay  Stay
	steps steps
}

// daysWithShare is how long a stay bears a share (CSS R.160-16 V: none from the
// 31st consecutive day).
const daysWithShare = 30

func (w *stayWork) percent() {
	rate, why := w.rules.rates.best(&w.lookup, Hospital, w.stay.Patient)
	w.Rate = rate
	shared := w.stay.Cost
	if n := w.stay.days(); n > daysWithShare && w.rules.stay.after30.Value {
		shared = fraction(shared, daysWithShare, int64(n))
		w.steps.add(StepFirst30Days, shared, fmt.Sprintf("À partir du 31e jour, il n'y a plus de ticket modérateur : il porte sur %s.", shared))
	}
	w.TicketModerateur = shared - rate.Of(shared)
	w.Paid = w.stay.Cost - w.TicketModerateur
	w.steps.term(StepBase, w.stay.Cost, fmt.Sprintf("Les frais de séjour s'élèvent à %s.", w.stay.Cost), w.stay.Cost.String())
	term := fmt.Sprintf("× %s = %s", rate, w.Paid)
	if shared != w.stay.Cost {
		term = fmt.Sprintf("− %s de ticket modérateur = %s", w.TicketModerateur, w.Paid)
	}
	w.steps.term(StepRate, w.Paid, fmt.Sprintf("L'assurance maladie en rembourse %s (%s) : %s.", rate, why, w.Paid), term)
}

func (w *stayWork) flat() {
	w.Rate = whole
	if rate, _ := w.rules.rates.best(&w.lookup, Hospital, w.stay.Patient); rate < whole && !w.stay.Patient.heavyExempt(w.stay.Entry) {
		act := lookup{day: w.stay.HeavyActOn}
		if act.day.IsZero() {
			act.day = w.stay.Discharge
			if w.rules.heavy.onEntry.Value {
				act.day = w.stay.Entry
			}
		}
		w.HeavyAct = min(at(&act, w.rules.heavy.amount), w.stay.Cost)
		w.fail(act.err)
	}
	w.Paid = w.stay.Cost - w.HeavyAct
	w.steps.term(StepBase, w.stay.Cost, fmt.Sprintf("Les frais de séjour s'élèvent à %s.", w.stay.Cost), w.stay.Cost.String())
	if w.HeavyAct == 0 {
		w.steps.term(StepHeavyAct, 0, "Le séjour comprend un acte lourd et est pris en charge sans participation.", "= "+w.Paid.String())
		return
	}
	w.steps.term(StepHeavyAct, w.HeavyAct,
		fmt.Sprintf("Le séjour comprend un acte lourd : une participation de %s remplace le ticket modérateur.", w.HeavyAct),
		fmt.Sprintf("− %s de participation pour acte lourd = %s", w.HeavyAct, w.Paid))
}

// dailyCharge sums the forfait journalier, each day at its own amount.
func (w *stayWork) dailyCharge() {
	if why := w.noDailyCharge(); why != "" {
		w.steps.add(StepNothingCharged, 0, "Pas de forfait journalier : "+why+".")
		return
	}
	r, n := &w.rules.stay, w.stay.days()
	table := r.general
	if w.stay.Psychiatry {
		table = r.psychiatry
	}
	if n > 1 && !r.discharge.Value {
		n--
	}
	for i := range n {
		day := lookup{day: w.stay.Entry.AddDays(i)}
		w.DailyCharge += at(&day, table)
		w.fail(day.err)
	}
	w.steps.add(StepDailyCharge, w.DailyCharge, fmt.Sprintf("Le forfait journalier pour %s s'élève à %s.", jours(n), w.DailyCharge))
}

// noDailyCharge is why the forfait journalier is not due (CSS L.174-4); the C2S
// pays it instead of waiving it.
func (w *stayWork) noDailyCharge() string {
	p := w.stay.Patient
	switch {
	case w.stay.days() == 1 && !w.rules.stay.noNight.Value:
		return "séjour sans nuit"
	case p.Maternity:
		return "maternité"
	case p.newborn(w.stay.Entry):
		return "nouveau-né de moins d'un mois"
	case p.WorkAccident:
		return "accident du travail ou maladie professionnelle"
	case p.AME:
		return "aide médicale de l'État"
	case p.WarPension:
		return "pension militaire d'invalidité"
	case w.stay.Donor:
		return "don d'organe ou de sang"
	case w.stay.Disabled:
		return "enfant handicapé en établissement spécialisé"
	}
	return ""
}

// setOff counts the daily charge and a share once: the larger is due. A flat
// amount for a heavy act is due beside the daily charge.
func (w *stayWork) setOff() {
	if w.HeavyAct > 0 {
		w.Due = w.HeavyAct + w.DailyCharge
		w.steps.add(StepTwoParts, w.Due, fmt.Sprintf("Le forfait journalier s'ajoute à la participation : %s.", w.Due))
	} else {
		w.Due = max(w.TicketModerateur, w.DailyCharge)
		w.steps.add(StepTwoParts, w.Due, fmt.Sprintf("Le plus grand du ticket modérateur et du forfait journalier est dû : %s.", w.Due))
	}
	if w.stay.Patient.C2S && w.Due > 0 {
		w.C2SPaid = w.Due
		w.steps.add(StepC2S, w.C2SPaid, fmt.Sprintf("La Complémentaire santé solidaire prend en charge %s.", w.C2SPaid))
	}
	w.Remaining = w.Due - w.C2SPaid
	w.steps.add(StepPatient, w.Remaining, fmt.Sprintf("Il reste %s à la charge du patient ou de sa complémentaire.", w.Remaining))
}
