package resolvers_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db/dbtest"
	"comptesante/domain"
)

// asked is a file with payments of several kinds: two consultations in one
// movement, of the assuré and of the child, a pharmacy in tiers payant, sick pay
// that recovers what the pharmacy was owed, and a recovery.
func asked(t *testing.T) (*bundle, int64) {
	t.Helper()
	b := newBundle(t)
	me := b.file(t, 0, 2, "2015-03-02")
	own := dbtest.Record(t, 0, "own", "2026-11-02")
	own.Lines[0].Retentions = []domain.Retention{{Kind: domain.Participation, Amount: 200}}
	child := dbtest.Record(t, 0, "child", "2026-11-02")
	child.BirthDate, child.BirthRank = dbtest.Day(t, "2015-03-02"), 1
	pharmacy := dbtest.Record(t, 0, "pharmacy", "2026-10-05")
	pharmacy.Recipient, pharmacy.Amount = domain.ToProfessional, 650
	pharmacy.Lines = []domain.PaymentLine{{CaredOn: dbtest.Day(t, "2026-10-01"), Act: "PH7", Label: "Médicaments", Spent: 1000, Base: 1000, Rate: 65, Reimbursed: 650, Paid: 650,
		Retentions: []domain.Retention{{Kind: domain.Franchise, Amount: 100, Deferred: true}}}}
	sick := dbtest.Record(t, 0, "sick", "2026-11-10")
	paid := dbtest.Day(t, "2026-10-05")
	sick.Lines = []domain.PaymentLine{{CaredOn: dbtest.Day(t, "2026-10-20"), Act: "IJ", Label: "Indemnités journalières", Reimbursed: 9_900, Retained: 100, Paid: 9_800,
		Retentions: []domain.Retention{{Kind: domain.Franchise, Amount: 100, Of: &domain.EarlierCare{CaredOn: dbtest.Day(t, "2026-10-01"), PaidOn: &paid, Label: "Médicaments"}}},
		Allowance:  &domain.DailyAllowance{Nature: domain.ForSickness, From: dbtest.Day(t, "2026-10-20"), To: dbtest.Day(t, "2026-10-25"), Days: 3, Daily: 3_500, Gross: 10_500, CSG: 550, CRDS: 50}}}
	sick.Amount = 9_800
	sick.Complementary = domain.RecordPart{State: domain.StateNone}
	recovery := dbtest.Record(t, 0, "recovery", "2026-09-01")
	recovery.Lines[0].Reimbursed, recovery.Lines[0].Retained, recovery.Lines[0].Paid, recovery.Amount = -2100, -200, -1900, -1900
	dbtest.Pay(t, b.db, own, child, pharmacy, sick, recovery)
	return b, me
}

