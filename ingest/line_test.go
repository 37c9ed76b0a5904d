package ingest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/iban"
	"comptesante/domain/nir"
)

// good is a line with which nothing is wrong.
const good = `{"nir":"1 85 05 75 990 001 29","beneficiary":{"birthDate":"2017-09-03"},"reference":"A1","movement":"VIR 1","paidOn":"2026-11-02",` +
	`"recipient":"ASSURE","amountCents":1900,"lines":[` + goodAct + `],"complementary":{"state":"AWAITED","mutuelle":"99000001"}}`

const goodAct = `{"caredOn":"2026-10-28","act":"G","label":"Consultation","professional":{"number":"99700000003","name":"Dr Hélène d'Aubigné",` +
	`"specialty":"Dermatologue"},"spentCents":3000,"baseCents":3000,"ratePercent":70,"reimbursedCents":2100,"retainedCents":200,"paidCents":1900}`

var today = civil.Date{Year: 2026, Month: 11, Day: 23}

// with is good with one piece replaced.
// whole compares numbers by what they hide too.
var whole = cmp.Options{cmp.Comparer(func(a, b nir.NIR) bool { return a == b }), cmp.Comparer(func(a, b iban.IBAN) bool { return a == b })}

func with(t testing.TB, old, new string) string {
	t.Helper()
	if !strings.Contains(good, old) {
		t.Fatalf("%s is not in the line", old)
	}
	return strings.Replace(good, old, new, 1)
}

// verdict is what is wrong with a line, as field and code; empty for nothing.
func verdict(text string) string {
	record, fault := parse([]byte(text))
	if fault == nil {
		fault = record.Check(today)
	}
	if fault == nil {
		return ""
	}
	return fault.Field + " " + fault.Code
}

func TestParse(t *testing.T) {
	record, fault := parse([]byte(good))
	if fault != nil {
		t.Fatal(*fault)
	}
	number, err := nir.Parse("185057599000129")
	if err != nil {
		t.Fatal(err)
	}
	want := &domain.PaymentRecord{
		NIR: number, BirthDate: civil.Date{Year: 2017, Month: 9, Day: 3}, BirthRank: 1, Reference: "A1", Movement: "VIR 1",
		PaidOn: civil.Date{Year: 2026, Month: 11, Day: 2}, Recipient: domain.ToAssure, Amount: 1900,
		Lines: []domain.PaymentLine{{CaredOn: civil.Date{Year: 2026, Month: 10, Day: 28}, Act: "G", Label: "Consultation",
			Professional: &domain.Professional{Number: "99700000003", Name: "Dr Hélène d'Aubigné", Specialty: "Dermatologue"},
			Spent:        3000, Base: 3000, Rate: 70, Reimbursed: 2100, Retained: 200, Paid: 1900}},
		Complementary: domain.RecordPart{State: domain.StateAwaited, Mutuelle: "99000001"},
	}
	if diff := cmp.Diff(want, record, whole); diff != "" {
		t.Error(diff)
	}
}

