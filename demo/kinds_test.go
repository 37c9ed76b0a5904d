package demo

import (
	"math/rand/v2"
	"slices"
	"testing"

	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/ingest"
)

// families makes the first n of seed 1 and gives each, with its payments, to
// look.
func families(t testing.TB, n int, began civil.Date, look func(m *made)) {
	t.Helper()
	for i := range n {
		m := makeFamily(t, 1, i, began)
		look(&m)
	}
}

// TestKinds: each kind is there and shows what it is for, whatever the day.
func TestKinds(t *testing.T) {
	for n, text := range days {
		began, seen, many := dbtest.Day(t, text), make(map[string]int), enoughFamilies
		if n > 0 {
			many = cycle
		}
		kinds := make(map[kind]int)
		families(t, many, began, func(m *made) {
			kinds[m.kind]++
			count := 0
			for _, l := range m.lines {
				count += len(l.Lines)
				checkLine(t, &m.Person, began, l)
				checkKind(t, m, l, seen)
			}
			switch {
			case m.kind == nothing && count != 0:
				t.Errorf("%s: kind %d has %d lines", began, m.kind, count)
			case m.kind == sixteen && (m.Children[0].Born(began).AgeOn(began) != 15 || m.Children[1].Born(began).AgeOn(began) != 16):
				t.Errorf("%s: the children are not on both sides of 16", began)
			case (m.kind == alsaceMoselle) != slices.Contains([]string{"671", "571", "681"}, m.Caisse):
				t.Errorf("%s: kind %d is with the fund %s", began, m.kind, m.Caisse)
			}
		})
		for k := ordinary; k <= sixteen; k++ {
			if kinds[k] == 0 {
				t.Errorf("%s: nobody of kind %d", began, k)
			}
		}
		if kinds[heavyUser] != 1 {
			t.Errorf("%s: %d people have %d lines", began, kinds[heavyUser], heavyLines)
		}
		if n == 0 {
			missing(t, text, seen, []string{"MGEN's own site", "all paid by the C2S", "a long illness at 100 %", "G at 90 %", "G at 70 %", "G at 30 %", "before sixteen", "below sixteen"})
		}
	}
}

// TestHeavyUser: three thousand lines can be seen of one person on the day of the
// load, whatever that day, from the first of the thirty months up to it.
func TestHeavyUser(t *testing.T) {
	for _, text := range days {
		began, inWindow, months := dbtest.Day(t, text), 0, make(map[string]bool)
		m := makeFamily(t, 1, int(heavyUser)-1, began)
		if m.kind != heavyUser {
			t.Fatalf("kind %d", m.kind)
		}
		last := m.lines[0].PaidOn
		for _, l := range m.lines {
			paidOn := dbtest.Day(t, l.PaidOn)
			if last = l.PaidOn; !paidOn.Before(civil.WindowStart(began)) && !began.Before(paidOn) {
				inWindow += len(l.Lines)
			}
			months[l.PaidOn[:7]] = true
		}
		if inWindow < 3000 {
			t.Errorf("%s: %d lines are in the window", began, inWindow)
		}
		if len(months) < historyMonths || dbtest.Day(t, last).Before(began.AddDays(-7)) {
			t.Errorf("%s: paid in %d months, at last on %s", began, len(months), last)
		}
	}
}

// TestChildren: people become parents from 18 to 50, children are nine
// months or more apart unless they are twins.
func TestChildren(t *testing.T) {
	for _, text := range days {
		began, several := dbtest.Day(t, text), 0
		check := func(p *Person) {
			var born []civil.Date
			for _, c := range p.Children {
				born = append(born, c.Born(began))
			}
			slices.SortFunc(born, civil.Date.Compare)
			for i, day := range born {
				if age := p.Born.AgeOn(day); age < 18 || age > 50 {
					t.Errorf("%s: %s %s had a child at %d", began, p.GivenName, p.FamilyName, age)
				}
				if i > 0 && day != born[i-1] {
					several++
					if day.Before(born[i-1].AddDays(270)) {
						t.Errorf("%s: %s %s had children on %s and %s", began, p.GivenName, p.FamilyName, born[i-1], day)
					}
				}
			}
		}
		for i := range People {
			check(&People[i])
		}
		for i := range 2000 {
			m := family(rand.New(rand.NewPCG(1, uint64(i))), i, began)
			check(&m.Person)
		}
		if several < 100 {
			t.Errorf("%s: %d pairs of children", began, several)
		}
	}
}

// checkKind looks at a payment as its family's kind would have it.
func checkKind(t testing.TB, m *made, l ingest.Line, seen map[string]int) {
	t.Helper()
	if *l.AmountCents < 0 || l.Lines[0].Allowance != nil {
		if l.Complementary.State != string(domain.StateNone) {
			t.Errorf("kind %d: a mutuelle's part %s of what is no care", m.kind, l.Complementary.State)
		}
		return
	}
	switch m.kind {
	case mgenMember:
		if l.Complementary.State != string(domain.StateElsewhere) || l.Complementary.Mutuelle != mgen {
			t.Errorf("MGEN's member has a part %s of %s", l.Complementary.State, l.Complementary.Mutuelle)
		}
		seen["MGEN's own site"]++
	case solidarity:
		checkSolidarity(t, l, seen)
	case sixteen:
		if b := l.Beneficiary; b != nil && b.BirthDate == m.Children[1].Born(m.care.began).String() {
			seen["before sixteen"]++
		} else if b != nil {
			seen["below sixteen"]++
		}
	}
	for _, a := range l.Lines {
		checkRate(t, m, l, a, seen)
	}
}

