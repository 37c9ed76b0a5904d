package db

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
)

// Reference data belongs to nobody and is read with every page, so it is kept in
// memory: read when it is first asked for, and forgotten when a writer has
// raised the version (Reference.Run). What is new is never missed; what has
// changed is seen once the bell is heard, or a second later.

// reference is the reference data that this process remembers.
type reference struct {
	caisses       remembered[domain.Caisse]
	mutuelles     remembered[domain.Mutuelle]
	professionals remembered[domain.Professional]
	acts          remembered[act]

	wake chan struct{}
	mu   sync.Mutex // one renewal at a time
	seen int64      // the version up to which changes were forgotten
}

// act is what was done, as its sender words it.
type act struct{ Code, Label string }

func newReference() *reference {
	return &reference{
		wake: make(chan struct{}, 1),
		caisses: remembered[domain.Caisse]{query: `SELECT id, code, name FROM caisses`,
			scan: func(row pgx.CollectableRow, c *domain.Caisse) (int64, error) {
				c.ID.Kind = domain.KindCaisse
				return c.ID.Key, row.Scan(&c.ID.Key, &c.Code, &c.Name)
			}},
		mutuelles: remembered[domain.Mutuelle]{query: `SELECT id, code, name, site FROM mutuelles`,
			scan: func(row pgx.CollectableRow, m *domain.Mutuelle) (int64, error) {
				m.ID.Kind = domain.KindMutuelle
				return m.ID.Key, row.Scan(&m.ID.Key, &m.Code, &m.Name, &m.Site)
			}},
		professionals: remembered[domain.Professional]{query: `SELECT id, number, name, specialty, town FROM professionals`,
			scan: func(row pgx.CollectableRow, p *domain.Professional) (int64, error) {
				p.ID.Kind = domain.KindProfessional
				return p.ID.Key, row.Scan(&p.ID.Key, &p.Number, &p.Name, &p.Specialty, &p.Town)
			}},
		acts: remembered[act]{query: `SELECT id, code, label FROM acts`,
			scan: func(row pgx.CollectableRow, a *act) (key int64, err error) {
				err = row.Scan(&key, &a.Code, &a.Label)
				return key, err
			}},
	}
}

// remembered is one table in memory, by key. Its rows are shared and never
// changed.
type remembered[T any] struct {
	query string // of all rows
	scan  func(pgx.CollectableRow, *T) (key int64, err error)

	mu       sync.RWMutex // guards what follows
	rows     map[int64]*T
	renewals int64 // a row that was read before the last one may be old
}

// maxRemembered bounds the rows of one table: beyond it all are forgotten and
// read anew as they are asked for.
const maxRemembered = 200_000

// find gives the row of each key, in their order; nil for key 0 and for a key
// that the table has not. What is not in memory costs one statement through q,
// which must see what is committed now: no snapshot of before.
func (m *remembered[T]) find(ctx context.Context, q querier, keys []int64) ([]*T, error) {
	found := make([]*T, len(keys))
	missing, renewals := m.recall(keys, found)
	if len(missing) == 0 {
		return found, nil
	}
	rows, err := q.Query(ctx, m.query+` WHERE id = ANY($1::bigint[])`, missing)
	if err != nil {
		return nil, err
	}
	read := make(map[int64]*T, len(missing))
	if _, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (none struct{}, err error) {
		one := new(T)
		key, err := m.scan(row, one)
		read[key] = one
		return none, err
	}); err != nil {
		return nil, err
	}
	m.remember(read, renewals)
	for i, key := range keys {
		if found[i] == nil {
			found[i] = read[key]
		}
	}
	return found, nil
}

// recall fills in what is in memory and gives the keys that are not.
func (m *remembered[T]) recall(keys []int64, found []*T) (missing []int64, renewals int64) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for i, key := range keys {
		if found[i] = m.rows[key]; found[i] == nil && key != 0 {
			missing = append(missing, key)
		}
	}
	return missing, m.renewals
}

// remember keeps rows, unless a renewal came while they were read.
func (m *remembered[T]) remember(read map[int64]*T, renewals int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.renewals != renewals {
		return
	}
	if m.rows == nil || len(m.rows)+len(read) > maxRemembered {
		m.rows = make(map[int64]*T, len(read))
	}
	for key, one := range read {
		m.rows[key] = one
	}
}

