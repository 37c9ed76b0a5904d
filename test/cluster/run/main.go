// Command run-cluster is for a person to try: two nodes, a PostgreSQL and three
// NATS servers behind a balancer, with the demonstration, all on this machine.
// Whatever is killed is started again. Its other command, follow, is a client
// that keeps its cursor and comes back.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"comptesante/demo"
	"comptesante/test/cluster"
)

const usage = `usage:
  run-cluster PROGRAM                   starts everything, with the built comptesante; the balancer listens on LISTEN (127.0.0.1:8080)
  run-cluster follow URL TOKEN          follows a demo person's payments through the balancer`

func main() {
	cluster.Main()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 1 && args[0] != "follow":
		err = run(ctx, args[0])
	case len(args) == 3 && args[0] == "follow":
		err = follow(ctx, args[1], args[2], os.Stdout)
	default:
		err = errors.New(usage)
	}
	if err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// again is how long after its end a part is started again: long enough to see
// how it goes without it.
const again = 5 * time.Second

// payEvery is how often each of the demo's people is paid something.
const payEvery = 2 * time.Second

// run starts everything and keeps it until ctx ends.
func run(ctx context.Context, program string) error {
	dir, err := os.MkdirTemp("", "ct-cluster")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if err := os.Chmod(dir, 0o711); err != nil { // PostgreSQL may run as another user
		return err
	}
	fmt.Println("Starting a PostgreSQL, three NATS servers and two nodes…")
	c, err := cluster.Start(ctx, cluster.Config{Program: program, Dir: dir, PgBin: os.Getenv("PG_BIN"), Address: listen(),
		Settings: []string{"COMPTESANTE_LEAVE_NOTICE=1s", "COMPTESANTE_LEAVE_WINDOW=5s"}})
	if err != nil {
		return err
	}
	defer c.Stop()
	if _, err := c.Run(ctx, "", "demo", "load"); err != nil {
		return err
	}
	if err := welcome(ctx, c, dir); err != nil {
		return err
	}
	var keeping sync.WaitGroup
	defer keeping.Wait()
	keeping.Go(func() { pay(ctx, c) })
	for _, n := range c.Nodes {
		keeping.Go(func() { keep(ctx, &n.Process) })
	}
	for _, s := range c.NATS {
		keeping.Go(func() { keep(ctx, s) })
	}
	keeping.Go(func() { keepPostgres(ctx, c.Postgres) })
	<-ctx.Done()
	fmt.Println("\nEnding: the nodes leave, then the rest.")
	return nil
}

func listen() string {
	if address := os.Getenv("LISTEN"); address != "" {
		return address
	}
	return "127.0.0.1:8080"
}

var tokenLine = regexp.MustCompile(`token +(\S+)`)

// welcome tells where everything is, and what to try.
func welcome(ctx context.Context, c *cluster.Cluster, dir string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n  Playground  http://%s/ (through the balancer)\n  API         http://%[1]s/graphql\n", c.Balancer.Address())
	pid, err := c.Postgres.Pid()
	if err != nil {
		return err
	}
	for _, n := range c.Nodes {
		fmt.Fprintf(&b, "  %-11s pid %-7d http://%s/readyz, /metrics\n", n.Name, n.Pid(), n.Admin)
	}
	for _, s := range c.NATS {
		fmt.Fprintf(&b, "  %-11s pid %d\n", s.Name, s.Pid())
	}
	fmt.Fprintf(&b, "  PostgreSQL  pid %d\n  Logs        %s/*.log\n\n  Demo people and their tokens:\n", pid, dir)
	token := ""
	for _, p := range demo.People {
		out, err := c.Run(ctx, p.NIR+"\n", "token", "mint", "-")
		if err != nil {
			return err
		}
		if m := tokenLine.FindStringSubmatch(out); m != nil {
			token = m[1]
		}
		fmt.Fprintf(&b, "    %s  %s %s\n", token, p.GivenName, p.FamilyName)
	}
	fmt.Fprintf(&b, `
  Each of them is paid something every %s. Follow one in another terminal:
    %s follow http://%s %s
  and end parts while you look. What has ended is started again after %s:
    kill -9 %[6]d       a node dies: a follower on it comes back through the other, and misses nothing
    kill %[6]d          a node leaves in order, as in a deploy
    kill -9 %[7]d       a NATS server dies: nothing is seen of it
    kill -9 %[8]d       PostgreSQL dies: the feed waits for it
Ready. Ctrl-C ends everything.

`, payEvery, os.Args[0], c.Balancer.Address(), token, again, c.Nodes[0].Pid(), c.NATS[0].Pid(), pid)
	_, err = os.Stdout.WriteString(b.String())
	return err
}

// pay pays until ctx ends. What cannot be recorded now is paid next time.
func pay(ctx context.Context, c *cluster.Cluster) {
	for ctx.Err() == nil {
		if _, err := c.Run(ctx, "", "demo", "pay", "--every", payEvery.String()); err != nil && ctx.Err() == nil {
			fmt.Println(clock(), "demo pay has ended (the database is away), and begins again in", payEvery)
			pause(ctx, payEvery)
		}
	}
}

// keep starts a process again whenever it has ended.
func keep(ctx context.Context, p *cluster.Process) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.Ended():
		}
		fmt.Println(clock(), p.Name, "has ended, and is started again in", again)
		pause(ctx, again)
		if ctx.Err() != nil {
			return
		}
		if err := p.Start(ctx); err != nil {
			fmt.Println(clock(), err) // it has ended, or is ended with all
			continue
		}
		fmt.Println(clock(), p.Name, "is there again: pid", p.Pid())
	}
}

func keepPostgres(ctx context.Context, p *cluster.Postgres) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.Ended():
		}
		fmt.Println(clock(), "PostgreSQL has ended, and is started again in", again)
		pause(ctx, again)
		if ctx.Err() != nil || p.Start(ctx) != nil {
			return // Start tries until ctx ends
		}
		pid, _ := p.Pid() // 0 where it has ended again, which is told next
		fmt.Println(clock(), "PostgreSQL is there again: pid", pid)
	}
}

func clock() string { return time.Now().Format("15:04:05") }

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