// checkSolidarity: who has the C2S pays nothing, neither at the doctor's nor
// later.
func checkSolidarity(t testing.TB, l ingest.Line, seen map[string]int) {
	t.Helper()
	var spent money.Cents
	for _, a := range l.Lines {
		spent += *a.SpentCents
		if len(a.Retentions) != 0 || a.RetainedCents != 0 {
			t.Errorf("C2S: %s is held back of %s", a.RetainedCents, a.Act)
		}
	}
	if l.Recipient != string(domain.ToProfessional) || l.Complementary.Mutuelle != c2s {
		t.Errorf("C2S: paid to %s, with %s", l.Recipient, l.Complementary.Mutuelle)
	}
	if part := l.Complementary; part.State == string(domain.StateKnown) {
		if *l.AmountCents+*part.AmountCents != spent {
			t.Errorf("C2S: %s and %s are paid of %s: %+v", *l.AmountCents, *part.AmountCents, spent, l.Lines)
		}
		seen["all paid by the C2S"]++
	}
}

// checkRate looks at the rate of a line of care: that of the situation, less 40
// points outside the pathway (hors parcours).
func checkRate(t testing.TB, m *made, l ingest.Line, a ingest.Act, seen map[string]int) {
	t.Helper()
	rate := *a.RatePercent
	switch {
	case *a.ReimbursedCents == 0: // forfaits, of which the fund pays nothing
	case m.kind == longIllness && l.Beneficiary == nil:
		if rate != 100 && (rate != 60 || a.Act != "G" && a.Act != "CS") {
			t.Errorf("a long illness: %s at %d %%", a.Act, rate)
		} else if rate == 100 {
			seen["a long illness at 100 %"]++
		}
	case m.kind == alsaceMoselle && a.Act == "G":
		if rate != 90 && rate != 50 {
			t.Errorf("Alsace-Moselle: %s at %d %%", a.Act, rate)
		} else if rate == 90 {
			seen["G at 90 %"]++
		}
	case a.Act == "G":
		if rate != 70 && rate != 30 {
			t.Errorf("kind %d: %s at %d %%", m.kind, a.Act, rate)
		} else if rate == 70 {
			seen["G at 70 %"]++
		} else {
			seen["G at 30 %"]++
		}
	}
}

// TestTariffs: what has a tariff costs it, by the day of care and the patient's
// age, and the fund pays its rate of that, to the cent. The prices are those of
// the domain's facts, section B.
func TestTariffs(t *testing.T) {
	seen, began := make(map[string]int), dbtest.Day(t, days[0])
	families(t, enoughFamilies, began, func(m *made) {
		for _, l := range m.lines {
			born := m.Born
			if l.Beneficiary != nil {
				born = dbtest.Day(t, l.Beneficiary.BirthDate)
			}
			for _, a := range l.Lines {
				want, known := tariff(a.Act, a.CaredOn, born.AgeOn(dbtest.Day(t, a.CaredOn)))
				base, paid := max(*a.BaseCents, -*a.BaseCents), max(*a.ReimbursedCents, -*a.ReimbursedCents) // one that is taken back is less than nothing
				if known && base != want {
					t.Errorf("%s on %s costs %s instead of %s", a.Act, a.CaredOn, base, want)
				}
				if a.Act != "GHS" && a.Allowance == nil && paid != (base*money.Cents(*a.RatePercent)+50)/100 { // a stay may bear a flat amount
					t.Errorf("%s: %d %% of %s are %s", a.Act, *a.RatePercent, base, paid)
				}
				if known {
					seen[a.Act+" "+want.String()]++
				}
			}
		}
	})
	var wanted []string
	for _, price := range []struct {
		act   string
		cents money.Cents
	}{{"G", 26_50}, {"G", 30_00}, {"G", 35_00}, {"CS", 23_00}, {"C", 23_00}, {"AMK", 16_13}} {
		wanted = append(wanted, price.act+" "+price.cents.String())
	}
	missing(t, days[0], seen, wanted)
}

// tariff is the price of an act that has one.
func tariff(act, caredOn string, age int) (money.Cents, bool) {
	switch act {
	case "G":
		switch {
		case caredOn < "2024-12-22":
			return 26_50, true
		case age < 6:
			return 35_00, true
		}
		return 30_00, true
	case "CS", "C":
		return 23_00, true
	case "AMK":
		return 16_13, true
	}
	return 0, false
}

// TestThirtyMonths: there are payments in each of the months that are shown, and
// in those before the window, whatever the day; none of care before that.
func TestThirtyMonths(t *testing.T) {
	for _, text := range days {
		began := dbtest.Day(t, text)
		first, start, months, beyond := began.AddMonths(-historyMonths), civil.WindowStart(began), make(map[string]bool), 0
		families(t, cycle, began, func(m *made) {
			for _, l := range m.lines {
				if paidOn := dbtest.Day(t, l.PaidOn); paidOn.Before(start) {
					beyond++
				} else if !began.Before(paidOn) {
					months[l.PaidOn[:7]] = true
				}
				for _, a := range l.Lines {
					if a.Act != "GHS" && a.Act != "FJ" && dbtest.Day(t, a.CaredOn).Before(first) {
						t.Errorf("%s: %s on %s", began, a.Act, a.CaredOn)
					}
				}
			}
		})
		if len(months) < 27 || beyond < cycle {
			t.Errorf("%s: payments in %d months of the window, and %d before it", began, len(months), beyond)
		}
	}
}