// forget drops rows that have changed.
func (m *remembered[T]) forget(keys []int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.renewals++
	for _, key := range keys {
		delete(m.rows, key)
	}
}

// one is find for one key, from the pool; ok is false where the table has none.
func one[T any](ctx context.Context, d *DB, m *remembered[T], key int64) (value T, ok bool, err error) {
	found, err := m.find(ctx, d.pool, []int64{key})
	if err != nil || found[0] == nil {
		return value, false, err
	}
	return *found[0], true, nil
}

// Caisse is the fund with this key; ok is false where there is none.
func (d *DB) Caisse(ctx context.Context, key int64) (c domain.Caisse, ok bool, err error) {
	defer wrap(&err, "Caisse")
	return one(ctx, d, &d.reference.caisses, key)
}

// Mutuelle is the complementary insurer with this key; ok is false where there
// is none.
func (d *DB) Mutuelle(ctx context.Context, key int64) (m domain.Mutuelle, ok bool, err error) {
	defer wrap(&err, "Mutuelle")
	return one(ctx, d, &d.reference.mutuelles, key)
}

// Professional is the professional with this key; ok is false where there is
// none.
func (d *DB) Professional(ctx context.Context, key int64) (p domain.Professional, ok bool, err error) {
	defer wrap(&err, "Professional")
	return one(ctx, d, &d.reference.professionals, key)
}

// referencePoll is how long a change of reference data that no chime told can
// go unseen.
const referencePoll = time.Second

// ReferenceChanged notes that a chime was heard for reference data. It does not
// wait.
func (d *DB) ReferenceChanged(int64) {
	select {
	case d.reference.wake <- struct{}{}:
	default:
	}
}

// KeepReference forgets reference data that has changed, when a chime is heard
// (ReferenceChanged) and each second, until ctx ends. A fault is logged once,
// when it begins.
func (d *DB) KeepReference(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(referencePoll)
	defer tick.Stop()
	for failing := false; ; {
		err := d.renewReference(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			log.Warn("reference data cannot be renewed: what is in memory is served", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-d.reference.wake:
		}
	}
}

// renewReference forgets what was changed since the last time. The trigger of the
// tables raises the version under a row lock that is held to the commit, so no
// change of a lower version comes after.
func (d *DB) renewReference(ctx context.Context) (err error) {
	defer wrap(&err, "renewing reference data")
	r := d.reference
	r.mu.Lock()
	defer r.mu.Unlock()
	var version int64
	if err := d.pool.QueryRow(ctx, `SELECT reference_version FROM installation`).Scan(&version); err != nil || version == r.seen {
		return err
	}
	rows, err := d.pool.Query(ctx, `
		SELECT 'caisses', id FROM caisses WHERE version > $1 UNION ALL
		SELECT 'mutuelles', id FROM mutuelles WHERE version > $1 UNION ALL
		SELECT 'professionals', id FROM professionals WHERE version > $1`, r.seen)
	if err != nil {
		return err
	}
	changed := make(map[string][]int64)
	var table string
	var key int64
	if _, err := pgx.ForEachRow(rows, []any{&table, &key}, func() error {
		changed[table] = append(changed[table], key)
		return nil
	}); err != nil {
		return err
	}
	r.caisses.forget(changed["caisses"])
	r.mutuelles.forget(changed["mutuelles"])
	r.professionals.forget(changed["professionals"])
	r.seen = version
	return nil
}

// SetCaisse adds or renames a fund and gives its key.
func (d *DB) SetCaisse(ctx context.Context, c domain.Caisse) (key int64, err error) {
	defer wrap(&err, "SetCaisse")
	err = d.bun.NewRaw(`INSERT INTO caisses (code, name) VALUES (?, ?)
		ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name RETURNING id`, c.Code, c.Name).Scan(ctx, &key)
	return key, err
}

// SetMutuelle adds or changes a complementary insurer and gives its key.
func (d *DB) SetMutuelle(ctx context.Context, m domain.Mutuelle) (key int64, err error) {
	defer wrap(&err, "SetMutuelle")
	err = d.bun.NewRaw(`INSERT INTO mutuelles (code, name, site) VALUES (?, ?, ?)
		ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, site = EXCLUDED.site RETURNING id`, m.Code, m.Name, m.Site).Scan(ctx, &key)
	return key, err
}