func TestLines(t *testing.T) {
	for _, row := range []struct{ why, text, want string }{
		{"a good line", good, ""},
		{"the assuré themself", with(t, `"beneficiary":{"birthDate":"2017-09-03"},`, ``), ""},
		{"null is absent", with(t, `{"birthDate":"2017-09-03"}`, `null`), ""},
		{"a second twin", with(t, `"2017-09-03"`, `"2017-09-03","rank":2`), ""},
		{"rank 0 is an absent one", with(t, `"2017-09-03"`, `"2017-09-03","rank":0`), ""},
		{"blanks around everything", strings.ReplaceAll(" "+good+" \t", ":", " : "), ""},
		{"escaped characters", with(t, "Consultation", `Consultation \u00e0 9\u202fh`), ""},
		{"fields in another order", `{"lines":[` + goodAct + `],` + strings.Replace(good, `"lines":[`+goodAct+`],`, "", 1)[1:], ""},
		{"retainedCents may be left out", strings.NewReplacer(`"retainedCents":200,`, ``, `1900`, `2100`).Replace(good), ""},
		{"29 February of a leap year", with(t, "2026-10-28", "2024-02-29"), ""},

		{"a negative rank is not the first", with(t, `"2017-09-03"`, `"2017-09-03","rank":-1`), "beneficiary.rank RANGE"},
		{"29 February of a common year", with(t, "2026-11-02", "2026-02-29"), "paidOn DATE"},
		{"31 November", with(t, "2026-11-02", "2026-11-31"), "paidOn DATE"},
		{"a French day", with(t, "2026-11-02", "02/11/2026"), "paidOn DATE"},
		{"an instant", with(t, "2026-10-28", "2026-10-28T00:00:00Z"), "lines[0].caredOn DATE"},
		{"year 0", with(t, "2017-09-03", "0000-09-03"), "beneficiary.birthDate DATE"},
		{"no day of birth of a child", with(t, `"birthDate":"2017-09-03"`, ``), "beneficiary.birthDate MISSING"},
		{"no day of payment", with(t, `"paidOn":"2026-11-02",`, ``), "paidOn MISSING"},
		{"a wrong key of the NIR", with(t, "29\"", "30\""), "nir NIR"},
		{"no NIR", with(t, `"nir":"1 85 05 75 990 001 29",`, ``), "nir NIR"},
		{"no amount", with(t, `"amountCents":1900,`, ``), "amountCents MISSING"},
		{"no rate", with(t, `"ratePercent":70,`, ``), "lines[0].ratePercent MISSING"},
		{"no base", with(t, `"baseCents":3000,`, ``), "lines[0].baseCents MISSING"},
		{"the second line's amount", with(t, `[`+goodAct, `[`+goodAct+`,{}`), "lines[1].spentCents MISSING"},
		{"a known part without its amount", with(t, "AWAITED", "KNOWN"), "complementary.amountCents MISSING"},
		{"no part at all", with(t, `,"complementary":{"state":"AWAITED","mutuelle":"99000001"}`, ``), "complementary.state UNKNOWN"},
		{"parts that do not sum", with(t, `"amountCents":1900`, `"amountCents":1901`), "amountCents SUM"},
		{"no lines", with(t, goodAct, ``), "lines COUNT"},
		{"101 lines", with(t, goodAct, strings.Repeat(goodAct+",", 100)+goodAct), "lines COUNT"},
		{"an escaped NUL", with(t, "Consultation", `Consul\u0000tation`), "lines[0].label TEXT"},
		{"an escaped line break", with(t, "VIR 1", `VIR\n1`), "movement TEXT"},
		{"JSON null is no line", "null", "amountCents MISSING"},
	} {
		if got := verdict(row.text); got != row.want {
			t.Errorf("%s: got %q, want %q", row.why, got, row.want)
		}
	}
}

// TestForms: what is no line at all, or has fields of another form, is told by
// the field's path.
func TestForms(t *testing.T) {
	for _, row := range []struct{ why, text, want string }{
		{"broken UTF-8", with(t, "Consultation", "Consult\xe9"), " UTF8"},
		{"UTF-16", "\xff\xfe{\x00", " UTF8"},
		{"half of a surrogate pair, which would be the same reference as any other", with(t, `"A1"`, `"S\ud800"`), " UTF8"},
		{"the other half", with(t, `"A1"`, `"S\udfff"`), " UTF8"},
		{"two first halves in a label", with(t, "Consultation", `\ud83d\ud83d\ude00`), " UTF8"},
		{"a whole pair", with(t, "Consultation", `\ud83d\ude00`), ""},
		{"a backslash before what looks like a half", with(t, "Consultation", `\\ud800`), ""},
		{"cut in the middle", good[:len(good)/2], " JSON"},
		{"a comma too many", with(t, `"lines":[`, `"lines":[,`), " JSON"},
		{"a raw control character", with(t, "Consultation", "Consul\x00tation"), " JSON"},
		{"two objects", good + good, " JSON"},
		{"a bracket too many", good + "}", " JSON"},
		{"a comma between lines", good + ",", " JSON"},
		{"too deep for anything", strings.Repeat("[", 20_000), " JSON"},
		{"no object", "[]", " TYPE"},
		{"a text", `"x"`, " TYPE"},
		{"a text that something follows", `"":`, " TYPE"},

		{"an unknown field", with(t, `"amountCents"`, `"amount"`), "amount FIELD"},
		{"an unknown field of a line", with(t, `"caredOn"`, `"cared_on"`), "cared_on FIELD"},
		{"a value where a field's name should be", with(t, `"movement"`, `"185057599000129"`), " FIELD"},
		{"a name where a field's name should be", with(t, `"movement"`, `"Aïssatou N'Diaye"`), " FIELD"},

		{"euros", with(t, `"amountCents":1900`, `"amountCents":19.00`), "amountCents TYPE"},
		{"half a cent", with(t, `"paidCents":1900`, `"paidCents":1900.5`), "lines[0].paidCents TYPE"},
		{"an exponent", with(t, `"paidCents":1900`, `"paidCents":19e2`), "lines[0].paidCents TYPE"},
		{"beyond 64 bits", with(t, `"amountCents":1900`, `"amountCents":19000000000000000000`), "amountCents TYPE"},
		{"beyond bounds, within 64 bits", with(t, `"amountCents":1900`, `"amountCents":9223372036854775807`), "amountCents RANGE"},
		{"a number as text", with(t, `"spentCents":3000`, `"spentCents":"3000"`), "lines[0].spentCents TYPE"},
		{"in the third line", with(t, `[`+goodAct, `[`+goodAct+`,{"act":"[{,:\"}"},{"professional":{"town":7}}`), "lines[2].professional.town TYPE"},
		{"a number for a text", with(t, `"1 85 05 75 990 001 29"`, `185057599000129`), "nir TYPE"},
		{"an object for a text", with(t, `"A1"`, `{"x":["y"]}`), "reference TYPE"},
		{"an object for a list", with(t, `[`+goodAct+`]`, `{}`), "lines TYPE"},
		{"a list for an object", with(t, `{"state":"AWAITED","mutuelle":"99000001"}`, `[]`), "complementary TYPE"},
		{"a text for an object in a list", with(t, goodAct, goodAct+`,"x"`), "lines[1] TYPE"},
		{"a fraction of a percent", with(t, `"ratePercent":70`, `"ratePercent":70.5`), "lines[0].ratePercent TYPE"},

		{"a field that comes twice", with(t, `"amountCents":1900`, `"amountCents":1900,"amountCents":1900`), "amountCents TWICE"},
		{"twice in a line", with(t, `"act":"G"`, `"act":"G","act":"CS"`), "lines[0].act TWICE"},
		{"an object twice: encoding/json mixes the two", good[:len(good)-1] + `,"complementary":{"mutuelle":"99000002"}}`, "complementary TWICE"},
		{"twice in another case", with(t, `"nir"`, `"NIR":"","nir"`), "nir TWICE"},
		{"twice, once escaped", with(t, `"nir"`, `"n\u0069r":"","nir"`), "nir TWICE"},
		{"twice before a wrong form", with(t, `"reference":"A1"`, `"nir":"","reference":1`), "nir TWICE"},
		{"the same field of two lines is none", with(t, `"amountCents":1900,"lines":[`, `"amountCents":3800,"lines":[`+goodAct+`,`), ""},
		{"a value that looks like a field", with(t, `"label":"Consultation"`, `"label":"act\":"`), ""},
	} {
		if got := verdict(row.text); got != row.want {
			t.Errorf("%s: got %q, want %q", row.why, got, row.want)
		}
	}
}

