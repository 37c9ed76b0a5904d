package db

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"comptesante/domain"
	"comptesante/domain/civil"
)

// NewFile is a file to be opened: an assuré with the children attached.
type NewFile struct {
	Assure   domain.Assure // without ID
	Children []domain.Beneficiary
}

// AddFile opens a file and gives its id: AddFiles for one.
func (d *DB) AddFile(ctx context.Context, by string, f NewFile) (id domain.ID, err error) {
	ids, err := d.AddFiles(ctx, by, []NewFile{f})
	if err != nil {
		return id, err
	}
	return ids[0], nil
}

// AddFiles opens files, all or none, and gives their ids in order; CONFLICT
// where a NIR has a file already, VALIDATION where two people of a file have the
// same day and rank of birth, since payments could not tell them apart.
func (d *DB) AddFiles(ctx context.Context, by string, files []NewFile) (ids []domain.ID, err error) {
	defer wrap(&err, "AddFiles")
	for i := range files {
		if err := files[i].check(); err != nil {
			return nil, err
		}
	}
	err = pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		o := opening{d: d, tx: tx, by: by, files: files}
		ids = make([]domain.ID, len(files))
		return o.run(ctx, ids)
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.ConstraintName == "assures_nir_index_key" {
		return nil, domain.Errorf(domain.Conflict, "a file with this NIR exists already")
	}
	return ids, err
}

func (f *NewFile) check() error {
	type birth struct {
		day  civil.Date
		rank int
	}
	people := make(map[birth]bool, 1+len(f.Children))
	for _, p := range f.people() {
		b := birth{p.BirthDate, p.BirthRank}
		if people[b] {
			return domain.Errorf(domain.Validation, "two people of the file have the same day and rank of birth: give twins their ranks")
		}
		people[b] = true
	}
	return nil
}

// people are the beneficiaries of a new file, the assuré first.
func (f *NewFile) people() []domain.Beneficiary {
	a := f.Assure
	people := append([]domain.Beneficiary{{Relation: domain.Self, FamilyName: a.FamilyName, GivenName: a.GivenName, BirthDate: a.BirthDate}}, f.Children...)
	for i := range people {
		people[i].BirthRank = max(1, people[i].BirthRank)
	}
	return people
}

// opening is one transaction that opens files.
type opening struct {
	d     *DB
	tx    pgx.Tx
	by    string
	files []NewFile
}

func (o *opening) run(ctx context.Context, ids []domain.ID) error {
	var assures, people, lines [][]any
	total := 0
	for i := range o.files {
		total += 1 + len(o.files[i].Children)
	}
	assureKeys, err := takeKeys(ctx, o.tx, "assures_id_seq", len(o.files))
	if err != nil {
		return err
	}
	peopleKeys, err := takeKeys(ctx, o.tx, "beneficiaries_id_seq", total)
	if err != nil {
		return err
	}
	for i, key := range assureKeys {
		ids[i] = domain.ID{Kind: domain.KindAssure, Assure: key, Key: key}
		row, err := o.d.keys.assureValues(key, &o.files[i].Assure)
		if err != nil {
			return err
		}
		assures, lines = append(assures, row), append(lines, []any{o.by, "file.opened", key})
		for _, b := range o.files[i].people() {
			if row, err = o.d.keys.beneficiaryValues(key, peopleKeys[0], &b); err != nil {
				return err
			}
			people, peopleKeys = append(people, row), peopleKeys[1:]
		}
	}
	for _, t := range []struct {
		name    string
		columns []string
		rows    [][]any
	}{
		{"assures", []string{"id", "nir_sealed", "nir_index", "index_key", "iban_sealed", "birth_sealed", "sealed_key", "family_name", "given_name", "caisse_id", "mutuelle_id"}, assures},
		{"beneficiaries", []string{"assure_id", "id", "relation", "birth_sealed", "birth_rank", "sealed_key", "family_name", "given_name"}, people},
		{"audit", []string{"actor", "action", "assure_id"}, lines},
	} {
		if _, err := o.tx.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromRows(t.rows)); err != nil {
			return err
		}
	}
	return nil
}

// takeKeys takes the next keys of a sequence, in order.
func takeKeys(ctx context.Context, tx pgx.Tx, sequence string, n int) ([]int64, error) {
	rows, err := tx.Query(ctx, `SELECT nextval($1::regclass) FROM generate_series(1, $2::bigint)`, sequence, n)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// assureValues are the columns of a new assuré.
func (k *Keys) assureValues(key int64, a *domain.Assure) ([]any, error) {
	index, err := k.index("assures.nir", a.NIR.Index())
	if err != nil {
		return nil, err
	}
	number, err := k.seal(assureCell("nir", key), a.NIR.Reveal())
	if err != nil {
		return nil, err
	}
	birth, err := k.seal(assureCell("birth", key), a.BirthDate.String())
	if err != nil {
		return nil, err
	}
	var account, mutuelle any
	if a.IBAN != nil {
		if account, err = k.seal(assureCell("iban", key), a.IBAN.Reveal()); err != nil {
			return nil, err
		}
	}
	if a.Mutuelle != nil {
		mutuelle = a.Mutuelle.ID.Key
	}
	return []any{key, number, index, k.indexKey(), account, birth, k.aeadKey, a.FamilyName, a.GivenName, a.Caisse.ID.Key, mutuelle}, nil
}

// beneficiaryValues are the columns of a new beneficiary.
func (k *Keys) beneficiaryValues(assure, key int64, b *domain.Beneficiary) ([]any, error) {
	birth, err := k.seal(beneficiaryBirth(domain.ID{Assure: assure, Key: key}), b.BirthDate.String())
	if err != nil {
		return nil, err
	}
	return []any{assure, key, string(b.Relation), birth, int16(b.BirthRank), k.aeadKey, b.FamilyName, b.GivenName}, nil
}
