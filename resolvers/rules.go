package resolvers

import (
	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/reimburse"
)

// retentionRules is what is held back by the rules in force on a day, today
// where none is given. They are in memory: nothing is read.
func (r *Resolver) retentionRules(on *civil.Date) (*reimburse.RetentionRules, error) {
	day := civil.Of(r.Now())
	if on != nil {
		day = *on
	}
	rules, err := r.DB.Parameters().RetentionRules(day)
	if err != nil {
		return nil, domain.Errorf(domain.Validation, "%v: give a later day", err)
	}
	return &rules, nil
}
