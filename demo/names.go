package demo

// Names and towns of the generated people, with the apostrophes, hyphens,
// ligatures and accents that a French register holds.
var (
	familyNames = []string{"Lefèvre", "N'Diaye", "Le Goff", "Benali", "Nguyễn", "d'Aubigné", "Œrtel", "Pereira da Silva", "Kervœlen", "Müller",
		"L'Hénoret", "Payet-Hoarau", "Garnier", "Çelik", "Traoré", "Saint-Père", "de La Tour", "Schœnfeld", "Muñoz", "Ÿvet", "Petit", "Moreau"}
	womenNames = []string{"Éloïse", "Aïssatou", "Marie-Noëlle", "Zoé", "Françoise", "Anaïs", "Maëlle", "Inès", "Chloé", "Lætitia", "Hélène", "Anne-Sophie"}
	menNames   = []string{"Théo", "Jean-Noël", "Karim", "Noé", "Loïc", "François", "Moïse", "Hugo", "João", "Cœlio", "Pierre-Yves", "Raphaël"}
	childNames = []string{"Léa", "Hugo", "Manon", "Maël", "Inaya", "Zoé", "Éliott", "Léonie", "Anaëlle", "Noé"}
	towns      = []string{"L'Haÿ-les-Roses", "Saint-Étienne", "Besançon", "Plouër-sur-Rance", "Nœux-les-Mines", "Île-d'Aix", "Schœneck", "Évreux", "Aÿ-Champagne", "Le Puy-en-Velay"}
)

// generatedCaisses are the funds of generated people; the last two are those of
// Alsace-Moselle.
var generatedCaisses = []string{"691", "751", "201", "974", "671", "571"}
