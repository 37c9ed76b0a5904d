package db

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
)

// Which code of an act is of which kind is data: the codes were seen on
// statements, and their meaning is not verified. An operator gives a code another
// kind, and every process groups by it within a second, payments that are stored
// already too.

// KindOfCode is the kind of a code of acts.
type KindOfCode struct {
	Code      string
	Kind      domain.ActKind // in force
	Own       domain.ActKind // the release's own; empty for a code that it does not know
	ChangedAt *time.Time     // nil where no operator's command has changed it, as By and Reason are empty
	ChangedBy string
	Reason    string
}

// CodeWithoutKind is a code that payments have and that no kind is known of, so
// that it is OTHER.
type CodeWithoutKind struct {
	Code  string
	Label string // one of those that senders give it
}

// maxWithoutKind bounds how many codes without a kind are listed.
const maxWithoutKind = 1000

// KindsOfCodes is the kinds of codes, in order of code, and the codes of payments
// that have none: the first 1,000 of them.
func (d *DB) KindsOfCodes(ctx context.Context) (kinds []KindOfCode, without []CodeWithoutKind, err error) {
	defer wrap(&err, "KindsOfCodes")
	rows, err := d.pool.Query(ctx, `SELECT code, kind, coalesce(own, ''), changed_at, coalesce(changed_by, ''), coalesce(reason, '') FROM act_kinds ORDER BY code`)
	if err != nil {
		return nil, nil, err
	}
	if kinds, err = pgx.CollectRows(rows, pgx.RowToStructByPos[KindOfCode]); err != nil {
		return nil, nil, err
	}
	rows, err = d.pool.Query(ctx, `SELECT code, min(label) FROM acts WHERE NOT EXISTS (SELECT FROM act_kinds k WHERE k.code = acts.code)
		GROUP BY code ORDER BY code LIMIT $1`, maxWithoutKind)
	if err != nil {
		return nil, nil, err
	}
	without, err = pgx.CollectRows(rows, pgx.RowToStructByPos[CodeWithoutKind])
	return kinds, without, err
}

// KindChange is what an operator asks for.
type KindChange struct {
	Code   string
	Kind   domain.ActKind // unused by ResetKindOfCode
	By     string
	Reason string
}

// KindChanged is what became of it.
type KindChanged struct {
	Before, After domain.ActKind // in force; OTHER for a code without a kind
	Own           domain.ActKind // the release's own; empty for a code that it does not know
	Changed       bool           // false where the operators' kind was that already
	Paid          bool           // whether a payment has the code
}

// SetKindOfCode gives a code a kind, with a line in the audit; nothing is written
// where an operator has given it that kind already. VALIDATION for a code that no
// line can have, a kind that is none, and where nobody or no reason is named.
func (d *DB) SetKindOfCode(ctx context.Context, c KindChange) (_ KindChanged, err error) {
	defer wrap(&err, "SetKindOfCode")
	if !slices.Contains(domain.ActKinds, c.Kind) {
		return KindChanged{}, domain.Errorf(domain.Validation, "%q is no kind of acts: give one of %s", c.Kind, kindNames())
	}
	return d.changeKind(ctx, c, c.set)
}

func (c KindChange) set(ctx context.Context, tx pgx.Tx, was KindOfCode) (after domain.ActKind, err error) {
	if was.Kind == c.Kind && was.ChangedBy != "" {
		return c.Kind, errUnchanged
	}
	sql := `UPDATE act_kinds SET kind = $2, changed_at = now(), changed_by = $3, reason = $4 WHERE code = $1`
	if was.Kind == "" { // no upsert: its statement would ring twice
		sql = `INSERT INTO act_kinds (code, kind, changed_at, changed_by, reason) VALUES ($1, $2, now(), $3, $4)`
	}
	_, err = tx.Exec(ctx, sql, c.Code, c.Kind, strings.TrimSpace(c.By), strings.TrimSpace(c.Reason))
	return c.Kind, err
}

// ResetKindOfCode gives a code the release's own kind back, or none where it does
// not know the code, with a line in the audit. NOT_FOUND where that is so already;
// VALIDATION where nobody or no reason is named.
func (d *DB) ResetKindOfCode(ctx context.Context, c KindChange) (_ KindChanged, err error) {
	defer wrap(&err, "ResetKindOfCode")
	return d.changeKind(ctx, c, c.reset)
}

func (c KindChange) reset(ctx context.Context, tx pgx.Tx, was KindOfCode) (after domain.ActKind, err error) {
	switch {
	case was.Kind == "" || was.Kind == was.Own && was.ChangedBy == "":
		return "", domain.Errorf(domain.NotFound, "the kind of %s was not changed: there is nothing to reset (the list of kinds shows what was)", c.Code)
	case was.Own == "":
		_, err = tx.Exec(ctx, `DELETE FROM act_kinds WHERE code = $1`, c.Code)
		return domain.ActOther, err
	}
	_, err = tx.Exec(ctx, `UPDATE act_kinds SET kind = own, changed_at = NULL, changed_by = NULL, reason = NULL WHERE code = $1`, c.Code)
	return was.Own, err
}

// errUnchanged tells that there was nothing to write.
var errUnchanged = errors.New("unchanged")

// changeKind reads what the code has, lets write give it what comes next, and
// leaves the audit line. One at a time, so that each line tells what was before.
func (d *DB) changeKind(ctx context.Context, c KindChange, write func(context.Context, pgx.Tx, KindOfCode) (domain.ActKind, error)) (done KindChanged, err error) {
	if err := domain.CheckActCode(c.Code); err != nil {
		return done, err
	}
	if err := checkOperator(c.By, c.Reason, "the kind of "+c.Code); err != nil {
		return done, err
	}
	err = pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `LOCK TABLE act_kinds IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return err
		}
		was := KindOfCode{}
		if err := tx.QueryRow(ctx, `SELECT coalesce(k.kind, ''), coalesce(k.own, ''), coalesce(k.changed_by, ''), EXISTS (SELECT FROM acts WHERE code = $1)
			FROM (SELECT) one LEFT JOIN act_kinds k ON k.code = $1`, c.Code).Scan(&was.Kind, &was.Own, &was.ChangedBy, &done.Paid); err != nil {
			return err
		}
		done.Before, done.Own = cmp.Or(was.Kind, domain.ActOther), was.Own
		if done.After, err = write(ctx, tx, was); err != nil {
			return err
		}
		done.Changed = true
		return auditCopy(ctx, tx, c.audit(done))
	})
	if errors.Is(err, errUnchanged) {
		return done, nil
	}
	return done, err
}

func (c KindChange) audit(done KindChanged) auditLine {
	detail := map[string]any{"before": done.Before, "after": done.After, "default": nil, "reason": strings.TrimSpace(c.Reason)}
	if done.Own != "" {
		detail["default"] = done.Own
	}
	return auditLine{Actor: strings.TrimSpace(c.By), Action: "act_kind.changed", Subject: c.Code, Detail: detail}
}

func kindNames() string {
	names := make([]string, len(domain.ActKinds))
	for i, kind := range domain.ActKinds {
		names[i] = string(kind)
	}
	return strings.Join(names, ", ")
}