// TestMends: a mend says what to give.
func TestMends(t *testing.T) {
	for _, row := range []struct{ why, text, want string }{
		{"text for cents", with(t, `"amountCents":1900`, `"amountCents":"1900"`), "whole number of cents"},
		{"a fraction for a percentage", with(t, `"ratePercent":70`, `"ratePercent":70.5`), "whole number,"},
		{"a number for text", with(t, `"A1"`, `1`), "quotation marks"},
		{"an object for a list", with(t, `[`+goodAct+`]`, `{}`), "a list"},
		{"text for an object", with(t, goodAct, `"x"`), "an object"},
		{"a text for a rank", with(t, `"2017-09-03"`, `"2017-09-03","rank":"2"`), "whole number,"},
	} {
		if _, fault := parse([]byte(row.text)); fault == nil || !strings.Contains(fault.Mend, row.want) {
			t.Errorf("%s: %+v", row.why, fault)
		}
	}
}

// TestManyFieldsTwice: a line as long as may be, of one field over and over, is
// refused at the second.
func TestManyFieldsTwice(t *testing.T) {
	text := `{"nir":""` + strings.Repeat(`,"nir":""`, maxLine/10) + `,"reference":1}`
	if got := verdict(text); got != "nir TWICE" {
		t.Errorf("got %q", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{good, "null", "{}", `{"nir":1}`, `{"lines":[{"act":{}}]}`, `{"nir":"","NIR":""}`, `{"lines":[{},{"paidCents":1.5}]}`, good + good, `"":`, `{"lines":0}]]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		record, fault := parse([]byte(text))
		if record == nil && fault == nil {
			t.Fatal("neither a record nor a fault")
		}
		slow, slowFault := parseSlowly([]byte(text))
		if diff := cmp.Diff(slowFault, fault) + cmp.Diff(slow, record, whole); diff != "" {
			t.Fatalf("read quickly, it is something else: %s", diff)
		}
		if fault == nil {
			fault = record.Check(today)
		}
		if fault != nil && (fault.Code == "" || fault.Reason == "" || len(fault.Mend) < len("give a list")) {
			t.Fatalf("nothing to mend by: %+v", *fault)
		}
		if fault != nil && strings.ContainsAny(fmt.Sprint(*fault), "\n\x00") {
			t.Fatalf("not one line: %+v", *fault)
		}
	})
}
