package reimburse

import "comptesante/domain/dated"

// rateRules is the share that the AMO pays (legal corridors of the patient's
// share: CSS R.160-5), by date of care.
type rateRules struct {
	family        map[Family]rates
	alsaceMoselle map[Family]rates
	aspa          rates
	ald           rates
	maternity     rates
	workAccident  rates
}

func defaultRates() rateRules {
	return rateRules{
		family:        familyRates(),
		alsaceMoselle: localRates(),
		aspa:          rate("rate for ASPA", dated.Span("2005-01-01", "", percent(80), "KINE").Doubtful("taux.aspa", "single source")),
		ald:           rate("rate for a related ALD", dated.Span("2005-01-01", "", percent(100), "QC-0426")),
		maternity: rate("rate in the maternity window", dated.Span("2005-01-01", "", percent(100), "AMELI-PF, by its context").
			Doubtful("taux.maternite", "single source")),
		workAccident: rate("rate for a work accident", dated.Span("2005-01-01", "", percent(100), "GENERAL").
			Doubtful("taux.at-mp", "unverified")),
	}
}

func rate(name string, values ...dated.Value[Rate]) rates { return rates{Name: name, Values: values} }

func familyRates() map[Family]rates {
	return map[Family]rates{
		Doctor: rate("rate of doctors", dated.Span("2005-07-01", "", percent(70), "SP-F17042")),
		Midwife: rate("rate of midwives", dated.Span("2005-07-01", "", percent(70), "AMELI-TAUX").
			Doubtful("taux.sage-femme", "single source")),
		Dentist: rate("rate of dentists",
			dated.Span("2005-07-01", "2023-10-14", percent(70), "KLESIA"),
			dated.Span("2023-10-15", "", percent(60), "KLESIA")),
		Auxiliary: rate("rate of auxiliaries", dated.Span("2011-05-02", "", percent(60), "CSS R.160-5 4°, KINE")),
		Biology:   rate("rate of biology", dated.Span("2011-05-02", "", percent(60), "CSS R.160-5 5°, PDF")),
		Imaging: rate("rate of imaging", dated.Span("2005-07-01", "", percent(70), "PDF").
			Doubtful("taux.imagerie", "single source")),
		Medicine1: rate("rate of irreplaceable medicines", dated.Span("2011-05-02", "", percent(100), "PDF").
			Doubtful("taux.med-100", "single source")),
		Medicine7: rate("rate of medicines of major benefit", dated.Span("2011-05-02", "", percent(65), "PDF, PRESSE")),
		Medicine4: rate("rate of medicines of moderate benefit", dated.Span("2011-05-02", "", percent(30), "CSS R.160-5 6°, PDF")),
		Medicine2: rate("rate of medicines of low benefit", dated.Span("2011-05-02", "", percent(15), "CSS R.160-5 14°, PDF")),
		Device:    rate("rate of devices", dated.Span("2011-05-02", "", percent(60), "CSS R.160-5 8°")),
		Transport: rate("rate of journeys",
			dated.Span("2011-05-02", "2023-10-14", percent(65), "GENERAL").Doubtful("taux.transport.2011", "unverified"),
			dated.Span("2023-10-15", "", percent(55), "CSS R.160-5 9°: the lower bound").
				Doubtful("taux.transport.2023", "single source").DoubtfulStart("taux.transport.2023", "to be checked")),
		Hospital: rate("rate of stays", dated.Span("2005-01-01", "", percent(80), "CSS R.160-5 2°, SENAT")),
	}
}

// localRates is the rates of the régime local d'Alsace-Moselle. KINE says 90 %
// for all health professionals; 90 % of medicines is told for those at 65 %;
// of other medicines, devices and journeys nothing was found: they keep their
// family's rate.
func localRates() map[Family]rates {
	local := func(f Family, n int, source, key, why string) rates {
		return rate("rate in Alsace-Moselle, "+string(f), dated.Span("2005-01-01", "", percent(n), source).
			Doubtful("taux.alsace-moselle."+key, why))
	}
	return map[Family]rates{
		Doctor:    local(Doctor, 90, "KINE", "medecin", "single source"),
		Auxiliary: local(Auxiliary, 90, "KINE", "auxiliaire", "single source"),
		Medicine7: local(Medicine7, 90, "KINE", "med-65", "single source"),
		Midwife:   local(Midwife, 90, "KINE", "sage-femme", "told of all health professionals, not of this one"),
		Dentist:   local(Dentist, 90, "KINE", "dentiste", "told of all health professionals, not of this one"),
		Imaging:   local(Imaging, 90, "KINE", "imagerie", "told of all health professionals, not of this one"),
		Biology:   local(Biology, 90, "KINE", "biologie", "told of all health professionals, not of this one"),
		Hospital:  local(Hospital, 100, "GENERAL", "hopital", "unverified"),
	}
}

func (r *rateRules) tables() []table {
	var all []table
	for _, m := range []map[Family]rates{r.family, r.alsaceMoselle} {
		for _, f := range sortedKeys(m) {
			all = append(all, over(m[f]))
		}
	}
	return append(all, over(r.aspa), over(r.ald), over(r.maternity), over(r.workAccident))
}
