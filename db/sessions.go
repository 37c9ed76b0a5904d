package db

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
	"comptesante/domain/actor"
)

// Session is a session with the facts that decide what its actor may see.
type Session struct {
	ID        string
	Assure    int64 // 0 for roles that are no insured person
	Role      actor.Role
	Label     string // what its owner knows it by; the name of a service
	Level     actor.Level
	Since     time.Time
	Ends      time.Time
	Ended     bool
	Suspended bool // the assuré's account

	// People are those of the assuré's file, and the children of others' files on
	// whom the assuré holds a mandate: key, relation and day of birth alone.
	People []domain.Beneficiary

	// Version is of these facts: whatever changes them raises it.
	Version SessionVersion

	// Unreadable: a day of birth of the own file does not open. Nobody can say what
	// this session may see, so it counts as dead; others of a batch do not suffer.
	// A child of another's file whose day of birth does not open is left out.
	Unreadable bool

	TokenHash [sha256.Size]byte
}

// SessionVersion tells facts of a session from later ones: the revocation version
// of the session, and that of its assuré's account with all whom it may see.
type SessionVersion struct{ Session, Account int64 }

const selectSessions = `
SELECT s.version, coalesce(a.version, 0), s.token_hash, s.id::text AS id, coalesce(s.assure_id, 0) AS assure_id, s.role, s.label, s.level, s.since, s.ends,
       s.ended_at IS NOT NULL AS ended, a.suspended_at IS NOT NULL AS suspended,
       coalesce(b.assure_id, 0) AS file, coalesce(b.id, 0) AS beneficiary, coalesce(b.relation, '') AS relation, b.birth_sealed AS birth
FROM sessions s
LEFT JOIN assures a ON a.id = s.assure_id
LEFT JOIN LATERAL (
	SELECT o.assure_id, o.id, o.relation, o.birth_sealed FROM beneficiaries o WHERE o.assure_id = s.assure_id
	UNION ALL
	SELECT c.assure_id, c.id, c.relation, c.birth_sealed FROM mandates m
	JOIN beneficiaries c ON c.assure_id = m.assure_id AND c.id = m.beneficiary_id
	WHERE m.holder_assure_id = s.assure_id AND m.ended_at IS NULL) b ON true
`

// sessionColumns is a row of selectSessions: a session with one person, of the
// assuré's file or of another's.
type sessionColumns struct {
	Version          SessionVersion
	TokenHash        []byte
	ID               string
	AssureID         int64
	Role             string
	Label, Level     string
	Since, Ends      time.Time
	Ended, Suspended bool
	File             int64 // of the beneficiary
	Beneficiary      int64
	Relation         domain.Relation
	Birth            []byte
}

// SessionByToken is the session whose token has this hash; ok is false where
// there is none. One statement reads the session and the family.
func (d *DB) SessionByToken(ctx context.Context, hash []byte) (s Session, ok bool, err error) {
	defer wrap(&err, "SessionByToken")
	var found map[string]Session
	err = d.snapshot(ctx, func(r *reads) {
		r.add(hotSession, func(rows pgx.Rows) (err error) {
			found, err = d.collectSessions(rows)
			return err
		}, hash)
	})
	for _, s := range found {
		return s, true, err
	}
	return s, false, err
}

// SessionsByToken gives the sessions whose tokens have these hashes, by hash; one
// that does not exist is missing.
func (d *DB) SessionsByToken(ctx context.Context, hashes [][sha256.Size]byte) (_ map[[sha256.Size]byte]Session, err error) {
	defer wrap(&err, "SessionsByToken")
	wanted := make([][]byte, len(hashes))
	for i := range hashes {
		wanted[i] = hashes[i][:]
	}
	sessions, err := d.readSessions(ctx, hotSessionsByToken, wanted)
	if err != nil {
		return nil, err
	}
	found := make(map[[sha256.Size]byte]Session, len(sessions))
	for _, s := range sessions {
		found[s.TokenHash] = s
	}
	return found, nil
}

