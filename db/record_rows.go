package db

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/iban"
)

// file is what recording needs of an assuré's file.
type file struct {
	assure     int64
	people     []domain.Beneficiary
	unreadable bool // a day of birth does not open: the file alone is refused, not its batch
}

// beneficiary finds whom of the file a record concerns.
func (f *file) beneficiary(record *domain.PaymentRecord) (key int64, ok bool) {
	for _, b := range f.people {
		if (record.BirthDate.IsZero() && b.Relation == domain.Self) ||
			(b.BirthDate == record.BirthDate && b.BirthRank == record.BirthRank) {
			return b.ID.Key, true
		}
	}
	return 0, false
}

// loadFiles reads the files of all records in one statement.
func (r *recording) loadFiles(ctx context.Context) error {
	r.blind = make(map[string]string)
	var indexes [][]byte
	for i := range r.records {
		number := r.records[i].NIR.Index()
		if _, known := r.blind[number]; known {
			continue
		}
		index, err := r.d.keys.index("assures.nir", number)
		if err != nil {
			return err
		}
		r.blind[number] = string(index)
		indexes = append(indexes, index)
	}
	rows, err := r.d.pool.Query(ctx, `
		SELECT w.nir_index, b.assure_id, b.id, b.relation, b.birth_rank, b.birth_sealed
		FROM unnest($1::bytea[]) AS w(nir_index)
		CROSS JOIN LATERAL (SELECT id FROM assures a WHERE a.nir_index = w.nir_index LIMIT 1) a
		JOIN beneficiaries b ON b.assure_id = a.id`, indexes)
	if err != nil {
		return err
	}
	r.files = make(map[string]*file)
	var index, birth []byte
	b := domain.Beneficiary{ID: domain.ID{Kind: domain.KindBeneficiary}}
	_, err = pgx.ForEachRow(rows, []any{&index, &b.ID.Assure, &b.ID.Key, &b.Relation, &b.BirthRank, &birth}, func() (err error) {
		f := r.files[string(index)]
		if f == nil {
			f = &file{assure: b.ID.Assure}
			r.files[string(index)] = f
		}
		b.BirthDate, err = r.d.keys.openBirth(beneficiaryBirth(b.ID), birth)
		f.unreadable = f.unreadable || err != nil
		f.people = append(f.people, b)
		return nil
	})
	return err
}

func (r *recording) loadMutuelles(ctx context.Context) error {
	var codes []string
	for i := range r.records {
		if code := r.records[i].Complementary.Mutuelle; code != "" {
			codes = append(codes, code)
		}
	}
	rows, err := r.d.pool.Query(ctx, `SELECT id, code, name, site FROM mutuelles WHERE code = ANY($1::text[])`, codes)
	if err != nil {
		return err
	}
	r.mutuelles = make(map[string]domain.Mutuelle)
	m := domain.Mutuelle{ID: domain.ID{Kind: domain.KindMutuelle}}
	_, err = pgx.ForEachRow(rows, []any{&m.ID.Key, &m.Code, &m.Name, &m.Site}, func() error {
		r.mutuelles[m.Code] = m
		return nil
	})
	return err
}

func (r *recording) insertPayments(ctx context.Context, items []*item) error {
	c, err := r.paymentRows(items)
	if err != nil {
		return err
	}
	return c.send(ctx, r.tx)
}

func (r *recording) paymentRows(items []*item) (*wireCopy, error) {
	c := newCopy("payments", len(items), 144, "assure_id", "id", "beneficiary_id", "reference", "movement", "paid_on",
		"cared_on", "account_sealed", "recipient", "amount_cents", "complementary", "complementary_cents", "complementary_paid_on", "mutuelle_id")
	for _, it := range items {
		p := it.record
		c.row()
		c.bigint(it.file.assure)
		c.bigint(it.payment)
		c.bigint(it.beneficiary)
		c.text(p.Reference)
		c.text(p.Movement)
		c.date(p.PaidOn)
		c.date(domain.LastCare(p.Lines))
		account, err := r.d.keys.sealAccount(it)
		if err != nil {
			return nil, err
		}
		c.blob(account)
		c.text(string(p.Recipient))
		c.integer(int64(p.Amount))
		r.copyPart(c, p.Complementary)
	}
	return c, nil
}

// copyPart writes the columns of a complementary part, in the order of
// partValues.
func (r *recording) copyPart(c *wireCopy, p domain.RecordPart) {
	c.text(string(p.State))
	if p.State == domain.StateKnown {
		c.integer(int64(p.Amount))
	} else {
		c.null()
	}
	c.date(p.PaidOn)
	if p.Mutuelle != "" {
		c.bigint(r.mutuelles[p.Mutuelle].ID.Key)
	} else {
		c.null()
	}
}

