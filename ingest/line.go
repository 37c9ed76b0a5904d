package ingest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/iban"
	"comptesante/domain/money"
	"comptesante/domain/nir"
)

// Line is one line of a file of payments, as docs/ingest.md describes it.
type Line struct {
	NIR           string       `json:"nir"`
	Beneficiary   *Beneficiary `json:"beneficiary,omitempty"` // absent: the assuré
	Reference     string       `json:"reference"`
	Movement      string       `json:"movement"`
	PaidOn        string       `json:"paidOn"`
	Recipient     string       `json:"recipient"`
	Account       string       `json:"account,omitempty"` // IBAN that it was paid to
	AmountCents   *money.Cents `json:"amountCents"`
	Lines         []Act        `json:"lines"`
	Complementary Part         `json:"complementary"`
}

// Beneficiary names a child of the file.
type Beneficiary struct {
	BirthDate string `json:"birthDate"`
	Rank      int    `json:"rank,omitempty"` // of twins; 1 where absent
}

// Act is one line of a payment.
type Act struct {
	CaredOn         string        `json:"caredOn"`
	Act             string        `json:"act"`
	Label           string        `json:"label"`
	Professional    *Professional `json:"professional,omitempty"`
	SpentCents      *money.Cents  `json:"spentCents"`
	BaseCents       *money.Cents  `json:"baseCents"`
	RatePercent     *int          `json:"ratePercent"`
	ReimbursedCents *money.Cents  `json:"reimbursedCents"`
	RetainedCents   money.Cents   `json:"retainedCents,omitempty"`
	PaidCents       *money.Cents  `json:"paidCents"`
	Retentions      []Retention   `json:"retentions,omitempty"` // the detail of RetainedCents, and what is deferred
	Allowance       *Allowance    `json:"allowance,omitempty"`  // for daily allowances
}

// Retention is one amount that is held back of a line, or put off.
type Retention struct {
	Kind        string       `json:"kind"`
	AmountCents *money.Cents `json:"amountCents"`
	Deferred    bool         `json:"deferred,omitempty"`
	Of          *EarlierCare `json:"of,omitempty"` // absent: due on the line itself
}

// EarlierCare is the care that a retention was due on.
type EarlierCare struct {
	CaredOn string `json:"caredOn"`
	PaidOn  string `json:"paidOn,omitempty"`
	Label   string `json:"label"`
}

// Allowance is a period of daily allowances.
type Allowance struct {
	Nature     string       `json:"nature"`
	From       string       `json:"from"`
	To         string       `json:"to"`
	Days       int          `json:"days"`
	DailyCents *money.Cents `json:"dailyCents"`
	GrossCents *money.Cents `json:"grossCents"`
	CSGCents   money.Cents  `json:"csgCents,omitempty"`
	CRDSCents  money.Cents  `json:"crdsCents,omitempty"`
}

// Professional names who gave the care; known ones are found by number.
type Professional struct {
	Number    string  `json:"number"`
	Name      string  `json:"name"`
	Specialty string  `json:"specialty"`
	Town      *string `json:"town,omitempty"`
}

// Part is the complementary part.
type Part struct {
	State       string       `json:"state"`
	Mutuelle    string       `json:"mutuelle,omitempty"`
	AmountCents *money.Cents `json:"amountCents,omitempty"`
	PaidOn      string       `json:"paidOn,omitempty"`
}

// strict takes a line that has nothing unusual: each field once, in UTF-8,
// written as docs/ingest.md writes it.
var strict = jsonv2.JoinOptions(jsonv2.RejectUnknownMembers(true))

// parse reads a line of a file into a record, or tells the first fault of its
// form. Sums and bounds are the record's own check. Most lines have nothing
// unusual and are read in a quarter of the time; what such reading refuses is
// read again by the code that says what is wrong, or accepts it after all, such
// as a field in another case.
func parse(text []byte) (*domain.PaymentRecord, *domain.Fault) {
	var line Line
	if jsonv2.Unmarshal(text, &line, strict) == nil {
		return line.record()
	}
	return parseSlowly(text)
}

