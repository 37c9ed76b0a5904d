package main

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"

	"comptesante/domain/money"
	"comptesante/ingest"
)

// csvColumns are those of the bench's files, in the order of csvRows.
var csvColumns = []string{"nir", "beneficiary.birthDate", "beneficiary.rank", "reference", "movement", "paidOn", "recipient", "amountCents",
	"complementary.state", "complementary.mutuelle", "complementary.amountCents", "complementary.paidOn",
	"caredOn", "act", "label", "professional.number", "professional.name", "professional.specialty", "professional.town",
	"spentCents", "baseCents", "ratePercent", "reimbursedCents", "retainedCents", "paidCents",
	"allowance.nature", "allowance.from", "allowance.to", "allowance.days", "allowance.dailyCents", "allowance.grossCents", "allowance.csgCents", "allowance.crdsCents"}

var csvHeader = strings.Join(csvColumns, ";") + "\n"

// csvRows writes a payment as docs/ingest.md has it: a row a line.
func csvRows(l *ingest.Line) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma = ';'
	var who ingest.Beneficiary
	rank := ""
	if l.Beneficiary != nil {
		who = *l.Beneficiary
		rank = strconv.Itoa(max(1, who.Rank))
	}
	c := l.Complementary
	for _, a := range l.Lines {
		var p ingest.Professional
		var town string
		if a.Professional != nil {
			if p = *a.Professional; p.Town != nil {
				town = *p.Town
			}
		}
		_ = w.Write(append([]string{l.NIR, who.BirthDate, rank, l.Reference, l.Movement, l.PaidOn, l.Recipient, cents(l.AmountCents),
			c.State, c.Mutuelle, cents(c.AmountCents), c.PaidOn, a.CaredOn, a.Act, a.Label, p.Number, p.Name, p.Specialty, town,
			cents(a.SpentCents), cents(a.BaseCents), strconv.Itoa(*a.RatePercent), cents(a.ReimbursedCents), cents(&a.RetainedCents), cents(a.PaidCents)},
			allowanceCells(a.Allowance)...)) // to memory
	}
	w.Flush()
	return b.Bytes()
}

func allowanceCells(a *ingest.Allowance) []string {
	if a == nil {
		return make([]string, 8)
	}
	return []string{a.Nature, a.From, a.To, strconv.Itoa(a.Days), cents(a.DailyCents), cents(a.GrossCents), cents(&a.CSGCents), cents(&a.CRDSCents)}
}

func cents(c *money.Cents) string {
	if c == nil {
		return ""
	}
	return strconv.FormatInt(int64(*c), 10)
}
