package db

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// Whatever changes a session or an account is told in the account's feed, as the
// transaction's last step. That open sockets look again is rung for by triggers,
// whoever makes the change (migration 90).

// NewSession opens a session; only the hash of its token is stored.
type NewSession struct {
	Assure    int64 // 0 for roles that are no insured person
	Role      actor.Role
	Level     actor.Level
	Label     string // what the owner knows it by
	TokenHash []byte
	Ends      time.Time
}

// OpenSession stores a session and gives its id; NOT_FOUND where the assuré
// does not exist.
func (d *DB) OpenSession(ctx context.Context, by string, n NewSession) (id string, err error) {
	defer wrap(&err, "OpenSession")
	err = pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		if n.Role == actor.Assure {
			var known bool
			if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM assures WHERE id = $1)`, n.Assure).Scan(&known); err != nil {
				return err
			}
			if !known {
				return domain.Errorf(domain.NotFound, "no assuré has this id")
			}
		}
		if err := tx.QueryRow(ctx, `INSERT INTO sessions (assure_id, role, level, label, token_hash, ends)
			VALUES (nullif($1::bigint, 0), $2, $3, $4, $5, $6) RETURNING id::text`,
			n.Assure, string(n.Role), n.Level.String(), n.Label, n.TokenHash, n.Ends).Scan(&id); err != nil {
			return err
		}
		if err := auditCopy(ctx, tx, auditLine{Actor: by, Action: "session.opened", AssureID: n.Assure, Subject: id, Detail: map[string]any{"level": n.Level.String()}}); err != nil {
			return err
		}
		return tellAccounts(ctx, tx, domain.EventSessionOpened, changedSession{id, n.Level.String(), n.Assure})
	})
	return id, err
}

// EndSession ends a session at once; NOT_FOUND where none with this id is open.
func (d *DB) EndSession(ctx context.Context, by, id string) (err error) {
	defer wrap(&err, "EndSession")
	return d.changeSessions(ctx, by, "session.ended", domain.EventSessionEnded, `UPDATE sessions SET ended_at = now(), version = version + 1
		WHERE id::text = $1 AND ended_at IS NULL`, id)
}

// ExtendSession moves the end of an open session; NOT_FOUND where none with
// this id is open.
func (d *DB) ExtendSession(ctx context.Context, by, id string, ends time.Time) (err error) {
	defer wrap(&err, "ExtendSession")
	return d.changeSessions(ctx, by, "session.extended", "", `UPDATE sessions SET ends = $1, version = version + 1
		WHERE id::text = $2 AND ended_at IS NULL AND ends > now()`, ends, id)
}

// EndSessionsLabelled ends all open sessions of insured people with a label,
// such as those of the demo's last start; none is no error.
func (d *DB) EndSessionsLabelled(ctx context.Context, by, label string) (err error) {
	defer wrap(&err, "EndSessionsLabelled")
	err = d.changeSessions(ctx, by, "session.ended", domain.EventSessionEnded, `UPDATE sessions SET ended_at = now(), version = version + 1
		WHERE label = $1 AND role = 'ASSURE' AND ended_at IS NULL`, label)
	if domain.CodeOf(err) == domain.NotFound {
		return nil
	}
	return err
}

// changedSession is a session that was opened or changed.
type changedSession struct {
	ID, Level string
	Assure    int64 // 0 for roles that are no insured person
}

// changeSessions runs an update of sessions, with an audit line for each, and an
// event of a kind unless that is empty; NOT_FOUND where it changes none.
func (d *DB) changeSessions(ctx context.Context, by, action string, kind domain.EventKind, update string, args ...any) error {
	return pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, update+` RETURNING id::text, level, coalesce(assure_id, 0)`, args...)
		if err != nil {
			return err
		}
		changed, err := pgx.CollectRows(rows, pgx.RowToStructByPos[changedSession])
		switch {
		case err != nil:
			return err
		case len(changed) == 0:
			return domain.Errorf(domain.NotFound, "no open session has this id")
		}
		for _, c := range changed {
			if err := auditCopy(ctx, tx, auditLine{Actor: by, Action: action, AssureID: c.Assure, Subject: c.ID}); err != nil {
				return err
			}
		}
		if kind == "" {
			return nil
		}
		return tellAccounts(ctx, tx, kind, changed...)
	})
}

// tellAccounts tells an event of each session of an insured person.
func tellAccounts(ctx context.Context, tx pgx.Tx, kind domain.EventKind, sessions ...changedSession) error {
	var events []newEvent
	for _, s := range sessions {
		fact := domain.AccountFact{Session: s.ID}
		if kind == domain.EventSessionOpened {
			fact.Level = s.Level
		}
		if s.Assure != 0 {
			events = append(events, accountEvent(s.Assure, kind, fact))
		}
	}
	return tell(ctx, tx, events)
}

// SetSuspended suspends an assuré's account or lifts the suspension; NOT_FOUND
// where there is no such assuré. What changes nothing is no event.
func (d *DB) SetSuspended(ctx context.Context, by string, assure int64, suspended bool) (err error) {
	defer wrap(&err, "SetSuspended")
	return pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		var was bool
		err := tx.QueryRow(ctx, `SELECT suspended_at IS NOT NULL FROM assures WHERE id = $1 FOR NO KEY UPDATE`, assure).Scan(&was)
		if errors.Is(err, pgx.ErrNoRows) {
			return domain.Errorf(domain.NotFound, "no assuré has this id")
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE assures SET version = version + 1,
			suspended_at = CASE WHEN $2 THEN coalesce(suspended_at, now()) END WHERE id = $1`, assure, suspended); err != nil {
			return err
		}
		if err := auditCopy(ctx, tx, auditLine{Actor: by, Action: "account.suspended", AssureID: assure, Detail: map[string]any{"suspended": suspended}}); err != nil || was == suspended {
			return err
		}
		kind := domain.EventAccountRestored
		if suspended {
			kind = domain.EventAccountSuspended
		}
		return tell(ctx, tx, []newEvent{accountEvent(assure, kind, domain.AccountFact{})})
	})
}
