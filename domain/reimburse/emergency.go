package reimburse

import (
	"errors"
	"fmt"

	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// EmergencyVisit is an unplanned visit to an emergency room.
type EmergencyVisit struct {
	On        civil.Date
	Reduced   bool // a long illness (ALD) or a work accident (AT/MP)
	Maternity bool // within the maternity window
	Admitted  bool // the patient then stays in the hospital
}

// EmergencyCharge is the forfait patient urgences of a visit (CSS L.160-13 I):
// a flat amount in place of a share. The AMO pays nothing of it; the patient or
// a complementary does.
type EmergencyCharge struct {
	Forfait money.Cents
	Steps   []Step
}

// EmergencyVisit computes the forfait of a visit.
func (p Parameters) EmergencyVisit(v EmergencyVisit) (EmergencyCharge, error) {
	if v.On.IsZero() {
		return EmergencyCharge{}, errors.New("give the day of the visit")
	}
	var e EmergencyCharge
	var s steps
	l := lookup{day: v.On}
	switch {
	case v.Admitted:
		s.add(StepNothingCharged, 0, "Le passage est suivi d'une hospitalisation : le forfait patient urgences n'est pas dû.")
	case v.Maternity:
		s.add(StepNothingCharged, 0, "Maternité : le forfait patient urgences n'est pas dû.")
	case v.Reduced:
		e.Forfait = at(&l, p.known().emergency.reduced)
		s.add(StepEmergency, e.Forfait, fmt.Sprintf("Le forfait patient urgences minoré de %s est à la charge du patient ou de sa complémentaire.", e.Forfait))
	default:
		e.Forfait = at(&l, p.known().emergency.full)
		s.add(StepEmergency, e.Forfait, fmt.Sprintf("Le forfait patient urgences de %s est à la charge du patient ou de sa complémentaire.", e.Forfait))
	}
	e.Steps = s
	return e, l.err
}
