package reimburse

import (
	"fmt"
	"slices"

	"comptesante/domain/civil"
	"comptesante/domain/dated"
	"comptesante/domain/money"
)

// Parameters is every amount, rate and choice that the rules are driven by. It
// is a value: With gives another one. The zero Parameters knows nothing; start
// from Default.
type Parameters struct {
	rules *rules    // never changed once made; nil knows nothing
	set   []Setting // in the order in which they were first given
}

// rules is the parameters by subject. Sources are named as in the project's
// rules.json: CSS is the Code de la sécurité sociale, in the texts in force on
// 2026-03-14; sources.go says what the others are.
type rules struct {
	participation participationRules
	franchise     franchiseRules
	debts         debtRules
	pathway       pathwayRules
	heavy         heavyRules
	rates         rateRules
	stay          stayRules
	emergency     emergencyRules
	c2s           c2sRules
	sickPay       sickPayRules
	notice        noticeRules
	prices        map[string]amounts
}

type (
	amounts = dated.Table[money.Cents]
	rates   = dated.Table[Rate]
	counts  = dated.Table[int]
)

// fixed is a parameter without dates: a choice, or a number of the text.
type fixed[T any] struct {
	Name   string
	Value  T
	Source string
	Key    string // as in dated.Value
	Doubt  string
}

// Default is the parameters as known on 2026-11-22. Nothing newer than about
// August 2026 was read for them: a change voted in autumn 2026 would be missed.
func Default() Parameters {
	p := Parameters{rules: &rules{
		participation: defaultParticipation(),
		franchise:     defaultFranchise(),
		debts:         defaultDebts(),
		pathway:       defaultPathway(),
		heavy:         defaultHeavy(),
		rates:         defaultRates(),
		stay:          defaultStay(),
		emergency:     defaultEmergency(),
		c2s:           defaultC2S(),
		sickPay:       defaultSickPay(),
		notice:        defaultNotice(),
		prices:        defaultPrices(),
	}}
	p.rules.carry()
	return p
}

func (r *rules) carry() {
	for _, t := range r.tables() {
		t.carry()
	}
}

// known is the tables, of which a zero Parameters has none.
func (p Parameters) known() *rules {
	if p.rules == nil {
		return &rules{}
	}
	return p.rules
}

// Price is the agreed price (tarif conventionnel) of an act's code on a day of
// care. A base price that is given with an act prevails over it.
func (p Parameters) Price(code string, day civil.Date) (money.Cents, error) {
	table, ok := p.known().prices[code]
	if !ok {
		return 0, fmt.Errorf("no price of %q is known: give the base price of the act", code)
	}
	return table.At(day)
}

// table is a parameter of any kind, as the checks and the settings see it.
type table interface {
	check() error
	settings() []setting
	carry() // gives values that are not known yet those before them
}

// tables is every parameter, in the order in which operators read them.
func (r *rules) tables() []table {
	all := slices.Concat(r.participation.tables(), r.franchise.tables(), r.debts.tables(), r.pathway.tables(), r.heavy.tables(),
		r.rates.tables(), r.stay.tables(), r.emergency.tables(), r.c2s.tables(), r.sickPay.tables(), r.notice.tables())
	for _, code := range sortedKeys(r.prices) {
		all = append(all, over(r.prices[code]))
	}
	return all
}

// Check tells the first thing that is wrong with the tables, or nothing.
func (p Parameters) Check() error {
	for _, t := range p.known().tables() {
		if err := t.check(); err != nil {
			return err
		}
	}
	return nil
}

// lookup reads tables on one day, and keeps the first failure: a computation
// reads all it needs and asks once.
type lookup struct {
	day     civil.Date
	err     error
	carried []string // names of tables whose value is not known yet on the day
}

func at[T any](l *lookup, t dated.Table[T]) T { return on(l, t).Value }

// on is at with what is known of the value.
func on[T any](l *lookup, t dated.Table[T]) dated.Value[T] {
	v, err := t.On(l.day)
	if err != nil && l.err == nil {
		l.err = err
	}
	if v.Carried {
		l.carried = append(l.carried, t.Name)
	}
	return v
}

// tellCarried tells which values of the day are not known yet, and gives whether
// there are any: what is computed of them is provisional.
func (l *lookup) tellCarried(s *steps) bool {
	for _, name := range l.carried {
		s.add(StepProvisional, 0, fmt.Sprintf("%s du %s n'est pas encore connu : le calcul reprend la dernière valeur connue, et reste à confirmer.", carriedNames[name], l.day.French()))
	}
	return len(l.carried) > 0
}
