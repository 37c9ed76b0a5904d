package reimburse

import (
	"regexp"
	"slices"
	"strings"
)

// Sources says what the keys in the tables' sources stand for. They were read
// on 2026-11-22, most as stored copies.
var Sources = map[string]string{
	"CSS":        "Code de la sécurité sociale, texts in force on 2026-03-14 (DILA, Légifrance data)",
	"LFSS2026":   "loi de financement de la sécurité sociale pour 2026, art. 81 and 83, by efl.fr 2026-02-12",
	"DECRET":     "a decree that the text names",
	"SP-F17042":  "service-public.fr F17042, consultation prices, checked 2024-12-22",
	"AMELI-PF":   "ameli.fr, participation forfaitaire, archived 2016-04-20",
	"AMELI-TAUX": "ameli.fr, table of rates, 2024-09-24 (stored excerpt, stale for dentists and auxiliaries)",
	"CPAM21":     "solidarite.ameli-cpam21.fr, note on the change of 2024-05-15",
	"POLE":       "pharmaciens.poleformation-sante.fr, on the decree of 2024-02-16",
	"QC-0426":    "quechoisir.org 2024-04, franchises and participation",
	"QC-0326":    "quechoisir.org 2026-03-01, hospital charges, n174650",
	"AFP-0226":   "AFP, 2026-02-23 and 2026-02-28",
	"COMPNEZ":    "comparez-nous.fr, charges of 2026",
	"APF29":      "apf29 blog, 2019",
	"UCR":        "ucr.fr, participation forfaitaire",
	"BFM":        "bfmtv.com, 2025-08-07 and 2025-08-08",
	"KLESIA":     "klesiamut.fr and francetvinfo, 2023-10",
	"KINE":       "kineonline.fr",
	"HYPER":      "hyperassur.com, sheet on kiné",
	"PDF":        "placedesfinances.fr",
	"SENAT":      "nossenateurs.fr, on the 20 % share",
	"OF":         "openfisca-france a7038ee49 (2026-07-23), parameters",
	"AUDIT":      "audit-de-paie.fr, on the decree 2025-160",
	"PREV":       "previssima.fr",
	"HRC":        "hrconseil.com, 2026-02-09",
	"LEGISOC":    "legisocial.fr 7488, on R.321-2 and the decree 2025-587",
	"E1":         "europe1.fr, 2024-06",
	"URPS":       "urpsml-centre.org, prices of 2026",
	"ROFIM":      "rofim.fr, prices of 2026",
	"AN-49251":   "ministry's answer to question 11-49251 of the Assemblée nationale, on CSG and CRDS of sick pay",
	"EXALIS":     "exalis-expert.com, calculator of sick pay",
	"EXPERTS":    "experts-univers.com, on CSG and CRDS of sick pay",
	"IFRAP":      "ifrap.org, on a report of the Cour des comptes about participations and franchises",
	"PRESSE":     "press or insurers' pages: lelynx.fr, mutuelle-societe-pas-chere.fr, pourquoidocteur.fr, whatsupdoc-lemag.fr",
	"GENERAL":    "general knowledge, no source found",
	"OWN":        "own choice, where the sources are silent",
}

var sourceKey = regexp.MustCompile(`[A-Z][A-Z0-9-]+`)

// Cite is a source of the tables followed by what its keys stand for, so that it
// can be read by itself.
func Cite(source string) string {
	var told []string
	for _, key := range sourceKey.FindAllString(source, -1) {
		if words, ok := Sources[key]; ok && !slices.Contains(told, key+": "+words) {
			told = append(told, key+": "+words)
		}
	}
	if len(told) == 0 {
		return source
	}
	return source + " [" + strings.Join(told, "; ") + "]"
}
