package db

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
)

// hotMovements read the payments of movements of a file: the window's part of its
// index once, whatever the number of movements.
var hotMovements = func() map[lineForm]hot {
	forms := make(map[lineForm]hot)
	for _, lines := range lineForms {
		forms[lines] = byName(fmt.Sprintf("movements %d", lines), selectPayments(fmt.Sprintf(`p.assure_id = @assure AND p.id IN (SELECT m.id FROM (
			SELECT p.id, row_number() OVER (PARTITION BY p.movement ORDER BY p.paid_on DESC, p.id DESC) AS n FROM payments p
			WHERE %s) m WHERE m.n <= %d)`, ofMovements, domain.MaxMovement), lines))
	}
	return forms
}()

const ofMovements = inFile + ` AND p.movement = ANY(@movements::text[]) AND p.paid_on >= @from::date`

// hotMovementSums counts and sums up the payments of movements.
var hotMovementSums = byName("movement sums", `SELECT p.movement, count(*), sum(p.amount_cents)::bigint FROM payments p
	WHERE `+ofMovements+` GROUP BY p.movement`)

// hotAccounts reads the account of each movement that has one.
var hotAccounts = byName("accounts", `SELECT DISTINCT ON (p.movement) p.movement, p.id, p.account_sealed FROM payments p
	WHERE `+ofMovements+` AND p.account_sealed IS NOT NULL ORDER BY p.movement, p.paid_on DESC, p.id DESC`)

// movementReader reads movements of one file, as somebody sees it.
type movementReader struct {
	sight      actor.Sight
	own        bool // who sees it is the assuré: accounts are shown
	from       civil.Date
	needs      domain.MovementNeeds
	references []string

	rows     *gathered
	sums     map[string]domain.Movement // number and sum alone
	accounts map[string]sealedAccount
}

// sealedAccount is an account as its payment's row has it.
type sealedAccount struct {
	payment int64
	text    []byte
}

func (m *movementReader) addTo(r *reads, room *room) {
	m.rows, m.sums, m.accounts = &gathered{}, make(map[string]domain.Movement), make(map[string]sealedAccount)
	if len(m.references) == 0 {
		return
	}
	v := values{"assure": m.sight.Assure, "people": m.sight.Beneficiaries, "movements": m.references, "from": instant(m.from)}
	if m.needs.Payments {
		lines := formOf(m.needs.Each)
		r.addNamed(hotMovements[lines], gatherInto(&m.rows, lines, room), v)
	}
	if m.needs.Sums {
		r.addNamed(hotMovementSums, m.readSums, v)
	}
	if m.needs.Account && m.own {
		r.addNamed(hotAccounts, m.readAccounts, v)
	}
}

func (m *movementReader) readSums(rows pgx.Rows) error {
	var movement string
	var sums domain.Movement
	_, err := pgx.ForEachRow(rows, []any{&movement, &sums.Count, &sums.Amount}, func() error {
		m.sums[movement] = sums
		return nil
	})
	return err
}

func (m *movementReader) readAccounts(rows pgx.Rows) error {
	var movement string
	var a sealedAccount
	_, err := pgx.ForEachRow(rows, []any{&movement, &a.payment, &a.text}, func() error {
		m.accounts[movement] = a
		a.text = nil // the next row's own
		return nil
	})
	return err
}

// complete gives the movements by their references, whatever was found of them.
func (m *movementReader) complete(ctx context.Context, d *DB, people map[domain.ID]domain.Beneficiary) (map[string]domain.Movement, error) {
	if !m.needs.Each.Beneficiary {
		people = nil
	}
	payments, err := d.complete(ctx, d.pool, m.rows, people)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(payments, func(a, b domain.Payment) int {
		return comparePlaces(b.Place(domain.ByPaidOn), a.Place(domain.ByPaidOn))
	})
	of := make(map[string][]domain.Payment)
	for _, p := range payments {
		of[p.Movement.Reference] = append(of[p.Movement.Reference], p)
	}
	found := make(map[string]domain.Movement)
	for _, reference := range m.references {
		one := m.sums[reference]
		one.Reference, one.Payments, one.Read = reference, of[reference], true
		if sealed, ok := m.accounts[reference]; ok {
			account, err := d.keys.openAccount(m.sight.Assure, sealed.payment, sealed.text)
			if err != nil {
				return nil, err
			}
			one.Account = &account
		}
		found[reference] = one
	}
	return found, nil
}

// referencesOf are the movements that payments are of, each once.
func referencesOf(payments []domain.Payment) (references []string) {
	seen := make(map[string]bool)
	for i := range payments {
		if m := payments[i].Movement.Reference; !seen[m] {
			seen[m] = true
			references = append(references, m)
		}
	}
	return references
}

// MovementRead asks for movements of one file.
type MovementRead struct {
	Sight      actor.Sight
	Own        bool       // who asks is the assuré: the accounts are shown
	From       civil.Date // the first day of the window
	Needs      domain.MovementNeeds
	References []string
	Bytes      int // most that may be read, 0 for no bound
}

// Movements gives, for each read, those of its movements of which somebody in
// sight has a payment in the window, or nothing for one that has none: one round
// trip for all of them. QUERY_TOO_COMPLEX where there is more than may be read.
func (d *DB) Movements(ctx context.Context, asked []MovementRead) (found []map[string]domain.Movement, err error) {
	defer wrap(&err, "Movements")
	readers := make([]movementReader, len(asked))
	people := make([][]domain.Beneficiary, len(asked))
	if err := d.snapshot(ctx, func(r *reads) {
		for i, q := range asked {
			readers[i] = movementReader{sight: q.Sight, own: q.Own, from: q.From, needs: q.Needs, references: q.References}
			readers[i].addTo(r, roomFor(q.Bytes))
			if q.Needs.Each.Beneficiary {
				r.add(hotPeople, d.readPeople(&people[i]), q.Sight.Assure, q.Sight.Beneficiaries)
			}
		}
	}); err != nil {
		return nil, err
	}
	found = make([]map[string]domain.Movement, len(asked))
	for i := range readers {
		if found[i], err = readers[i].complete(ctx, d, byID(people[i])); err != nil {
			return nil, err
		}
	}
	return found, nil
}
