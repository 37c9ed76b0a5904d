package db

import (
	"context"
	"database/sql"
	"errors"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
	"comptesante/domain/iban"
	"comptesante/domain/nir"
)

// assureRow is an assuré as stored: sealed where the domain's is not.
type assureRow struct {
	bun.BaseModel `bun:"table:assures"`
	ID            int64 `bun:",pk"`
	NirSealed     []byte
	NirIndex      []byte
	IndexKey      int64
	IbanSealed    []byte
	BirthSealed   []byte
	SealedKey     int64
	FamilyName    string
	GivenName     string
	CaisseID      int64
	MutuelleID    *int64
}

// beneficiaryRow is a beneficiary as stored.
type beneficiaryRow struct {
	bun.BaseModel `bun:"table:beneficiaries"`
	AssureID      int64 `bun:",pk"`
	ID            int64 `bun:",pk"`
	Relation      domain.Relation
	BirthSealed   []byte
	BirthRank     int
	SealedKey     int64
	FamilyName    string
	GivenName     string
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

// Assures gives the files of those of the assurés that an actor with these
// sights may see.
func (d *DB) Assures(ctx context.Context, sights []actor.Sight, keys []int64) (_ map[int64]domain.Assure, err error) {
	defer wrap(&err, "Assures")
	seen, _ := flatten(sights)
	var rows []assureRow
	if err := d.bun.NewSelect().Model(&rows).Where("id IN (?) AND id IN (?)", bun.List(keys), bun.List(seen)).Scan(ctx); err != nil {
		return nil, err
	}
	files := make(map[int64]domain.Assure, len(rows))
	for i := range rows {
		a, err := d.keys.assure(&rows[i])
		if err != nil {
			return nil, err
		}
		files[rows[i].ID] = *a
	}
	return files, nil
}

// assure is the one mapping from the stored form to the domain's.
func (k *Keys) assure(row *assureRow) (*domain.Assure, error) {
	a := &domain.Assure{
		ID:         domain.ID{Kind: domain.KindAssure, Assure: row.ID, Key: row.ID},
		FamilyName: row.FamilyName, GivenName: row.GivenName, CaisseID: row.CaisseID,
	}
	if row.MutuelleID != nil {
		a.MutuelleID = *row.MutuelleID
	}
	text, err := k.open(assureCell("nir", row.ID), row.NirSealed)
	if err != nil {
		return nil, err
	}
	if a.NIR, err = nir.Parse(text); err != nil {
		return nil, err
	}
	if a.BirthDate, err = k.openBirth(assureCell("birth", row.ID), row.BirthSealed); err != nil || row.IbanSealed == nil {
		return a, err
	}
	if text, err = k.open(assureCell("iban", row.ID), row.IbanSealed); err != nil {
		return nil, err
	}
	account, err := iban.Parse(text)
	a.IBAN = &account
	return a, err
}

// Beneficiaries gives, by assuré, the people in sight, oneself first, then by
// key.
func (d *DB) Beneficiaries(ctx context.Context, sights []actor.Sight) (_ map[int64][]domain.Beneficiary, err error) {
	defer wrap(&err, "Beneficiaries")
	assures, seen := flatten(sights)
	var rows []beneficiaryRow
	err = d.bun.NewSelect().Model(&rows).
		Where("(assure_id, id) IN (SELECT * FROM unnest(?::bigint[], ?::bigint[]))", pgdialect.Array(assures), pgdialect.Array(seen)).
		OrderExpr("assure_id, relation DESC, id").Scan(ctx)
	if err != nil {
		return nil, err
	}
	people := make(map[int64][]domain.Beneficiary)
	for _, row := range rows {
		b, err := d.keys.beneficiary(&row)
		if err != nil {
			return nil, err
		}
		people[row.AssureID] = append(people[row.AssureID], b)
	}
	return people, nil
}

func (k *Keys) beneficiary(row *beneficiaryRow) (b domain.Beneficiary, err error) {
	b = domain.Beneficiary{
		ID:       domain.ID{Kind: domain.KindBeneficiary, Assure: row.AssureID, Key: row.ID},
		Relation: row.Relation, FamilyName: row.FamilyName, GivenName: row.GivenName, BirthRank: row.BirthRank,
	}
	b.BirthDate, err = k.openBirth(beneficiaryBirth(b.ID), row.BirthSealed)
	return b, err
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

// NewFile is a file to be opened: an assuré with the children attached.
type NewFile struct {
	Assure   domain.Assure // without ID
	Children []domain.Beneficiary
}

// AddFile opens a file and gives its id; CONFLICT where the NIR has one already,
// VALIDATION where two people of it have the same day and rank of birth, since
// payments could not tell them apart.
func (d *DB) AddFile(ctx context.Context, by string, f NewFile) (id domain.ID, err error) {
	defer wrap(&err, "AddFile")
	type birth struct {
		day  civil.Date
		rank int
	}
	people := map[birth]bool{{f.Assure.BirthDate, 1}: true}
	for _, c := range f.Children {
		b := birth{c.BirthDate, max(1, c.BirthRank)}
		if people[b] {
			return id, domain.Errorf(domain.Validation, "two people of the file have the same day and rank of birth: give twins their ranks")
		}
		people[b] = true
	}
	err = d.bun.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		id = domain.ID{Kind: domain.KindAssure}
		if err := tx.QueryRowContext(ctx, `SELECT nextval(pg_get_serial_sequence('assures', 'id'))`).Scan(&id.Assure); err != nil {
			return err
		}
		id.Key = id.Assure
		f.Assure.ID = id
		if err := d.insertAssure(ctx, tx, f.Assure); err != nil {
			return err
		}
		self := domain.Beneficiary{Relation: domain.Self, FamilyName: f.Assure.FamilyName, GivenName: f.Assure.GivenName, BirthDate: f.Assure.BirthDate, BirthRank: 1}
		for _, b := range append([]domain.Beneficiary{self}, f.Children...) {
			if err := d.insertBeneficiary(ctx, tx, id.Assure, b); err != nil {
				return err
			}
		}
		return audit(ctx, tx, auditLine{Actor: by, Action: "file.opened", AssureID: id.Assure})
	})
	return id, err
}

