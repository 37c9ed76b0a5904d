// Package reimburse computes what the compulsory health insurance (assurance
// maladie obligatoire, AMO) pays: for acts, medicines, journeys and devices,
// for a hospital stay and a visit to an emergency room, and in sick pay
// (indemnités journalières). It is pure: facts and days are passed in, the
// parameters are dated tables with their sources, and each result carries the
// steps that lead to it.
//
// Amounts follow the date of care; the year's counters follow the date of
// reimbursement. Sums are in cents and rounded half up, once per line.
//
// Where the sources are silent the choice is ours: the comment says "own
// choice", or the parameter is among Parameters.Doubts.
package reimburse

import "comptesante/domain/money"

// Family is what kind of care an act is: it decides the rate and what is held
// back of it.
type Family string

// The families.
const (
	Doctor    Family = "MEDECIN"  // consultations and acts, teleconsultation included
	Imaging   Family = "IMAGERIE" // by doctors
	Biology   Family = "BIOLOGIE" // medical laboratories
	Midwife   Family = "SAGE_FEMME"
	Dentist   Family = "DENTISTE"
	Auxiliary Family = "AUXILIAIRE" // nurse, kiné, orthophoniste, orthoptiste, pédicure-podologue
	Medicine1 Family = "MED_100"    // irreplaceable and costly
	Medicine7 Family = "MED_65"     // major or important benefit (SMR)
	Medicine4 Family = "MED_30"     // moderate benefit
	Medicine2 Family = "MED_15"     // low benefit
	Device    Family = "LPP"        // liste des produits et prestations: optical, hearing, devices
	Transport Family = "TRANSPORT"  // prescribed journeys
	Hospital  Family = "HOPITAL"    // costs of a stay
)

// Recipient is who is paid.
type Recipient string

// The recipients.
const (
	ToInsured      Recipient = "ASSURE"
	ToProfessional Recipient = "PROFESSIONNEL" // tiers payant
	ToHospital     Recipient = "ETABLISSEMENT"
)

// fraction is c × num ÷ den, rounded half up to the cent; a negative amount is
// rounded as its opposite is, so that a recovery undoes a payment exactly.
// den is positive, and c × num stays within int64: c is within money.Max.
func fraction(c money.Cents, num, den int64) money.Cents {
	if c < 0 {
		return -fraction(-c, num, den)
	}
	return money.Cents((2*int64(c)*num + den) / (2 * den))
}
