package db

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
)

// hotMovements reads the payments of movements: of each file, the window's part
// of the index once, whatever the number of movements.
var hotMovements = hot{"movements", selectPayments(`(p.assure_id, p.id) IN (SELECT m.assure_id, m.id FROM (
		SELECT m.assure_id, m.id, row_number() OVER (PARTITION BY m.assure_id, m.movement ORDER BY m.paid_on DESC, m.id DESC) AS n FROM payments m
		WHERE m.assure_id = ANY($1::bigint[]) AND m.movement = ANY($2::text[]) AND m.paid_on >= $5::date
		  AND (m.assure_id, m.beneficiary_id) IN (SELECT * FROM unnest($3::bigint[], $4::bigint[]))) m WHERE m.n <= `+strconv.Itoa(domain.MaxMovement+1)+`)
	ORDER BY p.paid_on DESC, p.id DESC`, detailedLines)}

// Movements gives those of the movements of which an actor with these sights may
// see a payment, in the window that begins at from. The accounts are given of
// one's own file alone.
func (d *DB) Movements(ctx context.Context, a actor.Actor, from civil.Date, keys []domain.Movement) (_ map[domain.Movement]domain.MovementDetail, err error) {
	defer wrap(&err, "Movements")
	assures, references := make([]int64, len(keys)), make([]string, len(keys))
	for i, m := range keys {
		assures[i], references[i] = m.Assure, m.Reference
	}
	seenAssures, seen := flatten(a.Sights)
	var g *gathered
	if err := d.prepared(func() error {
		return d.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) (err error) {
			g, err = gatherPayments(ctx, conn.Conn(), hotMovements, assures, references, seenAssures, seen, instant(from))
			return err
		})
	}); err != nil {
		return nil, err
	}
	accounts, err := d.movementAccounts(ctx, a.Assure, g.payments)
	if err != nil {
		return nil, err
	}
	people, err := d.peopleOf(ctx, d.pool, g.payments)
	if err != nil {
		return nil, err
	}
	payments, err := d.complete(ctx, d.pool, g, people)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(payments, func(a, b domain.Payment) int {
		return cmp.Or(comparePlaces(b.Place(domain.ByPaidOn), a.Place(domain.ByPaidOn)), cmp.Compare(a.ID.Assure, b.ID.Assure))
	})
	found := make(map[domain.Movement]domain.MovementDetail)
	for _, p := range payments {
		m := found[p.Movement]
		m.Payments = append(m.Payments, p)
		found[p.Movement] = m
	}
	for key, sealed := range accounts {
		if m, ok := found[key]; ok {
			account, err := d.keys.openAccount(key.Assure, sealed.payment, sealed.text)
			if err != nil {
				return nil, err
			}
			m.Account = &account
			found[key] = m
		}
	}
	return found, nil
}

// sealedAccount is an account as its payment's row has it.
type sealedAccount struct {
	payment int64
	text    []byte
}

// movementAccounts are the accounts that the payments of one's own file went to.
func (d *DB) movementAccounts(ctx context.Context, own int64, payments []domain.Payment) (map[domain.Movement]sealedAccount, error) {
	var keys []int64
	for i := range payments {
		if payments[i].ID.Assure == own {
			keys = append(keys, payments[i].ID.Key)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	rows, err := d.pool.Query(ctx, `SELECT movement, id, account_sealed FROM payments
		WHERE assure_id = $1 AND id = ANY($2::bigint[]) AND account_sealed IS NOT NULL`, own, keys)
	if err != nil {
		return nil, err
	}
	accounts := make(map[domain.Movement]sealedAccount)
	m := domain.Movement{Assure: own}
	var a sealedAccount
	_, err = pgx.ForEachRow(rows, []any{&m.Reference, &a.payment, &a.text}, func() error {
		accounts[m] = a
		a.text = nil // the next row's own
		return nil
	})
	return accounts, err
}