func (d *DB) insertAssure(ctx context.Context, tx bun.Tx, a domain.Assure) (err error) {
	row := assureRow{ID: a.ID.Assure, IndexKey: d.keys.indexKey(), SealedKey: d.keys.aeadKey,
		FamilyName: a.FamilyName, GivenName: a.GivenName, CaisseID: a.CaisseID}
	if a.MutuelleID != 0 {
		row.MutuelleID = &a.MutuelleID
	}
	if row.NirIndex, err = d.keys.index("assures.nir", a.NIR.Index()); err != nil {
		return err
	}
	if row.NirSealed, err = d.keys.seal(assureCell("nir", row.ID), a.NIR.Reveal()); err != nil {
		return err
	}
	if row.BirthSealed, err = d.keys.seal(assureCell("birth", row.ID), a.BirthDate.String()); err != nil {
		return err
	}
	if a.IBAN != nil {
		if row.IbanSealed, err = d.keys.seal(assureCell("iban", row.ID), a.IBAN.Reveal()); err != nil {
			return err
		}
	}
	done, err := tx.NewInsert().Model(&row).On("CONFLICT (nir_index) DO NOTHING").Exec(ctx)
	return oneRow(done, err, domain.Errorf(domain.Conflict, "a file with this NIR exists already"))
}

func (d *DB) insertBeneficiary(ctx context.Context, tx bun.Tx, assure int64, b domain.Beneficiary) (err error) {
	row := beneficiaryRow{AssureID: assure, Relation: b.Relation, BirthRank: max(1, b.BirthRank), SealedKey: d.keys.aeadKey,
		FamilyName: b.FamilyName, GivenName: b.GivenName}
	if err := tx.QueryRowContext(ctx, `SELECT nextval(pg_get_serial_sequence('beneficiaries', 'id'))`).Scan(&row.ID); err != nil {
		return err
	}
	at := beneficiaryBirth(domain.ID{Assure: assure, Key: row.ID})
	if row.BirthSealed, err = d.keys.seal(at, b.BirthDate.String()); err != nil {
		return err
	}
	_, err = tx.NewInsert().Model(&row).Exec(ctx)
	return err
}
