package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/db"
	"comptesante/db/embedded"
	"comptesante/ingest"
)

// mixed is the order in which payments of everybody are mixed at random, as a
// day's movements come.
const mixed = "mixed"

// The orders of files: all payments of one assuré after those of another, as the
// demo makes them, and mixed, which comes last since it mixes them.
var orders = []string{"ordered", mixed}

// The ways in that are no file of new payments: the same rows by COPY, which is
// the limit, and the file again, unchanged and with corrections.
const (
	plainCopy = "COPY"
	again     = "again"
	corrected = "corrected"
)

// ways are the ways in. COPY takes the rows of the file before it; what comes
// after it finds those payments. So NDJSON comes before it, and not CSV, whose
// file has neither retentions nor accounts.
var ways = []string{"csv", "ndjson", plainCopy, again, corrected}

// result is what one way in took for one order, and its CPU.
type result struct {
	order, format string
	took          time.Duration
	own, database time.Duration
	wal           int64 // bytes that PostgreSQL has logged
	pages         int64 // whole pages among them, each the first change after a checkpoint
	bytes         int64 // of the file
}

// measure runs all in each round, and gives the median rounds.
func (h *house) measure(ctx context.Context) (medians []result, err error) {
	for _, order := range strings.Split(h.orders, ",") {
		chosen := strings.Split(h.ways, ",")
		rounds := make([][]result, len(chosen))
		for range h.rounds {
			for i, way := range chosen {
				r, err := h.one(ctx, order, way)
				if err != nil {
					return nil, fmt.Errorf("%s %s: %w", order, way, err)
				}
				rounds[i] = append(rounds[i], r)
			}
		}
		for _, r := range rounds {
			slices.SortFunc(r, func(a, b result) int { return cmp.Compare(a.took, b.took) })
			medians = append(medians, r[len(r)/2])
		}
	}
	return medians, nil
}

// one measures one way in for one order, on a database of its own.
func (h *house) one(ctx context.Context, order, way string) (r result, err error) {
	switch way {
	case plainCopy:
		r, err = h.copy(ctx)
	case again:
		r, err = h.known(ctx, h.path(order, "ndjson"), ingest.Summary{Unchanged: h.payments})
	case corrected:
		r, err = h.known(ctx, h.path(order, corrections), ingest.Summary{Corrected: h.corrected, Unchanged: h.payments - h.corrected})
	default:
		r, err = h.file(ctx, h.path(order, way))
	}
	r.order, r.format = order, way
	fmt.Fprintf(os.Stderr, "%-8s %-9s %8s %5.0f rows/s, load %s\n", order, way, r.took.Round(time.Millisecond), perSecond(h.rows(), r.took), load())
	return r, err
}

// load is how busy the machine is: the load average of the last minute.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(text), " ")
	return one
}

// file takes a file of new payments in.
func (h *house) file(ctx context.Context, path string) (result, error) {
	if err := h.fresh(ctx, measured); err != nil {
		return result{}, err
	}
	return h.take(ctx, path, ingest.Summary{Added: h.payments})
}

// known takes a file in whose payments the last one has brought.
func (h *house) known(ctx context.Context, path string, want ingest.Summary) (result, error) {
	if err := h.exec(ctx, measured, `VACUUM ANALYZE`); err != nil { // as autovacuum would have, long before the next file
		return result{}, err
	}
	if err := h.exec(ctx, "postgres", `CHECKPOINT`); err != nil {
		return result{}, err
	}
	return h.take(ctx, path, want)
}

// take takes a file in, as the command does.
func (h *house) take(ctx context.Context, path string, want ingest.Summary) (result, error) {
	d, err := db.Open(ctx, h.server.URL(db.App, measured), h.keys, db.Options{})
	if err != nil {
		return result{}, err
	}
	defer d.Close()
	file, err := os.Open(path)
	if err != nil {
		return result{}, err
	}
	defer func() { _ = file.Close() }() // only read from
	info, err := file.Stat()
	if err != nil {
		return result{}, err
	}
	r, err := h.timed(ctx, func() error {
		p := ingest.Payments{Store: d, By: "bench", Today: h.today, Name: path, Rejects: io.Discard, Batch: h.batch, Writers: h.writers}
		sum, err := p.Run(ctx, file)
		if err == nil && sum != want {
			err = fmt.Errorf("%s became %s", want, sum)
		}
		return err
	})
	r.bytes = info.Size()
	return r, err
}

