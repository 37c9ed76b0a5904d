package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Process is a program that can be started, stopped by signals and started
// again. Its output is appended to a file. It ends with the process that
// started it, on Linux however that ends.
type Process struct {
	Name string

	command []string
	env     []string
	log     string
	ready   func(ctx context.Context) error // nil once it does its work

	mu    sync.Mutex
	cmd   *exec.Cmd     // nil before the first start
	ended chan struct{} // closed when cmd has ended
}

// lookAgain is how long to wait before something is looked at again.
const lookAgain = 20 * time.Millisecond

// Start starts it and returns once it does its work; it must not run.
func (p *Process) Start(ctx context.Context) error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the process has its own
	cmd, ended := exec.Command(p.command[0], p.command[1:]...), make(chan struct{})
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C on a terminal is for us alone
	tie(cmd.SysProcAttr)
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // to which the kernel ties the process's life
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // its status is in ProcessState
			close(ended)
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("%s does not start: %w", p.Name, err)
	}
	p.mu.Lock()
	p.cmd, p.ended = cmd, ended
	p.mu.Unlock()
	return p.await(ctx, ended)
}

func (p *Process) await(ctx context.Context, ended <-chan struct{}) error {
	for {
		err := p.ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("%s has ended at its start:\n%s", p.Name, p.LastWords())
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w:\n%s", p.Name, errors.Join(ctx.Err(), err), p.LastWords())
		case <-time.After(lookAgain):
		}
	}
}

// LastWords are the last lines of its log.
func (p *Process) LastWords() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}

// Log is the path of its log.
func (p *Process) Log() string { return p.log }

// Pid is its number in the system, that of the last start.
func (p *Process) Pid() int {
	cmd, _ := p.current()
	if cmd == nil {
		return 0
	}
	return cmd.Process.Pid
}

// Ended is closed when what was started last has ended.
func (p *Process) Ended() <-chan struct{} {
	_, ended := p.current()
	return ended
}

// ExitCode is the status with which it has ended: 0 where it ended well.
func (p *Process) ExitCode() int {
	cmd, ended := p.current()
	<-ended
	return cmd.ProcessState.ExitCode()
}

func (p *Process) current() (*exec.Cmd, chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd, p.ended
}

// Signal sends a signal.
func (p *Process) Signal(s os.Signal) error {
	cmd, _ := p.current()
	return cmd.Process.Signal(s)
}

// Kill ends it with SIGKILL, and returns when it has ended.
func (p *Process) Kill() {
	cmd, ended := p.current()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Kill() // it may have ended
	<-ended
}

// Stop asks it to end, and returns when it has; SIGKILL where ctx ends first.
func (p *Process) Stop(ctx context.Context) {
	cmd, ended := p.current()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-ended:
	case <-ctx.Done():
		p.Kill()
	}
}

func logFile(dir, name string) string {
	return filepath.Join(dir, strings.ReplaceAll(name, " ", "-")+".log")
}
