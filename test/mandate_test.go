package test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// custody is what a second parent reads of the other's file.
type custody struct {
	Assure        string
	Beneficiaries []struct{ ID, GivenName string }
	Payments      struct {
		LiveCursor string
		Nodes      []struct {
			ID, Reference string
			Beneficiary   struct{ GivenName string }
		}
		Totals struct{ Count int }
	}
}

func accessible(t *testing.T, s *server, token string) []custody {
	t.Helper()
	a := s.query(token, `{ me { accessible { assure beneficiaries { id givenName } payments(first: 100) { liveCursor totals { count } nodes { id reference beneficiary { givenName } } } } } }`, nil)
	var data struct {
		Me struct{ Accessible []custody }
	}
	if err := json.Unmarshal(a.Data, &data); err != nil || a.code() != "" {
		t.Fatal(a.Errors, err)
	}
	return data.Me.Accessible
}

// followFile follows another's file.
func (s *socket) followFile(assure, after string) {
	s.t.Helper()
	query := strings.Replace(strings.Replace(followPayments, "($after: Cursor)", "($assure: ID, $after: Cursor)", 1), "(after: $after)", "(assure: $assure, after: $after)", 1)
	if err := s.send("subscribe", "1", map[string]any{"query": query, "variables": map[string]any{"assure": assure, "after": after}}); err != nil {
		s.t.Fatal(err)
	}
}

// hears holds that an event comes next, of a type and, where it is of a payment,
// with a reference; it gives the cursor.
func (s *socket) hears(kind, reference string) string {
	s.t.Helper()
	e, err := s.event()
	if err != nil || e.Type != kind || e.Payment.Reference != reference {
		s.t.Fatalf("got %+v %v, want %s %s", e, err, kind, reference)
	}
	return e.Cursor
}

// payThomas records a payment on Thomas's file, for one born on a day or for
// himself.
func payThomas(t *testing.T, env []string, reference, born string) {
	t.Helper()
	who := ""
	if born != "" {
		who = fmt.Sprintf(`"beneficiary":{"birthDate":%q,"rank":1},`, born)
	}
	line := fmt.Sprintf(`{"nir":"185057599000129",%s"reference":%q,"movement":"V","paidOn":"2026-11-02","recipient":"ASSURE","amountCents":1900,"lines":[{"caredOn":"2026-10-28","act":"G","label":"Consultation","spentCents":3000,"baseCents":3000,"ratePercent":70,"reimbursedCents":2100,"retainedCents":200,"paidCents":1900}],"complementary":{"state":"NONE"}}`, who, reference)
	if out, status := run(t, env, line+"\n", "ingest", "payments", "-"); status != 0 {
		t.Fatal(out)
	}
}