func parseSlowly(text []byte) (*domain.PaymentRecord, *domain.Fault) {
	if !utf8.Valid(text) {
		return nil, &domain.Fault{Code: "UTF8", Reason: "the line is not UTF-8", Mend: "convert the file"}
	}
	var line Line
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&line); err != nil {
		return nil, jsonFault(text[:d.InputOffset()], err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, &domain.Fault{Code: "JSON", Reason: "something follows the JSON object", Mend: "give each payment a line of its own"}
	}
	if path, twice := follow(text, int64(len(text))); twice {
		return nil, twiceFault(path)
	}
	// encoding/json takes each half of a pair for the same character: two
	// references would become one.
	if !jsontext.Value(text).IsValid(jsontext.AllowDuplicateNames(true)) {
		return nil, &domain.Fault{Code: "UTF8", Reason: "an escape is half of a surrogate pair, which is no character", Mend: "escape both halves, or write the character as UTF-8"}
	}
	return line.record()
}

func twiceFault(path string) *domain.Fault {
	return &domain.Fault{Field: path, Code: "TWICE", Reason: "the field comes twice", Mend: "leave out the wrong one"}
}

// wanted says what a field takes, by its kind in Go.
var wanted = map[reflect.Kind]string{
	reflect.String: "a text in quotation marks", reflect.Slice: "a list", reflect.Struct: "an object",
	reflect.Int: wantedNumber, reflect.Int64: wantedCents, reflect.Bool: wantedBool,
}

// wrongType is what is wrong with a value of another type than its field's.
const wrongType = "a value of another type"

// What numbers are given as.
const (
	wantedNumber = "a whole number, without point or exponent"
	wantedCents  = "a whole number of cents, without point or exponent"
	wantedBool   = "true or false"
)

// fieldName is what a name of ours could look like. Another may be a value that
// lost its field, such as a NIR, and is not repeated.
var fieldName = regexp.MustCompile(`^[A-Za-z_]{1,32}$`)

// jsonFault says what is wrong with a JSON value without repeating what is in it.
func jsonFault(value []byte, err error) *domain.Fault {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		path, twice := follow(value, kind.Offset-1)
		if twice {
			return twiceFault(path)
		}
		return &domain.Fault{Field: path, Code: "TYPE", Reason: wrongType, Mend: "give " + wanted[kind.Type.Kind()]}
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		if name = strings.Trim(name, `"`); !fieldName.MatchString(name) {
			name = ""
		}
		return &domain.Fault{Field: name, Code: "FIELD", Reason: "no such field", Mend: "check its spelling in docs/ingest.md"}
	}
	return &domain.Fault{Code: "JSON", Reason: "not one JSON object on one line", Mend: "check quotes, commas and that the line is whole"}
}

// reading collects the first fault of a line while its fields are read.
type reading struct{ fault *domain.Fault }

func (r *reading) fail(field, code, reason, mend string) {
	if r.fault == nil {
		r.fault = &domain.Fault{Field: field, Code: code, Reason: reason, Mend: mend}
	}
}

func (r *reading) cents(field string, c *money.Cents) money.Cents {
	if c == nil {
		r.fail(field, "MISSING", "the amount is missing", "give it in whole cents")
		return 0
	}
	return *c
}

// day reads a day; an empty text is none.
func (r *reading) day(field, text string) civil.Date {
	if text == "" {
		return civil.Date{}
	}
	d, err := civil.Parse(text)
	if err != nil {
		r.fail(field, "DATE", "no day of the calendar in the form YYYY-MM-DD", "give a day such as 2026-02-28")
	}
	return d
}

