package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"comptesante/domain"
	"comptesante/domain/civil"
)

// GrantMandate lets a second parent see a child of another's file, from now on:
// with their next request, and on open sockets within two seconds. It is decided
// as of a day in Paris and fails with VALIDATION where nobody could see the child
// by it (domain.MandateFault), with NOT_FOUND where the child or the holder is
// not there, and with CONFLICT where it stands already or the holder has too many.
func (d *DB) GrantMandate(ctx context.Context, by string, child domain.ID, holder int64, today civil.Date) (err error) {
	defer wrap(&err, "GrantMandate")
	return d.bun.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := raiseVersion(ctx, tx, holder); err != nil { // and no other grant to them comes between
			return err
		}
		b, err := d.mandatedPerson(ctx, tx, child)
		if err != nil {
			return err
		}
		var held int
		if err := tx.NewRaw(`SELECT count(*) FROM mandates WHERE holder_assure_id = ? AND ended_at IS NULL`, holder).Scan(ctx, &held); err != nil {
			return err
		}
		if err := domain.MandateFault(b, holder, held, today); err != nil {
			return err
		}
		done, err := tx.NewRaw(`INSERT INTO mandates (assure_id, beneficiary_id, holder_assure_id) VALUES (?, ?, ?)
			ON CONFLICT (assure_id, beneficiary_id, holder_assure_id) WHERE ended_at IS NULL DO NOTHING`, child.Assure, child.Key, holder).Exec(ctx)
		if err := oneRow(done, err, domain.Errorf(domain.Conflict, "this mandate stands already")); err != nil {
			return err
		}
		return auditMandate(ctx, tx, by, "mandate.granted", child, holder)
	})
}

// EndMandate ends a second parent's mandate on a child at once; NOT_FOUND where
// none stands. What they may see no longer is gone with their next request, and
// on open sockets within two seconds.
func (d *DB) EndMandate(ctx context.Context, by string, child domain.ID, holder int64) (err error) {
	defer wrap(&err, "EndMandate")
	return d.bun.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := raiseVersion(ctx, tx, holder); err != nil {
			return err
		}
		done, err := tx.NewRaw(`UPDATE mandates SET ended_at = greatest(now(), granted_at)
			WHERE assure_id = ? AND beneficiary_id = ? AND holder_assure_id = ? AND ended_at IS NULL`, child.Assure, child.Key, holder).Exec(ctx)
		if err := oneRow(done, err, domain.Errorf(domain.NotFound, "no such mandate stands")); err != nil {
			return err
		}
		return auditMandate(ctx, tx, by, "mandate.ended", child, holder)
	})
}

// raiseVersion tells that what an assuré may do has changed.
func raiseVersion(ctx context.Context, tx bun.Tx, assure int64) error {
	done, err := tx.NewRaw(`UPDATE assures SET version = version + 1 WHERE id = ?`, assure).Exec(ctx)
	return oneRow(done, err, domain.Errorf(domain.NotFound, "no assuré has this id"))
}

// mandatedPerson is what decides whether a mandate on somebody can be given.
func (d *DB) mandatedPerson(ctx context.Context, tx bun.Tx, id domain.ID) (b domain.Beneficiary, err error) {
	var birth []byte
	b.ID = id
	err = tx.NewRaw(`SELECT relation, birth_sealed FROM beneficiaries WHERE assure_id = ? AND id = ?`, id.Assure, id.Key).Scan(ctx, &b.Relation, &birth)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return b, domain.Errorf(domain.NotFound, "no child has this id")
	case err != nil:
		return b, err
	}
	b.BirthDate, err = d.keys.openBirth(beneficiaryBirth(id), birth)
	return b, err
}

func auditMandate(ctx context.Context, tx bun.Tx, by, action string, child domain.ID, holder int64) error {
	return audit(ctx, tx, auditLine{Actor: by, Action: action, AssureID: child.Assure, Subject: child.String(),
		Detail: map[string]any{"beneficiary": child.Key, "holder": holder}})
}

// Mandates are those on children of an assuré's file and those that the assuré
// holds, ended ones too, the latest first. It is for the operator's commands.
func (d *DB) Mandates(ctx context.Context, assure int64) (list []domain.Mandate, err error) {
	defer wrap(&err, "Mandates")
	var rows []struct {
		AssureID, BeneficiaryID, HolderAssureID int64
		GrantedAt                               time.Time
		EndedAt                                 *time.Time
	}
	err = d.bun.NewRaw(`SELECT assure_id, beneficiary_id, holder_assure_id, granted_at, ended_at FROM mandates
		WHERE assure_id = ? OR holder_assure_id = ? ORDER BY granted_at DESC, assure_id, beneficiary_id, holder_assure_id`, assure, assure).Scan(ctx, &rows)
	for _, r := range rows {
		m := domain.Mandate{Child: domain.ID{Kind: domain.KindBeneficiary, Assure: r.AssureID, Key: r.BeneficiaryID}, Holder: r.HolderAssureID, Granted: r.GrantedAt}
		if r.EndedAt != nil {
			m.Ended = *r.EndedAt
		}
		list = append(list, m)
	}
	return list, err
}

// ChildBorn is the id of the child of a file who was born on a day, with a rank
// of birth where that is not 0; NOT_FOUND where there is none, and CONFLICT where
// there are several: then the rank tells twins apart. It is for the operator's
// commands, which may name anyone.
func (d *DB) ChildBorn(ctx context.Context, assure int64, born civil.Date, rank int) (id domain.ID, err error) {
	defer wrap(&err, "ChildBorn")
	rows, err := d.pool.Query(ctx, selectPeople+`WHERE assure_id = $1 AND relation = 'CHILD' ORDER BY id`, assure)
	if err != nil {
		return id, err
	}
	children, err := d.collectPeople(rows)
	if err != nil {
		return id, err
	}
	for _, c := range children {
		switch {
		case c.BirthDate != born || (rank != 0 && c.BirthRank != rank):
		case id.Key != 0:
			return domain.ID{}, domain.Errorf(domain.Conflict, "the file has several children born on this day: add the rank of birth (1, 2, …)")
		default:
			id = c.ID
		}
	}
	if id.Key == 0 {
		return id, domain.Errorf(domain.NotFound, "the file has no child born on this day")
	}
	return id, nil
}