// TestQuestions: each question that a history can be asked, with its answer.
func TestQuestions(t *testing.T) {
	b, me := asked(t)
	sums := `{ totals { count spent amount retained allowances complementary remaining } }`
	for _, row := range []struct{ why, query, want string }{
		{"how a line comes to what was paid", `filter: {kinds: [PHARMACY]}) { nodes { lines { explanation } } }`,
			`{"nodes":[{"lines":[{"explanation":"10,00 € × 65 % = 6,50 € ; 1,00 € de franchise à retenir sur un prochain paiement"}]}]}`},
		{"where a retention comes from", `filter: {kinds: [ALLOWANCE]}) { nodes { lines { retentions { kind amount deferred of { caredOn paidOn label } } } } }`,
			`{"nodes":[{"lines":[{"retentions":[{"kind":"FRANCHISE","amount":100,"deferred":false,"of":{"caredOn":"2026-10-01","paidOn":"2026-10-05","label":"Médicaments"}}]}]}]}`},
		{"daily allowances", `filter: {kinds: [ALLOWANCE]}) { nodes { lines { allowance { nature from to days daily gross csg crds net } } } }`,
			`{"nodes":[{"lines":[{"allowance":{"nature":"SICKNESS","from":"2026-10-20","to":"2026-10-25","days":3,"daily":3500,"gross":10500,"csg":550,"crds":50,"net":9900}}]}]}`},
		{"what was taken back", `filter: {states: [RECOVERED]}) { nodes { reference state amount } }`, `{"nodes":[{"reference":"recovery","state":"RECOVERED","amount":-1900}]}`},
		{"a doctor by name, without accents", `filter: {text: "ANNE generaliste"}) { nodes { reference } }`, `{"nodes":[{"reference":"own"},{"reference":"child"},{"reference":"recovery"}]}`},
		{"a transfer of the bank statement", `filter: {movement: "VIR 2026-11-02"}) { totals { count amount } }`, `{"totals":{"count":2,"amount":3800}}`},
		{"what it was made of", `first: 1, filter: {movement: "VIR 2026-11-02"}) { nodes { movement { reference amount account payments { beneficiary { relation } } } } }`,
			`{"nodes":[{"movement":{"reference":"VIR 2026-11-02","amount":3800,"account":null,"payments":[{"beneficiary":{"relation":"SELF"}},{"beneficiary":{"relation":"CHILD"}}]}}]}`},
		{"by day of care", `orderBy: CARED_ON) { nodes { reference caredOn } }`,
			`{"nodes":[{"reference":"own","caredOn":"2026-10-28"},{"reference":"child","caredOn":"2026-10-28"},{"reference":"sick","caredOn":"2026-10-20"},{"reference":"pharmacy","caredOn":"2026-10-01"},{"reference":"recovery","caredOn":"2026-08-27"}]}`},
		{"sums: sick pay pays for no care", `first: 1) ` + sums, `{"totals":{"count":5,"spent":10000,"amount":12350,"retained":300,"allowances":9900,"complementary":0,"remaining":7550}}`},
		{"by month", `first: 1) { summary(by: [MONTH]) { month kind beneficiary { id } count amount remaining } }`,
			`{"summary":[{"month":"2026-11-01","kind":null,"beneficiary":null,"count":3,"amount":13600,"remaining":2300},{"month":"2026-10-01","kind":null,"beneficiary":null,"count":1,"amount":650,"remaining":350},{"month":"2026-09-01","kind":null,"beneficiary":null,"count":1,"amount":-1900,"remaining":4900}]}`},
		{"by kind: the mutuelle's part is of none", `first: 1) { summary(by: [KIND]) { month kind count spent complementary remaining } }`,
			`{"summary":[{"month":null,"kind":"ALLOWANCE","count":1,"spent":0,"complementary":null,"remaining":null},{"month":null,"kind":"CONSULTATION","count":3,"spent":9000,"complementary":null,"remaining":null},{"month":null,"kind":"PHARMACY","count":1,"spent":1000,"complementary":null,"remaining":null}]}`},
		{"by person, of a filter", `filter: {kinds: [CONSULTATION]}) { summary(by: [BENEFICIARY]) { beneficiary { relation } count } }`,
			`{"summary":[{"beneficiary":{"relation":"SELF"},"count":2},{"beneficiary":{"relation":"CHILD"},"count":1}]}`},
		{"the window, where more was asked for", `filter: {paidOn: {from: "2020-01-01", to: "2024-01-01"}}) { nodes { id } window { from cut message } }`,
			`{"nodes":[],"window":{"from":"2024-08-23","cut":true,"message":"Les paiements d'avant le 23/08/2024 ne sont plus consultables en ligne."}}`},
		{"the window", `first: 1) { window { from cut message } }`, `{"window":{"from":"2024-08-23","cut":false,"message":null}}`},
	} {
		data, code, _ := b.ask(t, me, `{ me { payments(`+row.query+` } }`, nil)
		if code != "" {
			t.Errorf("%s: %s", row.why, code)
			continue
		}
		sameJSON(t, row.why, row.want, data["me"].(map[string]any)["payments"])
	}
}

