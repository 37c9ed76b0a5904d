package demo

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"comptesante/domain"
	"comptesante/ingest"
)

// fund is a fund of generated people, with some towns of its department, the
// chief one first, where they are cared for.
type fund struct {
	domain.Caisse
	share int // in tens of thousands of its department's inhabitants
	towns []string
}

// localFunds are those of the local scheme of Alsace-Moselle, generalFunds others:
// those of the departments with the most inhabitants, some smaller ones, Corsica's
// and those overseas. Codes and inhabitants are about right (general knowledge,
// unverified).
var (
	generalFunds = []fund{
		{domain.Caisse{Code: "751", Name: "CPAM de Paris"}, 211, []string{"Paris"}},
		{domain.Caisse{Code: "591", Name: "CPAM de Lille-Douai"}, 260, []string{"Lille", "Douai", "Villeneuve-d'Ascq", "Marcq-en-Barœul", "Seclin"}},
		{domain.Caisse{Code: "131", Name: "CPAM des Bouches-du-Rhône"}, 204, []string{"Marseille", "Aix-en-Provence", "Aubagne", "La Ciotat", "Arles"}},
		{domain.Caisse{Code: "691", Name: "CPAM du Rhône"}, 188, []string{"Lyon", "Villeurbanne", "Vénissieux", "Givors", "Villefranche-sur-Saône"}},
		{domain.Caisse{Code: "931", Name: "CPAM de la Seine-Saint-Denis"}, 167, []string{"Saint-Denis", "Montreuil", "Bobigny", "Épinay-sur-Seine", "Aulnay-sous-Bois"}},
		{domain.Caisse{Code: "331", Name: "CPAM de la Gironde"}, 164, []string{"Bordeaux", "Mérignac", "Pessac", "Arcachon", "Libourne"}},
		{domain.Caisse{Code: "921", Name: "CPAM des Hauts-de-Seine"}, 163, []string{"Nanterre", "Boulogne-Billancourt", "Colombes", "Antony", "Sèvres"}},
		{domain.Caisse{Code: "441", Name: "CPAM de la Loire-Atlantique"}, 145, []string{"Nantes", "Saint-Nazaire", "Rezé", "Châteaubriant", "Saint-Herblain"}},
		{domain.Caisse{Code: "311", Name: "CPAM de la Haute-Garonne"}, 143, []string{"Toulouse", "Colomiers", "Muret", "Saint-Gaudens", "Blagnac"}},
		{domain.Caisse{Code: "771", Name: "CPAM de Seine-et-Marne"}, 143, []string{"Melun", "Meaux", "Chelles", "Provins", "Fontainebleau"}},
		{domain.Caisse{Code: "781", Name: "CPAM des Yvelines"}, 145, []string{"Versailles", "Mantes-la-Jolie", "Saint-Germain-en-Laye", "Rambouillet", "Poissy"}},
		{domain.Caisse{Code: "941", Name: "CPAM du Val-de-Marne"}, 141, []string{"Créteil", "L'Haÿ-les-Roses", "Vitry-sur-Seine", "Champigny-sur-Marne", "Villejuif"}},
		{domain.Caisse{Code: "911", Name: "CPAM de l'Essonne"}, 131, []string{"Évry-Courcouronnes", "Massy", "Étampes", "Palaiseau", "Corbeil-Essonnes"}},
		{domain.Caisse{Code: "381", Name: "CPAM de l'Isère"}, 128, []string{"Grenoble", "Échirolles", "Voiron", "Vienne", "Saint-Martin-d'Hères"}},
		{domain.Caisse{Code: "951", Name: "CPAM du Val-d'Oise"}, 126, []string{"Cergy", "Argenteuil", "Pontoise", "Sarcelles", "L'Isle-Adam"}},
		{domain.Caisse{Code: "761", Name: "CPAM de Rouen-Elbeuf-Dieppe"}, 125, []string{"Rouen", "Elbeuf", "Dieppe", "Sotteville-lès-Rouen", "Yvetot"}},
		{domain.Caisse{Code: "341", Name: "CPAM de l'Hérault"}, 120, []string{"Montpellier", "Béziers", "Sète", "Lunel", "Agde"}},
		{domain.Caisse{Code: "061", Name: "CPAM des Alpes-Maritimes"}, 110, []string{"Nice", "Antibes", "Cannes", "Grasse", "Menton"}},
		{domain.Caisse{Code: "351", Name: "CPAM d'Ille-et-Vilaine"}, 110, []string{"Rennes", "Saint-Malo", "Fougères", "Vitré", "Redon"}},
		{domain.Caisse{Code: "831", Name: "CPAM du Var"}, 109, []string{"Toulon", "Fréjus", "Draguignan", "Hyères", "La Seyne-sur-Mer"}},
		{domain.Caisse{Code: "291", Name: "CPAM du Finistère"}, 92, []string{"Brest", "Quimper", "Morlaix", "Concarneau", "Douarnenez"}},
		{domain.Caisse{Code: "491", Name: "CPAM de Maine-et-Loire"}, 82, []string{"Angers", "Cholet", "Saumur", "Segré-en-Anjou Bleu", "Trélazé"}},
		{domain.Caisse{Code: "421", Name: "CPAM de la Loire"}, 77, []string{"Saint-Étienne", "Roanne", "Saint-Chamond", "Montbrison", "Firminy"}},
		{domain.Caisse{Code: "301", Name: "CPAM du Gard"}, 76, []string{"Nîmes", "Alès", "Bagnols-sur-Cèze", "Uzès", "Le Vigan"}},
		{domain.Caisse{Code: "561", Name: "CPAM du Morbihan"}, 77, []string{"Vannes", "Lorient", "Pontivy", "Auray", "Ploërmel"}},
		{domain.Caisse{Code: "541", Name: "CPAM de Meurthe-et-Moselle"}, 73, []string{"Nancy", "Lunéville", "Toul", "Pont-à-Mousson", "Vandœuvre-lès-Nancy"}},
		{domain.Caisse{Code: "621", Name: "CPAM de l'Artois"}, 146, []string{"Arras", "Lens", "Béthune", "Liévin", "Nœux-les-Mines"}},
		{domain.Caisse{Code: "141", Name: "CPAM du Calvados"}, 70, []string{"Caen", "Lisieux", "Bayeux", "Hérouville-Saint-Clair", "Vire Normandie"}},
		{domain.Caisse{Code: "451", Name: "CPAM du Loiret"}, 68, []string{"Orléans", "Montargis", "Pithiviers", "Gien", "Fleury-les-Aubrais"}},
		{domain.Caisse{Code: "171", Name: "CPAM de la Charente-Maritime"}, 66, []string{"La Rochelle", "Rochefort", "Saintes", "Royan", "Île-d'Aix"}},
		{domain.Caisse{Code: "631", Name: "CPAM du Puy-de-Dôme"}, 66, []string{"Clermont-Ferrand", "Riom", "Thiers", "Issoire", "Chamalières"}},
		{domain.Caisse{Code: "371", Name: "CPAM d'Indre-et-Loire"}, 61, []string{"Tours", "Joué-lès-Tours", "Chinon", "Amboise", "Loches"}},
		{domain.Caisse{Code: "221", Name: "CPAM des Côtes-d'Armor"}, 60, []string{"Saint-Brieuc", "Lannion", "Dinan", "Guingamp", "Plouër-sur-Rance"}},
		{domain.Caisse{Code: "271", Name: "CPAM de l'Eure"}, 60, []string{"Évreux", "Vernon", "Louviers", "Bernay", "Pont-Audemer"}},
		{domain.Caisse{Code: "801", Name: "CPAM de la Somme"}, 57, []string{"Amiens", "Abbeville", "Péronne", "Albert", "Doullens"}},
		{domain.Caisse{Code: "511", Name: "CPAM de la Marne"}, 56, []string{"Reims", "Châlons-en-Champagne", "Épernay", "Vitry-le-François", "Aÿ-Champagne"}},
		{domain.Caisse{Code: "251", Name: "CPAM du Doubs"}, 55, []string{"Besançon", "Montbéliard", "Pontarlier", "Audincourt", "Morteau"}},
		{domain.Caisse{Code: "211", Name: "CPAM de la Côte-d'Or"}, 54, []string{"Dijon", "Beaune", "Chenôve", "Montbard", "Talant"}},
		{domain.Caisse{Code: "871", Name: "CPAM de la Haute-Vienne"}, 37, []string{"Limoges", "Saint-Junien", "Panazol", "Bellac", "Saint-Yrieix-la-Perche"}},
		{domain.Caisse{Code: "431", Name: "CPAM de la Haute-Loire"}, 23, []string{"Le Puy-en-Velay", "Monistrol-sur-Loire", "Yssingeaux", "Brioude", "Langeac"}},
		{domain.Caisse{Code: "201", Name: "CPAM de la Corse-du-Sud"}, 16, []string{"Ajaccio", "Porto-Vecchio", "Propriano", "Sartène", "Bonifacio"}},
		{domain.Caisse{Code: "202", Name: "CPAM de la Haute-Corse"}, 18, []string{"Bastia", "Corte", "Calvi", "L'Île-Rousse", "Ghisonaccia"}},
		{domain.Caisse{Code: "974", Name: "CGSS de La Réunion"}, 88, []string{"Saint-Denis", "Saint-Paul", "Saint-Pierre", "Le Tampon", "Saint-Benoît"}},
		{domain.Caisse{Code: "971", Name: "CGSS de la Guadeloupe"}, 38, []string{"Pointe-à-Pitre", "Les Abymes", "Basse-Terre", "Le Gosier", "Sainte-Anne"}},
		{domain.Caisse{Code: "972", Name: "CGSS de la Martinique"}, 35, []string{"Fort-de-France", "Le Lamentin", "Schœlcher", "Le Robert", "Sainte-Marie"}},
		{domain.Caisse{Code: "973", Name: "CGSS de la Guyane"}, 29, []string{"Cayenne", "Kourou", "Matoury", "Saint-Laurent-du-Maroni", "Rémire-Montjoly"}},
	}
	localFunds = []fund{
		{domain.Caisse{Code: "671", Name: "CPAM du Bas-Rhin"}, 116, []string{"Strasbourg", "Haguenau", "Sélestat", "Saverne", "Schiltigheim"}},
		{domain.Caisse{Code: "571", Name: "CPAM de la Moselle"}, 105, []string{"Metz", "Thionville", "Sarreguemines", "Forbach", "Schœneck"}},
		{domain.Caisse{Code: "681", Name: "CPAM du Haut-Rhin"}, 77, []string{"Mulhouse", "Colmar", "Guebwiller", "Saint-Louis", "Thann"}},
	}
	generalShares, localShares = shares(generalFunds), shares(localFunds)
)

