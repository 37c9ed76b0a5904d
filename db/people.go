package db

import (
	"context"
	"database/sql"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/iban"
	"comptesante/domain/nir"
)

// assureRow names the table of assurés to bun.
type assureRow struct {
	bun.BaseModel `bun:"table:assures"`
}

func assureCell(column string, id int64) cell {
	return cell{table: "assures", column: column, assure: id, row: id}
}

func beneficiaryBirth(id domain.ID) cell {
	return cell{table: "beneficiaries", column: "birth", assure: id.Assure, row: id.Key}
}

func (k *Keys) openBirth(at cell, sealed []byte) (civil.Date, error) {
	text, err := k.open(at, sealed)
	if err != nil {
		return civil.Date{}, err
	}
	return civil.Parse(text)
}

// fileRow is the columns of hotFile.
type fileRow struct {
	NIRSealed, BirthSealed, IBANSealed []byte
	FamilyName, GivenName              string
	CaisseID                           int64
	MutuelleID                         *int64
}

// assure is the one mapping from the stored form to the domain's, with the
// fund and the mutuelle from memory.
func (d *DB) assure(ctx context.Context, key int64, row *fileRow) (a domain.Assure, err error) {
	a = domain.Assure{FamilyName: row.FamilyName, GivenName: row.GivenName}
	text, err := d.keys.open(assureCell("nir", key), row.NIRSealed)
	if err != nil {
		return a, err
	}
	if a.NIR, err = nir.Parse(text); err != nil {
		return a, err
	}
	if a.BirthDate, err = d.keys.openBirth(assureCell("birth", key), row.BirthSealed); err != nil {
		return a, err
	}
	if row.IBANSealed != nil {
		if text, err = d.keys.open(assureCell("iban", key), row.IBANSealed); err != nil {
			return a, err
		}
		account, err := iban.Parse(text)
		if err != nil {
			return a, err
		}
		a.IBAN = &account
	}
	caisses, err := d.Caisses(ctx, []int64{row.CaisseID})
	if a.Caisse = caisses[row.CaisseID]; err != nil || row.MutuelleID == nil {
		return a, err
	}
	mutuelles, err := d.Mutuelles(ctx, []int64{*row.MutuelleID})
	if m, ok := mutuelles[*row.MutuelleID]; ok {
		a.Mutuelle = &m
	}
	return a, err
}

// selectPeople begins each query of beneficiaries.
const selectPeople = `SELECT assure_id, id, relation, birth_sealed, birth_rank, family_name, given_name FROM beneficiaries `

// collectPeople reads the rows of selectPeople; it fails where a day of birth does
// not open.
func (d *DB) collectPeople(rows pgx.Rows) ([]domain.Beneficiary, error) {
	people, faults, err := d.openPeople(rows)
	for _, fault := range faults {
		return people, fault
	}
	return people, err
}

// openPeople reads the rows of selectPeople. Who has a day of birth that does not
// open is there without it, and faults tells so.
func (d *DB) openPeople(rows pgx.Rows) (people []domain.Beneficiary, faults map[domain.ID]error, err error) {
	faults = make(map[domain.ID]error)
	people, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (domain.Beneficiary, error) {
		b := domain.Beneficiary{ID: domain.ID{Kind: domain.KindBeneficiary}}
		var birth []byte
		if err := row.Scan(&b.ID.Assure, &b.ID.Key, &b.Relation, &birth, &b.BirthRank, &b.FamilyName, &b.GivenName); err != nil {
			return b, err
		}
		var fault error
		if b.BirthDate, fault = d.keys.openBirth(beneficiaryBirth(b.ID), birth); fault != nil {
			faults[b.ID] = fault
		}
		return b, nil
	})
	return people, faults, err
}

// AssureByNIR is the id of the assuré with this number; NOT_FOUND where there
// is none. It is for the operator's commands, which may name anyone.
func (d *DB) AssureByNIR(ctx context.Context, n nir.NIR) (id domain.ID, err error) {
	defer wrap(&err, "AssureByNIR")
	index, err := d.keys.index("assures.nir", n.Index())
	if err != nil {
		return id, err
	}
	err = d.bun.NewSelect().Model((*assureRow)(nil)).Column("id").Where("nir_index = ?", index).Scan(ctx, &id.Assure)
	if errors.Is(err, sql.ErrNoRows) {
		return id, domain.Errorf(domain.NotFound, "no assuré has this NIR")
	}
	return domain.ID{Kind: domain.KindAssure, Assure: id.Assure, Key: id.Assure}, err
}
