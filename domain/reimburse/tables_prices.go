package reimburse

import (
	"comptesante/domain/dated"
	"comptesante/domain/money"
)

// defaultPrices is the agreed prices (tarifs conventionnels) by the act's code.
func defaultPrices() map[string]amounts {
	prices := map[string]amounts{}
	price := func(code, label string, values ...dated.Value[money.Cents]) {
		prices[code] = amounts{Name: "price of " + code + ", " + label, Values: values}
	}
	span := dated.Span[money.Cents]
	single := func(v dated.Value[money.Cents], key string) dated.Value[money.Cents] {
		return v.Doubtful("tarif."+key, "single source")
	}
	unverified := func(v dated.Value[money.Cents], key string) dated.Value[money.Cents] {
		return v.Doubtful("tarif."+key, "unverified")
	}
	const from, end, since = "2024-12-22", "2025-12-31", "2026-01-01" // the agreement of 2024, and its second step

	price("G", "consultation of a general practitioner",
		span("2017-05-01", "2023-10-31", 25_00, "PRESSE"),
		span("2023-11-01", "2024-12-21", 26_50, "AMELI-TAUX, PRESSE").DoubtfulStart("tarif.G.2023", "general knowledge"),
		span(from, "", 30_00, "SP-F17042, E1"))
	price("GS", "consultation of a specialist in general practice", span(from, "", 30_00, "PRESSE"))
	price("G+MEG", "general practitioner, child under 6", span(from, "", 35_00, "E1"))
	price("TCG", "teleconsultation of a general practitioner", unverified(span(from, "", 25_00, "GENERAL"), "TCG"))
	price("GL", "long consultation over 80 years of age", span(since, "", 60_00, "ROFIM, PRESSE"))
	price("COE", "obligatory exam of a child, with certificate",
		single(span(from, end, 54_00, "URPS"), "COE.2024"), span(since, "", 60_00, "URPS, ROFIM"))
	price("COH", "obligatory exam until 2 years of age, paediatrician",
		single(span(from, end, 45_00, "URPS"), "COH.2024"), span(since, "", 50_00, "URPS, PRESSE"))
	price("CEH", "paediatrician, under 2 years of age", span(from, end, 39_00, "URPS, E1"), span(since, "", 40_00, "URPS"))
	price("CEP", "paediatric expertise, on referral", span(since, "", 60_00, "URPS"))
	price("APC", "advice of a consultant", single(span(from, "", 60_00, "E1"), "APC"))
	price("CNPSY", "psychiatrist, without 5 € of coordination",
		single(span(from, end, 50_00, "URPS"), "CNPSY.2024"), single(span(since, "", 52_00, "URPS"), "CNPSY.2026"))
	price("CSN", "neurologist, without 5 € of coordination",
		single(span(from, end, 50_00, "URPS"), "CSN.2024"), span(since, "", 52_00, "URPS, PRESSE"))
	price("CS_GERIATRE", "geriatrician, without 5 € of coordination",
		single(span(from, end, 32_00, "URPS"), "CS_GERIATRE.2024"), span(since, "", 37_00, "URPS"))
	price("CS_GYNECO", "gynaecologist, without 5 € of coordination",
		single(span(from, end, 32_00, "URPS"), "CS_GYNECO.2024"), single(span(since, "", 35_00, "URPS"), "CS_GYNECO.2026"))
	price("CS_MPR", "rehabilitation, without 5 € of coordination",
		single(span(from, end, 31_00, "URPS"), "CS_MPR.2024"), single(span(since, "", 35_00, "URPS"), "CS_MPR.2026"))
	price("CDE", "dermatologist, screening for melanoma",
		single(span(from, end, 54_00, "URPS"), "CDE.2024"), span(since, "", 60_00, "URPS"))
	price("CS", "specialist, base of sector 2 without OPTAM", unverified(span("2011-01-01", "", 23_00, "GENERAL"), "CS"))
	price("CS+MPC+MCS", "specialist of sector 1, coordinated", unverified(span("2017-05-01", "", 30_00, "GENERAL"), "CS+MPC+MCS"))
	price("C_DENT", "consultation of a dentist", single(span("2018-04-01", "", 23_00, "AMELI-TAUX"), "C_DENT"))
	price("AMK7.5", "session of kiné, 7.5 × 2.15 €",
		span("2012-07-16", "", 16_13, "HYPER, AMELI-TAUX").Doubtful("tarif.AMK7.5", "later values of the key letter were not checked"))
	price("AMI", "key letter of nurses", unverified(span("2012-05-27", "", 3_15, "GENERAL"), "AMI"))
	return prices
}
