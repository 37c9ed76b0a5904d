package reimburse

import "comptesante/domain/civil"

// heavy tells whether an act is heavy: a doctor's act by its base price or its
// coefficient, imaging by its base price alone.
func (l *line) heavy(a Act) bool {
	if a.Family != Doctor && a.Family != Imaging {
		return false
	}
	if a.Family == Doctor && a.Coefficient >= l.rules.heavy.coefficient.Value {
		return true
	}
	return a.Price >= at(&l.lookup, l.rules.heavy.threshold)
}

// heavyExempt tells whether the patient does not owe the flat amount of a heavy
// act: neither do they owe a share (CSS R.160-16).
func (p Patient) heavyExempt(day civil.Date) bool {
	return p.ALD || p.Maternity || p.WorkAccident || p.C2S || p.WorkPension || p.Invalidity || p.newborn(day)
}
