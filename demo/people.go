// Package demo makes a demonstration: people one believes in, whose numbers
// can belong to nobody, and payments that come in through the same path as real
// ones.
package demo

import (
	"math/rand/v2"
	"time"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/iban"
	"comptesante/domain/nir"
	"comptesante/domain/reimburse"
	"comptesante/ingest"
)

// Person is an assuré of the demonstration.
type Person struct {
	NIR         string // of communes that do not exist
	GivenName   string
	FamilyName  string
	Born        civil.Date
	Account     string // IBAN; empty for none
	Caisse      string // code
	Mutuelle    string // code; empty for none
	Children    []Child
	CareAMonth  int // visits a month, about; 0 for an empty account
	work        work
	Description string // what the person shows
}

// Child is a child of a person.
type Child struct {
	GivenName  string
	Born       func(today civil.Date) civil.Date
	Rank       int
	SharedWith string // NIR of the other parent, who sees the child by a mandate; empty for none
}

// Label is what sessions of the demonstration are known by.
const Label = "demo"

var caisses = []domain.Caisse{
	{Code: "691", Name: "CPAM du Rhône"},
	{Code: "751", Name: "CPAM de Paris"},
	{Code: "201", Name: "CPAM de la Corse-du-Sud"},
	{Code: "974", Name: "CGSS de La Réunion"},
}

// Mutuelles: three that do not exist, and MGEN, which keeps the detail on its
// own site (product brief, "Accès spécifique pour les assurés MGEN").
var mutuelles = []domain.Mutuelle{
	{Code: "99000001", Name: "Mutuelle des Deux Rives", Site: text("https://deux-rives.example")},
	{Code: "99000002", Name: "Prévoyance du Littoral", Site: text("https://littoral.example")},
	{Code: "99000003", Name: "Entraide Solidaire"},
	{Code: mgen, Name: "MGEN", Site: text("https://www.mgen.fr")},
}

const mgen = "99000010"

func text(s string) *string { return &s }

func born(year, month, day int) func(civil.Date) civil.Date {
	d := date(year, month, day)
	return func(civil.Date) civil.Date { return d }
}

// turning is born so as to reach an age some days after today.
func turning(age, inDays int) func(civil.Date) civil.Date {
	return func(today civil.Date) civil.Date { return today.AddDays(inDays).AddMonths(-12 * age) }
}

// People are the assurés of the demonstration.
var People = []Person{
	{NIR: "185057599000129", GivenName: "Thomas", FamilyName: "Lefèvre", Born: date(1985, 5, 14), Account: "FR1420041010050500013M02606",
		Caisse: "691", Mutuelle: "99000001", CareAMonth: 3, Description: "a family with a mutuelle; Léa is shared with Lucia",
		Children: []Child{{GivenName: "Léa", Born: born(2017, 9, 3), SharedWith: "279032A99000404"}, {GivenName: "Hugo", Born: turning(16, 30)}, {GivenName: "Manon", Born: turning(16, -330)}}},
	{NIR: "292037599100258", GivenName: "Aïssatou", FamilyName: "N'Diaye", Born: date(1992, 3, 8), Account: "FR7630006000011234567890189",
		Caisse: "751", Mutuelle: mgen, CareAMonth: 2, Description: "a teacher whose complementary part is on MGEN's site",
		Children: []Child{{GivenName: "Awa", Born: born(2021, 2, 28), Rank: 1}, {GivenName: "Moussa", Born: born(2021, 2, 28), Rank: 2}}},
	{NIR: "108117599200353", GivenName: "Noé", FamilyName: "Faure", Born: date(2008, 11, 2),
		Caisse: "751", CareAMonth: 1, Description: "a young person with an own account and no mutuelle"},
	{NIR: "279032A99000404", GivenName: "Lucia", FamilyName: "Santoni", Born: date(1979, 3, 30), Account: "FR7630004000031234567890143",
		Caisse: "201", Mutuelle: "99000002", CareAMonth: 4, Description: "born in Corsica (2A), sees Léa Lefèvre on Thomas's file (shared custody); has something to show in each tab of the playground",
		work: work{pay: 1900_00, leaves: []sickLeave{{ago: 75, days: 25}}}},
	{NIR: "190012B99000591", GivenName: "Ange", FamilyName: "Mattei", Born: date(1990, 1, 17), Account: "DE89370400440532013000",
		Caisse: "201", Mutuelle: "99000003", Description: "an empty account"},
	{NIR: "171069999900602", GivenName: "João", FamilyName: "Pereira da Silva", Born: date(1971, 6, 29), Account: "FR7630001007941234567890185",
		Caisse: "691", Mutuelle: "99000003", CareAMonth: 6, Description: "much care, and on sick leave",
		work: work{pay: 2600_00, leaves: []sickLeave{{ago: 520, days: 24}, {ago: 48, days: 60}}}},
	{NIR: "288019749900727", GivenName: "Marie-Noëlle", FamilyName: "Payet", Born: date(1988, 1, 5), Account: "FR1420041010050500013M02606",
		Caisse: "974", Mutuelle: "99000001", CareAMonth: 2, Description: "overseas (La Réunion); her employer was paid her daily allowances",
		work: work{pay: 2150_00, subrogated: true, leaves: []sickLeave{{ago: 190, days: 38}}}},
}

// history is the payments of a person made by hand, the oldest first.
func (p *Person) history(r *rand.Rand, today civil.Date) (lines []ingest.Line, err error) {
	g := generated{Person: *p, kind: byHand}
	_, err = g.payments(r, reimburse.Default(), today, func(l ingest.Line) error { lines = append(lines, l); return nil })
	return lines, err
}

func date(year, month, day int) civil.Date {
	return civil.Date{Year: year, Month: time.Month(month), Day: day}
}

// file is the person as a file to be opened.
func (p *Person) file(today civil.Date, caisse, mutuelle map[string]int64) (f domain.Assure, children []domain.Beneficiary, err error) {
	f = domain.Assure{FamilyName: p.FamilyName, GivenName: p.GivenName, BirthDate: p.Born, Caisse: domain.Caisse{ID: domain.ID{Key: caisse[p.Caisse]}}}
	if p.Mutuelle != "" {
		f.Mutuelle = &domain.Mutuelle{ID: domain.ID{Key: mutuelle[p.Mutuelle]}}
	}
	if f.NIR, err = nir.Parse(p.NIR); err != nil {
		return f, nil, err
	}
	if p.Account != "" {
		account, err := iban.Parse(p.Account)
		if err != nil {
			return f, nil, err
		}
		f.IBAN = &account
	}
	for _, c := range p.Children {
		children = append(children, domain.Beneficiary{Relation: domain.Child, FamilyName: p.FamilyName, GivenName: c.GivenName,
			BirthDate: c.Born(today), BirthRank: max(1, c.Rank)})
	}
	return f, children, nil
}
