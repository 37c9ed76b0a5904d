package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/prometheus/client_golang/prometheus"

	"comptesante/auth"
	"comptesante/db"
	"comptesante/demo"
	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/cursor"
	"comptesante/graph"
	"comptesante/resolvers"
	"comptesante/subscriptions"
)

type serveCommand struct {
	Demo bool `help:"Fill an empty database with the demo first, and print tokens for its people."`
}

// statementTimeout bounds each statement of a request.
const statementTimeout = 2 * time.Second

// serveConns is how many connections to the database a node holds at most,
// where DATABASE_URL does not say it (pool_max_conns).
const serveConns = 16

// How long sockets may take to hear that they are closed, after the window, and
// then requests in flight to end.
const (
	socketPatience   = 5 * time.Second
	shutdownPatience = 10 * time.Second
)

// Run serves until ctx ends, then leaves in order: not ready, for a time in
// which balancers notice; no new sockets; sockets closed over a window; requests
// finished; PostgreSQL stopped.
func (s serveCommand) Run(ctx context.Context, c *config) error {
	if s.Demo && c.production() {
		return errProduction
	}
	api, err := listen("COMPTESANTE_LISTEN", c.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = api.Close() }() // closed by the server already, unless it never began
	admin, err := listen("COMPTESANTE_ADMIN", c.Admin)
	if err != nil {
		return err
	}
	d, err := openDatabase(ctx, c, "serve", db.Options{StatementTimeout: statementTimeout, MaxConns: serveConns})
	if err != nil {
		return err
	}
	defer d.Close()
	collectRarely()
	if s.Demo {
		if err := loadDemoOnce(ctx, d.DB); err != nil {
			return err
		}
	}
	n, err := newNode(c, d.DB)
	if err != nil {
		return err
	}
	defer n.bell.Close()
	return n.serve(ctx, d, api, admin, s.Demo)
}

// listen opens an address, before anything slow, so that a busy port is told at
// once. An empty one gives nil.
func listen(name, address string) (net.Listener, error) {
	if address == "" {
		return nil, nil
	}
	config := net.ListenConfig{Control: boundSilence}
	l, err := config.Listen(context.Background(), "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use: stop the other program, or choose another address with %s", address, name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s cannot be listened on: set %s: %w", address, name, err)
	}
	return l, nil
}

func loadDemoOnce(ctx context.Context, d *db.DB) error {
	n, err := demo.Load(ctx, d, civil.Of(time.Now()))
	if domain.CodeOf(err) == domain.Conflict {
		return nil // a database of its own: it is left alone
	}
	if n > 0 {
		slog.Info("the demo is loaded", "people", len(demo.People), "payments", n)
	}
	return err
}

// node is one process that serves: the parts, wired.
type node struct {
	config   *config
	db       *db.DB
	sessions *auth.Sessions
	bell     *subscriptions.NATSBell
	relay    *subscriptions.Relay
	hub      *subscriptions.Hub
	sockets  *subscriptions.Transport
	api      http.Handler
	registry *prometheus.Registry
	ready    atomic.Bool
}

