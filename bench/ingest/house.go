package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/db"
	"comptesante/db/embedded"
	"comptesante/demo"
	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/ingest"
)

// house is a PostgreSQL with one database to clone from, in which all files are
// open and no payment is, and the files to be taken in.
type house struct {
	options
	dir    string
	server *embedded.Server
	keys   *db.Keys
	today  civil.Date

	payments, lines, corrected int
}

// The databases: the one to clone, and the two that are made anew for each
// measurement.
const (
	template = "template_ingest"
	measured = "measured"
	copies   = "copied"
)

func openHouse(ctx context.Context, o options, dir string) (*house, error) {
	h := &house{options: o, dir: dir, today: civil.Of(time.Now())}
	var err error
	h.server, err = embedded.Own(ctx, embedded.Config{Dir: dir + "/pg", Owner: "bench", Settings: parseSettings(o.settings), Bin: os.Getenv("PG_BIN")})
	if err != nil {
		return nil, err
	}
	h.keys, err = db.LoadKeys(dir+"/keys.json", true)
	return h, err
}

func (h *house) rows() int { return 2*h.payments + h.lines } // each payment has one event

// prepare makes the database and the files.
func (h *house) prepare(ctx context.Context) error {
	if err := db.EnsureDatabase(ctx, h.server.URL(embedded.Launcher, "postgres"), template); err != nil {
		return err
	}
	if err := db.EnsureRoles(ctx, h.server.URL(embedded.Launcher, template)); err != nil {
		return err
	}
	if _, err := db.Migrate(ctx, h.server.URL(db.Owner, template)); err != nil {
		return err
	}
	texts, err := h.open(ctx)
	if err != nil {
		return err
	}
	for _, order := range orders {
		if !strings.Contains(h.orders, order) {
			continue
		}
		if order == mixed {
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		}
		if err := h.write(order, texts); err != nil {
			return err
		}
	}
	return h.exec(ctx, template, `VACUUM ANALYZE`)
}

// text is a payment in both formats, and as it is sent corrected: three in ten
// are.
type text struct{ json, csv, corrected []byte }

// opened is how many files are opened at once.
const opened = 2000

// open opens the files of the demo's families and gives their payments.
func (h *house) open(ctx context.Context) (texts []text, err error) {
	d, err := db.Open(ctx, h.server.URL(db.App, template), h.keys, db.Options{})
	if err != nil {
		return nil, err
	}
	defer d.Close()
	families, err := demo.Generate{Assures: h.people, Seed: 1}.Families(ctx, d, h.today)
	if err != nil {
		return nil, err
	}
	var files []db.NewFile
	for i := range h.people {
		f, err := families.Make(i)
		if err != nil {
			return nil, err
		}
		if files = append(files, f.File); len(files) == opened || i == h.people-1 {
			if _, err := d.AddFiles(ctx, "bench", files); err != nil {
				return nil, err
			}
			files = files[:0]
		}
		for _, l := range f.Payments {
			h.payments, h.lines = h.payments+1, h.lines+len(l.Lines)
			one, err := h.textOf(&l)
			if err != nil {
				return nil, err
			}
			texts = append(texts, one)
		}
	}
	return texts, nil
}

// textOf is a payment as it is sent, and sent again.
func (h *house) textOf(l *ingest.Line) (t text, err error) {
	t.csv = csvRows(l)
	if t.json, err = json.Marshal(l); err != nil {
		return t, err
	}
	t.corrected = t.json
	if h.payments%10 < 3 {
		h.corrected++
		t.corrected, err = json.Marshal(correct(l, h.corrected))
	}
	return t, err
}

// correct changes a payment as corrections do: one in two gets the part of its
// mutuelle, or another movement where it has that, and the other other lines.
func correct(l *ingest.Line, n int) *ingest.Line {
	c := *l
	if n%2 == 0 {
		if c.Complementary.State == string(domain.StateAwaited) {
			amount := money.Cents(900)
			c.Complementary.State, c.Complementary.AmountCents = string(domain.StateKnown), &amount
		} else {
			c.Movement += " BIS"
		}
		return &c
	}
	c.Lines = slices.Clone(l.Lines)
	c.Lines[0].Label += " (rectifié)"
	return &c
}

func (h *house) path(order, name string) string { return filepath.Join(h.dir, order+"."+name) }

// corrections is the name of the file of corrections, after that of its order.
const corrections = "corrected.ndjson"

// write writes the files of an order.
func (h *house) write(order string, texts []text) error {
	return errors.Join(
		h.writeFile(h.path(order, "ndjson"), "", texts, func(t *text) []byte { return append(t.json, '\n') }),
		h.writeFile(h.path(order, corrections), "", texts, func(t *text) []byte { return append(t.corrected, '\n') }),
		h.writeFile(h.path(order, "csv"), csvHeader, texts, func(t *text) []byte { return t.csv }))
}

func (h *house) writeFile(path, header string, texts []text, of func(*text) []byte) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 1<<20)
	_, _ = w.WriteString(header) // Flush tells its error
	for i := range texts {
		_, _ = w.Write(of(&texts[i]))
	}
	return errors.Join(w.Flush(), file.Close())
}

// exec runs a statement as the administrator.
func (h *house) exec(ctx context.Context, database, sql string) error {
	conn, err := pgx.Connect(ctx, h.server.URL(embedded.Launcher, database))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// fresh makes a database with open files and without payments.
func (h *house) fresh(ctx context.Context, name string) error {
	if err := h.exec(ctx, "postgres", `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`); err != nil {
		return err
	}
	if err := h.exec(ctx, "postgres", `CREATE DATABASE `+name+` TEMPLATE `+template); err != nil {
		return err
	}
	return h.exec(ctx, "postgres", `CHECKPOINT`) // that of the copy is not part of what is measured
}
