package db

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// digestOf tells a repeated record from a changed one. It is keyed: from a plain
// hash, a day of birth could be found by trying all days. The form masks the NIR,
// which is in the payment's key, and the account, which is added.
func (k *Keys) digestOf(record *domain.PaymentRecord) ([]byte, error) {
	text := append(recordForm(make([]byte, 0, 1024), record), record.Account.Reveal()...)
	return k.index("payment_keys.digest", string(text))
}

// recordForm writes a record as its digest reads it. It is form 1, the only one
// so far, and digests of it are stored for good: were it to write one byte of an
// old record otherwise, an old file that is run again would correct every payment
// of it. So it names each field itself, whatever becomes of the types, and keeps
// to what encoding/json made of them when the first digests were stored (golden
// test). A field that is added since is written only where it has a value, behind
// those of its object. A form that cannot do so is form 2: its digests begin with
// a byte that says so and are 33 bytes long, and whoever looks a key up compares
// the form that is stored.
func recordForm(b []byte, r *domain.PaymentRecord) []byte {
	b = formText(append(b, `{"NIR":`...), r.NIR.String())
	b = formDay(append(b, `,"BirthDate":`...), r.BirthDate)
	b = formInt(append(b, `,"BirthRank":`...), r.BirthRank)
	b = formText(append(b, `,"Reference":`...), r.Reference)
	b = formText(append(b, `,"Movement":`...), r.Movement)
	b = formDay(append(b, `,"PaidOn":`...), r.PaidOn)
	b = formText(append(b, `,"Recipient":`...), string(r.Recipient))
	b = formCents(append(b, `,"Amount":`...), r.Amount)
	b = append(b, `,"Lines":[`...)
	for i := range r.Lines {
		b = lineForm1(formNext(b, i), &r.Lines[i])
	}
	c := &r.Complementary
	b = formText(append(b, `],"Complementary":{"State":`...), string(c.State))
	b = formText(append(b, `,"Mutuelle":`...), c.Mutuelle)
	b = formCents(append(b, `,"Amount":`...), c.Amount)
	b = formDay(append(b, `,"PaidOn":`...), c.PaidOn)
	b = formText(append(b, `},"Account":`...), r.Account.String())
	return append(b, '}')
}

func lineForm1(b []byte, l *domain.PaymentLine) []byte {
	b = formDay(append(b, `{"CaredOn":`...), l.CaredOn)
	b = formText(append(b, `,"Act":`...), l.Act)
	b = formText(append(b, `,"Label":`...), l.Label)
	b = append(b, `,"Kind":"","Professional":`...) // records never had a kind
	if p := l.Professional; p != nil {
		b = formText(append(b, `{"ID":{"Kind":"","Assure":0,"Key":0},"Number":`...), p.Number) // nor professionals a key
		b = formText(append(b, `,"Name":`...), p.Name)
		b = formText(append(b, `,"Specialty":`...), p.Specialty)
		b = append(b, `,"Town":`...)
		if p.Town != nil {
			b = formText(b, *p.Town)
		} else {
			b = append(b, `null`...)
		}
		b = append(b, '}')
	} else {
		b = append(b, `null`...)
	}
	b = formCents(append(b, `,"Spent":`...), l.Spent)
	b = formCents(append(b, `,"Base":`...), l.Base)
	b = formInt(append(b, `,"Rate":`...), l.Rate)
	b = formCents(append(b, `,"Reimbursed":`...), l.Reimbursed)
	b = formCents(append(b, `,"Retained":`...), l.Retained)
	b = formCents(append(b, `,"Paid":`...), l.Paid)
	b = retentionsForm(append(b, `,"Retentions":`...), l.Retentions)
	return append(allowanceForm(append(b, `,"Allowance":`...), l.Allowance), '}')
}

func retentionsForm(b []byte, retentions []domain.Retention) []byte {
	if len(retentions) == 0 {
		return append(b, `null`...)
	}
	b = append(b, '[')
	for i, r := range retentions {
		b = formText(append(formNext(b, i), `{"Kind":`...), string(r.Kind))
		b = formCents(append(b, `,"Amount":`...), r.Amount)
		b = strconv.AppendBool(append(b, `,"Deferred":`...), r.Deferred)
		b = append(earlierForm(append(b, `,"Of":`...), r.Of), '}')
	}
	return append(b, ']')
}

func earlierForm(b []byte, of *domain.EarlierCare) []byte {
	if of == nil {
		return append(b, `null`...)
	}
	b = append(formDay(append(b, `{"CaredOn":`...), of.CaredOn), `,"PaidOn":`...)
	if of.PaidOn != nil {
		b = formDay(b, *of.PaidOn)
	} else {
		b = append(b, `null`...)
	}
	return append(formText(append(b, `,"Label":`...), of.Label), '}')
}

func allowanceForm(b []byte, a *domain.DailyAllowance) []byte {
	if a == nil {
		return append(b, `null`...)
	}
	b = formText(append(b, `{"Nature":`...), string(a.Nature))
	b = formDay(append(b, `,"From":`...), a.From)
	b = formDay(append(b, `,"To":`...), a.To)
	b = formInt(append(b, `,"Days":`...), a.Days)
	b = formCents(append(b, `,"Daily":`...), a.Daily)
	b = formCents(append(b, `,"Gross":`...), a.Gross)
	b = formCents(append(b, `,"CSG":`...), a.CSG)
	return append(formCents(append(b, `,"CRDS":`...), a.CRDS), '}')
}

func formNext(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ',')
	}
	return b
}

func formInt(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }

func formCents(b []byte, c money.Cents) []byte { return strconv.AppendInt(b, int64(c), 10) }

func formDay(b []byte, d civil.Date) []byte { return append(d.AppendTo(append(b, '"')), '"') }

// formText writes a text as encoding/json does, which has its own ways with what
// is special in HTML, control characters and line separators (from 0xe2 on).
func formText(b []byte, s string) []byte {
	if strings.ContainsFunc(s, func(c rune) bool {
		return c < ' ' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c == '\u2028' || c == '\u2029' || c == utf8.RuneError
	}) {
		text, _ := json.Marshal(s) // no text fails
		return append(b, text...)
	}
	return append(append(append(b, '"'), s...), '"')
}
