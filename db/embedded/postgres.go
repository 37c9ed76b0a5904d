package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// postgres is a running server, child of this process.
type postgres struct {
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // how it ended; read it after ended
	ready bool  // it has taken sessions
}

// start makes the data folder where there is none, and starts postgres on it.
// The caller holds the owner's lock and its thread. Where ctx ends or
// postgres is not ready in time, it is stopped.
func (p plan) start(ctx context.Context) (*postgres, error) {
	at := layout{p.Dir}
	if err := at.endOrphan(); err != nil {
		return nil, err
	}
	if err := p.initialise(ctx, "C.UTF-8", "C"); err != nil {
		return nil, err
	}
	if err := p.freshRun(); err != nil {
		return nil, err
	}
	before := sizeOf(at.log())
	pg, err := p.execute()
	if err != nil {
		return nil, err
	}
	if err := pg.awaitReady(ctx, at, p.Patience); err != nil {
		if failed := pg.stop(); failed != nil {
			err = fmt.Errorf("%w, %w", err, failed)
		}
		return nil, fmt.Errorf("%w%s", err, lastLines(at.log(), before))
	}
	pg.ready = true
	return pg, nil
}

// freshRun makes the socket's folder anew: a socket of a former start, made by
// another user perhaps, is of no use. What keeps others out is this folder.
func (p plan) freshRun() error {
	run := layout{p.Dir}.run()
	if err := os.RemoveAll(run); err != nil {
		return err
	}
	if err := os.Mkdir(run, 0o700); err != nil {
		return err
	}
	return p.As.own(run)
}

// execute starts postgres, tied to this thread: when the supervisor is killed
// the kernel asks postgres to shut down.
func (p plan) execute() (*postgres, error) {
	at := layout{p.Dir}
	cmd := command(context.Background(), p.As, filepath.Join(p.Bin, "postgres"), append([]string{"-D", at.data()}, p.Settings...)...)
	cmd.Dir = at.data()
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr // postgres.log
	tie(cmd.SysProcAttr, syscall.SIGINT)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	pg := &postgres{cmd: cmd, ended: make(chan struct{})}
	go func() {
		pg.err = cmd.Wait()
		close(pg.ended)
	}()
	return pg, nil
}

// awaitReady waits until postgres says in its pid file that it takes sessions.
func (pg *postgres) awaitReady(ctx context.Context, at layout, patience time.Duration) error {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-pg.ended:
			return fmt.Errorf("postgres ended at once (%w)", pg.err)
		case <-timeout.C:
			return fmt.Errorf("postgres was not ready after %s", patience)
		case <-tick.C:
			pid, status := at.postmaster()
			if pid == pg.cmd.Process.Pid && status == ready {
				return nil
			}
		}
	}
}

// stop ends postgres and waits for it. It is an error where a postgres that
// took sessions had to be made to; what was committed is safe all the same.
func (pg *postgres) stop() error {
	by := end(pg.cmd.Process, pg.ended, endingsOf(!pg.ready))
	switch {
	case by == 0:
		return errors.New("postgres cannot be ended")
	case pg.ready && by != syscall.SIGINT:
		return errors.New("postgres did not shut down in time and was ended")
	}
	return nil
}

// endOrphan ends a postgres of the data folder whose supervisor was killed.
// The caller holds the owner's lock, so that nobody else can have started it.
func (l layout) endOrphan() error {
	pid, status := l.postmaster()
	if pid == 0 || !alive(pid) {
		return nil
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := endOf(ctx, pid)
	if !l.listening() {
		// At its very end, or the pid file was left behind and its number is
		// now another process's: postgres tells the two apart.
		select {
		case <-ended:
		case <-time.After(time.Second):
		}
		return nil
	}
	if end(process, ended, endingsOf(status != ready && status != stopping)) == 0 {
		return fmt.Errorf("a PostgreSQL (pid %d) without its supervisor uses %s and cannot be ended: end it first", pid, l.data())
	}
	return nil
}

// endOf is closed when a process that is not our child has ended; not after
// ctx has.
func endOf(ctx context.Context, pid int) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		for alive(pid) {
			if pause(ctx, poll) != nil {
				return
			}
		}
		close(ended)
	}()
	return ended
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// logPrefix is what log_line_prefix puts before each line.
var logPrefix = regexp.MustCompile(`^\S+ \S+ \S+ \[\d+\] `)

// lastLines are the last words of a log, from an offset on, in one line that
// begins with a colon; empty where there are none.
func lastLines(path string, from int64) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	const most = 4096
	text, err := io.ReadAll(io.NewSectionReader(f, max(from, sizeOf(path)-most), most))
	if err != nil {
		return ""
	}
	return oneLine(string(text))
}

func oneLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	lines = lines[max(0, len(lines)-5):]
	for i, line := range lines {
		lines[i] = strings.TrimSpace(logPrefix.ReplaceAllString(line, ""))
	}
	if joined := strings.Join(lines, " / "); joined != "" {
		return ": " + joined
	}
	return ""
}
