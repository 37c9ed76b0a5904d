package reimburse

import (
	"errors"
	"fmt"

	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// Care is what every line of care says: when, for whom, and at what price.
// Amounts are those of the whole line, all units together.
type Care struct {
	On          civil.Date // day of the care
	PaidOn      civil.Date // day of the reimbursement; zero: that of the care
	Patient     Patient
	Spent       money.Cents // charged
	Price       money.Cents // base price (base de remboursement, BR)
	TiersPayant bool        // the AMO's share goes to the professional
}

// Act is care by a professional: of the families MEDECIN, IMAGERIE, BIOLOGIE,
// SAGE_FEMME, DENTISTE and AUXILIAIRE.
type Act struct {
	Care
	Family      Family
	Quantity    int // acts of an auxiliary in the line; 0 counts as 1
	Pathway     Pathway
	Coefficient int  // of the act; 0: none is known
	Sampling    bool // for a biology exam that is billed apart
	Screening   bool // organised screening
	InStay      bool // during a hospital stay
}

// Medicines is boxes of one medicine.
type Medicines struct {
	Care
	Class  Family // MED_100, MED_65, MED_30 or MED_15
	Boxes  int    // 0 counts as 1
	InStay bool   // during a hospital stay
}

// Journeys is prescribed journeys of one day: VSL, ambulance or taxi.
type Journeys struct {
	Care
	Count  int  // one way each; 0 counts as 1
	Urgent bool // emergency transport, such as by the SAMU
}

// Devices is a device of the LPP. Nothing is held back of it.
type Devices struct{ Care }

// Reimbursement is what becomes of one line of care.
//
//	Base + Depassement = spent
//	Gross + TicketModerateur = Base
//	Retained + Deferred = Participation + Franchise
//	Paid + Retained = Gross
//	Remaining = spent - Gross + Participation + Franchise - C2SPaid
type Reimbursement struct {
	Family Family
	CareOn civil.Date
	PaidOn civil.Date

	Base             money.Cents
	Depassement      money.Cents // charged above the base
	Rate             Rate        // after the points of the majoration; of a heavy act, that of the part above the flat amount
	Gross            money.Cents // the AMO's share, before what is held back
	TicketModerateur money.Cents // the patient's share, majoration and flat amount included
	HorsParcours     money.Cents // majoration within TicketModerateur
	HeavyAct         money.Cents // flat participation within TicketModerateur
	Participation    money.Cents // participation forfaitaire due
	Franchise        money.Cents // franchise médicale due
	Exemption        Exemption   // why neither is due

	Retained  money.Cents // of both, held back on this line
	Deferred  money.Cents // of both, to be recovered on a later payment
	Paid      money.Cents
	Recipient Recipient
	C2SPaid   money.Cents // share that the complémentaire santé solidaire pays
	Remaining money.Cents // left for the patient and a complementary

	Counters Counters // after the line
	Steps    []Step
}

// amounts is every amount of the line.
func (r *Reimbursement) amounts() []*money.Cents {
	return []*money.Cents{
		&r.Base, &r.Depassement, &r.Gross, &r.TicketModerateur, &r.HorsParcours, &r.HeavyAct,
		&r.Participation, &r.Franchise, &r.Retained, &r.Deferred, &r.Paid, &r.C2SPaid, &r.Remaining,
	}
}

// Explain reads the steps as one line, such as
// "30,00 € × 70 % = 21,00 € − 2,00 € de participation forfaitaire".
func (r Reimbursement) Explain() string { return Line(r.Steps) }

// Act computes one line of a professional's act.
func (p Parameters) Act(a Act, c Counters) (Reimbursement, error) {
	switch a.Family {
	case Doctor, Imaging, Biology, Midwife, Dentist, Auxiliary:
	default:
		return Reimbursement{}, fmt.Errorf("no professional is of the family %q: medicines, journeys, devices and stays have their own rules", a.Family)
	}
	l, err := p.begin(a.Care, a.Family, a.Quantity, c)
	if err != nil {
		return Reimbursement{}, err
	}
	l.share(a)
	franchised := a.Family == Auxiliary // the first two reasons are the participation's alone
	switch {
	case a.Sampling && !franchised:
		l.exempt(ExemptSampling)
	case a.Screening && !franchised:
		l.exempt(ExemptScreening)
	case a.InStay:
		l.exempt(ExemptHospitalised)
	}
	l.retain()
	return l.finish()
}

// Medicines computes one line of a pharmacy.
func (p Parameters) Medicines(m Medicines, c Counters) (Reimbursement, error) {
	switch m.Class {
	case Medicine1, Medicine7, Medicine4, Medicine2:
	default:
		return Reimbursement{}, fmt.Errorf("no class of medicines %q: give MED_100, MED_65, MED_30 or MED_15", m.Class)
	}
	l, err := p.begin(m.Care, m.Class, m.Boxes, c)
	if err != nil {
		return Reimbursement{}, err
	}
	l.percentShare(points{})
	if m.InStay {
		l.exempt(ExemptHospitalised)
	}
	l.retain()
	return l.finish()
}

// Journeys computes one line of transport.
func (p Parameters) Journeys(j Journeys, c Counters) (Reimbursement, error) {
	l, err := p.begin(j.Care, Transport, j.Count, c)
	if err != nil {
		return Reimbursement{}, err
	}
	l.percentShare(points{})
	if j.Urgent {
		l.exempt(ExemptUrgent)
	}
	l.retain()
	return l.finish()
}

// Devices computes one line of devices.
func (p Parameters) Devices(d Devices, c Counters) (Reimbursement, error) {
	l, err := p.begin(d.Care, Device, 1, c)
	if err != nil {
		return Reimbursement{}, err
	}
	l.percentShare(points{})
	return l.finish()
}

// line is a line of care on its way to a Reimbursement.
type line struct {
	Reimbursement
	lookup
	care     Care
	quantity int
	rules    *rules
	steps    steps
}

// maxUnits bounds the boxes, acts or journeys of a line.
const maxUnits = 1000

func (p Parameters) begin(c Care, f Family, quantity int, k Counters) (*line, error) {
	if c.PaidOn.IsZero() {
		c.PaidOn = c.On
	}
	if err := c.check(quantity); err != nil {
		return nil, err
	}
	k, err := k.enter(c.PaidOn, c.On)
	if err != nil {
		return nil, err
	}
	l := &line{lookup: lookup{day: c.On}, care: c, quantity: max(1, quantity), rules: p.known()}
	l.Reimbursement = Reimbursement{
		Family: f, CareOn: c.On, PaidOn: c.PaidOn, Recipient: ToInsured, Counters: k,
		Base: min(c.Spent, c.Price), Depassement: max(0, c.Spent-c.Price),
		Exemption: c.Patient.exemption(p.known(), c.On),
	}
	if c.TiersPayant {
		l.Recipient = ToProfessional
	}
	l.steps.term(StepBase, l.Base, fmt.Sprintf("La base est le plus petit du prix payé (%s) et du tarif (%s) : %s.", c.Spent, c.Price, l.Base), l.Base.String())
	if l.Depassement > 0 {
		l.steps.add(StepExcess, l.Depassement, fmt.Sprintf("Le dépassement de %s n'est pas remboursé.", l.Depassement))
	}
	return l, nil
}

func (c Care) check(quantity int) error {
	if err := c.Patient.check(c.On); err != nil {
		return err
	}
	switch {
	case c.PaidOn.Before(c.On):
		return errors.New("the reimbursement is before the care: check both days")
	case c.Spent < 0 || c.Price < 0:
		return errors.New("an amount is below zero: a line is taken back with Reimbursement.Undo")
	case !c.Spent.Sane() || !c.Price.Sane():
		return fmt.Errorf("beyond %s: amounts are in cents", money.Max)
	case quantity < 0 || quantity > maxUnits:
		return fmt.Errorf("give 1 to %d units", maxUnits)
	}
	return nil
}

// finish parts what is due into what is held back here and what is owed later,
// and says who pays and who is left with what.
func (l *line) finish() (Reimbursement, error) {
	if l.err != nil {
		return Reimbursement{}, l.err
	}
	due := l.Participation + l.Franchise
	if !l.care.TiersPayant {
		l.Retained = min(due, l.Gross)
	}
	l.Deferred = due - l.Retained
	l.Paid = l.Gross - l.Retained
	l.Counters = l.Counters.count(l.Family, l.Participation, l.Franchise)
	l.payC2S()
	l.Remaining = l.care.Spent - l.Gross + due - l.C2SPaid
	l.tell()
	l.Steps = l.steps
	return l.Reimbursement, nil
}

// payC2S lets the C2S pay the patient's share.
func (l *line) payC2S() {
	if !l.care.Patient.C2S {
		return
	}
	l.C2SPaid = l.TicketModerateur
	if !l.rules.c2s.outside.Value {
		l.C2SPaid -= l.HorsParcours
	}
}

func (l *line) tell() {
	if l.Deferred > 0 {
		l.steps.term(StepDeferred, l.Deferred,
			fmt.Sprintf("À retenir sur un prochain paiement : %s.", l.Deferred),
			fmt.Sprintf("(dont %s à retenir plus tard)", l.Deferred))
	}
	to := "à l'assuré"
	if l.Recipient == ToProfessional {
		to = "au professionnel"
	}
	l.steps.add(StepPaid, l.Paid, fmt.Sprintf("L'assurance maladie verse %s %s.", l.Paid, to))
	if l.C2SPaid > 0 {
		l.steps.add(StepC2S, l.C2SPaid, fmt.Sprintf("La Complémentaire santé solidaire prend en charge %s.", l.C2SPaid))
	}
	l.steps.add(StepPatient, l.Remaining, fmt.Sprintf("Il reste %s à la charge du patient ou de sa complémentaire.", l.Remaining))
}
