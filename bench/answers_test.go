package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// One payment as each server writes it, and the field of it that the tests
// alter.
const (
	oursAnswer = `{"data":{"me":{"payments":{"nodes":[{"reference":"P7","movement":{"reference":"VIR2"},"paidOn":"2026-05-04",
		"recipient":"ASSURE","amount":1900,"revision":1,"beneficiary":{"givenName":"Zoé","familyName":"Petit","relation":"CHILD"},
		"lines":[{"caredOn":"2026-04-29","act":"G","label":"Consultation","spent":3000,"base":3000,"rate":70,"reimbursed":2100,"retained":200,
			"paid":1900,"professional":{"name":"Dr Le Goff","specialty":"Médecin généraliste","town":null}}],
		"complementary":{"__typename":"ComplementaryKnown","amount":900,"paidOn":"2026-05-09","mutuelle":{"name":"Deux Rives"}}}],
		"pageInfo":{"hasNextPage":true}}}}}`
	postgraphileAnswer = `{"data":{"allPayments":{"nodes":[{"reference":"P7","movement":"VIR2","paidOn":"2026-05-04",
		"recipient":"ASSURE","amountCents":1900,"revision":1,"beneficiary":{"givenName":"Zoé","familyName":"Petit","relation":"CHILD"},
		"lines":[{"caredOn":"2026-04-29","act":{"code":"G","label":"Consultation"},"spentCents":3000,"baseCents":3000,"rate":70,
			"reimbursedCents":2100,"retainedCents":200,"paidCents":1900,"professional":{"name":"Dr Le Goff","specialty":"Médecin généraliste","town":null}}],
		"complementary":"KNOWN","complementaryCents":900,"complementaryPaidOn":"2026-05-09","mutuelle":{"name":"Deux Rives"}}],
		"pageInfo":{"hasNextPage":true}}}}`
	mercuriusAnswer = `{"data":{"payments":{"nodes":[{"reference":"P7","movement":"VIR2","paidOn":"2026-05-04",
		"recipient":"ASSURE","amount":1900,"revision":1,"beneficiary":{"givenName":"Zoé","familyName":"Petit","relation":"CHILD"},
		"lines":[{"caredOn":"2026-04-29","act":"G","label":"Consultation","spent":3000,"base":3000,"rate":70,"reimbursed":2100,"retained":200,
			"paid":1900,"professional":{"name":"Dr Le Goff","specialty":"Médecin généraliste","town":null}}],
		"complementary":"KNOWN","complementaryAmount":900,"complementaryPaidOn":"2026-05-09","mutuelle":{"name":"Deux Rives"}}],
		"pageInfo":{"hasNextPage":true}}}}`
)

func mustRead(t *testing.T, read func([]byte) (page, error), body string) page {
	t.Helper()
	p, err := read([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestAnswers holds that the same payment is the same whoever tells it, and
// that no field of it can differ unseen.
func TestAnswers(t *testing.T) {
	want := mustRead(t, readOurs, oursAnswer)
	if len(want.Payments) != 1 || want.Payments[0].Lines[0].Professional.Name != "Dr Le Goff" || !want.HasNext {
		t.Fatalf("read as %+v", want)
	}
	for name, server := range map[string]struct {
		read   func([]byte) (page, error)
		answer string
	}{
		"comptesante":  {readOurs, oursAnswer},
		"postgraphile": {readPostgraphile, postgraphileAnswer},
		"mercurius":    {readMercurius, mercuriusAnswer},
	} {
		if diff := cmp.Diff(want, mustRead(t, server.read, server.answer)); diff != "" {
			t.Errorf("%s: the same payment differs:\n%s", name, diff)
		}
		for _, altered := range [][2]string{
			{`"P7"`, `"P8"`}, {`"VIR2"`, `"VIR3"`}, {`2026-05-04`, `2026-05-05`}, {`"ASSURE"`, `"PROFESSIONAL"`}, {`:1900,"revision"`, `:1901,"revision"`},
			{`"revision":1`, `"revision":2`}, {`Zoé`, `Zoe`}, {`Petit`, `Grand`}, {`CHILD`, `SELF`},
			{`2026-04-29`, `2026-04-28`}, {`"G"`, `"CS"`}, {`"Consultation"`, `""`}, {`:3000`, `:3001`}, {`:70`, `:65`}, {`:2100`, `:2101`},
			{`:200,`, `:0,`}, {`:1900,"professional"`, `:1901,"professional"`}, {`Dr Le Goff`, `Dr Le Gof`}, {`Médecin généraliste`, `Dentiste`},
			{`"town":null`, `"town":""`}, {`:900`, `:901`}, {`2026-05-09`, `2026-05-10`}, {`Deux Rives`, `Trois Rives`}, {`true`, `false`},
			{`"KNOWN"`, `"AWAITED"`}, {`ComplementaryKnown`, `ComplementaryAwaited`},
		} {
			text := strings.Replace(server.answer, altered[0], altered[1], 1)
			if text == server.answer {
				if altered[0] != `"KNOWN"` && altered[0] != `ComplementaryKnown` { // each server has one of the two
					t.Errorf("%s: its answer has no %s", name, altered[0])
				}
				continue
			}
			if cmp.Diff(want, mustRead(t, server.read, text)) == "" {
				t.Errorf("%s: %s for %s makes no difference", name, altered[1], altered[0])
			}
		}
	}
}

// TestUnknownField: a field that would not be compared is refused.
func TestUnknownField(t *testing.T) {
	for _, read := range []func([]byte) (page, error){readOurs, readPostgraphile, readMercurius} {
		if _, err := read([]byte(`{"data":{},"extensions":{}}`)); err == nil {
			t.Error("an unknown field is taken")
		}
	}
}
