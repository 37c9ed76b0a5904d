package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// asked is a page to be read: whose, and before which place it begins.
type asked struct {
	assure int64
	day    string
	key    int64
}

const (
	windowStart = "2024-08-20"
	afterAll    = "2100-01-01"
	pageLength  = 21 // twenty, and one to tell whether there are more
	explained   = 100
	deepAt      = 100 // the place in a long history from which a deep page goes on
)

// report reads the figures of a variant as it is now and prints a row.
func (d *duel) report(ctx context.Context, v variant, when, rate string) error {
	chance := rand.New(rand.NewPCG(1, 2))
	pages := make([]asked, d.pages)
	for i := range pages {
		pages[i] = asked{assure: 1 + chance.Int64N(int64(d.size.Assures())), day: afterAll}
	}
	seen, err := d.explain(ctx, v, pages[:min(explained, len(pages))])
	if err != nil {
		return err
	}
	if _, err := d.cpu(ctx, v, pages[:len(pages)/10]); err != nil { // to prepare and to warm
		return err
	}
	cost, err := d.cpu(ctx, v, pages)
	if err != nil {
		return err
	}
	deep, err := d.deepRatio(ctx, v)
	if err != nil {
		return err
	}
	var tables, indexes int64
	if err := d.conn.QueryRow(ctx, `SELECT sum(pg_table_size(c.oid))::bigint >> 20, sum(pg_indexes_size(c.oid))::bigint >> 20
		FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = current_schema::regnamespace`).Scan(&tables, &indexes); err != nil {
		return err
	}
	fmt.Printf("| %s | %s | %.0f | %.1f | %.1f | %.0f | %.2f | %s | %d | %d |\n", v.name, when, seen.buffers, seen.read, seen.fetches, cost, deep, rate, tables, indexes)
	return nil
}

// deepRatio is what a page deep in a long history costs beside its first page.
func (d *duel) deepRatio(ctx context.Context, v variant) (float64, error) {
	var first, deep []asked
	for i := range 200 {
		p := asked{assure: int64(d.size.Heavy(i)), day: afterAll}
		q := p
		err := d.conn.QueryRow(ctx, `SELECT paid_on::text, id FROM payments WHERE assure_id = $1 ORDER BY paid_on DESC, id DESC OFFSET $2 LIMIT 1`, p.assure, deepAt-1).Scan(&q.day, &q.key)
		if err != nil {
			return 0, fmt.Errorf("a long history is short: %w", err)
		}
		first, deep = append(first, p), append(deep, q)
	}
	var atFirst, atDeep float64
	for range 5 {
		a, err := d.cpu(ctx, v, first)
		if err != nil {
			return 0, err
		}
		b, err := d.cpu(ctx, v, deep)
		if err != nil {
			return 0, err
		}
		atFirst, atDeep = atFirst+a, atDeep+b
	}
	return atDeep / atFirst, nil
}

// cpu reads pages and gives the CPU time of the backend for each, in µs.
func (d *duel) cpu(ctx context.Context, v variant, pages []asked) (float64, error) {
	before, err := d.spent()
	if err != nil {
		return 0, err
	}
	for _, p := range pages {
		if err := d.read(ctx, v, p); err != nil {
			return 0, err
		}
	}
	after, err := d.spent()
	return float64((after - before).Microseconds()) / float64(len(pages)), err
}

// spent is the CPU time of the connection's backend so far.
func (d *duel) spent() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", d.conn.PgConn().PID()))
	if err != nil {
		return 0, fmt.Errorf("the CPU time of PostgreSQL is read from /proc, on Linux alone: %w", err)
	}
	ns, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
	return time.Duration(ns), err
}

func (d *duel) read(ctx context.Context, v variant, p asked) error {
	keys, err := d.query(ctx, v.page[0], p.args()...)
	if err != nil || len(v.page) == 1 {
		return err
	}
	_, err = d.query(ctx, v.page[1], p.assure, keys)
	return err
}

func (p asked) args() []any {
	return []any{p.assure, []int64{2*p.assure - 1, 2 * p.assure}, p.day, p.key, windowStart, pageLength}
}

// query runs a prepared statement and gives the first column's keys.
func (d *duel) query(ctx context.Context, sql string, args ...any) (keys []int64, err error) {
	rows, err := d.conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		keys = append(keys, int64(beUint64(rows.RawValues()[0])))
	}
	return keys, rows.Err()
}

func beUint64(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

// plan is what EXPLAIN says of a node, and the nodes below it.
type plan struct {
	Hit     int64   `json:"Shared Hit Blocks"`
	Read    int64   `json:"Shared Read Blocks"`
	Fetches float64 `json:"Heap Fetches"`
	Plans   []plan
}

// seen is what a page touches on average.
type seen struct{ buffers, read, fetches float64 }

// explain reads pages through EXPLAIN.
func (d *duel) explain(ctx context.Context, v variant, pages []asked) (s seen, err error) {
	for _, p := range pages {
		args := p.args()
		for _, sql := range v.page {
			var text string
			row := d.conn.QueryRow(ctx, `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) `+sql, append([]any{pgx.QueryExecModeExec}, args...)...)
			if err := row.Scan(&text); err != nil {
				return s, err
			}
			var explained []struct{ Plan plan }
			if err := json.Unmarshal([]byte(text), &explained); err != nil {
				return s, err
			}
			top := explained[0].Plan
			s.buffers += float64(top.Hit + top.Read)
			s.read += float64(top.Read)
			s.fetches += top.heapFetches()
			keys, err := d.query(ctx, v.page[0], p.args()...)
			if err != nil {
				return s, err
			}
			args = []any{p.assure, keys}
		}
	}
	n := float64(len(pages))
	return seen{s.buffers / n, s.read / n, s.fetches / n}, nil
}

func (p plan) heapFetches() float64 {
	n := p.Fetches
	for _, below := range p.Plans {
		n += below.heapFetches()
	}
	return n
}
