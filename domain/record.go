package domain

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"comptesante/domain/civil"
	"comptesante/domain/iban"
	"comptesante/domain/money"
	"comptesante/domain/nir"
)

// PaymentRecord is what a sender says about a payment: whose it is by NIR and,
// for a child, day and rank of birth; the lines' professionals by their public
// number; the mutuelle by its code.
type PaymentRecord struct {
	NIR           nir.NIR
	BirthDate     civil.Date // of the beneficiary; zero for the assuré themself
	BirthRank     int        // among twins, from 1; read only with BirthDate
	Reference     string
	Movement      string
	PaidOn        civil.Date
	Recipient     Recipient
	Amount        money.Cents
	Lines         []PaymentLine // the professionals' IDs are not read
	Complementary RecordPart
	Account       iban.IBAN // that it was paid to, for ToAssure; zero where the sender does not say
}

// RecordPart is what a sender says about the complementary part.
type RecordPart struct {
	State    ComplementaryState
	Mutuelle string      // code; empty for StateNone
	Amount   money.Cents // for StateKnown
	PaidOn   civil.Date  // for StateKnown; zero where unknown
}

// Fault is what is wrong with one field of a record: a code for programs, and
// for people the reason and what to do about it. It never repeats the value,
// which may be personal.
type Fault struct {
	Field  string `json:"field"`
	Code   string `json:"code"`
	Reason string `json:"reason"`
	Mend   string `json:"mend"`
}

// Outcome is what became of a record.
type Outcome string

// The outcomes of a record.
const (
	OutcomeAdded     Outcome = "ADDED"
	OutcomeCorrected Outcome = "CORRECTED"
	OutcomeUnchanged Outcome = "UNCHANGED"
	OutcomeRejected  Outcome = "REJECTED"
)

// Recorded is the outcome of a record, with the fault of a rejected one.
type Recorded struct {
	Outcome Outcome
	Fault   *Fault
}

// The bounds of a record's texts, in characters.
const (
	maxReference = 64
	maxAct       = 16
	maxLabel     = 200
)

// Check tells the first thing that is wrong with a record, or nil. It never
// computes a price anew: it checks forms and sums. today is the day in Paris.
func (r *PaymentRecord) Check(today civil.Date) *Fault {
	for _, check := range []func() *Fault{
		func() *Fault { return r.checkHead(today) },
		r.checkLines,
		func() *Fault { return r.Complementary.check(today) },
		r.checkPart,
	} {
		if f := check(); f != nil {
			return f
		}
	}
	return nil
}

func (r *PaymentRecord) checkHead(today civil.Date) *Fault {
	switch {
	case r.NIR.IsZero():
		return fault("nir", "MISSING", "the NIR is missing", "give the NIR of the assuré")
	case !r.BirthDate.IsZero() && (r.BirthRank < 1 || r.BirthRank > 9):
		return fault("beneficiary.rank", "RANGE", "no rank of birth", "give 1 to 9")
	case !plain(r.Reference, maxReference):
		return fault("reference", "TEXT", notPlain, "give 1 to %d printable characters", maxReference)
	case !plain(r.Movement, maxReference):
		return fault("movement", "TEXT", notPlain, "give 1 to %d printable characters", maxReference)
	case r.PaidOn.IsZero():
		return fault("paidOn", "MISSING", "the day is missing", "give the day of payment")
	case tooFar(today, r.PaidOn):
		return fault("paidOn", "FUTURE", "more than a week ahead of today", "check the year")
	case !slices.Contains([]Recipient{ToAssure, ToProfessional, ToEmployer}, r.Recipient):
		return fault("recipient", "UNKNOWN", "no such recipient", "give ASSURE, PROFESSIONAL or EMPLOYER")
	case r.Recipient != ToAssure && !r.Account.IsZero():
		return fault("account", "EXTRA", "the payment does not go to the assuré", "leave the account out")
	case !r.Amount.Sane():
		return fault("amountCents", "RANGE", beyond, "give cents, at most %s", money.Max)
	}
	return nil
}

func (r *PaymentRecord) checkLines() *Fault {
	if len(r.Lines) < 1 || len(r.Lines) > MaxLines {
		return fault("lines", "COUNT", "no lines, or too many", "give 1 to %d lines; part a longer payment", MaxLines)
	}
	var sum money.Cents
	for i := range r.Lines {
		if f := r.Lines[i].check(r.PaidOn); f != nil {
			f.Field = fmt.Sprintf("lines[%d].%s", i, f.Field)
			return f
		}
		if r.Recipient == ToEmployer && r.Lines[i].Allowance == nil {
			return fault(fmt.Sprintf("lines[%d].allowance", i), "MISSING", "an employer is paid daily allowances alone", "say which")
		}
		sum += r.Lines[i].Paid
	}
	if sum != r.Amount {
		return fault("amountCents", "SUM", "not the sum of the lines' paidCents", "check the lines, then give their sum")
	}
	return nil
}

