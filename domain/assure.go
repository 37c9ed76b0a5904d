package domain

import (
	"comptesante/domain/civil"
	"comptesante/domain/iban"
	"comptesante/domain/nir"
)

// Assure is an insured person (assuré) and the head of their file.
type Assure struct {
	ID         ID
	NIR        nir.NIR
	FamilyName string
	GivenName  string
	BirthDate  civil.Date
	IBAN       *iban.IBAN // nil where no account is known
	Caisse     Caisse
	Mutuelle   *Mutuelle // nil where none is known

	Beneficiaries []Beneficiary // those in sight, oneself first; nil where they were not asked for
}

// IsNode marks an object that node(id:) can give.
func (Assure) IsNode() {}

// Relation is what a beneficiary is to the assuré (qualité).
type Relation string

// The relations. Adults have a file of their own since 2016 (protection
// universelle maladie), so that only children are attached to another's.
const (
	Self  Relation = "SELF"
	Child Relation = "CHILD"
)

// Beneficiary is a person whose care is paid on an assuré's account.
type Beneficiary struct {
	ID         ID
	FamilyName string
	GivenName  string
	BirthDate  civil.Date
	BirthRank  int // 1, or the order of birth of twins (rang gémellaire)
	Relation   Relation
}

// IsNode marks an object that node(id:) can give.
func (Beneficiary) IsNode() {}

// AutonomyAge is the age, in years, from which a child's file is closed to the
// parents' account (product brief, "à ses 16 ans").
const AutonomyAge = 16

// SeenByAssure tells whether the assuré sees this beneficiary's care on a day
// (in Paris): always their own, a child's until the day before the sixteenth
// birthday.
func (b Beneficiary) SeenByAssure(today civil.Date) bool {
	return b.Relation == Self || b.BirthDate.AgeOn(today) < AutonomyAge
}

// Caisse is a local fund (caisse primaire).
type Caisse struct {
	ID   ID
	Code string
	Name string
}

// IsNode marks an object that node(id:) can give.
func (Caisse) IsNode() {}

// Mutuelle is a complementary insurer.
type Mutuelle struct {
	ID   ID
	Code string
	Name string
	Site *string // address of the members' site; nil where there is none
}

// IsNode marks an object that node(id:) can give.
func (Mutuelle) IsNode() {}

// Professional is a health professional, a pharmacy or an establishment.
type Professional struct {
	ID        ID
	Number    string // RPPS, ADELI or FINESS number; public, the key of the directory
	Name      string
	Specialty string
	Town      *string // nil where unknown
}

// IsNode marks an object that node(id:) can give.
func (Professional) IsNode() {}

// Node is an object with an ID.
type Node interface{ IsNode() }
