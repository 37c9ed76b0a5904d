// Command ingest measures how fast files of payments come in, beside the same
// rows going into the same tables by plain COPY, in one run. bench/README.md
// says how to read it.
//
//	go run ./bench/ingest -people 40000
//
// It starts a PostgreSQL of its own in a folder that it removes, with
// PostgreSQL's own settings, as the one that comptesante starts for itself has.
// It runs on Linux, since it reads the CPU time of PostgreSQL from /proc.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"comptesante/db/embedded"
)

type options struct {
	people, rounds, batch, writers       int
	orders, ways, settings, dir, profile string
}

func main() {
	embedded.Supervise()
	debug.SetGCPercent(400) // about what the program does with a heap of this size (bench/README.md, the garbage collector)
	var o options
	flag.IntVar(&o.people, "people", 20_000, "assurés, with about 25 payments each")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds that medians are taken over")
	flag.IntVar(&o.batch, "batch", 0, "records a transaction; 0 for what the program takes")
	flag.IntVar(&o.writers, "writers", 0, "transactions at a time; 0 for what the program takes")
	flag.StringVar(&o.orders, "orders", strings.Join(orders, ","), "orders of the files, with commas")
	flag.StringVar(&o.ways, "ways", strings.Join(ways, ","), "ways in, with commas; COPY, again and corrected need a file of the same order before them, the last two that of ndjson")
	flag.StringVar(&o.settings, "settings", "", "PostgreSQL's settings that differ from its defaults, as name=value with commas")
	flag.StringVar(&o.dir, "dir", "", "folder for the database and the files, removed at the end; a temporary one when empty")
	flag.StringVar(&o.profile, "cpuprofile", "", "file that takes the CPU profile of this process")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "ingest:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	dir, err := os.MkdirTemp(o.dir, "ingest")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL may run as another user
		return err
	}
	h, err := openHouse(ctx, o, dir)
	if err != nil {
		return err
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		_ = h.server.Stop(stop) // its data goes next
	}()
	if err := h.prepare(ctx); err != nil {
		return err
	}
	stop, err := profile(o.profile)
	if err != nil {
		return err
	}
	results, err := h.measure(ctx)
	stop()
	if err != nil {
		return err
	}
	report(o, h, results)
	return nil
}

// profile begins a CPU profile where a path is given, and gives what ends it.
func profile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = file.Close() // a profile that is cut short is seen by its reader
	}, nil
}

// parseSettings reads name=value,name=value.
func parseSettings(text string) map[string]string {
	settings := map[string]string{}
	for _, one := range strings.Split(text, ",") {
		if name, value, ok := strings.Cut(one, "="); ok {
			settings[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return settings
}

// report writes the table of a run. What is beside COPY is beside that of the
// same order.
func report(o options, h *house, results []result) {
	limits := make(map[string]result)
	for _, r := range results {
		if r.format == plainCopy {
			limits[r.order] = r
		}
	}
	fmt.Printf("%d payments and %d lines of %d assurés; medians of %d rounds; %s/%s with %d cores, which the program and PostgreSQL share.\n\n",
		h.payments, h.lines, o.people, o.rounds, runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	fmt.Println("| order | way in | rows/s | × COPY | payments/s | Go CPU µs/payment | database CPU µs/payment | MB file | MB WAL | pages in it |")
	fmt.Println("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, r := range results {
		fmt.Printf("| %s | %s | %.0f | %.2f | %.0f | %.1f | %.1f | %.0f | %.0f | %d |\n", r.order, r.format, perSecond(h.rows(), r.took),
			limits[r.order].took.Seconds()/r.took.Seconds(), perSecond(h.payments, r.took), h.each(r.own), h.each(r.database), float64(r.bytes)/(1<<20), float64(r.wal)/(1<<20), r.pages)
	}
}

func perSecond(n int, took time.Duration) float64 { return float64(n) / took.Seconds() }

// each is a time for each payment, in µs.
func (h *house) each(d time.Duration) float64 {
	return float64(d.Nanoseconds()) / 1e3 / float64(h.payments)
}
