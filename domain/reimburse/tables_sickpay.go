package reimburse

import (
	"comptesante/domain/dated"
	"comptesante/domain/money"
)

// The divisors of pay, in hundredths of a day: a quarter has 91.25 days (CSS
// R.323-4), a month 30.42 (CSS R.433-4).
const (
	quarterDays = 91_25
	monthDays   = 30_42
)

// sickPayRules is the indemnités journalières, by the first day of the leave.
type sickPayRules struct {
	rate      fixed[Rate] // of the daily pay
	multiple  rates       // of the SMIC that caps a month's pay
	smic      amounts     // gross monthly SMIC for 35 hours
	waiting   fixed[int]  // days of leave before the first that is paid
	longest   fixed[int]  // paid days in any three years
	aldApart  fixed[bool]
	pass      amounts     // yearly plafond de la sécurité sociale
	work      fixed[Rate] // AT/MP, days 1 to 28
	workLater fixed[Rate] // AT/MP, from day 29
	workCap   fixed[int]  // most of a day's pay that counts, in hundred-thousandths of the yearly PASS
	maternity fixed[Rate] // of the daily pay
	truncated fixed[bool] // whether the daily amount is cut to the cent
	csg, crds rates       // of the gross, by day of payment
}

// The SMIC and the PASS change at least each year, so their values end with the
// last year of which they are known. Then the last one holds on, and what is
// computed of it says so, until an operator gives the right one.
const (
	smicName  = "gross monthly SMIC"
	passName  = "yearly PASS"
	notKnown  = "not known when this release was made: give it when it is published"
	carriedOn = "OF for the value before, carried on"
)

var carriedNames = map[string]string{
	smicName: "Le SMIC mensuel brut",
	passName: "Le plafond annuel de la sécurité sociale (PASS)",
}

func defaultSickPay() sickPayRules {
	const during = "a rise during the year, where there is one: give its day and its value"
	return sickPayRules{
		rate: fixed[Rate]{Name: "rate of sick pay", Value: percent(50), Source: "CSS R.323-5"},
		multiple: rate("cap of a month's pay in SMIC",
			dated.Span("2012-01-01", "2025-03-31", percent(180), "AUDIT"),
			dated.Span("2025-04-01", "", percent(140), "AUDIT (DECRET 2025-160), PREV")),
		smic: amounts{Name: smicName, Values: []dated.Value[money.Cents]{
			dated.Span("2023-01-01", "2023-04-30", money.Cents(1709_28), "OF"),
			dated.Span("2023-05-01", "2023-12-31", money.Cents(1747_20), "OF"),
			dated.Span("2024-01-01", "2024-10-31", money.Cents(1766_92), "OF"),
			dated.Span("2024-11-01", "2025-12-31", money.Cents(1801_80), "OF"),
			dated.Span("2026-01-01", "2026-05-31", money.Cents(1823_03), "OF"),
			dated.Span("2026-06-01", "2026-12-31", money.Cents(1867_02), "OF"),
			dated.Unknown[money.Cents]("2027-01-01", "2027-06-30", carriedOn, "smic.2027", notKnown),
			dated.Unknown[money.Cents]("2027-07-01", "2027-12-31", carriedOn, "smic.2027-2", notKnown).DoubtfulStart("smic.2027-2", during),
			dated.Unknown[money.Cents]("2028-01-01", "2028-06-30", carriedOn, "smic.2028", notKnown),
			dated.Unknown[money.Cents]("2028-07-01", "", carriedOn, "smic.2028-2", notKnown).DoubtfulStart("smic.2028-2", during),
		}},
		waiting: fixed[int]{Name: "waiting days of sick pay", Value: 3, Source: "CSS R.323-1: paid from the 4th day; HRC"},
		longest: fixed[int]{Name: "paid days in any three years", Value: 360, Source: "CSS R.323-1"},
		aldApart: fixed[bool]{
			Name: "a long illness is paid for three years instead of the 360 days in any three years", Value: true, Source: "CSS R.323-1; OWN for the reading",
			Key: "ij.ald-trois-ans", Doubt: "the sources print both limits without saying to which leave each applies",
		},
		pass: amounts{Name: passName, Values: []dated.Value[money.Cents]{
			dated.Span("2024-01-01", "2024-12-31", money.Cents(46368_00), "OF"),
			dated.Span("2025-01-01", "2025-12-31", money.Cents(47100_00), "OF"),
			dated.Span("2026-01-01", "2026-12-31", money.Cents(48060_00), "OF"),
			dated.Unknown[money.Cents]("2027-01-01", "2027-12-31", carriedOn, "pass.2027", notKnown),
			dated.Unknown[money.Cents]("2028-01-01", "", carriedOn, "pass.2028", notKnown),
		}},
		work:      fixed[Rate]{Name: "rate of AT/MP pay until day 28", Value: percent(60), Source: "HRC, CSS R.433-2"},
		workLater: fixed[Rate]{Name: "rate of AT/MP pay from day 29", Value: percent(80), Source: "HRC, CSS R.433-2"},
		workCap:   fixed[int]{Name: "most of a day's pay in AT/MP, in hundred-thousandths of the PASS", Value: 834, Source: "CSS R.433-2: 0.834 % of the yearly PASS"},
		maternity: fixed[Rate]{
			Name: "rate of maternity pay", Value: percent(79), Source: "GENERAL; HRC prints the maximum of 2026, 104.02 €",
			Key: "ij.maternite.taux", Doubt: "derived: three pays at most at the PASS, 91.25 days, less 21 %, give the printed maximum",
		},
		truncated: fixed[bool]{
			Name: "the daily amount of sick pay is cut to the cent, not rounded half up", Value: false, Source: "OWN",
			Key: "ij.tronquee", Doubt: "service-public.fr prints 32.87 € for 2 000 € a month, which is cut; 41.95 and 41.47 € are printed too, and are the same either way",
		},
		csg:  rate("CSG on sick pay", dated.Span("1998-01-01", "", Rate(6_20), "AN-49251, EXPERTS, EXALIS").DoubtfulStart("ij.csg.1998", "approximate: the law is of 1997-12-19")),
		crds: rate("CRDS on sick pay", dated.Span("1998-01-01", "", Rate(50), "EXPERTS, EXALIS").DoubtfulStart("ij.crds.1998", "approximate")),
	}
}

