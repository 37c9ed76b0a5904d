package db

import (
	"slices"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// breadth is how far a filter looks. Each is a statement of its own, so that the
// plain one, which is most of what is asked, pays for no other.
type breadth int

const (
	plainFilter  breadth = iota // at what the index of the history holds
	narrowFilter                // at the state and the movement too
	lineFilter                  // at the lines too, with their acts and professionals
)

var breadths = []breadth{plainFilter, narrowFilter, lineFilter}

func breadthOf(f *domain.PageFilter) breadth {
	switch {
	case f.Lines.Any():
		return lineFilter
	case f.Narrow():
		return narrowFilter
	}
	return plainFilter
}

// The conditions of a payment p that is asked for; filterValues gives their
// values. What each breadth adds stands in one condition.
const (
	inFile = `p.assure_id = @assure AND p.beneficiary_id = ANY(@people::bigint[])`

	meetsPlain = ` AND (@recipients::text[] IS NULL OR p.recipient = ANY(@recipients)) AND (@complementary::text[] IS NULL OR p.complementary = ANY(@complementary))`

	meetsNarrow = ` AND (@states::text[] IS NULL OR CASE WHEN p.amount_cents < 0 THEN 'RECOVERED' WHEN p.paid_on > @today::date THEN 'ANNOUNCED' ELSE 'PAID' END = ANY(@states))
		AND (@movement::text IS NULL OR p.movement = @movement)`

	// Acts and professionals are looked up once for each that the file's lines
	// name, and the words looked for in those few: not line by line. IS TRUE keeps
	// the planner from making joins of it, whose order it would have to guess.
	meetsLines = ` AND (p.id IN (SELECT l.payment_id FROM payment_lines l WHERE l.assure_id = @assure AND l.paid_on BETWEEN @from::date AND @to::date
		AND ((l.act_id, coalesce(l.professional_id, 0)) IN (SELECT named.act_id, coalesce(named.professional_id, 0)
			FROM (SELECT DISTINCT act_id, professional_id FROM payment_lines WHERE assure_id = @assure AND paid_on BETWEEN @from AND @to) named
			JOIN acts a ON a.id = named.act_id LEFT JOIN act_kinds k USING (code) LEFT JOIN professionals w ON w.id = named.professional_id
			WHERE (@kinds::text[] IS NULL OR coalesce(k.kind, 'OTHER') = ANY(@kinds)) AND (@professionals::bigint[] IS NULL OR named.professional_id = ANY(@professionals))
			  AND NOT EXISTS (SELECT FROM unnest((SELECT array_agg(fold(v)) FROM unnest(@words::text[]) v)) word
			                  WHERE strpos(a.search || ' ' || coalesce(w.search, ''), word) = 0))) IS TRUE)) IS TRUE`
)

// conditions are all that a payment p has to meet of a filter.
func (b breadth) conditions() string {
	return [...]string{meetsPlain, meetsPlain + meetsNarrow, meetsPlain + meetsNarrow + meetsLines}[b]
}

// selectChosen is all payments of a file that a period and a filter choose,
// whatever the page.
func (b breadth) selectChosen() string {
	return `SELECT p.id, p.paid_on, p.beneficiary_id, p.amount_cents, p.complementary_cents FROM payments p
		WHERE ` + inFile + ` AND p.paid_on BETWEEN @from::date AND @to::date` + b.conditions()
}

// filterValues are the values of what selectChosen and the conditions mention.
func filterValues(s actor.Sight, q *domain.PageQuery) values {
	f := &q.Filter
	v := values{"assure": s.Assure, "people": inSight(s, f.Beneficiaries), "from": instant(q.From), "to": instant(q.To),
		"recipients": f.Recipients, "complementary": f.Complementary}
	if f.Narrow() {
		v["states"], v["today"], v["movement"] = f.States, instant(q.Today), f.Movement
		v["kinds"], v["professionals"], v["words"] = f.Lines.Kinds, keysOfKind(domain.KindProfessional, f.Lines.Professionals), f.Lines.Words
	}
	return v
}

// keysOfKind are the keys of those ids that are of a kind; nil where there are no
// ids.
func keysOfKind(kind domain.Kind, ids []domain.ID) []int64 {
	if ids == nil {
		return nil
	}
	keys := []int64{}
	for _, id := range ids {
		if id.Kind == kind {
			keys = append(keys, id.Key)
		}
	}
	return keys
}

// inSight is those of the beneficiaries that may be seen: all in sight where
// none are named. The statement's WHERE is never wider than the sight.
func inSight(s actor.Sight, named []domain.ID) []int64 {
	if named == nil {
		return s.Beneficiaries
	}
	keys := []int64{}
	for _, key := range s.Beneficiaries {
		if slices.Contains(named, domain.ID{Kind: domain.KindBeneficiary, Assure: s.Assure, Key: key}) {
			keys = append(keys, key)
		}
	}
	return keys
}
