package graph

import (
	"fmt"
	"strings"
	"testing"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// everything is all that a subscription can ask of an event.
const everything = `payment{id reference movement{reference} paidOn recipient amount revision beneficiary{id givenName}
	lines{act label spent paid professional{name}} complementary{__typename ...on ComplementaryKnown{amount mutuelle{name}}
	...on ComplementaryAwaited{mutuelle{name}} ...on ComplementaryNone{message} ...on ComplementaryElsewhere{mutuelle{name site}}}}`

// TestAccessHoldsTheCostOfEvents: a subscription may ask everything of an event,
// once: not the same again and again under aliases, which is paid at each event.
func TestAccessHoldsTheCostOfEvents(t *testing.T) {
	schema := realSchema(t)
	access := accessTo(t, schema)
	ctx := as(actor.Assure, actor.Local2, 0)
	for _, row := range []struct {
		why    string
		copies int
		code   any
	}{
		{"everything of both kinds of event", 0, nil},
		{"ten times more under aliases", 10, string(domain.QueryTooComplex)},
	} {
		var more strings.Builder
		for i := range row.copies {
			fmt.Fprintf(&more, " a%d:%s", i, everything)
		}
		doc := valid(t, schema, `subscription{newPayments{__typename ...on PaymentAdded{cursor occurredAt `+everything+more.String()+`}
			...on PaymentCorrected{cursor `+everything+` changes{field before after}} ...on FeedReady{cursor} ...on FeedReset{reason resumeFrom}}}`)
		if got := told(access.MutateOperationContext(ctx, operation(t, schema, doc, nil)))["code"]; got != row.code {
			t.Errorf("%s: %v, want %v", row.why, got, row.code)
		}
	}
}
