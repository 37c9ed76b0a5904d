package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/reimburse"
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

// maxGenerated is how many people have numbers of their own.
const (
	months       = 55 * 12 // of birth, from January 1950 on
	serials      = 999
	maxGenerated = 2 * months * serials
)

// numbered gives the i-th person's NIR, without its key, and the month of
// birth that goes with it: born in a country (99 990) that the register does
// not have, so that it can belong to nobody. It is bench's convention too.
func numbered(i int) (number string, woman bool, born civil.Date) {
	sex, i := 1+i%2, i/2
	month, serial := i*7%months, 1+i/months
	born = civil.Date{Year: 1950 + month/12, Month: time.Month(1 + month%12)}
	return fmt.Sprintf("%d%02d%02d99990%03d", sex, born.Year%100, born.Month, serial), sex == 2, born
}

// account is an account of a bank (99 999) that does not exist, well-formed
// down to the national key.
func account(i int) string {
	const bank, branch = 99999, 99999
	key := 97 - (89*bank+15*branch+3*i)%97
	bban := fmt.Sprintf("%05d%05d%011d%02d", bank, branch, i, key)
	rest := 0
	for _, c := range bban + "152700" { // F, R and check digits of zero (ISO 7064)
		rest = (rest*10 + int(c-'0')) % 97
	}
	return fmt.Sprintf("FR%02d%s", 98-rest, bban)
}

// family makes the i-th person with the children, as of the day the demo began.
func family(r *rand.Rand, i int, began civil.Date) generated {
	number, woman, born := numbered(i)
	born.Day = 1 + r.IntN(28)
	g := generated{kind: kindOf(i), Person: Person{NIR: number, Born: born, FamilyName: pick(r, familyNames), GivenName: pick(r, menNames),
		Account: account(i), Caisse: pick(r, generatedCaisses[:4]), Mutuelle: mutuelles[r.IntN(3)].Code, CareAMonth: 1}}
	if woman {
		g.GivenName = pick(r, womenNames)
	}
	switch g.kind {
	case mgenMember:
		g.Mutuelle = mgen
	case solidarity:
		g.Mutuelle = c2s
	case alsaceMoselle:
		g.Caisse = pick(r, generatedCaisses[4:])
	case nothing:
		g.CareAMonth, g.Account = 0, ""
	case sixteen:
		g.Children = []Child{childOf(r, began.AddMonths(-16*12).AddDays(30)), childOf(r, began.AddMonths(-16*12).AddDays(-30))}
		return g
	case ordinary:
		if r.IntN(8) == 0 {
			g.Mutuelle = ""
		}
	}
	if age := born.AgeOn(began); 25 <= age && age < 50 {
		for n := range r.IntN(3) {
			g.Children = append(g.Children, childOf(r, began.AddMonths(-12*(1+4*n+r.IntN(4))).AddDays(-r.IntN(300))))
		}
	}
	return g
}

func childOf(r *rand.Rand, day civil.Date) Child {
	return Child{GivenName: pick(r, childNames), Born: func(civil.Date) civil.Date { return day }, Rank: 1}
}

// patient is what the rules know of one of the family.
func (g *generated) patient(born civil.Date) reimburse.Patient {
	return reimburse.Patient{Born: born, C2S: g.kind == solidarity, ALD: g.kind == longIllness, AlsaceMoselle: g.kind == alsaceMoselle}
}

// c2s is the complémentaire santé solidaire as a complementary organisation.
const c2s = "99000020"

// More funds and insurers than the seven need.
var (
	moreCaisses   = []domain.Caisse{{Code: "671", Name: "CPAM du Bas-Rhin"}, {Code: "571", Name: "CPAM de la Moselle"}}
	moreMutuelles = []domain.Mutuelle{{Code: c2s, Name: "Complémentaire santé solidaire"}}
)

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }
