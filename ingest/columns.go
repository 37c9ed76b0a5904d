package ingest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"comptesante/domain"
	"comptesante/domain/money"
)

// column is a column of a CSV file: the path of a field of NDJSON, without that
// of its list.
type column struct {
	name string
	kind columnKind
	set  func(d *draft, cell string) // called where the cell is not empty
}

// columnKind tells where a column's field belongs.
type columnKind struct{ head, needed bool }

var (
	head       = columnKind{head: true, needed: true} // of the payment, the same in each of its rows
	headOption = columnKind{head: true}
	act        = columnKind{needed: true} // of the row's own line
	actOption  = columnKind{}
)

// columns are all columns there are, in the order that docs/ingest.md lists
// them in.
var columns = []column{
	{"nir", head, func(d *draft, c string) { d.NIR = c }},
	{"beneficiary.birthDate", headOption, func(d *draft, c string) { d.beneficiary().BirthDate = c }},
	{"beneficiary.rank", headOption, func(d *draft, c string) { d.beneficiary().Rank = d.number(c) }},
	{"reference", head, func(d *draft, c string) { d.Reference = c }},
	{"movement", head, func(d *draft, c string) { d.Movement = c }},
	{"paidOn", head, func(d *draft, c string) { d.PaidOn = c }},
	{"recipient", head, func(d *draft, c string) { d.Recipient = c }},
	{"amountCents", head, func(d *draft, c string) { d.AmountCents = d.cents(c) }},
	{"complementary.state", head, func(d *draft, c string) { d.Complementary.State = c }},
	{"complementary.mutuelle", headOption, func(d *draft, c string) { d.Complementary.Mutuelle = c }},
	{"complementary.amountCents", headOption, func(d *draft, c string) { d.Complementary.AmountCents = d.cents(c) }},
	{"complementary.paidOn", headOption, func(d *draft, c string) { d.Complementary.PaidOn = c }},
	{"caredOn", act, func(d *draft, c string) { d.act().CaredOn = c }},
	{"act", act, func(d *draft, c string) { d.act().Act = c }},
	{"label", act, func(d *draft, c string) { d.act().Label = c }},
	{"professional.number", actOption, func(d *draft, c string) { d.professional().Number = c }},
	{"professional.name", actOption, func(d *draft, c string) { d.professional().Name = c }},
	{"professional.specialty", actOption, func(d *draft, c string) { d.professional().Specialty = c }},
	{"professional.town", actOption, func(d *draft, c string) { d.professional().Town = &c }},
	{"spentCents", act, func(d *draft, c string) { d.act().SpentCents = d.cents(c) }},
	{"baseCents", act, func(d *draft, c string) { d.act().BaseCents = d.cents(c) }},
	{"ratePercent", act, func(d *draft, c string) { rate := d.number(c); d.act().RatePercent = &rate }},
	{"reimbursedCents", act, func(d *draft, c string) { d.act().ReimbursedCents = d.cents(c) }},
	{"retainedCents", actOption, func(d *draft, c string) { d.act().RetainedCents = money.Cents(d.whole(c, wantedCents)) }},
	{"paidCents", act, func(d *draft, c string) { d.act().PaidCents = d.cents(c) }},
	{"participationCents", actOption, func(d *draft, c string) { d.retain(domain.Participation, false, c) }},
	{"franchiseCents", actOption, func(d *draft, c string) { d.retain(domain.Franchise, false, c) }},
	{"otherRetainedCents", actOption, func(d *draft, c string) { d.retain(domain.OtherRetained, false, c) }},
	{"deferredParticipationCents", actOption, func(d *draft, c string) { d.retain(domain.Participation, true, c) }},
	{"deferredFranchiseCents", actOption, func(d *draft, c string) { d.retain(domain.Franchise, true, c) }},
	{"earlier.caredOn", actOption, func(d *draft, c string) { d.earlier().CaredOn = c }},
	{"earlier.paidOn", actOption, func(d *draft, c string) { d.earlier().PaidOn = c }},
	{"earlier.label", actOption, func(d *draft, c string) { d.earlier().Label = c }},
	{"earlier.participationCents", actOption, func(d *draft, c string) { d.retainEarlier(domain.Participation, c) }},
	{"earlier.franchiseCents", actOption, func(d *draft, c string) { d.retainEarlier(domain.Franchise, c) }},
	{"earlier.otherCents", actOption, func(d *draft, c string) { d.retainEarlier(domain.OtherRetained, c) }},
	{"allowance.nature", actOption, func(d *draft, c string) { d.allowance().Nature = c }},
	{"allowance.from", actOption, func(d *draft, c string) { d.allowance().From = c }},
	{"allowance.to", actOption, func(d *draft, c string) { d.allowance().To = c }},
	{"allowance.days", actOption, func(d *draft, c string) { d.allowance().Days = d.number(c) }},
	{"allowance.dailyCents", actOption, func(d *draft, c string) { d.allowance().DailyCents = d.cents(c) }},
	{"allowance.grossCents", actOption, func(d *draft, c string) { d.allowance().GrossCents = d.cents(c) }},
	{"allowance.csgCents", actOption, func(d *draft, c string) { d.allowance().CSGCents = money.Cents(d.whole(c, wantedCents)) }},
	{"allowance.crdsCents", actOption, func(d *draft, c string) { d.allowance().CRDSCents = money.Cents(d.whole(c, wantedCents)) }},
	{"account", headOption, func(d *draft, c string) { d.Account = c }},
}

