package db

import (
	"context"
	"encoding/json"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"
)

// auditLine is an entry of the audit: who did what to whose file. It is
// written in the transaction of what it tells, and never changed. Detail holds
// counts and ids, no personal data.
type auditLine struct {
	Actor    string
	Action   string
	AssureID int64 // 0 where no single file is concerned
	Subject  string
	Detail   map[string]any
}

const insertAudit = `INSERT INTO audit (actor, action, assure_id, subject, detail) VALUES `

func audit(ctx context.Context, tx bun.IDB, l auditLine) error {
	detail, err := json.Marshal(l.Detail)
	if err != nil {
		return err
	}
	_, err = tx.NewRaw(insertAudit+`(?, ?, nullif(?, 0), nullif(?, ''), ?::jsonb)`, l.Actor, l.Action, l.AssureID, l.Subject, string(detail)).Exec(ctx)
	return err
}

// auditCopy is audit in a transaction of pgx's.
func auditCopy(ctx context.Context, tx pgx.Tx, l auditLine) error {
	detail, err := json.Marshal(l.Detail)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, insertAudit+`($1, $2, nullif($3::bigint, 0), nullif($4, ''), $5::jsonb)`, l.Actor, l.Action, l.AssureID, l.Subject, string(detail))
	return err
}
