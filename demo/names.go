package demo

import "math/rand/v2"

// Names of the generated people: the commonest of France (general knowledge), and
// rarer ones for the apostrophes, hyphens, ligatures and accents that a French
// register holds, which one in rareName bears.
var (
	familyNames = []string{
		"Martin", "Bernard", "Thomas", "Petit", "Robert", "Richard", "Durand", "Dubois", "Moreau", "Laurent",
		"Simon", "Michel", "Lefebvre", "Leroy", "Roux", "David", "Bertrand", "Morel", "Fournier", "Girard",
		"Bonnet", "Dupont", "Lambert", "Fontaine", "Rousseau", "Vincent", "Müller", "Lefèvre", "Faure", "André",
		"Mercier", "Blanc", "Guérin", "Boyer", "Garnier", "Chevalier", "François", "Legrand", "Gauthier", "Garcia",
		"Perrin", "Robin", "Clément", "Morin", "Nicolas", "Henry", "Roussel", "Mathieu", "Gautier", "Masson",
		"Marchand", "Duval", "Denis", "Dumont", "Marie", "Lemaire", "Noël", "Meyer", "Dufour", "Meunier",
		"Brun", "Blanchard", "Giraud", "Joly", "Rivière", "Lucas", "Brunet", "Gaillard", "Barbier", "Arnaud",
		"Martinez", "Gérard", "Roche", "Renard", "Schmitt", "Roy", "Leroux", "Colin", "Vidal", "Caron",
		"Picard", "Roger", "Fabre", "Aubert", "Lemoine", "Renaud", "Dumas", "Lacroix", "Olivier", "Philippe",
		"Bourgeois", "Pierre", "Benoît", "Rey", "Leclerc", "Payet", "Rolland", "Leclercq", "Guillaume", "Lecomte",
		"Lopez", "Jean", "Dupuy", "Guillot", "Hubert", "Berger", "Carpentier", "Sanchez", "Dupuis", "Moulin",
		"Louis", "Deschamps", "Huet", "Vasseur", "Perez", "Boucher", "Fleury", "Royer", "Klein", "Jacquet",
		"Adam", "Paris", "Poirier", "Marty", "Aubry", "Guyot", "Carré", "Charles", "Renault", "Charpentier",
		"Ménard", "Maillard", "Baron", "Bertin", "Bailly", "Hervé", "Schneider", "Fernandez", "Le Gall", "Collet",
		"Léger", "Bouvier", "Julien", "Prévost", "Millet", "Perrot", "Daniel", "Le Roux", "Cousin", "Germain",
		"Breton", "Besson", "Langlois", "Rémy", "Le Goff", "Pelletier", "Lévêque", "Perrier", "Leblanc", "Barré",
		"Lebrun", "Marchal", "Weber", "Mallet", "Hamon", "Boulanger", "Jacob", "Monnier", "Michaud", "Rodriguez",
		"Guichard", "Gillet", "Étienne", "Grondin", "Poulain", "Tessier", "Chevallier", "Collin", "Chauvin", "Da Silva",
		"Bouchet", "Gay", "Lemaître", "Bénard", "Maréchal", "Humbert", "Reynaud", "Antoine", "Hoarau", "Perret",
		"Barthélemy", "Cordier", "Pichon", "Lejeune", "Gilbert", "Lamy", "Delaunay", "Pasquier", "Carlier", "Laporte",
		"Gros", "Buisson", "Coste", "Traoré", "Benali", "Diallo", "Nguyen", "Pereira", "Ferreira", "Fernandes",
	}
	rareFamilyNames = []string{"N'Diaye", "Nguyễn", "d'Aubigné", "Œrtel", "Pereira da Silva", "Kervœlen", "L'Hénoret", "Payet-Hoarau", "Çelik",
		"Saint-Père", "de La Tour", "Schœnfeld", "Muñoz", "Ÿvet"}
	womenNames = []string{"Marie", "Nathalie", "Isabelle", "Sylvie", "Catherine", "Françoise", "Martine", "Christine", "Monique", "Valérie",
		"Sandrine", "Véronique", "Stéphanie", "Céline", "Sophie", "Chantal", "Patricia", "Anne", "Brigitte", "Aurélie",
		"Julie", "Laurence", "Émilie", "Karine", "Élodie", "Hélène", "Virginie", "Laëtitia", "Corinne", "Caroline",
		"Camille", "Sarah", "Pauline", "Marion", "Delphine", "Florence", "Audrey", "Mélanie", "Fatima", "Anne-Sophie",
		"Chloé", "Anaïs", "Inès", "Éloïse", "Aïssatou", "Marie-Noëlle", "Maëlle", "Zoé", "Lætitia", "Nadia"}
	menNames = []string{"Philippe", "Michel", "Nicolas", "Christophe", "Patrick", "Frédéric", "Laurent", "Stéphane", "Pascal", "David",
		"Thierry", "Alain", "Éric", "Daniel", "Olivier", "Sébastien", "Julien", "François", "Christian", "Bernard",
		"Dominique", "Jérôme", "Thomas", "Alexandre", "Bruno", "Guillaume", "Vincent", "Antoine", "Maxime", "Benoît",
		"Didier", "Gérard", "Romain", "Mickaël", "Cédric", "Mohamed", "Karim", "Rémi", "Hervé", "Jean-Pierre",
		"Théo", "Hugo", "Loïc", "Raphaël", "Jean-Noël", "Moïse", "João", "Cœlio", "Pierre-Yves", "Noé"}
	childNames = []string{"Emma", "Jade", "Louise", "Alice", "Chloé", "Lina", "Léa", "Rose", "Anna", "Mila",
		"Inès", "Ambre", "Julia", "Manon", "Juliette", "Lou", "Zoé", "Camille", "Agathe", "Inaya",
		"Gabriel", "Léo", "Raphaël", "Arthur", "Louis", "Jules", "Adam", "Maël", "Lucas", "Hugo",
		"Noah", "Liam", "Éliott", "Nathan", "Ethan", "Paul", "Tom", "Noé", "Léonie", "Anaëlle"}
)

// rareName is how many people there are to one with a rare family name.
const rareName = 25

func familyName(r *rand.Rand) string {
	if r.IntN(rareName) == 0 {
		return pick(r, rareFamilyNames)
	}
	return pick(r, familyNames)
}
