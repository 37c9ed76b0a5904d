package demo

import (
	"fmt"
	"math/rand/v2"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/reimburse"
	"comptesante/ingest"
)

// heavyLines is how many lines the heavy user has, heavyVisit in a payment.
const (
	heavyLines = 3000
	heavyVisit = 4
)

// patientAccount is what the fund counts of one beneficiary.
type patientAccount struct {
	born  civil.Date
	child *ingest.Beneficiary // nil for the assuré
	years map[int]reimburse.Year
	day   reimburse.Day // of the last care
	debt  money.Cents   // due of care in tiers payant, recovered on later payments
}

// care makes the payments of a generated family, in order of care.
type care struct {
	*generated
	r       *rand.Rand
	rules   reimburse.Parameters
	began   civil.Date
	people  []*patientAccount
	visits  int
	payment ingest.Line // being made
	sum     money.Cents // of its lines
	share   money.Cents // that a complementary pays
}

// payments gives a family's payments of thirty months to yield, the oldest care
// first.
func (g *generated) payments(r *rand.Rand, rules reimburse.Parameters, began civil.Date, yield func(ingest.Line) error) (*care, error) {
	c := &care{generated: g, r: r, rules: rules, began: began, people: []*patientAccount{{born: g.Born, years: map[int]reimburse.Year{}}}}
	for _, child := range g.Children {
		born := child.Born(began)
		c.people = append(c.people, &patientAccount{born: born, years: map[int]reimburse.Year{},
			child: &ingest.Beneficiary{BirthDate: born.String(), Rank: child.Rank}})
	}
	first := began.AddMonths(-30)
	last := began.AddDays(-12) // the payment is within twelve days
	for day := first; day.Before(last); day = day.AddDays(1) {
		heavy := g.kind == heavyUser && c.visits < heavyLines/heavyVisit
		if !heavy && (g.kind == heavyUser || g.CareAMonth == 0 || r.IntN(36) >= g.CareAMonth) {
			continue
		}
		line, err := c.visit(day, heavy)
		if err != nil {
			return c, err
		}
		if err := yield(line); err != nil {
			return c, err
		}
	}
	return c, nil
}

// someone is who is cared for on a day: children until they have an account.
func (c *care) someone(day civil.Date) *patientAccount {
	p := pick(c.r, c.people)
	if p.child != nil && (!p.born.Before(day) || p.born.AgeOn(day.AddDays(12)) >= domain.AutonomyAge) {
		return c.people[0]
	}
	return p
}

// visit makes the payment of one visit.
func (c *care) visit(day civil.Date, heavy bool) (ingest.Line, error) {
	c.visits++
	p, paidOn := c.someone(day), day.AddDays(3+c.r.IntN(9))
	what, n := pick(c.r, visitKinds), 1
	if heavy {
		p, what, n = c.people[0], pharmacy, heavyVisit
	} else if what.family == reimburse.Medicine7 {
		n = 1 + c.r.IntN(3)
	}
	c.sum, c.share = 0, 0
	c.payment = ingest.Line{NIR: c.NIR, Beneficiary: p.child, Reference: fmt.Sprintf("G%s-%d", day, c.visits), Movement: "VIR " + paidOn.String(),
		PaidOn: paidOn.String(), Recipient: string(domain.ToAssure)}
	direct := c.kind == solidarity || what.direct
	if direct {
		c.payment.Recipient = string(domain.ToProfessional)
	}
	who := what.professional(c.r.IntN(len(towns)))
	if p.day.On != day {
		p.day = reimburse.Day{On: day}
	}
	p.day.Participation = reimburse.Tally{} // another professional each visit
	for range n {
		if err := c.line(p, what, reimburse.Care{On: day, PaidOn: paidOn, Patient: c.patient(p.born), TiersPayant: direct}, &who); err != nil {
			return ingest.Line{}, err
		}
	}
	sum := c.sum
	c.payment.AmountCents = &sum
	c.payment.Complementary = c.complementary(paidOn)
	return c.payment, nil
}

