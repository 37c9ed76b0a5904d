package reimburse

import (
	"comptesante/domain/dated"
	"comptesante/domain/money"
)

// pathwayRules is the majoration of the patient's share outside the pathway
// (CSS R.160-6: 37.5 to 42.5 % of the base).
type pathwayRules struct {
	points          rates       // percent of the base, by date of care
	specialistPrice amounts     // price whose points are the most that is due
	imaging         fixed[bool] // whether imaging bears it, as doctors' acts do
	afterAll        fixed[bool] // whether its points come off the rates of Alsace-Moselle and ASPA too
	age             fixed[int]  // years, at the date of care, from which it is due
}

func defaultPathway() pathwayRules {
	return pathwayRules{
		points: rate("majoration hors parcours", dated.Span("2009-02-01", "", percent(40), "SP-F17042 (30 % paid), CSS R.160-6").
			DoubtfulStart("hors-parcours.points.2009", "approximate")),
		specialistPrice: amounts{Name: "price of a sector-1 specialist consultation, which caps the majoration", Values: []dated.Value[money.Cents]{
			dated.Span("2009-02-01", "", money.Cents(30_00), "CSS R.160-6; GENERAL for the price (CS+MPC+MCS)").
				Doubtful("hors-parcours.prix-specialiste", "which price is meant is not settled"),
		}},
		imaging: fixed[bool]{
			Name: "imaging bears the majoration hors parcours", Value: true, Source: "GENERAL",
			Key: "hors-parcours.imagerie", Doubt: "unverified",
		},
		afterAll: fixed[bool]{
			Name: "the points of the majoration come off the highest of all rates, those of Alsace-Moselle and ASPA included", Value: true, Source: "OWN",
			Key: "hors-parcours.apres-le-plus-haut-taux", Doubt: "CSS R.160-6 says it of insured whose share is reduced or removed, such as ALD: not of these two; non: they keep their rate",
		},
		age: fixed[int]{
			Name: "age from which the majoration hors parcours is due", Value: 16, Source: "SP-F17042",
			Key: "hors-parcours.age", Doubt: "the exact text was not found",
		},
	}
}

func (r *pathwayRules) tables() []table {
	return []table{over(r.points), over(r.specialistPrice), &r.imaging, &r.afterAll, &r.age}
}

// heavyRules is the flat participation of heavy acts (participation forfaitaire
// pour actes lourds, CSS R.160-16), in place of a percentage.
type heavyRules struct {
	threshold   amounts // base price from which an act is heavy, by date of the act
	coefficient fixed[int]
	amount      amounts     // by date of the act
	onEntry     fixed[bool] // whether a stay's act of unknown date counts on the day of entry
}

func defaultHeavy() heavyRules {
	return heavyRules{
		threshold: amounts{Name: "base price from which an act is heavy", Values: []dated.Value[money.Cents]{
			dated.Span("2011-03-01", "", money.Cents(120_00), "APF29").Doubtful("acte-lourd.seuil", "single source"),
		}},
		coefficient: fixed[int]{
			Name: "coefficient from which an act is heavy", Value: 60, Source: "APF29",
			Key: "acte-lourd.coefficient", Doubt: "single source",
		},
		amount: amounts{Name: "participation for a heavy act", Values: []dated.Value[money.Cents]{
			dated.Span("2019-01-01", "2026-04-21", money.Cents(24_00), "APF29, COMPNEZ"),
			dated.Span("2026-04-22", "", money.Cents(32_00), "QC-0326").
				DoubtfulStart("acte-lourd.montant.2026", "QC-0326 says 22 April 2026, the draft (AFP-0226) said 1 April; CSS R.160-16 still printed 24 € on 2026-03-14"),
		}},
		onEntry: fixed[bool]{
			Name: "a heavy act of a stay, whose day is not known, counts on the day of entry", Value: true, Source: "OWN",
			Key: "acte-lourd.jour-d-entree", Doubt: "unverified; non: on the day of discharge",
		},
	}
}

func (r *heavyRules) tables() []table {
	return []table{over(r.threshold), &r.coefficient, over(r.amount), &r.onEntry}
}

// c2sRules is what the complémentaire santé solidaire pays.
type c2sRules struct{ outside fixed[bool] }

func defaultC2S() c2sRules {
	return c2sRules{outside: fixed[bool]{
		Name: "the C2S pays the majoration hors parcours too", Value: true, Source: "OWN",
		Key: "c2s.hors-parcours", Doubt: "not tested; contrats responsables do not pay it",
	}}
}

func (r *c2sRules) tables() []table { return []table{&r.outside} }
