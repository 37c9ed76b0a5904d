package reimburse

import (
	"fmt"

	"comptesante/domain/civil"
	"comptesante/domain/dated"
	"comptesante/domain/money"
)

// Caps is the most that is held back of one beneficiary in a civil year of
// reimbursement; Year is counted against it.
type Caps struct {
	Year          int
	Participation Cap
	Franchise     Cap
}

// Cap is the most of a year, by cents and, where the rule has it, by number: the
// one that is reached first ends the year.
type Cap struct {
	Cents money.Cents
	Count *int // nil where the number is not capped
}

// YearCaps is the caps of a civil year. It fails for a year of which none are
// known. They do not change within a year (its test holds that).
func (p Parameters) YearCaps(year int) (Caps, error) {
	l := lookup{day: civil.Date{Year: year, Month: 1, Day: 1}}
	participation, franchise := &p.known().participation, &p.known().franchise
	caps := Caps{
		Year:          year,
		Participation: Cap{Cents: at(&l, participation.yearCap)},
		Franchise:     Cap{Cents: at(&l, franchise.yearCap)},
	}
	if participation.stopAtCount.Value {
		count := at(&l, participation.yearCount)
		caps.Participation.Count = &count
	}
	if l.err != nil {
		return Caps{}, l.err
	}
	return caps, nil
}

// RetentionRules is what is held back as of a day, told for people: amounts and
// daily caps for care on that day, yearly caps for a reimbursement on it.
type RetentionRules struct {
	On            civil.Date
	Participation ParticipationRules
	Franchise     FranchiseRules
}

// ParticipationRules is the participation forfaitaire.
type ParticipationRules struct {
	PerAct       RetentionAmount
	PerDay       RetentionAmount
	PerDayCount  RetentionCount
	PerYear      RetentionAmount
	PerYearCount *RetentionCount // nil where the number is not capped
}

// FranchiseRules is the franchise médicale.
type FranchiseRules struct {
	PerBox, PerAct, PerJourney RetentionAmount
	ActsPerDay, JourneysPerDay RetentionAmount
	PerYear                    RetentionAmount
}

// RetentionAmount is an amount of the rules with what is told of it.
type RetentionAmount struct {
	Amount money.Cents
	Told
}

// RetentionCount is a number of the rules with what is told of it.
type RetentionCount struct {
	Count int
	Told
}

// Told is what is told of a value.
type Told struct {
	Explanation string // a French sentence
	Since       civil.Date
	Until       *civil.Date // nil where no end is known
	Doubtful    bool        // its sources are few, disagree or are silent
	Source      string      // as Cite writes it
}

// RetentionRules is the rules of a day. It fails for a day on which one of their
// values is not known.
func (p Parameters) RetentionRules(day civil.Date) (RetentionRules, error) {
	l := lookup{day: day}
	r := RetentionRules{On: day, Participation: p.known().participation.told(&l), Franchise: p.known().franchise.told(&l)}
	if l.err != nil {
		return RetentionRules{}, l.err
	}
	return r, nil
}

func (r *participationRules) told(l *lookup) ParticipationRules {
	const day, year = "Pour une même journée et un même professionnel de santé", "par personne et par année civile, selon la date du remboursement"
	p := ParticipationRules{
		PerAct: tellAmount(l, r.amount, "Une participation forfaitaire de %s est retenue sur chaque consultation ou acte d'un médecin, examen d'imagerie ou analyse de biologie médicale."),
		PerDay: tellAmount(l, r.dayCap, day+", les participations forfaitaires sont limitées à %s."),
		PerDayCount: tellCount(l, r.dayCount, func(n int) string {
			return fmt.Sprintf("%s, le nombre de participations forfaitaires est limité à %d.", day, n)
		}),
		PerYear: tellAmount(l, r.yearCap, "Les participations forfaitaires sont limitées à %s "+year+"."),
	}
	if r.stopAtCount.Value {
		count := tellCount(l, r.yearCount, func(n int) string {
			return fmt.Sprintf("Le nombre de participations forfaitaires est limité à %d %s.", n, year)
		})
		p.PerYearCount = &count
	}
	return p
}

func (r *franchiseRules) told(l *lookup) FranchiseRules {
	return FranchiseRules{
		PerBox:         tellAmount(l, r.box, "Une franchise de %s est retenue sur chaque boîte de médicament remboursée."),
		PerAct:         tellAmount(l, r.act, "Une franchise de %s est retenue sur chaque acte d'un auxiliaire médical (infirmier, masseur-kinésithérapeute, orthophoniste, orthoptiste, pédicure-podologue)."),
		PerJourney:     tellAmount(l, r.journey, "Une franchise de %s est retenue sur chaque trajet en transport sanitaire, hors urgence."),
		ActsPerDay:     tellAmount(l, r.actsPerDay, "Pour une même journée, les franchises sur les actes d'auxiliaires médicaux sont limitées à %s, tous professionnels confondus."),
		JourneysPerDay: tellAmount(l, r.journeysPerDay, "Pour une même journée, les franchises sur l'ensemble des transports sont limitées à %s."),
		PerYear: tellAmount(l, r.yearCap, "Les franchises sur les médicaments, les actes et les transports sont limitées ensemble à %s par personne et par année civile, selon la date du remboursement."+
			" Ce plafond est distinct de celui des participations forfaitaires."),
	}
}

// tellAmount tells an amount by a sentence that has one %s.
func tellAmount(l *lookup, t amounts, sentence string) RetentionAmount {
	v := on(l, t)
	return RetentionAmount{v.Value, tell(v, fmt.Sprintf(sentence, v.Value))}
}

func tellCount(l *lookup, t counts, sentence func(int) string) RetentionCount {
	v := on(l, t)
	return RetentionCount{v.Value, tell(v, sentence(v.Value))}
}

func tell[T any](v dated.Value[T], explanation string) Told {
	t := Told{Explanation: explanation, Since: v.From, Doubtful: v.Doubt != "" || v.StartDoubt != "", Source: Cite(v.Source)}
	if !v.To.IsZero() {
		t.Until = &v.To
	}
	return t
}
