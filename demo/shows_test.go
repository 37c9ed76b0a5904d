package demo

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/reimburse"
	"comptesante/ingest"
)

// shown is all that the generated families show together; each is found in
// enoughFamilies, with enough of seed 1.
var shown = []string{
	"participation", "franchise", "deferred participation", "deferred franchise",
	"participation of earlier care", "franchise of earlier care", "twenty retentions",
	"account", "no account", "allowance", "allowance to the employer", "two payments of a movement", "two people of a movement",
	"announced", "taken back", "retention given back", "cap reached",
	"G", "CS", "C", "AMK", "B", "PH7", "PH4", "ADI", "SDE", "PRO", "SF", "LPP", "VSL", "TXP", "GHS", "FJ", "FPU", "IJ",
	"ASSURE", "PROFESSIONAL", "EMPLOYER", "KNOWN", "AWAITED", "NONE", "ELSEWHERE",
}

// shownByHand is what the people made by hand show together, on any day.
var shownByHand = []string{
	"participation", "franchise", "deferred participation", "deferred franchise",
	"participation of earlier care", "franchise of earlier care",
	"account", "no account", "allowance", "allowance to the employer", "two payments of a movement", "announced",
	"ASSURE", "PROFESSIONAL", "EMPLOYER", "KNOWN", "AWAITED", "NONE", "ELSEWHERE", "IJ",
}

const enoughFamilies = 200

// TestShown: what 200 families show is all that can be shown, and right by the
// domain's own check, by the caps of the year and by what is owed, whatever the
// day; the same seed makes the same bytes.
func TestShown(t *testing.T) {
	for n, text := range days {
		began, seen := dbtest.Day(t, text), make(map[string]int)
		families := enoughFamilies
		if n > 0 {
			families = cycle
		}
		for i := range families {
			m := makeFamily(t, 1, i, began)
			checkFamily(t, &m.Person, began, m.lines, seen)
			if again := makeFamily(t, 1, i, began); !bytes.Equal(textOf(t, m.lines), textOf(t, again.lines)) {
				t.Errorf("%s: person %d is made otherwise the second time", began, i)
			}
		}
		if n == 0 {
			missing(t, text, seen, shown)
		}
	}
}

// TestShownByHand: the same of the people made by hand, each of whom has
// something announced and, with a mutuelle that tells, something awaited: tabs of
// the playground ask for it.
func TestShownByHand(t *testing.T) {
	for _, text := range days {
		began, seen := dbtest.Day(t, text), make(map[string]int)
		for i := range People {
			p, lines, announced, awaited := &People[i], historyOf(t, i, began), 0, 0
			checkFamily(t, p, began, lines, seen)
			for _, l := range lines {
				if began.Before(dbtest.Day(t, l.PaidOn)) {
					announced++
				}
				if l.Complementary.State == string(domain.StateAwaited) {
					awaited++
				}
			}
			if answers := p.Mutuelle != "" && p.Mutuelle != mgen; p.CareAMonth > 0 && (announced == 0 || answers && awaited == 0) {
				t.Errorf("%s: %s has %d announced payments, and a mutuelle to answer about %d", began, p.GivenName, announced, awaited)
			}
		}
		missing(t, text, seen, shownByHand)
	}
}

func missing(t testing.TB, day string, seen map[string]int, wanted []string) {
	t.Helper()
	for _, what := range wanted {
		if seen[what] == 0 {
			t.Errorf("%s: nobody shows: %s", day, what)
		}
	}
}