// line prices one line by the rules and counts it.
func (c *care) line(p *patientAccount, what visitKind, at reimburse.Care, who *ingest.Professional) error {
	price, err := what.price(c.r, c.rules, at.On)
	if err != nil {
		return err
	}
	at.Price, at.Spent = price, price+what.over
	counters := reimburse.Counters{Year: p.years[at.PaidOn.Year], Day: p.day}
	var got reimburse.Reimbursement
	if what.family == reimburse.Medicine7 {
		got, err = c.rules.Medicines(reimburse.Medicines{Care: at, Class: what.family}, counters)
	} else {
		act := reimburse.Act{Care: at, Family: what.family}
		if what.family == reimburse.Doctor && c.r.IntN(20) == 0 {
			act.Pathway = reimburse.PathwayOutside
		}
		got, err = c.rules.Act(act, counters)
	}
	if err != nil {
		return err
	}
	p.years[at.PaidOn.Year], p.day = got.Counters.Year, got.Counters.Day
	p.debt += got.Deferred
	if !at.TiersPayant {
		recovered := min(p.debt, got.Paid)
		p.debt, got.Retained, got.Paid = p.debt-recovered, got.Retained+recovered, got.Paid-recovered
	}
	c.add(what, &got, who)
	return nil
}

func (c *care) add(what visitKind, got *reimburse.Reimbursement, who *ingest.Professional) {
	spent, rate := got.Base+got.Depassement, int(got.Rate)/100
	c.payment.Lines = append(c.payment.Lines, ingest.Act{CaredOn: got.CareOn.String(), Act: what.code, Label: what.label, Professional: who,
		SpentCents: &spent, BaseCents: &got.Base, RatePercent: &rate, ReimbursedCents: &got.Gross, RetainedCents: got.Retained, PaidCents: &got.Paid})
	c.sum += got.Paid
	if c.kind == solidarity {
		c.share += got.C2SPaid
		return
	}
	c.share += got.TicketModerateur - got.HorsParcours // mutuelles mostly leave the majoration to the patient
}

// complementary is the mutuelle's part, as for the people made by hand.
func (c *care) complementary(paidOn civil.Date) ingest.Part {
	return c.part(c.r, c.began, paidOn, c.share)
}

// visitKind is a kind of visit.
type visitKind struct {
	code, label, specialty string
	family                 reimburse.Family
	tariff                 string      // code of Price; empty for a price drawn between low and high
	low, high              money.Cents // where no tariff is known
	over                   money.Cents // dépassement
	direct                 bool        // usually in tiers payant
}

var pharmacy = visitKind{code: "PH7", label: "Médicaments à 65 %", specialty: "Pharmacie", family: reimburse.Medicine7, low: 2_10, high: 24_00, direct: true}

var visitKinds = []visitKind{
	{code: "G", label: "Consultation", specialty: "Médecin généraliste", family: reimburse.Doctor, tariff: "G"},
	{code: "CS", label: "Consultation de spécialiste", specialty: "Dermatologue", family: reimburse.Doctor, tariff: "CS", over: 30_00},
	{code: "C", label: "Consultation dentaire", specialty: "Chirurgien-dentiste", family: reimburse.Dentist, tariff: "C_DENT"},
	{code: "AMK", label: "Séance de kinésithérapie", specialty: "Masseur-kinésithérapeute", family: reimburse.Auxiliary, tariff: "AMK7.5"},
	{code: "B", label: "Analyses de biologie", specialty: "Biologie médicale", family: reimburse.Biology, low: 12_00, high: 58_00, direct: true},
	pharmacy, pharmacy,
}

func (v visitKind) price(r *rand.Rand, rules reimburse.Parameters, day civil.Date) (money.Cents, error) {
	if v.tariff != "" {
		return rules.Price(v.tariff, day)
	}
	return v.low + money.Cents(r.IntN(int(v.high-v.low))), nil
}

// professional is the one of a kind in a town; numbers that begin with 998 are
// given to nobody.
func (v visitKind) professional(town int) ingest.Professional {
	number := fmt.Sprintf("998%s%02d", v.code, town)
	return professional(number, v.specialty+" de "+familyNames[town], v.specialty, towns[town])
}