// draft is a payment as its rows fill it.
type draft struct {
	Line
	reading
	column *column      // whose cell is being read
	of     *EarlierCare // that the row names, or nil
	held   bool         // whether something is held back for it
}

func (d *draft) beneficiary() *Beneficiary {
	if d.Beneficiary == nil {
		d.Beneficiary = &Beneficiary{}
	}
	return d.Beneficiary
}

// act is the line of the row that is being read.
func (d *draft) act() *Act { return &d.Lines[len(d.Lines)-1] }

func (d *draft) professional() *Professional {
	a := d.act()
	if a.Professional == nil {
		a.Professional = &Professional{}
	}
	return a.Professional
}

// retain adds a retention that is due on the row's own line.
func (d *draft) retain(kind domain.RetentionKind, deferred bool, cell string) {
	a := d.act()
	a.Retentions = append(a.Retentions, Retention{Kind: string(kind), AmountCents: d.cents(cell), Deferred: deferred})
}

// earlier is the earlier care of the row: one, whatever is held back for it.
func (d *draft) earlier() *EarlierCare {
	if d.of == nil {
		d.of = &EarlierCare{}
	}
	return d.of
}

// retainEarlier adds a retention that is due on the row's earlier care.
func (d *draft) retainEarlier(kind domain.RetentionKind, cell string) {
	d.retain(kind, false, cell)
	retentions := d.act().Retentions
	retentions[len(retentions)-1].Of, d.held = d.earlier(), true
}

// begin begins the line of a row, and endRow ends it.
func (d *draft) begin() { d.Lines, d.of, d.held = append(d.Lines, Act{}), nil, false }

func (d *draft) endRow() {
	if d.of != nil && !d.held {
		d.fail(fmt.Sprintf("lines[%d].earlier", len(d.Lines)-1), "MISSING", "nothing is held back for the earlier care", "give earlier.participationCents, earlier.franchiseCents or earlier.otherCents, or leave it out")
	}
}

func (d *draft) allowance() *Allowance {
	a := d.act()
	if a.Allowance == nil {
		a.Allowance = &Allowance{}
	}
	return a.Allowance
}

func (d *draft) cents(cell string) *money.Cents {
	c := money.Cents(d.whole(cell, wantedCents))
	return &c
}

func (d *draft) number(cell string) int { return int(d.whole(cell, wantedNumber)) }

// whole reads a number as JSON writes it: no plus, no leading zero, no point.
func (d *draft) whole(cell, wanted string) int64 {
	n, err := strconv.ParseInt(cell, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != cell {
		d.fail(d.path(), "TYPE", wrongType, "give "+wanted)
	}
	return n
}

// path is where the cell's field stands, as a reject of NDJSON tells it.
func (d *draft) path() string {
	if d.column.kind.head {
		return d.column.name
	}
	return fmt.Sprintf("lines[%d].%s", len(d.Lines)-1, d.column.name)
}

// columnName is what a name of ours could look like; see fieldName.
var columnName = regexp.MustCompile(`^[A-Za-z_]{1,32}(\.[A-Za-z_]{1,32})?$`)

// readHeader finds the file's columns. Names are found in any case.
func readHeader(fields []string) ([]*column, error) {
	var found []*column
	for i, name := range fields {
		name = strings.TrimSpace(name)
		at := slices.IndexFunc(columns, func(c column) bool { return strings.EqualFold(c.name, name) })
		switch {
		case at < 0 && columnName.MatchString(name):
			return nil, fmt.Errorf("column %d of the header, %s, is none that docs/ingest.md lists: check its spelling", i+1, name)
		case at < 0: // perhaps a value: it is not repeated
			return nil, fmt.Errorf("column %d of the header has no name of a column: the first row names the columns, as docs/ingest.md lists them, parted by ; or by commas", i+1)
		case slices.Contains(found, &columns[at]):
			return nil, fmt.Errorf("column %d of the header, %s, comes twice: leave out the wrong one", i+1, columns[at].name)
		}
		found = append(found, &columns[at])
	}
	var missing []string
	for i := range columns {
		if columns[i].kind.needed && !slices.Contains(found, &columns[i]) {
			missing = append(missing, columns[i].name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("the header lacks %s: add what docs/ingest.md lists as needed", strings.Join(missing, ", "))
	}
	return found, nil
}