func newNode(c *config, d *db.DB) (*node, error) {
	key, err := d.CursorKey()
	if err != nil {
		return nil, err
	}
	log, codec := slog.Default(), cursor.New(key)
	n := &node{config: c, db: d, sessions: &auth.Sessions{DB: d, Now: time.Now}, registry: newRegistry()}
	metrics := subscriptions.NewMetrics(n.registry)
	if n.bell, err = subscriptions.NewNATSBell(c.NATSURL, log, metrics); err != nil {
		return nil, err
	}
	n.relay = &subscriptions.Relay{Take: d.TakeOutbox, Bell: n.bell, Log: log, Metrics: metrics}
	n.hub = &subscriptions.Hub{Store: d, Bell: n.bell, Actors: n.sessions.Actors, Cursor: codec, Now: time.Now, Log: log, Metrics: metrics,
		Others: map[domain.FeedKey]func(int64){domain.ReferenceKey: d.ReferenceChanged}}
	limits := graph.DefaultLimits()
	schema := graph.Schema(&resolvers.Resolver{DB: d, Cursor: codec, Now: time.Now, ReadBytes: limits.AnswerBytes})
	rules, err := graph.NewRules(schema.Schema())
	if err != nil {
		return nil, err
	}
	access := graph.NewAccess(rules, limits, !c.production(), time.Now)
	n.sockets = &subscriptions.Transport{
		Hub: n.hub, Authenticate: n.sessions.AuthenticateSocket, Recheck: access.Recheck, AllowOrigin: c.allowOrigin(), Address: c.clientAddress(),
		LegacySocket: c.LegacyWS, Events: &subscriptions.EventStreams{Read: graph.Post{Limits: limits}.Read, Refuse: graph.Refuse},
		Log: log, Metrics: metrics,
		Limits: subscriptions.Limits{MessageBytes: int64(limits.BodyBytes), Sockets: c.Sockets, PerSession: c.PerSession, PerPerson: c.PerPerson, PerAddress: c.PerAddress},
	}
	n.hub.Rights = n.sockets.RightsChanged
	n.api = n.routes(graph.Server{
		Schema: schema, Access: access, Limits: limits, Sockets: n.sockets, Log: log,
		Extensions: []graphql.HandlerExtension{resolvers.Loaders{DB: d, Now: time.Now, ReadBytes: limits.AnswerBytes}},
	}.Handler())
	return n, nil
}

// serve runs everything until ctx ends or a part fails, and leaves in order.
func (n *node) serve(ctx context.Context, d *database, api, admin net.Listener, introduce bool) error {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	for _, run := range []func(context.Context){n.relay.Run, n.hub.Run, n.sockets.Keep,
		func(ctx context.Context) { n.db.KeepReference(ctx, slog.Default()) },
		func(ctx context.Context) { n.db.KeepPurged(ctx, n.config.keepBatches(), time.Now, slog.Default()) }} {
		running.Go(func() { run(background) })
	}
	server := &http.Server{Handler: n.api, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 20 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	adminServer := &http.Server{Handler: n.adminRoutes(), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 2)
	serveOn(&running, server, api, failed)
	if admin != nil {
		serveOn(&running, adminServer, admin, failed)
	}
	n.ready.Store(true)
	err := n.welcome(ctx, d, api.Addr(), admin, introduce)
	if err == nil {
		err = wait(ctx, d, failed)
	}
	n.ready.Store(false)
	n.leave(server)
	_ = adminServer.Close() // nobody waits for its answers
	stop()
	running.Wait()
	return err
}

func serveOn(running *sync.WaitGroup, s *http.Server, l net.Listener, failed chan<- error) {
	running.Go(func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	})
}

// wait returns when it is time to leave: nil where that was asked for.
func wait(ctx context.Context, d *database, failed <-chan error) error {
	var died <-chan struct{} // nil, so never, where PostgreSQL is not ours
	if d.server != nil {
		died = d.server.Done()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	case <-died:
		return errors.New("PostgreSQL has ended by itself: see postgres.log in the data folder, then start again")
	}
}

func (n *node) leave(server *http.Server) {
	slog.Info("leaving", "notice", n.config.LeaveNotice.String(), "window", n.config.LeaveWindow.String())
	time.Sleep(n.config.LeaveNotice) // a second signal ends the program at once
	closing, cancel := context.WithTimeout(context.Background(), n.config.LeaveWindow+socketPatience)
	defer cancel()
	n.sockets.Leave(closing, n.config.LeaveWindow)
	finishing, cancel := context.WithTimeout(context.Background(), shutdownPatience) // of its own: a slow socket costs no request
	defer cancel()
	if err := server.Shutdown(finishing); err != nil {
		_ = server.Close() // what did not end in time is cut
	}
}
