package domain

import (
	"fmt"
	"strings"

	"comptesante/domain/money"
)

// Explanation reads a line as people do, in French: "30,00 € × 70 % = 21,00 €
// − 2,00 € de participation forfaitaire = 19,00 €". It says what the fund paid,
// from the line's own figures; nothing is priced anew.
func (l *PaymentLine) Explanation() string {
	var text strings.Builder
	text.WriteString(l.share())
	for _, r := range l.heldBack() {
		text.WriteString(less(r.Amount, r.what()))
	}
	if l.Retained != 0 {
		fmt.Fprintf(&text, " = %s", euros(l.Paid))
	}
	for _, r := range l.Retentions {
		switch {
		case !r.Deferred:
		case r.Amount < 0:
			fmt.Fprintf(&text, " ; %s %s à ne plus retenir", euros(-r.Amount), r.what())
		default:
			fmt.Fprintf(&text, " ; %s %s à retenir sur un prochain paiement", euros(r.Amount), r.what())
		}
	}
	if excess := l.Spent - l.Base; excess > 0 && l.Base >= 0 {
		fmt.Fprintf(&text, " ; dépassement non remboursé : %s", euros(excess))
	}
	return text.String()
}

// share is how the line comes to what is reimbursed.
func (l *PaymentLine) share() string {
	if a := l.Allowance; a != nil {
		return a.share()
	}
	switch {
	case l.Reimbursed < 0 && l.Retained == 0:
		return fmt.Sprintf("reprise de %s", euros(-l.Reimbursed))
	case l.Reimbursed < 0: // a sum follows
		return fmt.Sprintf("reprise : %s", euros(l.Reimbursed))
	}
	if l.Base == 0 && l.Reimbursed == 0 { // only something is held back, such as for earlier care
		return euros(0)
	}
	if l.Base.Percent(l.Rate) == l.Reimbursed {
		return fmt.Sprintf("%s × %d\u00a0%% = %s", euros(l.Base), l.Rate, euros(l.Reimbursed))
	}
	return fmt.Sprintf("%s remboursés pour une base de %s", euros(l.Reimbursed), euros(l.Base)) // such as the flat participation of a heavy act
}

func (a *DailyAllowance) share() string {
	text := fmt.Sprintf("%s × %s = %s", days(a.Days), euros(a.Daily), euros(a.Gross))
	if money.Cents(a.Days)*a.Daily != a.Gross { // some days are paid otherwise, such as halved ones
		text = fmt.Sprintf("%s pour %s", euros(a.Gross), days(a.Days))
	}
	if a.Gross < 0 {
		text = "reprise : " + text
	}
	for _, tax := range []struct {
		amount money.Cents
		name   string
	}{{a.CSG, "CSG"}, {a.CRDS, "CRDS"}} {
		if tax.amount != 0 {
			text += less(tax.amount, "de "+tax.name)
		}
	}
	if a.Net() != a.Gross {
		text += fmt.Sprintf(" = %s", euros(a.Net()))
	}
	return text
}

// heldBack is what is held back of the line: in detail, or as a whole where the
// fund gave no detail.
func (l *PaymentLine) heldBack() (held []Retention) {
	for _, r := range l.Retentions {
		if !r.Deferred {
			held = append(held, r)
		}
	}
	if held == nil && l.Retained != 0 {
		held = []Retention{{Kind: OtherRetained, Amount: l.Retained}}
	}
	return held
}

// what says what is held back, and of which care.
func (r Retention) what() string {
	text := map[RetentionKind]string{Participation: "de participation forfaitaire", Franchise: "de franchise"}[r.Kind]
	if text == "" {
		text = "de retenue"
	}
	if r.Of != nil {
		text += fmt.Sprintf(" (%s du %s)", r.Of.Label, r.Of.CaredOn.French())
	}
	return text
}

// less is what is taken off a sum, or added where it is below zero.
func less(amount money.Cents, what string) string {
	if amount < 0 {
		return fmt.Sprintf(" + %s %s", euros(-amount), what)
	}
	return fmt.Sprintf(" − %s %s", euros(amount), what)
}

// euros is an amount as a sum has it: with the minus of sums.
func euros(amount money.Cents) string { return strings.Replace(amount.String(), "-", "−", 1) }

// days is a number of days in French: below two it is singular.
func days(n int) string {
	if n < 2 {
		return fmt.Sprintf("%d\u00a0jour", n)
	}
	return fmt.Sprintf("%d\u00a0jours", n)
}
