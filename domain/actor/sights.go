package actor

import (
	"comptesante/domain"
	"comptesante/domain/civil"
)

// SightsOf is what an assuré sees on a day (in Paris) of these people: of the own
// file, which comes first, and of others' files the children on whom they hold a
// mandate. The people of a file stand together. A file of another's of which
// nobody is seen is not there.
func SightsOf(assure int64, people []domain.Beneficiary, today civil.Date) []Sight {
	sights := []Sight{{Assure: assure}}
	for _, b := range people {
		own := b.ID.Assure == assure
		switch {
		case own && b.SeenByAssure(today):
			sights[0].Beneficiaries = append(sights[0].Beneficiaries, b.ID.Key)
		case !own && b.SeenByHolder(today):
			if sights[len(sights)-1].Assure != b.ID.Assure {
				sights = append(sights, Sight{Assure: b.ID.Assure})
			}
			last := &sights[len(sights)-1]
			last.Beneficiaries = append(last.Beneficiaries, b.ID.Key)
		}
	}
	return sights
}