// shares is each fund as often as its share: to pick from.
func shares(funds []fund) (list []*fund) {
	for i := range funds {
		list = append(list, slices.Repeat([]*fund{&funds[i]}, funds[i].share)...)
	}
	return list
}

// staff is who cares for a fund's people, by specialty: places of each, the
// same places of each specialty in the same town.
type staff map[string][]ingest.Professional

// places is how many of a specialty there are with a fund: several in each of its
// towns.
const places = 10

// specialties are who does the kinds of visits, and how they are called: by a
// title, given where it is a person's, and a family name; a hospital by its town.
var specialties = []struct {
	name, title string
	given       []string
}{
	{"Médecin généraliste", "Dr ", anyNames}, {"Dermatologue", "Dr ", anyNames}, {"Chirurgien-dentiste", "Dr ", anyNames}, {"Radiologue", "Dr ", anyNames},
	{"Masseur-kinésithérapeute", "M. ", menNames}, {"Sage-femme", "Mme ", womenNames}, {"Biologie médicale", "Laboratoire ", nil},
	{"Pharmacie", "Pharmacie ", nil}, {"Orthopédiste", "Orthopédie ", nil}, {"Transport sanitaire", "Ambulances ", nil},
	{"Taxi conventionné", "Taxi ", nil}, {hospitalSpecialty, "", nil},
}

