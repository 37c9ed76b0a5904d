package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"
)

// command says how a server is started.
type command struct {
	path             string
	args, env        []string
	address, metrics string // where it will listen
}

// process is a server that was started, with a group of its own.
type process struct {
	name string
	cmd  *exec.Cmd
	log  string        // path of what it writes
	done chan struct{} // closed when it has ended
	err  error         // why; to be read after done
}

// endTime is how long a server may take to end when it is asked to.
const endTime = 10 * time.Second

// start starts a server with nothing of our own environment but the path, so
// that no setting of the person who runs the bench counts. What it writes goes
// to a file.
func start(ctx context.Context, name string, c *command, logPath string) (*process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	log, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the process has its own copy
	p := &process{name: name, log: logPath, done: make(chan struct{})}
	p.cmd = exec.Command(c.path, c.args...)
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir()}, c.env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = ownGroup()
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s does not start: %w: run `make bench`, which builds and installs it", name, err), os.Remove(p.log))
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// await polls an address until the server takes connections there.
func (p *process) await(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		if conn, err := net.Dial("tcp", address); err == nil {
			return conn.Close()
		}
		select {
		case <-p.done:
			return p.explain(errors.New("it ended by itself"))
		case <-ctx.Done():
			return p.explain(ctx.Err())
		case <-poll.C:
		}
	}
}

// explain adds to an error what the server wrote last.
func (p *process) explain(err error) error {
	const last = 2000             // bytes
	text, _ := os.ReadFile(p.log) // without it the error has to do
	if len(text) > last {
		text = text[len(text)-last:]
	}
	return fmt.Errorf("%s: %w; it wrote last:\n%s", p.name, err, strings.TrimSpace(string(text)))
}

// ask asks the server to end.
func (p *process) ask() { askGroup(p.cmd.Process.Pid) }

// stop waits until the server that was asked has ended, and ends it by force
// when it takes too long.
func (p *process) stop() {
	select {
	case <-p.done:
	case <-time.After(endTime):
	}
	killGroup(p.cmd.Process.Pid) // what is left of it, its children too
	<-p.done
	_ = os.Remove(p.log)
}
