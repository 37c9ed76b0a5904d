package db

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/domain"
)

// Reference data belongs to nobody and is read with every page, so it is kept in
// memory: read when it is first asked for, and forgotten when a statement has
// raised the version (KeepReference). What is new is never missed; what has
// changed is seen once the bell is heard, or a second later.

// reference is the reference data that this process remembers.
type reference struct {
	caisses       remembered[domain.Caisse]
	mutuelles     remembered[domain.Mutuelle]
	professionals remembered[domain.Professional]
	acts          remembered[knownAct]
	parameters    atomic.Pointer[parametersInForce] // read whole; never nil in an open DB

	wake chan struct{}
	mu   sync.Mutex // one renewal at a time
	seen int64      // the version up to which changes were forgotten
}

// act is what was done, as its sender words it.
type act struct{ Code, Label string }

// knownAct is an act with its kind.
type knownAct struct {
	act
	Kind domain.ActKind
}

// selectKinds is all acts with their kinds.
const selectKinds = `SELECT a.id, a.code, a.label, a.search, coalesce(k.kind, 'OTHER') AS kind FROM acts a LEFT JOIN act_kinds k USING (code)`

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
		acts: remembered[knownAct]{query: `SELECT id, code, label, kind FROM (` + selectKinds + `) acts`,
			scan: func(row pgx.CollectableRow, a *knownAct) (key int64, err error) {
				err = row.Scan(&key, &a.Code, &a.Label, &a.Kind)
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
	older    map[int64]*T // a generation before; it goes when rows is full
	renewals int64        // a row that was read before the last one may be old
}

// generation bounds the rows of one generation of one table; two are kept.
const generation = 100_000

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
		if found[i] = m.rows[key]; found[i] == nil {
			found[i] = m.older[key]
		}
		if found[i] == nil && key != 0 {
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
	if m.rows == nil || len(m.rows)+len(read) > generation {
		m.rows, m.older = make(map[int64]*T, len(read)), m.rows
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
		delete(m.older, key)
	}
}

// forgetAll drops every row.
func (m *remembered[T]) forgetAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.renewals++
	m.rows, m.older = nil, nil
}

// byKey gives the rows of keys; a key that the table has not is missing.
func byKey[T any](ctx context.Context, d *DB, m *remembered[T], keys []int64) (map[int64]T, error) {
	found, err := m.find(ctx, d.pool, keys)
	if err != nil {
		return nil, err
	}
	rows := make(map[int64]T, len(keys))
	for i, key := range keys {
		if found[i] != nil {
			rows[key] = *found[i]
		}
	}
	return rows, nil
}

// Caisses gives funds by key; a key that names none is missing in the map.
func (d *DB) Caisses(ctx context.Context, keys []int64) (_ map[int64]domain.Caisse, err error) {
	defer wrap(&err, "Caisses")
	return byKey(ctx, d, &d.reference.caisses, keys)
}

// Mutuelles gives complementary insurers by key; a key that names none is
// missing in the map.
func (d *DB) Mutuelles(ctx context.Context, keys []int64) (_ map[int64]domain.Mutuelle, err error) {
	defer wrap(&err, "Mutuelles")
	return byKey(ctx, d, &d.reference.mutuelles, keys)
}

// Professionals gives professionals by key; a key that names none is missing
// in the map.
func (d *DB) Professionals(ctx context.Context, keys []int64) (_ map[int64]domain.Professional, err error) {
	defer wrap(&err, "Professionals")
	return byKey(ctx, d, &d.reference.professionals, keys)
}

// referencePoll is how long a change of reference data that no chime told can
// go unseen. Tests change it.
var referencePoll = time.Second

// ReferenceChanged notes that a chime was heard for reference data. It does not
// wait.
func (d *DB) ReferenceChanged(int64) {
	select {
	case d.reference.wake <- struct{}{}:
	default:
	}
}

// KeepReference forgets reference data that has changed, and reads the rules'
// parameters anew, when a chime is heard (ReferenceChanged) and each second, until
// ctx ends. A fault is logged once, when it begins; so is a stored parameter that
// this release cannot take.
func (d *DB) KeepReference(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(referencePoll)
	defer tick.Stop()
	told := d.reference.parameters.Load().tell(log, nil)
	for failing := false; ; {
		err := d.renewReference(ctx)
		told = d.reference.parameters.Load().tell(log, told)
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

// startReference notes up to which version nothing needs to be forgotten: memory
// is empty but for the parameters, which are read after the version.
func (d *DB) startReference(ctx context.Context) (err error) {
	defer wrap(&err, "reading the version of reference data")
	if err := d.pool.QueryRow(ctx, `SELECT version FROM reference_version`).Scan(&d.reference.seen); err != nil {
		return err
	}
	return d.renewParameters(ctx)
}

// renewReference forgets what was changed since the last time. The tables'
// triggers raise the version under a row lock that is held to the commit, so no
// change of a lower version comes after.
func (d *DB) renewReference(ctx context.Context) (err error) {
	defer wrap(&err, "renewing reference data")
	r := d.reference
	r.mu.Lock()
	defer r.mu.Unlock()
	var version, acts int64
	if err := d.pool.QueryRow(ctx, `SELECT version, acts FROM reference_version`).Scan(&version, &acts); err != nil || version == r.seen {
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
	if acts > r.seen { // kinds are changed seldom, and one that is gone names no act
		r.acts.forgetAll()
	}
	if err := d.renewParameters(ctx); err != nil {
		return err
	}
	r.seen = version
	return nil
}

// SetCaisse adds or renames a fund and gives its key.
func (d *DB) SetCaisse(ctx context.Context, c domain.Caisse) (key int64, err error) {
	defer wrap(&err, "SetCaisse")
	return d.setReference(ctx, []string{
		`SELECT id FROM caisses WHERE code = $1 AND name = $2`,
		`INSERT INTO caisses (code, name) VALUES ($1, $2) ON CONFLICT (code) DO NOTHING RETURNING id`,
		`UPDATE caisses SET name = $2 WHERE code = $1 RETURNING id`,
	}, c.Code, c.Name)
}

// SetMutuelle adds or changes a complementary insurer and gives its key.
func (d *DB) SetMutuelle(ctx context.Context, m domain.Mutuelle) (key int64, err error) {
	defer wrap(&err, "SetMutuelle")
	return d.setReference(ctx, []string{
		`SELECT id FROM mutuelles WHERE code = $1 AND name = $2 AND site IS NOT DISTINCT FROM $3`,
		`INSERT INTO mutuelles (code, name, site) VALUES ($1, $2, $3) ON CONFLICT (code) DO NOTHING RETURNING id`,
		`UPDATE mutuelles SET name = $2, site = $3 WHERE code = $1 RETURNING id`,
	}, m.Code, m.Name, m.Site)
}

// setReference gives the key that the first of its statements gives which has
// one: the row is there as it is to be, or is new, or is changed. An upsert
// would ring for each of the three.
func (d *DB) setReference(ctx context.Context, statements []string, values ...any) (key int64, err error) {
	for _, sql := range statements {
		if err = d.pool.QueryRow(ctx, sql, values...).Scan(&key); !errors.Is(err, pgx.ErrNoRows) {
			break
		}
	}
	return key, err
}
