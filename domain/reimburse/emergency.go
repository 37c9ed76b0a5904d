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
	C2S       bool // complémentaire santé solidaire open
	AME       bool // aide médicale de l'État
}

// EmergencyCharge is the forfait patient urgences of a visit (CSS L.160-13 I):
// a flat amount in place of a share. The AMO pays nothing of it; the C2S, a
// complementary or the patient does.
//
//	Forfait = C2SPaid + Remaining
type EmergencyCharge struct {
	Forfait   money.Cents
	C2SPaid   money.Cents // by the complémentaire santé solidaire, as a complementary
	Remaining money.Cents // left for the patient or a complementary
	Steps     []Step
}

// EmergencyVisit computes the forfait of a visit.
func (p Parameters) EmergencyVisit(v EmergencyVisit) (EmergencyCharge, error) {
	if v.On.IsZero() {
		return EmergencyCharge{}, errors.New("give the day of the visit")
	}
	var e EmergencyCharge
	var s steps
	r, l := &p.known().emergency, lookup{day: v.On}
	full, reduced := at(&l, r.full), at(&l, r.reduced)
	if l.err != nil {
		return EmergencyCharge{}, l.err
	}
	switch {
	case v.Admitted:
		s.add(StepNothingCharged, 0, "Le passage est suivi d'une hospitalisation : le forfait patient urgences n'est pas dû.")
	case v.Maternity:
		s.add(StepNothingCharged, 0, "Maternité : le forfait patient urgences n'est pas dû.")
	case v.AME && r.ame.Value:
		s.add(StepNothingCharged, 0, "Aide médicale de l'État : le forfait patient urgences n'est pas dû.")
	case v.Reduced:
		e.Forfait = reduced
		s.add(StepEmergency, e.Forfait, fmt.Sprintf("Le forfait patient urgences minoré est de %s ; l'assurance maladie n'en rembourse rien.", e.Forfait))
	default:
		e.Forfait = full
		s.add(StepEmergency, e.Forfait, fmt.Sprintf("Le forfait patient urgences est de %s ; l'assurance maladie n'en rembourse rien.", e.Forfait))
	}
	e.payC2S(v.C2S && r.c2s.Value, &s)
	e.Steps = s
	return e, nil
}

func (e *EmergencyCharge) payC2S(pays bool, s *steps) {
	if e.Forfait == 0 {
		return
	}
	if pays {
		e.C2SPaid = e.Forfait
		s.add(StepC2S, e.C2SPaid, fmt.Sprintf("La Complémentaire santé solidaire prend en charge %s.", e.C2SPaid))
	}
	e.Remaining = e.Forfait - e.C2SPaid
	s.add(StepPatient, e.Remaining, fmt.Sprintf("Il reste %s à la charge du patient ou de sa complémentaire.", e.Remaining))
}
