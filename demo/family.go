package demo

import (
	"math/rand/v2"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// kind is what a generated person shows.
type kind int

const (
	ordinary    kind = iota
	nothing          // no care at all
	heavyUser        // heavyLines lines of care
	mgenMember       // the complementary part is on MGEN's site
	solidarity       // complémentaire santé solidaire (C2S)
	longIllness      // affection de longue durée (ALD)
	alsaceMoselle
	sixteen // children on both sides of 16
	byHand  // of People, and of no generated person
)

// cycle is how many people there are from one of a kind to the next.
const cycle = 50

// kindOf is the kind of the i-th person, from 0; one alone has heavyLines.
func kindOf(i int) kind {
	if at := i % cycle; at < int(sixteen) && (kind(at+1) != heavyUser || i < cycle) {
		return kind(at + 1)
	}
	return ordinary
}

// generated is a person made by number.
type generated struct {
	Person
	kind kind
}

// family makes the i-th person with the children, as of the day the demo began.
func family(r *rand.Rand, i int, began civil.Date) generated {
	number, born := Number(i)
	born.Day = 1 + r.IntN(28)
	g := generated{kind: kindOf(i), Person: Person{NIR: number, Born: born, FamilyName: familyName(r), GivenName: pick(r, menNames),
		Account: bankAccount(i), Caisse: pick(r, generalShares).Code, Mutuelle: mutuelles[r.IntN(3)].Code, CareAMonth: 1}}
	if g.woman() {
		g.GivenName = pick(r, womenNames)
	}
	age := born.AgeOn(began)
	if g.kind == sixteen && (age < 36 || age >= 58) { // too young or too old for it
		g.kind = ordinary
	}
	switch g.kind {
	case mgenMember:
		g.Mutuelle = mgen
	case solidarity:
		g.Mutuelle = c2s
	case alsaceMoselle:
		g.Caisse = pick(r, localShares).Code
	case nothing:
		g.CareAMonth, g.Account = 0, ""
	case sixteen: // in thirty days, and eleven months ago
		g.Children = []Child{childOf(r, began.AddMonths(-16*12).AddDays(30)), childOf(r, began.AddMonths(-17*12+1))}
		return g
	case ordinary:
		if r.IntN(8) == 0 {
			g.Mutuelle = ""
		}
	}
	if g.kind != nothing && g.kind != heavyUser && 20 <= age && age < 62 && r.IntN(20) == 0 {
		g.work = work{pay: 1500_00 + money.Cents(r.IntN(3000_00)), subrogated: r.IntN(3) == 0,
			leaves: []sickLeave{{ago: 5 + r.IntN(29*historyMonths), days: 5 + r.IntN(60)}}}
	}
	g.addChildren(r, age, began)
	return g
}

// addChildren gives somebody of an age at most two children, some years
// apart, and none before 20.
func (g *generated) addChildren(r *rand.Rand, age int, began civil.Date) {
	if age < 25 || age >= 50 {
		return
	}
	for n := range r.IntN(3) {
		years := 1 + 5*n + r.IntN(4)
		if born := began.AddMonths(-12 * years).AddDays(-r.IntN(300)); age-born.AgeOn(began) > 20 {
			g.Children = append(g.Children, childOf(r, born))
		}
	}
}

func childOf(r *rand.Rand, day civil.Date) Child {
	return Child{GivenName: pick(r, childNames), Born: func(civil.Date) civil.Date { return day }, Rank: 1}
}

func (p *Person) woman() bool { return p.NIR[0] == '2' }

// c2s is the complémentaire santé solidaire as a complementary organisation.
const c2s = "99000020"

// moreMutuelles are insurers that the seven made by hand need not.
var moreMutuelles = []domain.Mutuelle{{Code: c2s, Name: "Complémentaire santé solidaire"}}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }
