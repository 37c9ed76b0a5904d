package embedded

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// kept are the variables of our environment that PostgreSQL's programs see.
// The others may hold secrets of the program, or settings that are meant for
// another PostgreSQL (PGPORT, PGDATA, PGOPTIONS).
var kept = []string{"PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}

// environment is that of PostgreSQL's programs and of the supervisor. The
// locale makes messages English, and is set at all because postgres on macOS
// does not start without; the zone is what initdb writes down as the default.
func environment() []string {
	env := []string{"LC_ALL=C", "TZ=UTC"}
	for _, name := range kept {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// command is a program of PostgreSQL, run as the account, in a process group
// of its own, so that a terminal's Ctrl-C does not reach it. When ctx ends the
// whole group is killed.
func command(ctx context.Context, as *account, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = environment()
	cmd.Dir = "/" // ours may be one that the account cannot enter
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: as.credential()}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// signalable tells whether there is a process of this id, another user's too.
func signalable(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// ending is a way to end postgres.
type ending struct {
	signal   syscall.Signal
	patience time.Duration
}

// The ways to end postgres, from the gentlest to the last: fast shutdown (ends
// sessions, writes a checkpoint), immediate shutdown (recovers at the next
// start), and the kernel's.
var endings = []ending{
	{syscall.SIGINT, 10 * time.Second},
	{syscall.SIGQUIT, 10 * time.Second},
	{syscall.SIGKILL, 5 * time.Second},
}

// endingsOf leaves the fast shutdown out for a postgres that is still starting:
// there is nothing to write, and PostgreSQL 15 was seen to hang when it comes
// during recovery.
func endingsOf(starting bool) []ending {
	if starting {
		return endings[1:]
	}
	return endings
}

// end ends postgres in the first of these ways that works, waits for ended, and
// gives the signal that did it; 0 where none did.
func end(postgres *os.Process, ended <-chan struct{}, ways []ending) syscall.Signal {
	for _, way := range ways {
		// An error means that it has ended already, which ended tells.
		_ = postgres.Signal(way.signal)
		select {
		case <-ended:
			return way.signal
		case <-time.After(way.patience):
		}
	}
	return 0
}
