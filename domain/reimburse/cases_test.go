package reimburse_test

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/reimburse"
)

// testCase is one row of testdata/cases.json: what comes in, and the fields that
// must come out.
type testCase struct {
	ID          string
	Description string
	Inputs      json.RawMessage
	Expected    map[string]any
}

// fields is what a computation gave, under the names of the file.
type fields map[string]any

// optional is the fields that the file shows only where they apply: one that is
// not expected must not apply.
var optional = []string{"majoration_hors_parcours_cents", "c2s_paid_cents"}

// TestCases runs every row of testdata/cases.json, a copy of the project's
// reimbursement_cases.json. Rows may be added to the file: an input or an
// expectation that is not known here fails the test, so that none is passed over.
func TestCases(t *testing.T) {
	raw, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Cases   []testCase
		IJCases []testCase `json:"ij_cases"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	ran := 0
	run := func(c testCase, compute func(*testing.T, json.RawMessage) fields) {
		t.Run(c.ID, func(t *testing.T) {
			ran++
			compare(t, c, compute(t, c.Inputs))
		})
	}
	for _, c := range file.Cases {
		run(c, computeCase)
	}
	for _, c := range file.IJCases {
		run(c, computeIJ)
	}
	if want := bytes.Count(raw, []byte(`"expected":`)); ran != want || ran < 48 {
		t.Errorf("%d rows ran of %d in the file, 48 of which it had from the start", ran, want)
	}
}

func compare(t *testing.T, c testCase, got fields) {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var have map[string]any
	if err := json.Unmarshal(text, &have); err != nil {
		t.Fatal(err)
	}
	for name, want := range c.Expected {
		value, ok := have[name]
		if !ok {
			t.Errorf("%s: expectation %s is not known to this test", c.Description, name)
		} else if !reflect.DeepEqual(value, want) {
			t.Errorf("%s: %s: got %v, want %v", c.Description, name, value, want)
		}
	}
	for _, name := range optional {
		if _, expected := c.Expected[name]; !expected && have[name] != nil && have[name] != 0.0 {
			t.Errorf("%s: %s is %v, and not expected at all", c.Description, name, have[name])
		}
	}
}

func decode(t *testing.T, raw json.RawMessage, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("inputs: %v", err)
	}
}

// computeCase tells the three shapes of rows apart.
func computeCase(t *testing.T, raw json.RawMessage) fields {
	var shape struct {
		Days    []civil.Date
		ActCode string `json:"act_code"`
	}
	if err := json.Unmarshal(raw, &shape); err != nil {
		t.Fatal(err)
	}
	switch {
	case len(shape.Days) > 0:
		return computeStay(t, raw)
	case shape.ActCode == "FPU":
		return computeEmergency(t, raw)
	}
	return computeLines(t, raw)
}

// careInputs is the inputs of lines of care.
type careInputs struct {
	DateSoins     civil.Date       `json:"date_soins"`
	PaymentDate   civil.Date       `json:"payment_date"`
	ActCode       string           `json:"act_code"`
	Family        reimburse.Family `json:"family"`
	Paid          money.Cents      `json:"paid_cents"`
	PaidEach      money.Cents      `json:"paid_cents_each"`
	BR            money.Cents      `json:"br_cents"`
	BREach        money.Cents      `json:"br_cents_each"`
	Lines         int              `json:"lines"`
	Quantity      int              `json:"quantity"`
	Parcours      bool             `json:"parcours"`
	Traitant      *bool            `json:"medecin_traitant_declared"` // no effect under 16; above, parcours says it
	TiersPayant   bool             `json:"tiers_payant_amo"`
	BirthDate     civil.Date       `json:"birth_date"`
	C2S           bool             `json:"c2s"`
	ALD           bool             `json:"ald_related"`
	Maternity     bool             `json:"maternity_window"`
	AlsaceMoselle bool             `json:"alsace_moselle"`
	ASPA          bool             `json:"aspa"`
	Urgent        bool             `json:"urgent"`
	WithBiology   bool             `json:"with_biology_exam"`
	PFYear        money.Cents      `json:"pf_ytd_cents"`
	PFPrevious    money.Cents      `json:"pf_previous_year_cents"` // for information
	PFDay         money.Cents      `json:"pf_same_day_same_pro_cents"`
	PFDayOther    money.Cents      `json:"pf_same_day_other_pro_cents"` // in pf_ytd_cents too
	FranchiseYear money.Cents      `json:"franchise_ytd_cents"`
	FranchiseDay  money.Cents      `json:"franchise_same_day_cents"`
	Debt          money.Cents      `json:"debt_before_cents"`
}

func computeLines(t *testing.T, raw json.RawMessage) fields {
	in := careInputs{Parcours: true, Quantity: 1, BirthDate: day("1980-05-05")}
	decode(t, raw, &in)
	if in.Lines > 0 {
		in.Paid, in.BR = in.PaidEach, in.BREach
	}
	counters := in.counters()
	var lines []reimburse.Reimbursement
	for range max(1, in.Lines) {
		r, err := in.line(counters)
		if err != nil {
			t.Fatal(err)
		}
		counters = r.Counters
		lines = append(lines, r)
	}
	return settled(t, lines, in.Debt)
}

// counters knows cents alone: the numbers of participations are tested apart.
func (in careInputs) counters() reimburse.Counters {
	paidOn := in.PaymentDate
	if paidOn.IsZero() {
		paidOn = in.DateSoins
	}
	return reimburse.Counters{
		Year: reimburse.Year{Year: paidOn.Year, Participation: reimburse.Tally{Cents: in.PFYear}, Franchise: in.FranchiseYear},
		Day:  reimburse.Day{On: in.DateSoins, Participation: reimburse.Tally{Cents: in.PFDay}, Auxiliary: in.FranchiseDay, Transport: in.FranchiseDay},
	}
}

func (in careInputs) line(c reimburse.Counters) (reimburse.Reimbursement, error) {
	p := reimburse.Default()
	care := reimburse.Care{
		On: in.DateSoins, PaidOn: in.PaymentDate, Spent: in.Paid, Price: in.BR, TiersPayant: in.TiersPayant,
		Patient: reimburse.Patient{Born: in.BirthDate, C2S: in.C2S, ALD: in.ALD, Maternity: in.Maternity, AlsaceMoselle: in.AlsaceMoselle, ASPA: in.ASPA},
	}
	switch in.Family {
	case reimburse.Medicine1, reimburse.Medicine7, reimburse.Medicine4, reimburse.Medicine2:
		return p.Medicines(reimburse.Medicines{Care: care, Class: in.Family, Boxes: in.Quantity}, c)
	case reimburse.Transport:
		return p.Journeys(reimburse.Journeys{Care: care, Count: in.Quantity, Urgent: in.Urgent}, c)
	case reimburse.Device:
		return p.Devices(reimburse.Devices{Care: care}, c)
	}
	act := reimburse.Act{Care: care, Family: in.Family, Quantity: in.Quantity, Sampling: in.WithBiology}
	if !in.Parcours {
		act.Pathway = reimburse.PathwayOutside
	}
	return p.Act(act, c)
}

// settled gives the lines' results; those to the insured bear earlier debts.
func settled(t *testing.T, lines []reimburse.Reimbursement, debt money.Cents) fields {
	var gross, participation, franchise, paid money.Cents
	var byLine []money.Cents
	for _, l := range lines {
		gross += l.Gross
		participation += l.Participation
		franchise += l.Franchise
		paid += l.Paid
		byLine = append(byLine, l.Participation)
	}
	l := lines[0]
	taken := money.Cents(0)
	if debt > 0 && l.Recipient == reimburse.ToInsured {
		s, err := reimburse.Default().Settle(l.PaidOn, paid, []reimburse.Debt{{Amount: debt, PaidOn: l.PaidOn}})
		if err != nil {
			t.Fatal(err)
		}
		taken, paid = s.Taken, s.Paid
	}
	return fields{
		"base_cents": l.Base, "rate_percent": float64(l.Rate) / 100, "amo_gross_cents": l.Gross,
		"participation_cents": l.Participation, "franchise_cents": l.Franchise,
		"ticket_moderateur_cents": l.TicketModerateur, "depassement_cents": l.Depassement,
		"amo_paid_cents": paid, "deferred_debt_cents": l.Deferred, "recipient": recipient(l.Recipient),
		"patient_remaining_before_amc_cents": l.Remaining,
		"majoration_hors_parcours_cents":     l.HorsParcours, "c2s_paid_cents": l.C2SPaid,
		"debt_recovered_cents": taken, "debt_after_cents": debt - taken,
		"amo_gross_total_cents": gross, "participation_total_cents": participation, "franchise_total_cents": franchise,
		"participation_by_line_cents": byLine,
	}
}

func recipient(r reimburse.Recipient) string {
	return map[reimburse.Recipient]string{
		reimburse.ToInsured: "assuré", reimburse.ToProfessional: "professionnel", reimburse.ToHospital: "établissement",
	}[r]
}

func computeStay(t *testing.T, raw json.RawMessage) fields {
	in := struct {
		Days          []civil.Date
		Cost          money.Cents `json:"stay_cost_cents"`
		HeavyAct      bool        `json:"heavy_act"`
		Psychiatry    bool
		BirthDate     civil.Date `json:"birth_date"`
		C2S           bool       `json:"c2s"`
		ALD           bool       `json:"ald_related"`
		Maternity     bool       `json:"maternity_window"`
		AlsaceMoselle bool       `json:"alsace_moselle"`
	}{BirthDate: day("1980-05-05")}
	decode(t, raw, &in)
	entry := in.Days[0]
	for i, d := range in.Days {
		if d != entry.AddDays(i) {
			t.Fatalf("the days of the stay do not follow each other: %v", in.Days)
		}
	}
	r, err := reimburse.Default().Stay(reimburse.Stay{
		Entry: entry, Discharge: in.Days[len(in.Days)-1], Cost: in.Cost, HeavyAct: in.HeavyAct, Psychiatry: in.Psychiatry,
		Patient: reimburse.Patient{Born: in.BirthDate, C2S: in.C2S, ALD: in.ALD, Maternity: in.Maternity, AlsaceMoselle: in.AlsaceMoselle},
	})
	if err != nil {
		t.Fatal(err)
	}
	return fields{
		"amo_paid_cents": r.Paid, "participation_or_tm_cents": r.TicketModerateur + r.HeavyAct,
		"forfait_journalier_cents": r.DailyCharge, "participation_cents": 0,
		"patient_or_amc_total_cents": r.Remaining, "c2s_paid_cents": r.C2SPaid, "recipient": recipient(r.Recipient),
	}
}

func computeEmergency(t *testing.T, raw json.RawMessage) fields {
	var in struct {
		DateSoins civil.Date `json:"date_soins"`
		ActCode   string     `json:"act_code"`
		Reduced   bool
		Maternity bool       `json:"maternity_window"`
		BirthDate civil.Date `json:"birth_date"` // without effect
	}
	decode(t, raw, &in)
	e, err := reimburse.Default().EmergencyVisit(reimburse.EmergencyVisit{On: in.DateSoins, Reduced: in.Reduced, Maternity: in.Maternity})
	if err != nil {
		t.Fatal(err)
	}
	return fields{"fpu_cents": e.Forfait, "amo_paid_cents": 0, "payer": "patient ou complémentaire"}
}

func computeIJ(t *testing.T, raw json.RawMessage) fields {
	var in struct {
		Start civil.Date
		Days  int
		Pay   [3]money.Cents `json:"last_three_gross_cents"`
	}
	decode(t, raw, &in)
	s, err := reimburse.Default().SickPay(reimburse.SickLeave{Start: in.Start, Days: in.Days, Pay: in.Pay})
	if err != nil {
		t.Fatal(err)
	}
	return fields{
		"smic_reference_date": s.SMICOn, "monthly_cap_cents": s.MonthlyCap, "daily_gross_cents": s.Daily,
		"waiting_days": s.Waiting, "paid_days": s.PaidDays, "total_gross_cents": s.Total,
	}
}