// TestSharedCustody: Lucia reads and follows the payments of Léa on Thomas's
// file, and nothing else of it; her mandate ends while she follows, and stands
// again: what came meanwhile is told then.
func TestSharedCustody(t *testing.T) {
	const leaBorn, both, thomas = "2017-09-03", "185057599000129 2017-09-03\n279032A99000404\n", "185057599000129"
	env := settings(filepath.Join(folder(t), "data"))
	s := serve(t, env, "--demo")
	lucia := s.tokens["Lucia"]
	files := accessible(t, s, lucia)
	if len(files) != 1 || len(files[0].Beneficiaries) != 1 || files[0].Beneficiaries[0].GivenName != "Léa" || len(files[0].Payments.Nodes) == 0 ||
		files[0].Payments.Totals.Count != len(files[0].Payments.Nodes) {
		t.Fatalf("%+v", files)
	}
	file := files[0]
	for _, p := range file.Payments.Nodes {
		if p.Beneficiary.GivenName != "Léa" {
			t.Errorf("%s is of %s", p.Reference, p.Beneficiary.GivenName)
		}
	}
	node := func(id string) string {
		return s.query(lucia, `query($id: ID!) { node(id: $id) { id } }`, map[string]any{"id": id}).code()
	}
	if code := node(file.Payments.Nodes[0].ID); code != "" {
		t.Errorf("Léa's payment: %s", code)
	}
	if code := node(file.Assure); code != "NOT_FOUND" {
		t.Errorf("Thomas's file: %q", code)
	}

	c := connect(t, s, lucia)
	c.followFile(file.Assure, file.Payments.LiveCursor)
	c.hears("FeedReady", "")
	payThomas(t, env, "ofThomas", "")
	payThomas(t, env, "ofLea", leaBorn)
	cursor := c.hears("PaymentAdded", "ofLea")

	if out, status := run(t, env, both, "mandate", "end", "-", "-"); status != 0 || !strings.Contains(out, "ended: child "+file.Beneficiaries[0].ID) {
		t.Fatalf("%d %s", status, out)
	}
	if f, err := c.next(); err != nil || f.Type != "error" || !strings.Contains(string(f.Payload), "NOT_FOUND") {
		t.Fatalf("%+v %v", f, err)
	}
	if rest := accessible(t, s, lucia); len(rest) != 0 {
		t.Errorf("still there: %+v", rest)
	}
	if code := node(file.Payments.Nodes[0].ID); code != "NOT_FOUND" {
		t.Errorf("Léa's payment by id: %q", code)
	}
	payThomas(t, env, "meanwhile", leaBorn)
	c.followFile(file.Assure, cursor)
	if f, err := c.next(); err != nil || f.Type != "error" {
		t.Fatalf("%+v %v", f, err)
	}

	if out, status := run(t, env, both, "mandate", "grant", "-", "-"); status != 0 {
		t.Fatalf("%d %s", status, out)
	}
	c.followFile(file.Assure, cursor)
	c.hears("PaymentAdded", "meanwhile")
	c.hears("FeedReady", "")
	if out, status := run(t, env, thomas, "mandate", "list", "-"); status != 0 || strings.Count(out, file.Beneficiaries[0].ID) != 2 || strings.Contains(out, thomas[:13]) {
		t.Errorf("%d %s", status, out)
	}
}

// TestMandateTold: what the operator names wrongly is told, without what was on
// standard input.
func TestMandateTold(t *testing.T) {
	env := settings(filepath.Join(folder(t), "data"))
	if out, status := run(t, env, "", "demo", "load"); status != 0 {
		t.Fatal(out)
	}
	const lea = "185057599000129 2017-09-03\n"
	for _, row := range []struct {
		why, command, stdin string
		args                []string
		want                string
	}{
		{"it stands already", "grant", lea + "279032A99000404\n", []string{"-", "-"}, "stands already"},
		{"to oneself", "grant", lea + "185057599000129\n", []string{"-", "-"}, "another person"},
		{"twins without rank", "grant", "292037599100258 2021-02-28\n279032A99000404\n", []string{"-", "-"}, "rank"},
		{"no such child", "grant", "185057599000129 2017-09-04\n279032A99000404\n", []string{"-", "-"}, "no child"},
		{"no such assuré", "grant", lea + "171069999900699\n", []string{"-", "-"}, "NIR"},
		{"no second line", "grant", lea, []string{"-", "-"}, "ended"},
		{"a NIR as an argument", "end", "", []string{"185057599000129", "-"}, "id of a child"},
		{"the id of an assuré for a child", "end", "279032A99000404\n", []string{"QXNzdXJlOjE6MQ", "-"}, "id of a child"},
		{"none stands", "end", lea + "171069999900602\n", []string{"-", "-"}, "no such mandate"},
	} {
		out, status := run(t, env, row.stdin, append([]string{"mandate", row.command}, row.args...)...)
		if status == 0 || !strings.Contains(out, row.want) {
			t.Errorf("%s: %d %q", row.why, status, out)
		}
		for _, secret := range []string{"18505759900", "279032A99000404", "2021-02-28"} {
			if strings.Contains(out, secret) {
				t.Errorf("%s: standard input is repeated: %q", row.why, out)
			}
		}
	}
	if out, status := run(t, env, "", "mandate", "grant", "--help"); status != 0 || !strings.Contains(out, "standard input") {
		t.Errorf("%d %s", status, out)
	}
}
