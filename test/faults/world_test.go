package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"comptesante/auth"
	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/db/embedded"
	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/test/cluster"
)

// program is the path of the built binary.
var program string

func TestMain(m *testing.M) {
	cluster.Main()
	zerolog.SetGlobalLevel(zerolog.Disabled) // some toxics write to a logger of their own
	dir, err := os.MkdirTemp("", "ct-bin")
	if err == nil {
		program = filepath.Join(dir, "comptesante")
		var out []byte
		if out, err = exec.Command("go", "build", "-o", program, "comptesante/cmd/comptesante").CombinedOutput(); err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := 1
	defer func() { _ = os.RemoveAll(dir); os.Exit(code) }()
	code = m.Run()
}

// patience bounds every wait: far beyond what a loaded machine needs, so that a
// test fails for what is missing and never for what is slow.
const patience = time.Minute

const mutuelle = dbtest.MutuelleCode

// How large the world is: small enough for a machine that others use too.
const (
	people  = 5 // assurés, each with a writer
	devices = 4 // that follow each of them
)

// world is an installation with toxiproxy between its parts and some people in
// its database.
type world struct {
	t        testing.TB
	c        *cluster.Cluster
	d        *db.DB // straight to the database
	sessions *auth.Sessions
	proxies  map[string]*toxiproxy.Proxy // "node-1 postgres", "node-2 nats-3", "clients"
	toxics   *toxiproxy.ApiServer
	assures  []domain.ID
	numbers  []string // their NIRs
	service  string   // token of a service
	runs     int
	runsNode int // how many nodes were added and ended

	reader, readerCursor string // token of one with a long feed, and the cursor at its begin
}

func openWorld(t testing.TB) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "ct")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // PostgreSQL may run as another user
		t.Fatal(err)
	}
	w := &world{t: t, proxies: make(map[string]*toxiproxy.Proxy), toxics: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	w.c, err = cluster.Start(ctx, cluster.Config{Program: program, Dir: dir, PgBin: os.Getenv("PG_BIN"), Between: w.between,
		Settings: []string{"COMPTESANTE_LEAVE_NOTICE=1s", "COMPTESANTE_LEAVE_WINDOW=2s"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	if _, err := w.between("clients", w.c.Balancer.Address()); err != nil {
		t.Fatal(err)
	}
	w.populate()
	return w
}

// between puts a proxy before upstream.
func (w *world) between(name, upstream string) (string, error) {
	p := toxiproxy.NewProxy(w.toxics, name, "127.0.0.1:0", upstream)
	if err := p.Start(); err != nil {
		return "", err
	}
	w.proxies[name] = p
	return p.Listen, nil
}

func (w *world) close() {
	if w.t.Failed() {
		w.t.Log(w.c.Logs())
	}
	if w.d != nil {
		w.d.Close()
	}
	w.c.Stop()
	for _, p := range w.proxies {
		p.Stop()
	}
}

// populate opens files and a service's session.
func (w *world) populate() {
	keys, err := db.LoadKeys(w.c.KeysFile(), false)
	if err == nil {
		w.d, err = db.Open(w.t.Context(), w.c.Postgres.URL(db.App), keys, db.Options{MaxConns: 4})
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.sessions = &auth.Sessions{DB: w.d, Now: time.Now}
	for i := range people {
		w.assures = append(w.assures, dbtest.AddFile(w.t, w.d, i))
		w.numbers = append(w.numbers, dbtest.NIR(w.t, i).Reveal())
	}
	_, w.service = w.mint(db.NewSession{Role: actor.Service, Label: "faults"})
}

// mint opens a session.
func (w *world) mint(n db.NewSession) (id, token string) {
	n.Level, n.Ends = actor.Local2, time.Now().Add(24*time.Hour)
	id, token, err := w.sessions.Mint(w.t.Context(), "test", n)
	if err != nil {
		w.t.Fatal(err)
	}
	return id, token
}

// poison adds a toxic to a proxy, and gives what removes it.
func (w *world) poison(proxy, kind, stream string, attributes map[string]any) (cure func()) {
	w.t.Helper()
	text, err := json.Marshal(map[string]any{"type": kind, "stream": stream, "attributes": attributes})
	if err != nil {
		w.t.Fatal(err)
	}
	toxics := w.proxies[proxy].Toxics
	wrapper, err := toxics.AddToxicJson(bytes.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	return func() { _ = toxics.RemoveToxic(context.Background(), wrapper.Name) } // it is there until now
}

// cut breaks all connections of a proxy and takes no more, until mend.
func (w *world) cut(proxy string) (mend func()) {
	w.proxies[proxy].Stop()
	return func() {
		if err := w.proxies[proxy].Start(); err != nil {
			w.t.Error(err)
		}
	}
}

// stored is what a feed holds after a sequence, in its order, and its last
// sequence.
func (w *world) stored(assure int, after int64) (events []string, last int64) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, w.c.Postgres.URL(embedded.Launcher))
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, `SELECT e.seq, p.reference, e.kind FROM feed_events e JOIN payments p ON p.assure_id = e.assure_id AND p.id = e.payment_id
		WHERE e.assure_id = $1 AND e.feed = 'payments' AND e.seq > $2 ORDER BY e.seq`, w.assures[assure].Assure, after)
	if err != nil {
		w.t.Fatal(err)
	}
	last = after
	var reference, kind string
	_, err = pgx.ForEachRow(rows, []any{&last, &reference, &kind}, func() error {
		if kind == string(domain.EventCorrected) {
			reference = corrected(reference)
		}
		events = append(events, reference)
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return events, last
}

// usage asks a node what it holds.
func (w *world) usage(n *cluster.Node) (u usage, err error) {
	m, err := n.Metrics(context.Background())
	return usage{cluster.Sum(m, "comptesante_connections"), cluster.Sum(m, "comptesante_subscriptions"), m["go_goroutines"], m["process_open_fds"]}, err
}
