package domain

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"comptesante/domain/iban"
	"comptesante/domain/money"
)

// maxChanges bounds what one correction tells. More changes within the lines
// are told as one change of the lines.
const maxChanges = 20

// Changes tells what differs between a payment as it was and as it is. Both are
// loaded whole; what they do not hold is told as more, such as by AccountChange.
// Fields are named as in the schema, lines by their index from 0.
func Changes(was, is *Payment, more ...PaymentChange) []PaymentChange {
	head := append(diff(was.headTexts(), is.headTexts()), more...)
	lines := diff(lineTexts(was.Lines), lineTexts(is.Lines))
	if len(head)+len(lines) > maxChanges {
		lines = []PaymentChange{change("lines", strconv.Itoa(len(was.Lines)), strconv.Itoa(len(is.Lines)))}
	}
	return append(head, lines...)
}

// OfLines tells whether the change is within the lines.
func (c PaymentChange) OfLines() bool { return strings.HasPrefix(c.Field, "lines") }

// accountField is the field of a change that concerns the assuré alone: where a
// second parent's eyes may not go.
const accountField = "movement.account"

func (c PaymentChange) ofAccount() bool { return c.Field == accountField }

// AccountChange tells that the account a payment went to has changed, masked, or
// nothing.
func AccountChange(was, is iban.IBAN) []PaymentChange {
	if was == is {
		return nil
	}
	text := func(i iban.IBAN) string {
		if i.IsZero() {
			return ""
		}
		return i.String()
	}
	return []PaymentChange{change(accountField, text(was), text(is))}
}

// fieldText is a field's name and its value as text, empty for null. Where there
// is a key, it alone tells two values apart: a name may be read at two times.
type fieldText struct{ field, text, key string }

func (p *Payment) headTexts() []fieldText {
	var state, amount, paidOn string
	var mutuelle Mutuelle
	switch c := p.Complementary.(type) {
	case ComplementaryKnown:
		state, mutuelle, amount = string(StateKnown), c.Mutuelle, cents(c.Amount)
		if c.PaidOn != nil {
			paidOn = c.PaidOn.String()
		}
	case ComplementaryAwaited:
		state, mutuelle = string(StateAwaited), c.Mutuelle
	case ComplementaryElsewhere:
		state, mutuelle = string(StateElsewhere), c.Mutuelle
	case ComplementaryNone:
		state = string(StateNone)
	}
	return []fieldText{
		{field: "movement.reference", text: p.Movement.Reference},
		{field: "recipient", text: string(p.Recipient)},
		{field: "amount", text: cents(p.Amount)},
		{field: "complementary", text: state},
		{field: "complementary.mutuelle", text: mutuelle.Name, key: mutuelle.Code},
		{field: "complementary.amount", text: amount},
		{field: "complementary.paidOn", text: paidOn},
	}
}

func lineTexts(lines []PaymentLine) []fieldText {
	var t []fieldText
	for i, l := range lines {
		professional := ""
		if l.Professional != nil {
			professional = l.Professional.Number
		}
		for _, f := range [][2]string{
			{"caredOn", l.CaredOn.String()}, {"act", l.Act}, {"label", l.Label}, {"professional", professional},
			{"spent", cents(l.Spent)}, {"base", cents(l.Base)}, {"rate", strconv.Itoa(l.Rate)},
			{"reimbursed", cents(l.Reimbursed)}, {"retained", cents(l.Retained)}, {"paid", cents(l.Paid)},
			{"retentions", retentionsText(l.Retentions)}, {"allowance", l.Allowance.text()},
		} {
			t = append(t, fieldText{field: fmt.Sprintf("lines.%d.%s", i, f[0]), text: f[1]})
		}
	}
	return t
}

// retentionsText lists retentions as PARTICIPATION 200; FRANCHISE 100 deferred.
func retentionsText(retentions []Retention) string {
	texts := make([]string, len(retentions))
	for i, r := range retentions {
		texts[i] = string(r.Kind) + " " + cents(r.Amount)
		if r.Deferred {
			texts[i] += " deferred"
		}
		if r.Of != nil {
			texts[i] += fmt.Sprintf(" of %s %s", r.Of.CaredOn, r.Of.Label)
			if r.Of.PaidOn != nil {
				texts[i] += fmt.Sprintf(" paid %s", r.Of.PaidOn)
			}
		}
	}
	return strings.Join(texts, "; ")
}

// text is an allowance as SICKNESS 2026-01-05/2026-01-14, 7 x 4147 = 29029, CSG
// 1800, CRDS 145; empty for none.
func (a *DailyAllowance) text() string {
	if a == nil {
		return ""
	}
	return fmt.Sprintf("%s %s/%s, %d x %d = %d, CSG %d, CRDS %d", a.Nature, a.From, a.To, a.Days, a.Daily, a.Gross, a.CSG, a.CRDS)
}

func cents(c money.Cents) string { return strconv.FormatInt(int64(c), 10) }

// diff compares two lists of fields that name the same fields in the same
// order, one of which may go on longer.
func diff(was, is []fieldText) []PaymentChange {
	var changes []PaymentChange
	for i := range max(len(was), len(is)) {
		var a, b fieldText
		if i < len(was) {
			a = was[i]
		}
		if i < len(is) {
			b = is[i]
		}
		if a.differs(b) {
			changes = append(changes, change(cmp.Or(a.field, b.field), a.text, b.text))
		}
	}
	return changes
}

func (a fieldText) differs(b fieldText) bool {
	if a.key != "" && b.key != "" {
		return a.key != b.key
	}
	return a.text != b.text
}

func change(field, before, after string) PaymentChange {
	c := PaymentChange{Field: field}
	if before != "" {
		c.Before = &before
	}
	if after != "" {
		c.After = &after
	}
	return c
}
