package db

import (
	"context"
	"crypto/sha256"
	"maps"
	"slices"
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
}

// SessionVersion tells facts of a session from later ones: the revocation version
// of the session, and that of its assuré's account with all whom it may see.
type SessionVersion struct{ Session, Account int64 }

const selectSessions = `
SELECT s.version, coalesce(a.version, 0), s.id::text AS id, coalesce(s.assure_id, 0) AS assure_id, s.role, s.label, s.level, s.since, s.ends,
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
	rows, err := d.pool.Query(ctx, `SELECT id::text, token_hash FROM sessions WHERE token_hash = ANY($1::bytea[])`, wanted)
	if err != nil {
		return nil, err
	}
	ids := make(map[[sha256.Size]byte]string, len(hashes))
	var id string
	var hash []byte
	if _, err := pgx.ForEachRow(rows, []any{&id, &hash}, func() error {
		ids[[sha256.Size]byte(hash)] = id
		return nil
	}); err != nil {
		return nil, err
	}
	sessions, err := d.SessionsByID(ctx, slices.Collect(maps.Values(ids)))
	if err != nil {
		return nil, err
	}
	found := make(map[[sha256.Size]byte]Session, len(ids))
	for hash, id := range ids {
		if s, ok := sessions[id]; ok {
			found[hash] = s
		}
	}
	return found, nil
}

// SessionVersions gives the versions of sessions by id; one that does not exist
// is missing.
func (d *DB) SessionVersions(ctx context.Context, ids []string) (_ map[string]SessionVersion, err error) {
	defer wrap(&err, "SessionVersions")
	rows, err := d.pool.Query(ctx, `SELECT s.id::text, s.version, coalesce(a.version, 0) FROM sessions s
		LEFT JOIN assures a ON a.id = s.assure_id WHERE s.id = ANY($1::uuid[])`, ids)
	if err != nil {
		return nil, err
	}
	versions := make(map[string]SessionVersion, len(ids))
	var id string
	var v SessionVersion
	_, err = pgx.ForEachRow(rows, []any{&id, &v.Session, &v.Account}, func() error {
		versions[id] = v
		return nil
	})
	return versions, err
}

// SessionsByID gives sessions by id; one that does not exist is missing.
func (d *DB) SessionsByID(ctx context.Context, ids []string) (_ map[string]Session, err error) {
	defer wrap(&err, "SessionsByID")
	rows, err := d.pool.Query(ctx, selectSessions+`WHERE s.id = ANY($1::uuid[]) ORDER BY s.id, b.assure_id, b.id`, ids)
	if err != nil {
		return nil, err
	}
	return d.collectSessions(rows)
}

// collectSessions reads the rows of selectSessions.
func (d *DB) collectSessions(rows pgx.Rows) (map[string]Session, error) {
	found := make(map[string]Session)
	var r sessionColumns
	_, err := pgx.ForEachRow(rows, []any{&r.Version.Session, &r.Version.Account, &r.ID, &r.AssureID, &r.Role, &r.Label, &r.Level, &r.Since, &r.Ends, &r.Ended, &r.Suspended,
		&r.File, &r.Beneficiary, &r.Relation, &r.Birth}, func() error {
		s, seen := found[r.ID]
		if !seen {
			level, _ := actor.ParseLevel(r.Level)
			s = Session{ID: r.ID, Assure: r.AssureID, Role: actor.Role(r.Role), Label: r.Label, Level: level, Since: r.Since,
				Ends: r.Ends, Ended: r.Ended, Suspended: r.Suspended, Version: r.Version}
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