func (r *sickPayRules) tables() []table {
	return []table{&r.rate, over(r.multiple), over(r.smic), &r.waiting, &r.longest, &r.aldApart, over(r.pass), &r.work, &r.workLater, &r.workCap, &r.maternity,
		&r.truncated, over(r.csg), over(r.crds)}
}

// noticeRules is what is asked of a notice of leave (avis d'arrêt de travail).
type noticeRules struct {
	days         fixed[int]        // to send it
	repeat       fixed[int]        // months in which a second late notice costs
	secured      dated.Table[bool] // whether unsecured paper forms are rejected, by day of prescription
	first, later dated.Table[int]  // longest leave in months, by day of prescription; 0: none
	sendingDay   fixed[bool]
}

func defaultNotice() noticeRules {
	return noticeRules{
		days:   fixed[int]{Name: "days to send a notice of leave", Value: 2, Source: "CSS R.321-2"},
		repeat: fixed[int]{Name: "months in which a second late notice halves the pay", Value: 24, Source: "CSS D.323-2"},
		secured: dated.Table[bool]{Name: "unsecured paper forms are rejected", Values: []dated.Value[bool]{
			dated.Span("1945-10-04", "2025-08-31", false, "LEGISOC; the secured form is a duty since 2025-07-01 (DECRET 2025-587)"),
			dated.Span("2025-09-01", "", true, "LEGISOC"),
		}},
		first: longest("longest first leave, in months", 1, "arret.duree-initiale.2026"),
		later: longest("longest extension of a leave, in months", 2, "arret.duree-prolongation.2026"),
		sendingDay: fixed[bool]{
			Name: "the day on which a late notice is sent is halved too", Value: false, Source: "OWN",
			Key: "arret.jour-d-envoi-reduit", Doubt: "CSS D.323-2 says between prescription and sending",
		},
	}
}

func longest(name string, months int, key string) dated.Table[int] {
	return dated.Table[int]{Name: name, Values: []dated.Value[int]{
		dated.Span("1945-10-04", "2026-08-31", 0, "LFSS2026: none before"),
		dated.Span("2026-09-01", "", months, "LFSS2026: a cap by decree, not below this").
			Doubtful(key, "the decree was not found"),
	}}
}

func (r *noticeRules) tables() []table {
	return []table{&r.days, &r.repeat, over(r.secured), over(r.first), over(r.later), &r.sendingDay}
}
