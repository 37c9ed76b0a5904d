// Command duel compares layouts of the history's tables on real sizes: what a
// page reads, what it costs the database, how fast rows come in, and all of it
// again after many payments were corrected, with autovacuum on and no VACUUM
// by hand. docs/decisions/0001-history-layout.md holds what came of it.
//
//	go run ./bench/duel -payments 5000000
//
// It starts a PostgreSQL of its own in a folder that it removes. It runs on
// Linux, since it reads the CPU time of PostgreSQL's processes from /proc.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/bench/synth"
	"comptesante/db/embedded"
)

// settings are PostgreSQL's where they differ from its defaults: memory for the
// machine, and no waiting for a disk whose speed is not what is compared.
var settings = map[string]string{
	"maintenance_work_mem": "1GB", "max_wal_size": "16GB", "checkpoint_timeout": "30min",
	"fsync": "off", "synchronous_commit": "off", "autovacuum_naptime": "15s", "random_page_cost": "1.1",
}

type options struct {
	size      synth.Size
	corrected int // percent of the payments
	pages     int // read for each figure
	fresh     int // payments that are ingested for the figure
	only      string
	buffers   string
	dir       string
}

func main() {
	embedded.Supervise()
	o := options{size: synth.Size{Today: "2026-11-20"}}
	flag.IntVar(&o.size.Payments, "payments", 100_000, "payments in the table before anything is measured")
	flag.IntVar(&o.corrected, "corrected", 30, "percent of the payments that are corrected")
	flag.IntVar(&o.pages, "pages", 3000, "pages read for each figure")
	flag.IntVar(&o.fresh, "fresh", 100_000, "payments ingested for the figure")
	flag.StringVar(&o.only, "only", "", "names of variants, with commas; all when empty")
	flag.StringVar(&o.buffers, "shared-buffers", "1GB", "PostgreSQL's own cache; what is not in it counts as read")
	flag.StringVar(&o.dir, "dir", "", "folder for the database, removed at the end; a temporary one when empty")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "duel:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp(o.dir, "duel")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL may run as another user
		return err
	}
	settings["shared_buffers"] = o.buffers
	server, err := embedded.Own(ctx, embedded.Config{Dir: dir + "/pg", Owner: "duel", Settings: settings, Bin: os.Getenv("PG_BIN")})
	if err != nil {
		return err
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		_ = server.Stop(stop) // its data goes next
	}()
	conn, err := pgx.Connect(ctx, server.URL(embedded.Launcher, "postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	d := &duel{options: o, conn: conn}
	if err := d.prepare(ctx); err != nil {
		return err
	}
	chosen := variants()
	if o.only != "" {
		chosen = slices.DeleteFunc(chosen, func(v variant) bool { return !slices.Contains(strings.Split(o.only, ","), v.name) })
	}
	fmt.Printf("%d payments, %d %% corrected, %d pages a figure, shared_buffers %s\n\n", o.size.Payments, o.corrected, o.pages, o.buffers)
	for _, v := range chosen {
		fmt.Printf("- %s: %s\n", v.name, v.why)
	}
	fmt.Print("\n" + header)
	for _, v := range chosen {
		if err := d.measure(ctx, v); err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
	}
	return nil
}

const header = `| layout | when | buffers/page | of them read | heap fetches/page | DB CPU µs/page | deep/first | ingest rows/s | tables MB | indexes MB |
|---|---|---|---|---|---|---|---|---|---|
`
