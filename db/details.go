package db

import (
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/money"
)

// lineDetails reads detailColumns into a line.
func lineDetails(r *wireRow, l *domain.PaymentLine) error {
	if text := r.bytes(); text != nil {
		var rows []json.RawMessage
		if err := json.Unmarshal(text, &rows); err != nil {
			return err
		}
		l.Retentions = make([]domain.Retention, len(rows))
		for i, row := range rows {
			var err error
			if l.Retentions[i], err = retentionOf(row); err != nil {
				return err
			}
		}
	}
	if text := r.bytes(); text != nil {
		a := &domain.DailyAllowance{}
		l.Allowance = a
		return tuple(text, &a.Nature, &a.From, &a.To, &a.Days, &a.Daily, &a.Gross, &a.CSG, &a.CRDS)
	}
	return nil
}

func retentionOf(row []byte) (r domain.Retention, err error) {
	var caredOn, paidOn *civil.Date
	var label *string
	if err := tuple(row, &r.Kind, &r.Amount, &r.Deferred, &caredOn, &paidOn, &label); err != nil || caredOn == nil {
		return r, err
	}
	r.Of = &domain.EarlierCare{CaredOn: *caredOn, PaidOn: paidOn, Label: *label}
	return r, nil
}

// tuple reads a JSON list into as many values.
func tuple(text []byte, into ...any) error {
	n := len(into)
	if err := json.Unmarshal(text, &into); err != nil {
		return err
	}
	if len(into) != n {
		return fmt.Errorf("%d values instead of %d", len(into), n)
	}
	return nil
}

// retentionRows are the rows of an item's retentions.
func (it *item) retentionRows(rows [][]any) [][]any {
	for i, l := range it.record.Lines {
		for n, r := range l.Retentions {
			row := []any{it.file.assure, instant(it.record.PaidOn), it.payment, int16(i + 1), int16(n + 1), string(r.Kind), int64(r.Amount), r.Deferred, nil, nil, nil}
			if r.Of != nil {
				row[8], row[10] = instant(r.Of.CaredOn), r.Of.Label
				if r.Of.PaidOn != nil {
					row[9] = instant(*r.Of.PaidOn)
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// allowanceRows are the rows of an item's daily allowances.
func (it *item) allowanceRows(rows [][]any) [][]any {
	cents := func(c money.Cents) int64 { return int64(c) }
	for i, l := range it.record.Lines {
		if a := l.Allowance; a != nil {
			rows = append(rows, []any{it.file.assure, instant(it.record.PaidOn), it.payment, int16(i + 1), string(a.Nature),
				instant(a.From), instant(a.To), int16(a.Days), cents(a.Daily), cents(a.Gross), cents(a.CSG), cents(a.CRDS)})
		}
	}
	return rows
}

// detailTables are the tables of what only some lines have.
var detailTables = []struct {
	name    pgx.Identifier
	columns []string
	rows    func(*item, [][]any) [][]any
}{
	{pgx.Identifier{"payment_retentions"}, []string{"assure_id", "paid_on", "payment_id", "position", "n", "kind", "amount_cents", "deferred",
		"of_cared_on", "of_paid_on", "of_label"}, (*item).retentionRows},
	{pgx.Identifier{"payment_allowances"}, []string{"assure_id", "paid_on", "payment_id", "position", "nature", "first_day", "last_day", "days",
		"daily_cents", "gross_cents", "csg_cents", "crds_cents"}, (*item).allowanceRows},
}
