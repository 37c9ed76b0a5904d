package demo

import (
	"math/rand/v2"
	"slices"
	"strconv"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/reimburse"
	"comptesante/ingest"
)

// heavyLines is how many lines of the heavy user can be seen at the least,
// heavyVisit in a payment for each day: of medicines in tiers payant, and at each
// deviceEvery-th visit of devices, on whose payment what is owed of the medicines
// is recovered.
const (
	heavyLines  = 3000
	heavyVisit  = 4
	deviceEvery = 20
)

// historyMonths is how many months of care there are: three more than can be
// seen, so that the window shows.
const historyMonths = 30

// announcedDays is how many days ahead the last payments are announced.
const announcedDays = 3

// care makes the payments of a family, in order of payment.
type care struct {
	*generated
	r            *rand.Rand
	rules        reimburse.Parameters
	began        civil.Date
	letter       string       // that references begin with
	common, rare []*visitKind // what people have
	staff        staff        // of the fund; nil for people made by hand, who know theirs by name
	place        int          // of the family's own among each specialty's
	weekday      int          // of the fund's movements to the family, in days after a Thursday
	people       []*counted
	later        []paymentToCome // in order of payment
	visits       int
	references   int
	payment      ingest.Line // being made
	paidOn       civil.Date  // when
	sum          money.Cents // of its lines
	share        money.Cents // that a complementary pays
}

// paymentToCome is a payment that is made when its day comes, since what is owed
// by then is not known before.
type paymentToCome struct {
	paidOn civil.Date
	make   func() (ingest.Line, error)
}

func newCare(g *generated, r *rand.Rand, rules reimburse.Parameters, began civil.Date) *care {
	const workingDays, monday = 5, 4
	c := &care{generated: g, r: r, rules: rules, began: began, letter: "G", common: commonVisits, rare: rareVisits,
		weekday: (monday + r.IntN(workingDays)) % 7, people: []*counted{{born: g.Born}}}
	if g.kind == byHand {
		c.letter, c.common, c.rare, c.weekday = "D", commonByHand, rareByHand, (began.Epoch()+1)%7
		for c.weekday == monday-2 || c.weekday == monday-1 { // the next working day, so that something is announced
			c.weekday++
		}
	} else {
		c.staff, c.place = staffs()[g.Caisse], r.IntN(places)
	}
	for _, child := range g.Children {
		born := child.Born(began)
		c.people = append(c.people, &counted{born: born, child: &ingest.Beneficiary{BirthDate: born.String(), Rank: child.Rank}})
	}
	return c
}

// payments gives a family's payments of thirty months to yield, the oldest
// payment first.
func (g *generated) payments(r *rand.Rand, rules reimburse.Parameters, began civil.Date, yield func(ingest.Line) error) (*care, error) {
	c := newCare(g, r, rules, began)
	last := began.AddDays(announcedDays)
	if err := c.planLeaves(); err != nil {
		return c, err
	}
	for day := began.AddMonths(-historyMonths); day.Before(began); day = day.AddDays(1) {
		if !c.isVisit(day) {
			continue
		}
		paidOn := c.payday(day)
		if last.Before(paidOn) {
			break
		}
		if err := c.payLater(paidOn, yield); err != nil {
			return c, err
		}
		line, err := c.visit(day, paidOn)
		if err != nil {
			return c, err
		}
		if err := yield(line); err != nil {
			return c, err
		}
	}
	return c, c.payLater(last, yield)
}

// isVisit tells whether there is a visit on a day. Who is made by hand has one
// lately whatever the day, so that a payment is announced to each, and no
// mutuelle has answered about it.
func (c *care) isVisit(day civil.Date) bool {
	if c.kind == byHand && c.CareAMonth > 0 && day == c.began.AddDays(-announcedDays) {
		return true
	}
	if c.kind == heavyUser {
		return true
	}
	return c.CareAMonth > 0 && c.r.IntN(36) < c.CareAMonth
}

// payday is when care that ended on a day is paid: once a week, so that one
// movement pays what several of the family have had.
func (c *care) payday(day civil.Date) civil.Date {
	const handling = 3 // days
	day = day.AddDays(handling)
	return day.AddDays(((c.weekday-day.Epoch())%7 + 7) % 7)
}

// payLater makes the payments to come until a day.
func (c *care) payLater(until civil.Date, yield func(ingest.Line) error) error {
	for len(c.later) > 0 && !until.Before(c.later[0].paidOn) {
		line, err := c.later[0].make()
		if err != nil {
			return err
		}
		if err := yield(line); err != nil {
			return err
		}
		c.later = c.later[1:]
	}
	return nil
}

