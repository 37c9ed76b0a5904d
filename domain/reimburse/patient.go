package reimburse

import (
	"errors"

	"comptesante/domain/civil"
)

// Patient is what the rules ask about who is cared for, on the date of care.
type Patient struct {
	Born civil.Date

	ALD           bool // the care is related to a long illness (affection de longue durée) that exempts
	Maternity     bool // within the maternity window, see Pregnancy.Covers
	WorkAccident  bool // care of a work accident or an occupational disease (AT/MP)
	AlsaceMoselle bool // régime local d'Alsace-Moselle
	ASPA          bool // allocation de solidarité aux personnes âgées
	C2S           bool // complémentaire santé solidaire open, with or without contribution
	AME           bool // aide médicale de l'État
	WarPension    bool // pension militaire d'invalidité (L.212-1 CPMIVG)
	Invalidity    bool // invalidity pension
	WorkPension   bool // AT/MP rente of two thirds at least
}

// Exemption is why neither participation forfaitaire nor franchise is due.
type Exemption string

// The exemptions (CSS R.160-20, L.160-15). ALD, invalidity, retirement and an
// AT/MP rente exempt from neither.
const (
	NoExemption        Exemption = ""
	ExemptMinor        Exemption = "MINEUR"    // under 18 on 1 January of the year of care, CSS R.160-20
	ExemptMaternity    Exemption = "MATERNITE" // 6th month of pregnancy to 12th day after birth
	ExemptC2S          Exemption = "C2S"       // CSS L.160-15
	ExemptAME          Exemption = "AME"
	ExemptWar          Exemption = "INVALIDE_GUERRE" //
	ExemptSampling     Exemption = "PRELEVEMENT"     // its biology exam bears the participation, CSS D.160-8
	ExemptScreening    Exemption = "DEPISTAGE"       // organised screening
	ExemptHospitalised Exemption = "HOSPITALISATION" // care given during a stay
	ExemptUrgent       Exemption = "URGENCE"         // emergency transport
)

// French tells a person why nothing is held back.
func (e Exemption) French() string {
	return map[Exemption]string{
		ExemptMinor:        "moins de 18 ans au 1er janvier de l'année des soins",
		ExemptMaternity:    "maternité",
		ExemptC2S:          "Complémentaire santé solidaire",
		ExemptAME:          "aide médicale de l'État",
		ExemptWar:          "pension militaire d'invalidité",
		ExemptSampling:     "prélèvement pour un examen de biologie, qui supporte la participation",
		ExemptScreening:    "dépistage organisé",
		ExemptHospitalised: "soins donnés pendant un séjour à l'hôpital",
		ExemptUrgent:       "transport d'urgence",
	}[e]
}

// exemption is why the patient owes neither participation nor franchise for
// care of a day.
func (p Patient) exemption(r *rules, day civil.Date) Exemption {
	newYear := civil.Date{Year: day.Year, Month: 1, Day: 1}
	switch {
	case p.Born.AgeOn(newYear) < 18:
		return ExemptMinor
	case p.Maternity:
		return ExemptMaternity
	case p.C2S:
		return ExemptC2S
	case p.AME:
		return ExemptAME
	case p.WarPension && r.participation.exemptWar.Value:
		return ExemptWar
	}
	return NoExemption
}

func (p Patient) check(day civil.Date) error {
	switch {
	case day.IsZero():
		return errors.New("give the day of the care")
	case p.Born.IsZero():
		return errors.New("give the patient's day of birth: it decides about exemptions")
	case day.Before(p.Born):
		return errors.New("the care is before the patient's birth: check both days")
	}
	return nil
}

// newborn tells whether the patient is less than one month old.
func (p Patient) newborn(day civil.Date) bool { return day.Before(p.Born.AddMonths(1)) }

// The maternity window (rules: "from the 1st day of the 6th month of pregnancy
// to the 12th day after birth, inclusive"): five whole months have gone by when
// the sixth begins.
const (
	monthsBeforeWindow = 5
	daysAfterBirth     = 12
)

// Pregnancy is the days that the maternity window is computed of.
type Pregnancy struct {
	Start civil.Date // first day of pregnancy, as declared
	Birth civil.Date // zero before the birth
}

// Covers tells whether a day is within the maternity window.
func (g Pregnancy) Covers(day civil.Date) bool {
	if day.Before(g.Start.AddMonths(monthsBeforeWindow)) {
		return false
	}
	return g.Birth.IsZero() || !g.Birth.AddDays(daysAfterBirth).Before(day)
}
