// Package cluster starts a whole installation on this machine, each part a
// process of its own: some nodes of the built program, a PostgreSQL, a cluster
// of NATS, and a balancer before the nodes. Tests kill its parts, and `make
// run-cluster` gives it to a person.
package cluster

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"comptesante/db"
	"comptesante/db/embedded"
	"comptesante/domain"
)

// Config says what to start.
type Config struct {
	Program  string   // path of the built comptesante
	Dir      string   // a folder that PostgreSQL's user can reach: data, keys and logs
	Nodes    int      // 0: two
	NATS     int      // servers; 0: three
	Address  string   // of the balancer; empty: any free one
	PgBin    string   // folder of PostgreSQL's programs; empty: looked for
	Settings []string // more environment of the nodes, NAME=value

	// Between puts something between a node and what it uses, named such as
	// "node-1 postgres" and "node-2 nats-3", and gives the address to use
	// instead; nil: nothing is in between.
	Between func(name, upstream string) (address string, err error)
}

// Cluster is a running installation.
type Cluster struct {
	Postgres *Postgres
	NATS     []*Process
	Nodes    []*Node
	Balancer *Balancer

	NATSAddresses []string // with nothing in between

	config Config
}

// Start starts everything, in order, and returns when all of it is ready.
// Where it fails, nothing is left.
func Start(ctx context.Context, config Config) (_ *Cluster, err error) {
	c := &Cluster{config: config}
	if c.config.Nodes == 0 {
		c.config.Nodes = 2
	}
	if c.config.NATS == 0 {
		c.config.NATS = 3
	}
	defer func() {
		if err != nil {
			c.Stop()
		}
	}()
	if c.Postgres, err = newPostgres(ctx, config.Dir, config.PgBin); err != nil {
		return nil, err
	}
	if err = c.migrate(ctx); err != nil {
		return nil, err
	}
	if c.NATS, c.NATSAddresses, err = newNATS(c.config.NATS, config.Dir); err != nil {
		return nil, err
	}
	for _, s := range c.NATS {
		if err = s.Start(ctx); err != nil {
			return nil, err
		}
	}
	for i := range c.config.Nodes {
		n, err := c.NewNode(ctx, fmt.Sprintf("node-%d", i+1))
		if err != nil {
			return nil, err
		}
		c.Nodes = append(c.Nodes, n)
	}
	c.Balancer, err = newBalancer(cmp.Or(config.Address, "127.0.0.1:0"), c.Nodes)
	return c, err
}

// migrate makes the tables and the keys.
func (c *Cluster) migrate(ctx context.Context) error {
	for { // a loaded machine may let a first connection wait too long
		err := db.EnsureDatabase(ctx, c.Postgres.server.URL(embedded.Launcher, "postgres"), database)
		if err == nil {
			break
		}
		if domain.CodeOf(err) != domain.Unavailable || ctx.Err() != nil {
			return err
		}
	}
	_, err := c.Run(ctx, "", "migrate")
	return err
}

// KeysFile is the path of the keys that seal the database.
func (c *Cluster) KeysFile() string { return filepath.Join(c.config.Dir, "keys.json") }

// environment is that of a program of the cluster: nothing of ours from outside.
func (c *Cluster) environment(databaseURL string, more ...string) []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "COMPTESANTE_") && !strings.HasPrefix(e, "DATABASE_URL=") && !strings.HasPrefix(e, "NATS_URL=") {
			env = append(env, e)
		}
	}
	return append(append(env, "COMPTESANTE_DATA="+c.config.Dir, "COMPTESANTE_KEYS_FILE="+c.KeysFile(), "DATABASE_URL="+databaseURL), more...)
}

// Run runs a command of the program on the database and gives what it prints.
func (c *Cluster) Run(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.config.Program, args...)
	cmd.Env = c.environment(c.Postgres.URL(embedded.Launcher))
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("comptesante %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// NewNode starts one more node, which the caller ends. The balancer does not
// know it.
func (c *Cluster) NewNode(ctx context.Context, name string) (*Node, error) {
	n := &Node{}
	n.Name = name
	env, err := c.settingsOf(n)
	if err != nil {
		return nil, err
	}
	n.command, n.env, n.log, n.ready = []string{c.config.Program, "serve"}, env, logFile(c.config.Dir, n.Name), n.Ready
	if err := n.Start(ctx); err != nil {
		n.Kill()
		return nil, err
	}
	return n, nil
}

// settingsOf chooses a node's addresses, and gives its environment.
func (c *Cluster) settingsOf(n *Node) (env []string, err error) {
	for _, address := range []*string{&n.API, &n.Admin} {
		if *address, err = freeAddress(); err != nil {
			return nil, err
		}
	}
	between := c.config.Between
	if between == nil {
		between = func(_, upstream string) (string, error) { return upstream, nil }
	}
	door, err := between(n.Name+" postgres", c.Postgres.door.Address())
	if err != nil {
		return nil, err
	}
	var nats []string
	for i, s := range c.NATS {
		address, err := between(n.Name+" "+s.Name, c.NATSAddresses[i])
		if err != nil {
			return nil, err
		}
		nats = append(nats, (&url.URL{Scheme: "nats", Host: address}).String())
	}
	settings := append([]string{"COMPTESANTE_LISTEN=" + n.API, "COMPTESANTE_ADMIN=" + n.Admin, "NATS_URL=" + strings.Join(nats, ",")}, c.config.Settings...)
	return c.environment(urlVia(embedded.Launcher, door), settings...), nil
}

// stopPatience is how long the nodes may take to leave.
const stopPatience = 20 * time.Second

// Stop ends everything: the nodes leave in order, then what they use ends.
func (c *Cluster) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), stopPatience)
	defer cancel()
	var leaving sync.WaitGroup
	for _, n := range c.Nodes {
		leaving.Go(func() { n.Stop(ctx) })
	}
	leaving.Wait()
	if c.Balancer != nil {
		c.Balancer.Close()
	}
	for _, s := range c.NATS {
		s.Kill() // it keeps nothing
	}
	if c.Postgres != nil {
		c.Postgres.door.Close()
		c.Postgres.Stop()
	}
}

// Logs are the last words of all, for a test that has failed.
func (c *Cluster) Logs() string {
	var b strings.Builder
	for _, n := range c.Nodes {
		fmt.Fprintf(&b, "== %s\n%s\n", n.Name, n.LastWords())
	}
	return b.String()
}