// copied are the tables that a new payment writes, in the order in which they
// can be filled.
var copied = []string{"payment_keys", "payments", "payment_lines", "feeds", "feed_events", "outbox"}

// copy fills the same tables with the rows of the last file, one COPY a table,
// which is one transaction each.
func (h *house) copy(ctx context.Context) (result, error) {
	rows := make([]bytes.Buffer, len(copied))
	from, err := pgx.Connect(ctx, h.server.URL(embedded.Launcher, measured))
	if err != nil {
		return result{}, err
	}
	defer func() { _ = from.Close(context.WithoutCancel(ctx)) }()
	for i, table := range copied {
		if _, err := from.PgConn().CopyTo(ctx, &rows[i], `COPY `+table+` TO STDOUT (FORMAT binary)`); err != nil {
			return result{}, err
		}
	}
	if err := h.fresh(ctx, copies); err != nil {
		return result{}, err
	}
	conn, err := pgx.Connect(ctx, h.server.URL(embedded.Launcher, copies))
	if err != nil {
		return result{}, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return h.timed(ctx, func() error {
		for i, table := range copied {
			if _, err := conn.PgConn().CopyFrom(ctx, &rows[i], `COPY `+table+` FROM STDIN (FORMAT binary)`); err != nil {
				return err
			}
		}
		return nil
	})
}

// timed times what do does, with the CPU of this process and of PostgreSQL and
// what it logs.
func (h *house) timed(ctx context.Context, do func() error) (r result, err error) {
	wal, pages, err0 := h.logged(ctx)
	ownBefore, err1 := ownCPU()
	before, err2 := h.databaseCPU()
	begun := time.Now()
	if err := errors.Join(err0, err1, err2, do()); err != nil {
		return r, err
	}
	r.took = time.Since(begun)
	own, err1 := ownCPU()
	after, err2 := h.databaseCPU()
	r.own, r.database = own-ownBefore, after-before
	r.wal, r.pages, err0 = h.logged(ctx)
	r.wal, r.pages = r.wal-wal, r.pages-pages
	return r, errors.Join(err0, err1, err2)
}

// logged is what PostgreSQL has logged so far: bytes, and whole pages among them.
func (h *house) logged(ctx context.Context) (bytes, pages int64, err error) {
	conn, err := pgx.Connect(ctx, h.server.URL(embedded.Launcher, "postgres"))
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	err = conn.QueryRow(ctx, `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint, wal_fpi FROM pg_stat_wal`).Scan(&bytes, &pages)
	return bytes, pages, err
}

func ownCPU() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// tick is the unit of times in /proc.
const tick = 10 * time.Millisecond

// databaseCPU is what PostgreSQL's processes have used, those that have ended
// included.
func (h *house) databaseCPU() (time.Duration, error) {
	text, err := os.ReadFile(filepath.Join(h.dir, "pg", "postgres", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	postmaster, _, _ := strings.Cut(string(text), "\n")
	paths, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	var ticks int64
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		n, err := ticksOf(string(text), postmaster)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// ticksOf is what a line of /proc/PID/stat (proc(5)) adds: of the postmaster its
// own time and that of its children that have ended, of a child its own, of
// others nothing. Names of PostgreSQL's programs hold no brackets.
func ticksOf(line, postmaster string) (ticks int64, err error) {
	head, tail, _ := strings.Cut(line, ") ")
	pid, _, _ := strings.Cut(head, " ")
	fields := strings.Fields(tail) // from the third one of the line
	if len(fields) < 15 || (pid != postmaster && fields[1] != postmaster) {
		return 0, nil
	}
	count := fields[11:13] // utime, stime
	if pid == postmaster {
		count = fields[11:15] // and cutime, cstime
	}
	for _, f := range count {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return ticks, nil
}
