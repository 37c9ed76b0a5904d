package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"comptesante/db/embedded"
)

// database is the name of ours in the PostgreSQL.
const database = "comptesante"

// Postgres is a PostgreSQL that can be killed and started again on its data.
type Postgres struct {
	config embedded.Config
	server *embedded.Server
	door   *Forwarder // a TCP port before its socket, for what stands in between
}

// newPostgres starts a PostgreSQL in a folder. What it has committed outlives
// its death, and not the machine's: the disk is not waited for.
func newPostgres(ctx context.Context, dir, bin string) (*Postgres, error) {
	p := &Postgres{config: embedded.Config{Dir: filepath.Join(dir, "pg"), Bin: bin, Owner: "cluster", Settings: map[string]string{"fsync": "off", "max_connections": "100"}}}
	if err := p.Start(ctx); err != nil {
		return nil, err
	}
	socket := filepath.Join(p.config.Dir, "run", ".s.PGSQL.5432")
	var err error
	if p.door, err = Forward("127.0.0.1:0", func() (net.Conn, error) { return net.Dial("unix", socket) }); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// Start starts it where it does not run, and returns when it takes sessions. A
// process of one that was killed may hold on to the data for a moment.
func (p *Postgres) Start(ctx context.Context) error {
	for {
		server, err := embedded.Own(ctx, p.config)
		if err == nil {
			p.server = server
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(10 * lookAgain):
		}
	}
}

// Kill ends it with SIGKILL, and returns when it has ended.
func (p *Postgres) Kill() error {
	pid, err := p.Pid()
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return err
	}
	<-p.server.Done()
	return nil
}

// Pid is the number of its first process, the postmaster.
func (p *Postgres) Pid() (int, error) {
	text, err := os.ReadFile(filepath.Join(p.config.Dir, "postgres", "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(line)
}

// Ended is closed when it has ended without Stop.
func (p *Postgres) Ended() <-chan struct{} { return p.server.Done() }

// Stop ends it in order, breaking off sessions: what pg_ctl calls fast.
func (p *Postgres) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	if err := p.server.Stop(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "PostgreSQL:", err) // it is cut off with the cluster
	}
}

// URL is the way in as a role, with nothing in between.
func (p *Postgres) URL(role string) string { return p.server.URL(role, database) }

// urlVia is the way in as a role through an address.
func urlVia(role, address string) string {
	u := url.URL{Scheme: "postgres", User: url.User(role), Host: address, Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}