func (l *PaymentLine) check(paidOn civil.Date) *Fault {
	for _, a := range []struct {
		field string
		value money.Cents
	}{{"spentCents", l.Spent}, {"baseCents", l.Base}, {"reimbursedCents", l.Reimbursed}, {"retainedCents", l.Retained}, {"paidCents", l.Paid}} {
		if !a.value.Sane() {
			return fault(a.field, "RANGE", beyond, "give cents, at most %s", money.Max)
		}
	}
	switch {
	case l.CaredOn.IsZero():
		return fault("caredOn", "MISSING", "the day is missing", "give the day of the care")
	case paidOn.Before(l.CaredOn):
		return fault("caredOn", "ORDER", "the care is after the payment", "check both days")
	case !plain(l.Act, maxAct):
		return fault("act", "TEXT", notPlain, "give the act's code, 1 to %d printable characters", maxAct)
	case !words(l.Label, maxLabel):
		return fault("label", "TEXT", notPlain, "give 1 to %d printable characters", maxLabel)
	case l.Rate < 0 || l.Rate > 100:
		return fault("ratePercent", "RANGE", "no rate in percent", "give 0 to 100")
	case opposite(l.Spent, l.Reimbursed):
		return fault("spentCents", "RANGE", "above zero where reimbursedCents is below, or the reverse", "give both below zero for what is taken back, and neither otherwise")
	case l.Retained < 0 && l.Reimbursed >= 0:
		return fault("retainedCents", "RANGE", "less than nothing is held back", "give zero or more; below zero only where reimbursedCents is")
	case l.Paid != l.Reimbursed-l.Retained:
		return fault("paidCents", "SUM", "not reimbursedCents less retainedCents", "check the three amounts")
	case l.Professional != nil && !l.Professional.sane():
		return fault("professional", "TEXT", notPlain, "give number, name and specialty, each 1 to %d printable characters", maxLabel)
	}
	if f := l.checkRetentions(paidOn); f != nil {
		return f
	}
	return l.checkAllowance(paidOn)
}

// opposite tells whether one amount is above zero and the other below.
func opposite(a, b money.Cents) bool { return (a > 0 && b < 0) || (a < 0 && b > 0) }

func (p *Professional) sane() bool {
	return plain(p.Number, maxReference) && words(p.Name, maxLabel) && words(p.Specialty, maxLabel) &&
		(p.Town == nil || words(*p.Town, maxLabel))
}

func (p *RecordPart) check(today civil.Date) *Fault {
	states := []ComplementaryState{StateKnown, StateAwaited, StateNone, StateElsewhere}
	switch {
	case !slices.Contains(states, p.State):
		return fault("complementary.state", "UNKNOWN", "no such state", "give KNOWN, AWAITED, NONE or ELSEWHERE")
	case p.State == StateNone && p.Mutuelle != "":
		return fault("complementary.mutuelle", "EXTRA", "state NONE has no mutuelle", "leave it out, or give another state")
	case p.State != StateNone && !plain(p.Mutuelle, maxReference):
		return fault("complementary.mutuelle", "MISSING", "the mutuelle is missing", "give the mutuelle's code")
	case tooFar(today, p.PaidOn):
		return fault("complementary.paidOn", "FUTURE", "more than a week ahead of today", "check the year")
	case p.State != StateKnown && (p.Amount != 0 || !p.PaidOn.IsZero()):
		return fault("complementary", "EXTRA", "amountCents and paidOn go with state KNOWN alone", "leave them out, or give KNOWN")
	case !p.Amount.Sane():
		return fault("complementary.amountCents", "RANGE", beyond, "give cents, at most %s", money.Max)
	}
	return nil
}

// checkPart tells whether the complementary part can go with the lines. Its sign
// is compared with what they reimburse: what is held back of them for earlier
// care may turn the payment's own.
func (r *PaymentRecord) checkPart() *Fault {
	var reimbursed money.Cents
	first := r.Lines[0].CaredOn
	for i := range r.Lines {
		reimbursed += r.Lines[i].Reimbursed
		if r.Lines[i].CaredOn.Before(first) {
			first = r.Lines[i].CaredOn
		}
	}
	switch p := &r.Complementary; {
	case opposite(p.Amount, reimbursed):
		return fault("complementary.amountCents", "RANGE", "above zero where the lines are taken back, or the reverse", "give it the sign of the sum of reimbursedCents")
	case !p.PaidOn.IsZero() && p.PaidOn.Before(first):
		return fault("complementary.paidOn", "ORDER", "the mutuelle paid before the care", "check both days")
	}
	return nil
}

// tooFar tells whether a day of payment is too far ahead to be meant: senders
// tell of payments a few days before the bank makes them.
func tooFar(today, paidOn civil.Date) bool { return today.AddDays(7).Before(paidOn) }

// plain tells whether a code has 1 to limit characters that print; the only
// space is the common one, so that two codes that look alike are one.
func plain(s string, limit int) bool {
	return words(s, limit) && !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
}

// words tells whether a text for people has 1 to limit characters that are
// seen. French sets no-break spaces within sentences: they are welcome.
func words(s string, limit int) bool {
	return s != "" && utf8.ValidString(s) && utf8.RuneCountInString(s) <= limit &&
		strings.TrimSpace(s) == s && !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsGraphic(c) })
}

// What is wrong with many fields in the same way.
const (
	notPlain = "missing, too long, or not of printable characters"
	beyond   = "the amount is out of all bounds"
)

// fault makes a Fault; the mend follows fmt.Sprintf.
func fault(field, code, reason, mend string, args ...any) *Fault {
	return &Fault{Field: field, Code: code, Reason: reason, Mend: fmt.Sprintf(mend, args...)}
}