// SessionsByID gives sessions by id; one that does not exist is missing.
func (d *DB) SessionsByID(ctx context.Context, ids []string) (_ map[string]Session, err error) {
	defer wrap(&err, "SessionsByID")
	return d.readSessions(ctx, hotSessionsByID, ids)
}

func (d *DB) readSessions(ctx context.Context, h hot, names any) (found map[string]Session, err error) {
	err = d.snapshot(ctx, func(r *reads) {
		r.add(h, func(rows pgx.Rows) (err error) {
			found, err = d.collectSessions(rows)
			return err
		}, names)
	})
	return found, err
}

// ChangedSessions gives those of the sessions whose version is not the one that is
// known, those that do not exist among them.
func (d *DB) ChangedSessions(ctx context.Context, ids []string, known []SessionVersion) (changed []string, err error) {
	defer wrap(&err, "ChangedSessions")
	sessions, accounts := make([]int64, len(known)), make([]int64, len(known))
	for i, v := range known {
		sessions[i], accounts[i] = v.Session, v.Account
	}
	err = d.snapshot(ctx, func(r *reads) {
		r.add(hotChanged, func(rows pgx.Rows) (err error) {
			changed, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		}, ids, sessions, accounts)
	})
	return changed, err
}

// Arrays come as (SELECT $1) for the reason that hotNamed has.
var (
	hotSessionsByToken = hot{name: "sessions_by_token", sql: selectSessions + `WHERE s.token_hash = ANY((SELECT $1::bytea[])::bytea[]) ORDER BY s.id, b.assure_id, b.id`}
	hotSessionsByID    = hot{name: "sessions_by_id", sql: selectSessions + `WHERE s.id = ANY((SELECT $1::uuid[])::uuid[]) ORDER BY s.id, b.assure_id, b.id`}
	hotChanged         = hot{name: "sessions_changed", sql: `
		SELECT k.id::text FROM unnest((SELECT $1::uuid[]), (SELECT $2::bigint[]), (SELECT $3::bigint[])) AS k(id, session, account)
		LEFT JOIN sessions s ON s.id = k.id
		LEFT JOIN assures a ON a.id = s.assure_id
		WHERE (s.version, coalesce(a.version, 0)) IS DISTINCT FROM (k.session, k.account)`}
)

// collectSessions reads the rows of selectSessions.
func (d *DB) collectSessions(rows pgx.Rows) (map[string]Session, error) {
	found := make(map[string]Session)
	var r sessionColumns
	_, err := pgx.ForEachRow(rows, []any{&r.Version.Session, &r.Version.Account, &r.TokenHash, &r.ID, &r.AssureID, &r.Role, &r.Label, &r.Level, &r.Since, &r.Ends, &r.Ended, &r.Suspended,
		&r.File, &r.Beneficiary, &r.Relation, &r.Birth}, func() error {
		s, seen := found[r.ID]
		if !seen {
			level, _ := actor.ParseLevel(r.Level)
			s = Session{ID: r.ID, Assure: r.AssureID, Role: actor.Role(r.Role), Label: r.Label, Level: level, Since: r.Since,
				Ends: r.Ends, Ended: r.Ended, Suspended: r.Suspended, Version: r.Version}
			copy(s.TokenHash[:], r.TokenHash)
		}
		if r.Beneficiary != 0 {
			d.addPerson(&s, &r)
		}
		found[r.ID] = s
		return nil
	})
	return found, err
}

// addPerson adds the person of a row to the session's.
func (d *DB) addPerson(s *Session, r *sessionColumns) {
	b := domain.Beneficiary{ID: domain.ID{Kind: domain.KindBeneficiary, Assure: r.File, Key: r.Beneficiary}, Relation: r.Relation}
	var err error
	b.BirthDate, err = d.keys.openBirth(beneficiaryBirth(b.ID), r.Birth)
	switch own := r.File == r.AssureID; {
	case err == nil:
		s.People = append(s.People, b)
	case own:
		s.Unreadable = true
	}
}
