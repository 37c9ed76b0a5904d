package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/ingest"
)

func date(year, month, day int) civil.Date {
	return civil.Date{Year: year, Month: time.Month(month), Day: day}
}

// act is a kind of care with its price and rate as of 2026 (rules of
// reimbursement, tarifs conventionnels); retained is the participation
// forfaitaire or the franchise, which children do not pay.
type act struct {
	code, label  string
	base         money.Cents
	over         money.Cents // charged above the base (dépassement)
	rate         int
	retained     money.Cents
	professional ingest.Professional
}

func professional(number, name, specialty, town string) ingest.Professional {
	return ingest.Professional{Number: number, Name: name, Specialty: specialty, Town: &town}
}

var acts = []act{
	{"G", "Consultation", 3000, 0, 70, 200, professional("99700000001", "Dr Anne Le Goff", "Médecin généraliste", "Lyon")},
	{"G", "Consultation", 3000, 0, 70, 200, professional("99700000002", "Dr Karim Benali", "Médecin généraliste", "Paris")},
	{"CS", "Consultation de spécialiste", 2500, 2500, 70, 200, professional("99700000003", "Dr Hélène d'Aubigné", "Dermatologue", "Paris")},
	{"PH7", "Médicaments à 65 %", 1240, 0, 65, 100, professional("99700000004", "Pharmacie des Terreaux", "Pharmacie", "Lyon")},
	{"PH4", "Médicaments à 30 %", 620, 0, 30, 100, professional("99700000004", "Pharmacie des Terreaux", "Pharmacie", "Lyon")},
	{"B", "Analyses de biologie", 2835, 0, 60, 200, professional("99700000005", "Laboratoire Saint-Jean", "Biologie médicale", "Ajaccio")},
	{"AMK", "Séance de kinésithérapie", 1700, 0, 60, 100, professional("99700000006", "Mme Sophie Œrtel", "Masseur-kinésithérapeute", "Lyon")},
	{"SDE", "Soins dentaires", 4360, 0, 60, 0, professional("99700000007", "Dr Paul Nguyễn", "Chirurgien-dentiste", "Saint-Denis")},
}

// line prices an act for somebody: the fund's share, half up to the cent, less
// what is held back, at most the share.
func (a act) line(caredOn civil.Date, exempt bool) ingest.Act {
	reimbursed := (a.base*money.Cents(a.rate) + 50) / 100
	retained := min(a.retained, reimbursed)
	if exempt {
		retained = 0
	}
	spent, base, rate, paid := a.base+a.over, a.base, a.rate, reimbursed-retained
	p := a.professional
	return ingest.Act{CaredOn: caredOn.String(), Act: a.code, Label: a.label, Professional: &p, SpentCents: &spent, BaseCents: &base,
		RatePercent: &rate, ReimbursedCents: &reimbursed, RetainedCents: retained, PaidCents: &paid}
}

// adultAge is from when the participation forfaitaire and the franchise are due
// (CSS R.160-20 exempts who is under 18 on 1 January; here, at the care).
const adultAge = 18

// payment makes a payment for a person, or one of the children, out of chance.
// began is the day that the children's ages count from.
func (p *Person) payment(r *rand.Rand, began, paidOn civil.Date, reference string) ingest.Line {
	born, who := p.Born, (*ingest.Beneficiary)(nil)
	if n := r.IntN(len(p.Children) + 1); n > 0 && p.Children[n-1].Born(began).AgeOn(paidOn) < domain.AutonomyAge {
		c := p.Children[n-1]
		born = c.Born(began)
		who = &ingest.Beneficiary{BirthDate: born.String(), Rank: c.Rank}
	}
	line := ingest.Line{NIR: p.NIR, Beneficiary: who, Reference: reference, Movement: "VIR " + paidOn.String(), PaidOn: paidOn.String(),
		Recipient: string(domain.ToAssure)}
	if r.IntN(3) == 0 {
		line.Recipient = string(domain.ToProfessional)
	}
	var sum, share money.Cents
	for range 1 + r.IntN(3) {
		caredOn := paidOn.AddDays(-3 - r.IntN(9))
		a := acts[r.IntN(len(acts))].line(caredOn, born.AgeOn(caredOn) < adultAge)
		line.Lines = append(line.Lines, a)
		sum, share = sum+*a.PaidCents, share+*a.BaseCents-*a.ReimbursedCents
	}
	line.AmountCents = &sum
	line.Complementary = p.part(r, began, paidOn, share)
	return line
}

// part is what the person's mutuelle adds: nothing yet for what was recent when
// the demonstration began.
func (p *Person) part(r *rand.Rand, began, paidOn civil.Date, share money.Cents) ingest.Part {
	switch {
	case p.Mutuelle == "":
		return ingest.Part{State: string(domain.StateNone)}
	case p.Mutuelle == mgen:
		return ingest.Part{State: string(domain.StateElsewhere), Mutuelle: mgen}
	case began.AddDays(-10).Before(paidOn):
		return ingest.Part{State: string(domain.StateAwaited), Mutuelle: p.Mutuelle}
	}
	return ingest.Part{State: string(domain.StateKnown), Mutuelle: p.Mutuelle, AmountCents: &share, PaidOn: paidOn.AddDays(1 + r.IntN(4)).String()}
}

// history makes a person's payments of the last thirty months, the oldest
// first: three more than can be seen, so that the window shows.
func (p *Person) history(r *rand.Rand, today civil.Date) (lines []ingest.Line) {
	for day := today.AddMonths(-30); day.Before(today); day = day.AddDays(1) {
		if r.IntN(30) < p.CareAMonth {
			lines = append(lines, p.payment(r, today, day, fmt.Sprintf("D%s", day)))
		}
	}
	return lines
}