var anyNames = slices.Concat(womenNames, menNames)

const hospitalSpecialty = "Centre hospitalier"

// staffs is the staff of each fund, made once somebody is cared for.
var staffs = sync.OnceValue(func() map[string]staff {
	all, n := make(map[string]staff, len(generalFunds)+len(localFunds)), 0
	for _, f := range slices.Concat(generalFunds, localFunds) {
		all[f.Code] = make(staff, len(specialties))
		for i, s := range specialties {
			list := make([]ingest.Professional, places)
			for at := range list {
				list[at] = f.professional(i, at, n)
				n++
			}
			all[f.Code][s.name] = list
		}
	}
	return all
})

// professional is the one at a place of the i-th specialty, the n-th of all;
// numbers that begin with 998 are given to nobody.
func (f *fund) professional(i, at, n int) ingest.Professional {
	s, town := &specialties[i], f.towns[at%len(f.towns)]
	name := s.title
	switch {
	case s.name == hospitalSpecialty: // one in the department's chief town
		at, town = 0, f.towns[0]
		name = s.name + " " + of(town)
	case s.given != nil:
		name += s.given[n*37%len(s.given)] + " " + familyNames[n*89%len(familyNames)]
	default:
		name += familyNames[n*89%len(familyNames)]
	}
	return professional("998"+strconv.Itoa(10+i)+f.Code+strconv.Itoa(at), name, s.name, town)
}

// mute is how towns begin before which "de" loses its vowel.
var mute = []string{"A", "E", "É", "Î", "O", "U", "Y", "Hé", "Hy"}

// of is "of the town" in French.
func of(town string) string {
	switch {
	case strings.HasPrefix(town, "Le "):
		return "du " + town[len("Le "):]
	case strings.HasPrefix(town, "Les "):
		return "des " + town[len("Les "):]
	case slices.ContainsFunc(mute, func(first string) bool { return strings.HasPrefix(town, first) }):
		return "d'" + town
	}
	return "de " + town
}

// usually is how many visits of a specialty there are to one with somebody else
// than the family's own.
const usually = 10

// who does a visit: mostly the family's own of the specialty, such as the
// médecin traitant, and else another of the department.
func (c *care) who(what *visitKind) *ingest.Professional {
	if c.staff == nil { // made by hand
		return &what.staff[c.r.IntN(len(what.staff))]
	}
	list, at := c.staff[what.specialty], c.place
	if c.r.IntN(usually) == 0 {
		at = c.r.IntN(len(list))
	}
	return &list[at]
}