func textOf(t testing.TB, lines []ingest.Line) []byte {
	t.Helper()
	text, err := json.Marshal(lines)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// debt names what is owed of some care.
type debt struct {
	kind            string
	caredOn, paidOn string
	label           string
}

// ledger is what a test counts of one file, payment by payment.
type ledger struct {
	t     testing.TB
	p     *Person
	began civil.Date
	seen  map[string]int
	last  string // day of payment
	owed  map[debt]money.Cents
	years map[string]*reimburse.Year // by beneficiary and year
	moved map[string][]string        // by movement: the beneficiaries
}

// checkFamily looks at every payment of a file, in their order.
func checkFamily(t testing.TB, p *Person, began civil.Date, lines []ingest.Line, seen map[string]int) {
	t.Helper()
	for i, s := range ingest.Check(lines, began) {
		if s.Fault != nil {
			t.Errorf("%s: %s: %+v", began, textOf(t, lines[i:i+1]), *s.Fault)
		}
	}
	l := ledger{t: t, p: p, began: began, seen: seen, owed: make(map[debt]money.Cents), years: make(map[string]*reimburse.Year), moved: make(map[string][]string)}
	for i := range lines {
		l.payment(&lines[i])
	}
	for _, who := range l.moved {
		slices.Sort(who)
		if len(who) > 1 {
			seen["two payments of a movement"]++
		}
		if len(slices.Compact(who)) > 1 {
			seen["two people of a movement"]++
		}
	}
}

func (l *ledger) payment(line *ingest.Line) {
	checkLine(l.t, l.p, l.began, *line)
	if line.PaidOn < l.last {
		l.t.Errorf("%s: %s was paid after %s", l.began, line.PaidOn, l.last)
	}
	l.last = line.PaidOn
	l.seen[line.Recipient]++
	l.seen[line.Complementary.State]++
	who := ""
	if line.Beneficiary != nil {
		who = line.Beneficiary.BirthDate
	}
	switch toAssure := line.Recipient == string(domain.ToAssure); {
	case *line.AmountCents < 0 && toAssure && line.Account == "":
		l.seen["taken back"]++
	case toAssure && line.Account == l.p.Account && l.p.Account != "":
		l.seen["account"]++
	case line.Account == "" && (!toAssure || l.p.Account == ""):
		l.seen["no account"]++
	default:
		l.t.Errorf("%s: the account of %s to %s", l.began, line.Reference, line.Recipient)
	}
	if line.Recipient == string(domain.ToAssure) {
		l.moved[line.Movement] = append(l.moved[line.Movement], who)
	}
	if l.began.Before(dbtest.Day(l.t, line.PaidOn)) {
		l.seen["announced"]++
	}
	for i := range line.Lines {
		l.line(line, &line.Lines[i], who)
	}
}

func (l *ledger) line(of *ingest.Line, a *ingest.Act, who string) {
	l.seen[a.Act]++
	if *a.PaidCents < 0 && *of.AmountCents >= 0 {
		l.t.Errorf("%s: %s pays less than nothing", l.began, of.Reference)
	}
	if a.Allowance != nil {
		l.seen["allowance"]++
		if of.Recipient == string(domain.ToEmployer) {
			l.seen["allowance to the employer"]++
		}
	}
	if len(a.Retentions) == mostRetentions {
		l.seen["twenty retentions"]++
	}
	if len(a.Retentions) == 0 && a.RetainedCents != 0 {
		l.t.Errorf("%s: %s holds back without detail", l.began, of.Reference)
	}
	for _, r := range a.Retentions {
		l.retention(of, a, r, who)
	}
}

func (l *ledger) retention(of *ingest.Line, a *ingest.Act, r ingest.Retention, who string) {
	name := map[string]string{"PARTICIPATION": "participation", "FRANCHISE": "franchise"}[r.Kind]
	switch {
	case r.Of != nil:
		d := debt{r.Kind, r.Of.CaredOn, r.Of.PaidOn, r.Of.Label}
		if l.owed[d] -= *r.AmountCents; l.owed[d] < 0 || r.Of.PaidOn >= of.PaidOn || of.Recipient != string(domain.ToAssure) || who != "" {
			l.t.Errorf("%s: %s recovers what is not owed: %+v", l.began, of.Reference, d)
		}
		l.seen[name+" of earlier care"]++
		return
	case r.Deferred:
		l.owed[debt{r.Kind, a.CaredOn, of.PaidOn, a.Label}] += *r.AmountCents
		l.seen["deferred "+name]++
	case *r.AmountCents < 0:
		l.seen["retention given back"]++
	default:
		l.seen[name]++
	}
	l.count(of, r, who)
}

// count counts a retention that is due on its own line towards the year.
func (l *ledger) count(of *ingest.Line, r ingest.Retention, who string) {
	const limit = money.Cents(50_00)
	key := who + " " + of.PaidOn[:4]
	if l.years[key] == nil {
		l.years[key] = &reimburse.Year{}
	}
	y := l.years[key]
	if r.Kind == string(domain.Franchise) {
		y.Franchise += *r.AmountCents
	} else {
		y.Participation.Cents += *r.AmountCents
	}
	if max(y.Franchise, y.Participation.Cents) > limit || min(y.Franchise, y.Participation.Cents) < 0 {
		l.t.Errorf("%s: %s: the year holds %+v", l.began, of.Reference, *y)
	}
	if y.Franchise == limit || y.Participation.Cents == limit {
		l.seen["cap reached"]++
	}
}
