package reimburse

import "comptesante/domain/civil"

// Pathway is how an act stands to the coordinated care pathway (parcours de
// soins coordonnés).
type Pathway string

// The pathways. Only PathwayOutside costs the patient the majoration.
const (
	PathwayFollowed  Pathway = ""              // médecin traitant, or referred by them
	PathwayOutside   Pathway = "HORS_PARCOURS" // no médecin traitant, or not referred
	PathwayDirect    Pathway = "ACCES_DIRECT"  // see DirectAccess
	PathwayAway      Pathway = "HORS_DOMICILE" // away from the usual residence
	PathwayEmergency Pathway = "URGENCE"       // not foreseen more than 8 hours before
)

// Specialty is a specialty that may be seen without referral.
type Specialty string

// The specialties of direct access (service-public.fr F17042).
const (
	Gynaecologist   Specialty = "GYNECOLOGUE"
	Ophthalmologist Specialty = "OPHTALMOLOGUE"
	Psychiatrist    Specialty = "PSYCHIATRE"
	Stomatologist   Specialty = "STOMATOLOGUE"
)

// DirectAccess tells whether a patient may see a specialty without referral;
// a psychiatrist from 16 to 25 years of age, 25 included.
func DirectAccess(s Specialty, born, day civil.Date) bool {
	switch s {
	case Gynaecologist, Ophthalmologist, Stomatologist:
		return true
	case Psychiatrist:
		age := born.AgeOn(day)
		return 16 <= age && age <= 25
	}
	return false
}

// outside tells whether an act bears the majoration: acts of doctors and, by a
// setting, imaging.
func (a Act) outside(r *rules) bool {
	if a.Pathway != PathwayOutside || a.Patient.Born.AgeOn(a.On) < r.pathway.age.Value {
		return false
	}
	return a.Family == Doctor || a.Family == Imaging && r.pathway.imaging.Value
}