// sealAccount seals the account that an item's payment went to; nil for none.
func (k *Keys) sealAccount(it *item) ([]byte, error) {
	if it.record.Account.IsZero() {
		return nil, nil
	}
	return k.seal(accountOf(it.file.assure, it.payment), it.record.Account.Reveal())
}

// openAccount opens what sealAccount has sealed.
func (k *Keys) openAccount(assure, payment int64, sealed []byte) (account iban.IBAN, err error) {
	text, err := k.open(accountOf(assure, payment), sealed)
	if err != nil {
		return account, err
	}
	return iban.Parse(text)
}

func accountOf(assure, payment int64) cell {
	return cell{table: "payments", column: "account", assure: assure, row: payment}
}

// partValues are the columns of a complementary part, in the order of
// copyPart and rewrite.
func (r *recording) partValues(p domain.RecordPart) []any {
	values := []any{string(p.State), nil, nil, nil}
	if p.State == domain.StateKnown {
		values[1] = int64(p.Amount)
	}
	if !p.PaidOn.IsZero() {
		values[2] = instant(p.PaidOn)
	}
	if p.Mutuelle != "" {
		values[3] = r.mutuelles[p.Mutuelle].ID.Key
	}
	return values
}

// instant is a day as COPY's binary form wants it.
func instant(d civil.Date) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

func (r *recording) insertLines(ctx context.Context, items []*item) error {
	tables, err := r.lineRows(items)
	if err != nil {
		return err
	}
	for _, c := range tables {
		if err := c.send(ctx, r.tx); err != nil {
			return err
		}
	}
	return nil
}

// lineRows are the rows of lines, and of the tables of what only some have.
func (r *recording) lineRows(items []*item) ([]*wireCopy, error) {
	lines := 0
	for _, it := range items {
		lines += len(it.record.Lines)
	}
	c := newCopy("payment_lines", lines, 116, "assure_id", "payment_id", "paid_on", "position", "cared_on", "act_id",
		"professional_id", "spent_cents", "base_cents", "rate", "reimbursed_cents", "retained_cents", "paid_cents")
	for _, it := range items {
		for i := range it.record.Lines {
			if err := r.copyLine(c, it, i); err != nil {
				return nil, err
			}
		}
	}
	tables := []*wireCopy{c}
	for _, t := range detailTables {
		c := newCopy(t.name, 0, 0, t.columns...)
		for _, it := range items {
			t.copy(c, it)
		}
		tables = append(tables, c)
	}
	return tables, nil
}

func (r *recording) copyLine(c *wireCopy, it *item, i int) error {
	l := &it.record.Lines[i]
	act, professional, err := r.named.keys(l)
	if err != nil {
		return err
	}
	c.row()
	c.bigint(it.file.assure)
	c.bigint(it.payment)
	c.date(it.record.PaidOn)
	c.smallint(i + 1)
	c.date(l.CaredOn)
	c.bigint(act)
	if professional != nil {
		c.bigint(*professional)
	} else {
		c.null()
	}
	c.integer(int64(l.Spent))
	c.integer(int64(l.Base))
	c.smallint(l.Rate)
	c.integer(int64(l.Reimbursed))
	c.integer(int64(l.Retained))
	c.integer(int64(l.Paid))
	return nil
}

// rewrite stores corrected payments over what they were. Lines that stay as they
// are stay untouched: the index that covers them then needs no vacuum.
func (r *recording) rewrite(ctx context.Context, items []*item) error {
	if len(items) == 0 {
		return nil
	}
	batch := &pgx.Batch{}
	var relined []*item
	for _, it := range items {
		p := it.record
		account, err := r.d.keys.sealAccount(it)
		if err != nil {
			return err
		}
		batch.Queue(`UPDATE payments SET movement = $3, recipient = $4, amount_cents = $5, cared_on = $6::date, account_sealed = $7,
			complementary = $8, complementary_cents = $9, complementary_paid_on = $10::date, mutuelle_id = $11, revision = revision + 1
			WHERE assure_id = $1 AND id = $2`,
			append([]any{it.file.assure, it.payment, p.Movement, string(p.Recipient), int64(p.Amount), instant(domain.LastCare(p.Lines)), account},
				r.partValues(p.Complementary)...)...)
		if it.lines {
			relined = append(relined, it)
			for _, table := range []string{"payment_lines", "payment_retentions", "payment_allowances"} {
				batch.Queue(`DELETE FROM `+table+` WHERE assure_id = $1 AND paid_on = $2::date AND payment_id = $3`, it.file.assure, instant(p.PaidOn), it.payment)
			}
		}
		batch.Queue(`UPDATE payment_keys SET digest = $3 WHERE assure_id = $1 AND reference = $2`, it.file.assure, p.Reference, it.digest)
	}
	if err := r.tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	return r.insertLines(ctx, relined)
}
