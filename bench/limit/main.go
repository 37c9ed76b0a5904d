// Command limit is the server that bench holds the others to: for each query
// one prepared statement, whose one row is the answer as it goes out. It checks
// no token and parses no query, so that what is left is HTTP, one trip to the
// database, and the database. Its answers are those of comptesante.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "limit:", err)
		os.Exit(1)
	}
}

// conns is how many connections to the database it holds, as comptesante does.
const conns = 16

// run serves LISTEN and ADMIN until ctx ends.
func run(ctx context.Context) error {
	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		return errors.New("DATABASE_URL cannot be read: want postgres://user:password@host:port/database")
	}
	config.MaxConns = conns
	pool, err := pgxpool.NewWithConfig(ctx, config) // prepares each statement once a connection
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := pool.Ping(ctx); err != nil {
		return err
	}
	api := &http.Server{Addr: os.Getenv("LISTEN"), Handler: routes(pool, os.Getenv("SINCE"))}
	admin := &http.Server{Addr: os.Getenv("ADMIN"), Handler: promhttp.Handler()}
	ended := make(chan error, 2)
	for _, s := range []*http.Server{api, admin} {
		go func() { ended <- s.ListenAndServe() }()
	}
	select {
	case err = <-ended:
	case <-ctx.Done():
	}
	return errors.Join(err, api.Close(), admin.Close())
}

// routes answers /QUERY/ASSURE, with payments from the day since on.
func routes(pool *pgxpool.Pool, since string) http.Handler {
	mux := http.NewServeMux()
	for path, q := range map[string]struct {
		sql   string
		first int
	}{"page": {whole, 20}, "list": {light, 20}, "long": {whole, 100}} {
		mux.HandleFunc("GET /"+path+"/{assure}", func(w http.ResponseWriter, r *http.Request) {
			assure, err := strconv.ParseInt(r.PathValue("assure"), 10, 64)
			if err != nil {
				http.Error(w, "the path ends in the key of an assuré", http.StatusBadRequest)
				return
			}
			answer(w, r, pool, q.sql, assure, since, q.first)
		})
	}
	return mux
}

// answer sends the one row as it comes.
func answer(w http.ResponseWriter, r *http.Request, pool *pgxpool.Pool, sql string, args ...any) {
	rows, err := pool.Query(r.Context(), sql, args...)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	_, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (struct{}, error) {
		w.Header().Set("Content-Type", "application/json")
		text := row.RawValues()[0] // of the connection's buffer: sent before the row is done with
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		_, err := w.Write(text)
		return struct{}{}, err
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError) // tells the client where nothing was sent yet
	}
}