func (c *care) schedule(p paymentToCome) {
	at, _ := slices.BinarySearchFunc(c.later, p.paidOn.AddDays(1), func(p paymentToCome, day civil.Date) int { return p.paidOn.Compare(day) })
	c.later = slices.Insert(c.later, at, p)
}

// someone is who is cared for: children from the day after their birth until
// they have an account when it is paid.
func (c *care) someone(day, paidOn civil.Date) *counted {
	p := pick(c.r, c.people)
	if p.child != nil && (!p.born.Before(day) || p.born.AgeOn(paidOn) >= domain.AutonomyAge) {
		return c.people[0]
	}
	return p
}

// visit makes the payment of one visit.
func (c *care) visit(day, paidOn civil.Date) (ingest.Line, error) {
	c.visits++
	p := c.someone(day, paidOn)
	what := c.choose(p)
	if c.kind == heavyUser {
		if p, what = c.people[0], pharmacy; c.visits%deviceEvery == 0 {
			what = device
		}
	}
	direct := c.isDirect(what)
	to := domain.ToAssure
	if direct {
		to = domain.ToProfessional
	}
	c.begin(p, day, paidOn, to)
	who := c.who(what)
	var err error
	switch what.family {
	case reimburse.Hospital:
		err = c.stay(p, what, day, who)
	case "":
		err = c.emergency(p, what, day, who)
	default:
		err = c.lines(p, what, reimburse.Care{On: day, PaidOn: paidOn, Patient: c.patient(p), TiersPayant: direct}, who)
	}
	return c.end(), err
}

// rarely is how many visits there are to one of the rare kinds.
const rarely = 12

// choose is what a visit is for.
func (c *care) choose(p *counted) *visitKind {
	if c.r.IntN(rarely) > 0 {
		return pick(c.r, c.common)
	}
	what := pick(c.r, c.rare)
	if (what.adults && p.child != nil) || (what.women && !c.woman()) {
		return c.common[0]
	}
	return what
}

// isDirect tells whether a visit is in tiers payant.
func (c *care) isDirect(what *visitKind) bool {
	switch {
	case c.kind == solidarity, what == hospital, what.family == "":
		return true
	case c.kind == heavyUser:
		return what != device
	case what.direct:
		return c.r.IntN(12) > 0
	}
	return c.r.IntN(10) == 0
}

// patient is what the rules know of one of the family: a long illness is the
// assuré's own, the others' situations are the whole family's.
func (c *care) patient(p *counted) reimburse.Patient {
	return reimburse.Patient{Born: p.born, C2S: c.kind == solidarity, ALD: c.kind == longIllness && p.child == nil, AlsaceMoselle: c.kind == alsaceMoselle}
}

// begin begins a payment for care of a day, or for a period that begins on it.
func (c *care) begin(p *counted, day, paidOn civil.Date, to domain.Recipient) {
	c.references++
	c.paidOn, c.sum, c.share = paidOn, 0, 0
	c.payment = ingest.Line{NIR: c.NIR, Beneficiary: p.child, PaidOn: paidOn.String(), Recipient: string(to)}
	c.payment.Reference = c.letter + day.String() + "-" + strconv.Itoa(c.references)
	c.payment.Movement = "VIR " + c.payment.PaidOn
	if to == domain.ToAssure {
		c.payment.Account = c.Account
	} else { // a movement of the assuré's holds nothing that went to others
		c.payment.Movement += " " + c.payment.Reference
	}
}

// end ends the payment that was begun, with the mutuelle's part.
func (c *care) end() ingest.Line {
	c.payment.AmountCents = cents(c.sum)
	if c.payment.Complementary.State == "" {
		c.payment.Complementary = c.part(c.share)
	}
	return c.payment
}

// add adds a line to the payment and recovers what is owed where it goes to the
// assuré.
func (c *care) add(p *counted, a ingest.Act) error {
	if c.payment.Recipient == string(domain.ToAssure) {
		if err := p.recover(&a, c.paidOn, c.rules); err != nil {
			return err
		}
	}
	c.payment.Lines = append(c.payment.Lines, a)
	c.sum += *a.PaidCents
	return nil
}

// part is what the mutuelle adds to the payment: nothing yet for what was recent
// when the demonstration began.
func (c *care) part(share money.Cents) ingest.Part {
	switch {
	case c.Mutuelle == "":
		return ingest.Part{State: string(domain.StateNone)}
	case c.Mutuelle == mgen:
		return ingest.Part{State: string(domain.StateElsewhere), Mutuelle: mgen}
	case c.began.AddDays(-10).Before(c.paidOn):
		return ingest.Part{State: string(domain.StateAwaited), Mutuelle: c.Mutuelle}
	}
	return ingest.Part{State: string(domain.StateKnown), Mutuelle: c.Mutuelle, AmountCents: cents(share), PaidOn: c.paidOn.AddDays(1 + c.r.IntN(4)).String()}
}
