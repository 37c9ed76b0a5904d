package demo

import (
	"math/rand/v2"

	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/reimburse"
	"comptesante/ingest"
)

// visitKind is a kind of visit.
type visitKind struct {
	code, label string
	family      reimburse.Family // Hospital: a stay; none: an emergency visit
	tariff      string           // code of Price; empty for a price drawn between low and high
	young       string           // the same for a child under youngAge; empty where there is no other
	low, high   money.Cents      // where no tariff is known
	over        money.Cents      // dépassement
	lines       int              // most lines of a visit; 0 counts as 1
	units       int              // of a line, such as journeys; 0 counts as 1
	direct      bool             // usually in tiers payant
	adults      bool             // not for children
	women       bool
	specialty   string                // of who does it for generated people
	staff       []ingest.Professional // who does it for those made by hand
}

var (
	general    = &visitKind{code: "G", label: "Consultation", family: reimburse.Doctor, tariff: "G", young: "G+MEG", specialty: "Médecin généraliste"}
	specialist = &visitKind{code: "CS", label: "Consultation de spécialiste", family: reimburse.Doctor, tariff: "CS", over: 30_00, specialty: "Dermatologue"}
	dentist    = &visitKind{code: "C", label: "Consultation dentaire", family: reimburse.Dentist, tariff: "C_DENT", specialty: "Chirurgien-dentiste"}
	physio     = &visitKind{code: "AMK", label: "Séance de kinésithérapie", family: reimburse.Auxiliary, tariff: "AMK7.5", specialty: "Masseur-kinésithérapeute"}
	biology    = &visitKind{code: "B", label: "Analyses de biologie", family: reimburse.Biology, low: 12_00, high: 58_00, direct: true, specialty: "Biologie médicale"}
	pharmacy   = &visitKind{code: "PH7", label: "Médicaments à 65 %", family: reimburse.Medicine7, low: 2_10, high: 24_00, lines: 3, direct: true, specialty: "Pharmacie"}
	pharmacy30 = &visitKind{code: "PH4", label: "Médicaments à 30 %", family: reimburse.Medicine4, low: 3_00, high: 9_00, direct: true, specialty: "Pharmacie"}

	imaging    = &visitKind{code: "ADI", label: "Échographie", family: reimburse.Imaging, low: 35_00, high: 76_00, specialty: "Radiologue"}
	dentalCare = &visitKind{code: "SDE", label: "Soins dentaires", family: reimburse.Dentist, low: 28_00, high: 90_00, specialty: "Chirurgien-dentiste"}
	crown      = &visitKind{code: "PRO", label: "Prothèse dentaire", family: reimburse.Dentist, low: 107_00, high: 121_00, over: 380_00, adults: true, specialty: "Chirurgien-dentiste"}
	midwife    = &visitKind{code: "SF", label: "Consultation de sage-femme", family: reimburse.Midwife, low: 25_00, high: 31_00, adults: true, women: true, specialty: "Sage-femme"}
	device     = &visitKind{code: "LPP", label: "Appareillage orthopédique", family: reimburse.Device, low: 18_00, high: 130_00, specialty: "Orthopédiste"}
	vehicle    = &visitKind{code: "VSL", label: "Transport en véhicule sanitaire léger", family: reimburse.Transport, low: 31_00, high: 94_00, units: 2, direct: true, specialty: "Transport sanitaire"}
	taxi       = &visitKind{code: "TXP", label: "Taxi conventionné", family: reimburse.Transport, low: 24_00, high: 88_00, units: 2, specialty: "Taxi conventionné"}
	hospital   = &visitKind{code: "GHS", label: "Frais de séjour", family: reimburse.Hospital, low: 850_00, high: 1400_00, direct: true, adults: true, specialty: hospitalSpecialty}
	emergency  = &visitKind{code: "FPU", label: "Forfait patient urgences", direct: true, specialty: hospitalSpecialty}
)

// Kinds of visits of generated people: what is common, and what one has now and
// then.
var (
	commonVisits = []*visitKind{general, general, specialist, dentist, physio, biology, pharmacy, pharmacy, pharmacy30}
	rareVisits   = []*visitKind{imaging, imaging, dentalCare, crown, midwife, device, vehicle, taxi, hospital, emergency}
)

