package domain

import (
	"time"

	"comptesante/domain/civil"
)

// Mandate is a second parent's right to see one child of another's file
// (garde partagée, CSS R.161-8: a child can be attached to both parents).
type Mandate struct {
	Child   ID        // the beneficiary; its Assure is whose file
	Holder  int64     // the assuré who is the second parent
	Granted time.Time // since when
	Ended   time.Time // zero while it stands
}

// MaxMandates is how many mandates somebody can hold at once [OWN]: each costs
// their every request a row, and each file that it opens a statement.
const MaxMandates = 20

// SeenByHolder tells whether who holds a standing mandate on this beneficiary
// sees their care on a day (in Paris): a child's, for as long as the file's own
// assuré sees it, and nobody else's.
func (b Beneficiary) SeenByHolder(today civil.Date) bool {
	return b.Relation == Child && b.SeenByAssure(today)
}

// MandateFault is why somebody cannot be given a mandate on a beneficiary on a
// day, nil where they can. held is how many they hold.
func MandateFault(b Beneficiary, holder int64, held int, today civil.Date) error {
	switch {
	case b.ID.Assure == holder:
		return Errorf(Validation, "the second parent is the one whose file it is: name another person")
	case b.Relation != Child:
		return Errorf(Validation, "a mandate is for a child: this is the assuré themself")
	case !b.SeenByHolder(today):
		return Errorf(Validation, "the child is %d or older: their file is closed to both parents", AutonomyAge)
	case held >= MaxMandates:
		return Errorf(Conflict, "the second parent holds %d mandates already: end one first", held)
	}
	return nil
}

// AccessibleFile is what of another's file somebody may see: whose it is by its
// id alone, nothing of that person, and the beneficiaries in sight.
type AccessibleFile struct {
	Assure        ID
	Beneficiaries []Beneficiary // nil where they were not asked for
}