// TestCounters: each person's two counters with their caps and where they come
// from; what sick pay recovered counts with the pharmacy's line alone.
func TestCounters(t *testing.T) {
	b, me := asked(t)
	data, code, _ := b.ask(t, me, `{ me { retentionCounters { beneficiary { relation } year kind amount cap left entries { payment paidOn caredOn act label amount deferred } } } }`, nil)
	if code != "" {
		t.Fatal(code)
	}
	payment := func(key int64) string { return domain.ID{Kind: domain.KindPayment, Assure: me, Key: key}.String() }
	sameJSON(t, "counters", fmt.Sprintf(`[
		{"beneficiary":{"relation":"SELF"},"year":2026,"kind":"PARTICIPATION","amount":200,"cap":5000,"left":4800,"entries":[{"payment":%q,"paidOn":"2026-11-02","caredOn":"2026-10-28","act":"G","label":"Consultation","amount":200,"deferred":false}]},
		{"beneficiary":{"relation":"SELF"},"year":2026,"kind":"FRANCHISE","amount":100,"cap":5000,"left":4900,"entries":[{"payment":%q,"paidOn":"2026-10-05","caredOn":"2026-10-01","act":"PH7","label":"Médicaments","amount":100,"deferred":true}]},
		{"beneficiary":{"relation":"CHILD"},"year":2026,"kind":"PARTICIPATION","amount":0,"cap":5000,"left":5000,"entries":[]},
		{"beneficiary":{"relation":"CHILD"},"year":2026,"kind":"FRANCHISE","amount":0,"cap":5000,"left":5000,"entries":[]}]`, payment(2), payment(3)),
		data["me"].(map[string]any)["retentionCounters"])
	for year, want := range map[int]string{2025: "", 2024: "VALIDATION", 2027: "VALIDATION"} {
		if _, code, _ := b.ask(t, me, `query($y: Int) { me { retentionCounters(year: $y) { amount } } }`, map[string]any{"y": year}); code != want {
			t.Errorf("%d: %q", year, code)
		}
	}
}

// TestQuestionsThatAreWrong: what is asked wrongly is refused by name.
func TestQuestionsThatAreWrong(t *testing.T) {
	b, me := asked(t)
	data, _, _ := b.ask(t, me, `{ me { payments(first: 1) { pageInfo { endCursor } } } }`, nil)
	cursor := data["me"].(map[string]any)["payments"].(map[string]any)["pageInfo"].(map[string]any)["endCursor"].(string)
	for why, query := range map[string]string{
		"a cursor of another order": `{ me { payments(orderBy: CARED_ON, after: "` + cursor + `") { nodes { id } } } }`,
		"a text without a word":     `{ me { payments(filter: {text: " "}) { nodes { id } } } }`,
		"an unknown kind":           `{ me { payments(filter: {kinds: [KINE]}) { nodes { id } } } }`,
		"a summary by nothing":      `{ me { payments { summary(by: []) { count } } } }`,
		"an order that is null":     `{ me { payments(orderBy: null) { nodes { id } } } }`,
		"a movement with a NUL":     `{ me { payments(filter: {movement: "a\u0000"}) { nodes { id } } } }`,
	} {
		if _, code, _ := b.ask(t, me, query, nil); code != "VALIDATION" {
			t.Errorf("%s: %q", why, code)
		}
	}
}

// sameJSON holds what was answered to what was expected.
func sameJSON(t *testing.T, why, want string, got any) {
	t.Helper()
	var expected any
	if err := json.Unmarshal([]byte(want), &expected); err != nil {
		t.Fatalf("%s: %v", why, err)
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("%s: %s", why, diff)
	}
}

// TestLongMovements: below another object a movement shows 30 payments at most,
// and says how many there are and what they come to; nesting is refused before it
// runs. It fails where an answer grows with what one transfer holds.
func TestLongMovements(t *testing.T) {
	b := newBundle(t)
	me := b.file(t, 0, 1)
	const query = `{ me { payments(first: 1) { nodes { movement { count amount payments { id } } } totals { count } } } }`
	for n := range domain.MaxMovement + 1 {
		dbtest.Pay(t, b.db, dbtest.Record(t, 0, fmt.Sprint(n), "2026-11-02"))
		if n+1 < domain.MaxMovement {
			continue
		}
		data, code, _ := b.ask(t, me, query, nil)
		if code != "" {
			t.Fatalf("%d payments: %q", n+1, code)
		}
		m := data["me"].(map[string]any)["payments"].(map[string]any)["nodes"].([]any)[0].(map[string]any)["movement"].(map[string]any)
		if len(m["payments"].([]any)) != domain.MaxMovement || m["count"] != float64(n+1) || m["amount"] != float64(1900*(n+1)) {
			t.Errorf("%d payments: %v", n+1, m)
		}
	}
	if _, code, count := b.ask(t, me, `{ me { payments(first: 10) { nodes { movement { payments { movement { payments { id } } } } } } } }`, nil); code != "QUERY_TOO_COMPLEX" || count != 0 {
		t.Errorf("nested: %q after %d statements", code, count)
	}
}
