package reimburse_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/reimburse"
)

func TestNetPay(t *testing.T) {
	for _, row := range []struct {
		why                   string
		gross, csg, crds, net money.Cents
	}{
		{"a week: 6.2 % and 0.5 %", 230_16, 14_27, 1_15, 214_74},
		{"half a cent goes up: 6.2 % of 2,50 € is 15.5 cents", 2_50, 16, 1, 2_33},
		{"nothing", 0, 0, 0, 0},
		{"a recovery gives back what was taken", -230_16, -14_27, -1_15, -214_74},
	} {
		got, err := reimburse.Default().NetPay(row.gross, day("2026-03-10"))
		if err != nil || got.CSG != row.csg || got.CRDS != row.crds || got.Net != row.net || got.Gross != row.gross || len(got.Steps) != 1 {
			t.Errorf("%s: got %+v, %v", row.why, got, err)
		}
	}
	got, err := reimburse.Default().NetPay(230_16, day("2026-03-10"))
	if want := strings.ReplaceAll("230,16_€ − 14,27_€ de CSG − 1,15_€ de CRDS = 214,74_€", "_", "\u00a0"); err != nil || got.Explain() != want {
		t.Errorf("got %s, %v", got.Explain(), err)
	}
	for why, row := range map[string]struct {
		gross money.Cents
		on    civil.Date
	}{
		"no day":                     {1, civil.Date{}},
		"before the rates are known": {1, day("1997-12-31")},
		"beyond any":                 {money.Max + 1, day("2026-03-10")},
	} {
		if got, err := reimburse.Default().NetPay(row.gross, row.on); err == nil {
			t.Errorf("%s: computed %+v", why, got)
		}
	}
}

// TestNetPaySums: the parts are the whole, whatever the sum, and a recovery is the
// opposite of the payment.
func TestNetPaySums(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for range 5_000 {
		gross := money.Cents(r.IntN(10_000_000))
		paid, err := parameters.NetPay(gross, day("2026-03-10"))
		if err != nil || paid.Net+paid.CSG+paid.CRDS != gross || paid.Net < 0 {
			t.Fatalf("%s: got %+v, %v", gross, paid, err)
		}
		if back, err := parameters.NetPay(-gross, day("2026-03-10")); err != nil || back.Net != -paid.Net || back.CSG != -paid.CSG {
			t.Fatalf("%s: taken back as %+v, %v", gross, back, err)
		}
	}
}

// provisional is the three kinds of pay of a leave that begins on a day, and
// whether they tell that a value of it is not known.
func provisional(t *testing.T, p reimburse.Parameters, on string) (sick, work, maternity money.Cents, told [3]bool) {
	t.Helper()
	s, err := p.SickPay(reimburse.SickLeave{Start: day(on), Days: 4, Pay: same(10_000_00)})
	if err != nil {
		t.Fatal(err)
	}
	w, err := p.WorkPay(reimburse.WorkLeave{Start: day(on), Days: 1, Pay: 20_000_00})
	if err != nil {
		t.Fatal(err)
	}
	m, err := p.MaternityPay(reimburse.MaternityLeave{Start: day(on), Days: 1, Pay: same(10_000_00)})
	if err != nil {
		t.Fatal(err)
	}
	for i, steps := range [][]reimburse.Step{s.Steps, w.Steps, m.Steps} {
		for _, step := range steps {
			told[i] = told[i] || step.Code == reimburse.StepProvisional && strings.Contains(step.Text, "n'est pas encore connu")
		}
	}
	if told != [3]bool{s.Provisional, w.Provisional, m.Provisional} {
		t.Errorf("%s: told %v, and the results say otherwise", on, told)
	}
	return s.Daily, w.Daily, m.Daily, told
}

// TestNewYear: on 1 January 2027 nothing fails. What is not known yet is that of
// 2026, and the result says so; an operator gives it, and it is told no more.
func TestNewYear(t *testing.T) {
	all, none := [3]bool{true, true, true}, [3]bool{}
	set := func(p reimburse.Parameters, key, value string) reimburse.Parameters {
		t.Helper()
		p, err := p.With(key, value)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	own := reimburse.Default()
	pass := set(own, "pass.2027", "4900000")
	smic := set(pass, "smic.2027", "190000")
	rise := set(set(smic, "smic.2027-2", "195000"), "smic.2027-2.debut", "2027-05-01")
	for _, row := range []struct {
		why, on               string
		p                     reimburse.Parameters
		sick, work, maternity money.Cents
		told                  [3]bool
	}{
		{"the last day of 2026", "2026-12-31", own, 42_97, 240_49, 104_02, none},
		{"the first of 2027: the SMIC of December is known, the PASS is not", "2027-01-01", own, 42_97, 240_49, 104_02, [3]bool{false, true, true}},
		{"February: neither is", "2027-02-01", own, 42_97, 240_49, 104_02, all},
		{"years later", "2031-07-15", own, 42_97, 240_49, 104_02, all},
		{"the PASS is given", "2027-02-01", pass, 42_97, 245_20, 106_05, [3]bool{true, false, false}},
		{"both are", "2027-02-01", smic, 43_73, 245_20, 106_05, none},
		{"what comes after follows what was given, and is not known", "2028-02-29", smic, 43_73, 245_20, 106_05, all},
		{"a rise in May: April's SMIC is the old one", "2027-05-01", rise, 43_73, 245_20, 106_05, none},
		{"and May's the new", "2027-06-01", rise, 44_88, 245_20, 106_05, none},
	} {
		sick, work, maternity, told := provisional(t, row.p, row.on)
		if sick != row.sick || work != row.work || maternity != row.maternity || told != row.told {
			t.Errorf("%s: got %s, %s, %s, told %v; want %s, %s, %s, %v", row.why, sick, work, maternity, told, row.sick, row.work, row.maternity, row.told)
		}
	}
	for value, mend := range map[string]string{"49000": "cents from 100001", "490000000": "to 10000000", "49 000 €": "whole number"} {
		if _, err := own.With("pass.2027", value); err == nil || !strings.Contains(err.Error(), mend) {
			t.Errorf("a PASS of %q: %v", value, err)
		}
	}
}

// TestCutSetting: an operator may have a day of sick pay cut to the cent, as
// service-public.fr prints it.
func TestCutSetting(t *testing.T) {
	leave := reimburse.SickLeave{Start: day("2026-03-02"), Days: 6, Pay: same(2000_00), Late: reimburse.Days{From: day("2026-03-05"), To: day("2026-03-05")}}
	for value, want := range map[string]reimburse.SickPay{
		"non": {Daily: 32_88, Halved: 16_44, Total: 82_20},
		"oui": {Daily: 32_87, Halved: 16_43, Total: 82_17},
	} {
		got, err := with(t, "ij.tronquee", value).SickPay(leave)
		if err != nil || got.Daily != want.Daily || got.Halved != want.Halved || got.Total != want.Total {
			t.Errorf("%s: got %+v, %v", value, got, err)
		}
	}
}
