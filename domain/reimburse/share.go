package reimburse

import (
	"fmt"

	"comptesante/domain/money"
)

// share parts the base between the AMO and the patient: by a rate or, for a
// heavy act, by a flat amount; and takes the majoration off the AMO's part.
func (l *line) share(a Act) {
	majoration := l.majoration(a)
	switch {
	case !l.heavy(a):
		l.percentShare(majoration)
	case a.Family == Imaging: // no share at all of heavy imaging, CSS R.160-16 II
		l.flatShare(0, majoration)
	case l.care.Patient.heavyExempt(a.On):
		l.flatShare(0, majoration)
	default:
		l.flatShare(at(&l.lookup, l.rules.heavy.amount), majoration)
	}
}

// points is a majoration: what it takes off the rate, and the most that it can
// be in cents. Both are zero where none is due.
type points struct {
	rate Rate
	most money.Cents
}

func (l *line) majoration(a Act) (none points) {
	if !a.outside(l.rules) {
		return none
	}
	rate := at(&l.lookup, l.rules.pathway.points)
	return points{rate, rate.Of(at(&l.lookup, l.rules.pathway.specialistPrice))}
}

// percentShare parts the base by the best rate that the patient has. A
// majoration comes off the rate; where it is capped, off the amount (own
// choice: the rate is told as if it were not).
func (l *line) percentShare(off points) {
	rate, why := l.bestRate()
	if kept, of, ok := l.keptRate(off); ok {
		rate, why, off = kept, of, points{}
	}
	l.Rate = max(0, rate-off.rate)
	l.HorsParcours = min((rate - l.Rate).Of(l.Base), off.most)
	capped := (rate - l.Rate).Of(l.Base) > off.most
	l.Gross = l.Rate.Of(l.Base)
	if capped {
		l.Gross = rate.Of(l.Base) - l.HorsParcours
	}
	l.TicketModerateur = l.Base - l.Gross
	l.tellShare(rate, why, capped)
}

func (l *line) tellShare(rate Rate, why string, capped bool) {
	told, term := l.Rate, l.Gross
	if capped {
		told, term = rate, rate.Of(l.Base)
	}
	l.steps.term(StepRate, term,
		fmt.Sprintf("L'assurance maladie rembourse %s de la base (%s) : %s.", told, why, term),
		fmt.Sprintf("× %s = %s", told, term))
	if l.HorsParcours == 0 {
		return
	}
	text := outsideText(l.HorsParcours)
	if capped {
		l.steps.term(StepOutside, l.HorsParcours, text, fmt.Sprintf("− %s de majoration hors parcours", l.HorsParcours))
		return
	}
	l.steps.add(StepOutside, l.HorsParcours, text)
}

func outsideText(c money.Cents) string {
	return fmt.Sprintf("Hors du parcours de soins, la part du patient est majorée de %s, que les contrats responsables ne remboursent pas.", c)
}

// flatShare leaves the patient a flat amount, and the majoration above it.
func (l *line) flatShare(flat money.Cents, off points) {
	l.Rate = max(0, whole-off.rate)
	l.HeavyAct = min(flat, l.Base)
	l.HorsParcours = min(off.rate.Of(l.Base), off.most, l.Base-l.HeavyAct)
	l.TicketModerateur = l.HeavyAct + l.HorsParcours
	l.Gross = l.Base - l.TicketModerateur
	l.tellFlat()
}

func (l *line) tellFlat() {
	if l.HeavyAct > 0 {
		l.steps.term(StepHeavyAct, l.HeavyAct,
			fmt.Sprintf("Pour un acte lourd, une participation de %s remplace le ticket modérateur.", l.HeavyAct),
			fmt.Sprintf("− %s de participation pour acte lourd", l.HeavyAct))
	} else {
		l.steps.add(StepHeavyAct, 0, "Cet acte lourd est pris en charge sans ticket modérateur.")
	}
	if l.HorsParcours > 0 {
		l.steps.term(StepOutside, l.HorsParcours,
			outsideText(l.HorsParcours),
			fmt.Sprintf("− %s de majoration hors parcours", l.HorsParcours))
	}
	l.steps.term(StepRate, l.Gross, fmt.Sprintf("L'assurance maladie rembourse %s.", l.Gross), "= "+l.Gross.String())
}

// bestRate is the highest rate of the family and of the patient's situations,
// and which it is (order of the rules: the highest, then the majoration).
func (l *line) bestRate() (Rate, string) {
	return l.rules.rates.best(&l.lookup, l.Family, l.care.Patient)
}

// keptRate is the rate of Alsace-Moselle or ASPA, where by a setting the points
// do not come off it and it is above what they leave of the others.
func (l *line) keptRate(off points) (kept Rate, why string, ok bool) {
	if l.rules.pathway.afterAll.Value || off.rate == 0 {
		return 0, "", false
	}
	rates, apart := &l.rules.rates, l.care.Patient
	apart.AlsaceMoselle, apart.ASPA = false, false
	others, _ := rates.best(&l.lookup, l.Family, apart)
	own, _ := rates.best(&l.lookup, l.Family, Patient{})
	kept, why = rates.best(&l.lookup, l.Family, Patient{AlsaceMoselle: l.care.Patient.AlsaceMoselle, ASPA: l.care.Patient.ASPA})
	return kept, why, kept > own && kept > others-off.rate
}

func (r *rateRules) best(l *lookup, f Family, p Patient) (best Rate, why string) {
	best, why = at(l, r.family[f]), "taux de cette nature de soins"
	local, hasLocal := r.alsaceMoselle[f]
	for _, c := range []struct {
		holds bool
		rate  rates
		why   string
	}{
		{p.AlsaceMoselle && hasLocal, local, "régime local d'Alsace-Moselle"},
		{p.ASPA, r.aspa, "allocation de solidarité aux personnes âgées"},
		{p.ALD, r.ald, "soins en rapport avec une affection de longue durée"},
		{p.Maternity, r.maternity, "maternité"},
		{p.WorkAccident, r.workAccident, "accident du travail ou maladie professionnelle"},
	} {
		if !c.holds {
			continue
		}
		if rate := at(l, c.rate); rate > best {
			best, why = rate, c.why
		}
	}
	return best, why
}