// record reads the fields' forms.
func (l *Line) record() (*domain.PaymentRecord, *domain.Fault) {
	var r reading
	record := &domain.PaymentRecord{
		Reference: l.Reference, Movement: l.Movement, PaidOn: r.day("paidOn", l.PaidOn),
		Recipient: domain.Recipient(l.Recipient), Amount: r.cents("amountCents", l.AmountCents),
		Complementary: domain.RecordPart{State: domain.ComplementaryState(l.Complementary.State), Mutuelle: l.Complementary.Mutuelle,
			PaidOn: r.day("complementary.paidOn", l.Complementary.PaidOn)},
	}
	n, err := nir.Parse(l.NIR)
	if err != nil {
		r.fail("nir", "NIR", err.Error(), "check the number for a typing error")
	}
	record.NIR = n
	if l.Account != "" {
		if record.Account, err = iban.Parse(l.Account); err != nil {
			r.fail("account", "IBAN", err.Error(), "check the number for a typing error, or leave it out")
		}
	}
	if b := l.Beneficiary; b != nil {
		if record.BirthDate, record.BirthRank = r.day("beneficiary.birthDate", b.BirthDate), cmp.Or(b.Rank, 1); record.BirthDate.IsZero() {
			r.fail("beneficiary.birthDate", "MISSING", "the day of birth is missing", "give it, or leave beneficiary out for the assuré")
		}
	}
	if l.Complementary.AmountCents != nil {
		record.Complementary.Amount = *l.Complementary.AmountCents
	} else if l.Complementary.State == string(domain.StateKnown) {
		r.fail("complementary.amountCents", "MISSING", "the amount is missing", "give what the mutuelle paid, in whole cents")
	}
	record.Lines = make([]domain.PaymentLine, 0, len(l.Lines))
	for i := range l.Lines {
		record.Lines = append(record.Lines, l.Lines[i].line(&r, "lines["+strconv.Itoa(i)+"]."))
	}
	return record, r.fault
}

func (a *Act) line(r *reading, at string) domain.PaymentLine {
	line := domain.PaymentLine{
		CaredOn: r.day(at+"caredOn", a.CaredOn), Act: a.Act, Label: a.Label,
		Spent: r.cents(at+"spentCents", a.SpentCents), Base: r.cents(at+"baseCents", a.BaseCents),
		Reimbursed: r.cents(at+"reimbursedCents", a.ReimbursedCents), Retained: a.RetainedCents, Paid: r.cents(at+"paidCents", a.PaidCents),
	}
	if a.RatePercent == nil {
		r.fail(at+"ratePercent", "MISSING", "the rate is missing", "give it in percent")
	} else {
		line.Rate = *a.RatePercent
	}
	if p := a.Professional; p != nil {
		line.Professional = &domain.Professional{Number: p.Number, Name: p.Name, Specialty: p.Specialty, Town: p.Town}
	}
	for i := range a.Retentions {
		line.Retentions = append(line.Retentions, a.Retentions[i].retention(r, at+"retentions["+strconv.Itoa(i)+"]."))
	}
	if a.Allowance != nil {
		line.Allowance = a.Allowance.allowance(r, at+"allowance.")
	}
	return line
}

func (f *Retention) retention(r *reading, at string) domain.Retention {
	out := domain.Retention{Kind: domain.RetentionKind(f.Kind), Amount: r.cents(at+"amountCents", f.AmountCents), Deferred: f.Deferred}
	if f.Of != nil {
		out.Of = &domain.EarlierCare{CaredOn: r.day(at+"of.caredOn", f.Of.CaredOn), Label: f.Of.Label}
		if f.Of.PaidOn != "" {
			day := r.day(at+"of.paidOn", f.Of.PaidOn)
			out.Of.PaidOn = &day
		}
	}
	return out
}

func (a *Allowance) allowance(r *reading, at string) *domain.DailyAllowance {
	return &domain.DailyAllowance{Nature: domain.AllowanceNature(a.Nature), From: r.day(at+"from", a.From), To: r.day(at+"to", a.To), Days: a.Days,
		Daily: r.cents(at+"dailyCents", a.DailyCents), Gross: r.cents(at+"grossCents", a.GrossCents), CSG: a.CSGCents, CRDS: a.CRDSCents}
}
