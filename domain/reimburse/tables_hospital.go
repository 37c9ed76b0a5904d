package reimburse

import (
	"comptesante/domain/dated"
	"comptesante/domain/money"
)

// stayRules is what a patient owes for a stay: the forfait journalier
// hospitalier (CSS L.174-4), which the AMO never pays, and until when a share.
type stayRules struct {
	general    amounts // per day, by day
	psychiatry amounts // per day in psychiatry, by day
	discharge  fixed[bool]
	noNight    fixed[bool]
	after30    fixed[bool]
}

func defaultStay() stayRules {
	return stayRules{
		general: amounts{Name: "forfait journalier hospitalier", Values: []dated.Value[money.Cents]{
			dated.Span("2018-01-01", "2026-02-28", money.Cents(20_00), "COMPNEZ"),
			dated.Span("2026-03-01", "", money.Cents(23_00), "QC-0326, AFP-0226 (arrêté, JO of 2026-02-28)"),
		}},
		psychiatry: amounts{Name: "forfait journalier hospitalier in psychiatry", Values: []dated.Value[money.Cents]{
			dated.Span("2018-01-01", "2026-02-28", money.Cents(15_00), "AFP-0226"),
			dated.Span("2026-03-01", "", money.Cents(17_00), "QC-0326, AFP-0226"),
		}},
		discharge: fixed[bool]{
			Name: "the forfait journalier is due for the day of discharge", Value: true, Source: "GENERAL",
			Key: "forfait-journalier.jour-de-sortie", Doubt: "unverified",
		},
		noNight: fixed[bool]{
			Name: "the forfait journalier is due for a stay without a night", Value: false, Source: "GENERAL",
			Key: "forfait-journalier.sans-nuit", Doubt: "unverified",
		},
		after30: fixed[bool]{
			Name: "no share from the 31st day of a stay, its cost parted evenly among its days", Value: true, Source: "CSS R.160-16 V; OWN for the parting",
			Key: "sejour.exoneration-31e-jour", Doubt: "how the cost of a long stay is parted is unverified",
		},
	}
}

func (r *stayRules) tables() []table {
	return []table{over(r.general), over(r.psychiatry), &r.discharge, &r.noNight, &r.after30}
}

// emergencyRules is the forfait patient urgences (CSS L.160-13 I).
type emergencyRules struct {
	full, reduced amounts
	c2s, ame      fixed[bool]
}

func defaultEmergency() emergencyRules {
	forfait := func(name, key string, before, since money.Cents) amounts {
		return amounts{Name: name, Values: []dated.Value[money.Cents]{
			dated.Span("2022-01-01", "2026-02-28", before, "QC-0326, AFP-0226").DoubtfulStart(key, "unverified"),
			dated.Span("2026-03-01", "", since, "QC-0326, AFP-0226"),
		}}
	}
	return emergencyRules{
		full:    forfait("forfait patient urgences", "urgences.plein.2022", 19_61, 23_00),
		reduced: forfait("reduced forfait patient urgences", "urgences.minore.2022", 8_49, 9_96),
		c2s: fixed[bool]{
			Name: "the C2S pays the forfait patient urgences", Value: true, Source: "CSS L.160-13 I: a complementary may pay it; GENERAL that the C2S does",
			Key: "urgences.c2s", Doubt: "not told of the C2S by any source that was read",
		},
		ame: fixed[bool]{
			Name: "the forfait patient urgences is not due under the AME", Value: true, Source: "PRESSE",
			Key: "urgences.ame", Doubt: "single source (lelynx.fr on the decree of February 2022)",
		},
	}
}

func (r *emergencyRules) tables() []table {
	return []table{over(r.full), over(r.reduced), &r.c2s, &r.ame}
}