// The same of the people made by hand, who know their doctors by name.
var (
	commonByHand = []*visitKind{
		general.by("99700000001", "Dr Anne Le Goff", "Médecin généraliste", "Lyon"),
		general.by("99700000002", "Dr Karim Benali", "Médecin généraliste", "Paris"),
		specialist.by("99700000003", "Dr Hélène d'Aubigné", "Dermatologue", "Paris"),
		pharmacy.by("99700000004", "Pharmacie des Terreaux", "Pharmacie", "Lyon"),
		pharmacy30.by("99700000004", "Pharmacie des Terreaux", "Pharmacie", "Lyon"),
		biology.by("99700000005", "Laboratoire Saint-Jean", "Biologie médicale", "Ajaccio"),
		physio.by("99700000006", "Mme Sophie Œrtel", "Masseur-kinésithérapeute", "Lyon"),
		dentalCare.by("99700000007", "Dr Paul Nguyễn", "Chirurgien-dentiste", "Saint-Denis"),
	}
	rareByHand = []*visitKind{
		imaging.by("99700000009", "Dr Éric Lœuillet", "Radiologue", "Lyon"),
		crown.by("99700000007", "Dr Paul Nguyễn", "Chirurgien-dentiste", "Saint-Denis"),
		midwife.by("99700000010", "Mme Nadia Haddad", "Sage-femme", "Paris"),
		vehicle.by("99700000011", "Ambulances de la Saône", "Transport sanitaire", "Lyon"),
		taxi.by("99700000012", "Taxi Ajacciu", "Taxi conventionné", "Ajaccio"),
		hospital.by("99700000013", "Hôpital de la Croix-Verte", "Centre hospitalier", "Lyon"),
		emergency.by("99700000013", "Hôpital de la Croix-Verte", "Centre hospitalier", "Lyon"),
	}
)

// by is a kind of visit that one professional alone does.
func (v visitKind) by(number, name, specialty, town string) *visitKind {
	v.staff = []ingest.Professional{professional(number, name, specialty, town)}
	return &v
}

func professional(number, name, specialty, town string) ingest.Professional {
	return ingest.Professional{Number: number, Name: name, Specialty: specialty, Town: &town}
}

// Children under youngAge have a price of their own at general practitioners: the
// table has it since the agreement of 2024.
const youngAge = 6

var youngSince = date(2024, 12, 22)

func (v *visitKind) price(r *rand.Rand, rules reimburse.Parameters, day, born civil.Date) (money.Cents, error) {
	switch {
	case v.young != "" && born.AgeOn(day) < youngAge && !day.Before(youngSince):
		return rules.Price(v.young, day)
	case v.tariff != "":
		return rules.Price(v.tariff, day)
	}
	return v.low + money.Cents(r.IntN(int(v.high-v.low))), nil
}

// reimburse computes one line of a visit by the rules. Nobody asks more than the
// tariff of who has the C2S (general knowledge, unverified).
func (v *visitKind) reimburse(r *rand.Rand, rules reimburse.Parameters, at reimburse.Care, counters reimburse.Counters) (reimburse.Reimbursement, error) {
	price, err := v.price(r, rules, at.On, at.Patient.Born)
	if err != nil {
		return reimburse.Reimbursement{}, err
	}
	at.Price, at.Spent = price, price
	if !at.Patient.C2S {
		at.Spent += v.over
	}
	switch v.family {
	case reimburse.Medicine7, reimburse.Medicine4:
		return rules.Medicines(reimburse.Medicines{Care: at, Class: v.family}, counters)
	case reimburse.Transport:
		return rules.Journeys(reimburse.Journeys{Care: at, Count: v.units}, counters)
	case reimburse.Device:
		return rules.Devices(reimburse.Devices{Care: at}, counters)
	}
	act := reimburse.Act{Care: at, Family: v.family}
	if v.family == reimburse.Doctor && r.IntN(20) == 0 {
		act.Pathway = reimburse.PathwayOutside
	}
	return rules.Act(act, counters)
}
