package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	poll = 10 * time.Millisecond
	// How long a dead owner's supervisor may take to stop PostgreSQL: a fast
	// shutdown that failed and the immediate one after it.
	deadOwnerGrace = 12 * time.Second
)

// HeldError is told where another process owns the data folder.
type HeldError struct {
	Dir   string
	Owner string // what the owner called itself
	PID   int    // 0 where it is not known
}

// Error is one line, with what can be done.
func (e *HeldError) Error() string {
	return fmt.Sprintf("the embedded database in %s is in use by %q (pid %d): stop it first, or use another folder with COMPTESANTE_DATA, or your own PostgreSQL with DATABASE_URL", e.Dir, e.Owner, e.PID)
}

// holder is who wrote its name into the lock file.
type holder struct {
	pid  int
	name string
}

// claim takes the owner's lock of a data folder, or, with join, finds that the
// owner's PostgreSQL is ready: then the lock is nil. A holder that is dead is
// waited for: its supervisor is just stopping PostgreSQL.
func claim(ctx context.Context, at layout, c Config, join bool) (*os.File, error) {
	began := time.Now()
	for {
		lock, holder, err := at.tryLock(at.lock(), c.Owner)
		if err != nil || lock != nil {
			return lock, err
		}
		held := &HeldError{Dir: at.dir, Owner: holder.name, PID: holder.pid}
		lives := holder.pid != 0 && alive(holder.pid)
		switch {
		case lives && !join, !lives && time.Since(began) > deadOwnerGrace:
			return nil, held
		case lives && at.answers():
			return nil, nil
		case time.Since(began) > c.patience():
			return nil, fmt.Errorf("not ready after %s: %w", c.patience(), held)
		}
		if err := pause(ctx, poll); err != nil {
			return nil, fmt.Errorf("%w: %w", err, held)
		}
	}
}

// answers tells whether a PostgreSQL that another process owns takes sessions.
func (l layout) answers() bool {
	_, status := l.postmaster()
	return status == ready && l.listening()
}

// tryLock takes the lock of a file and writes who holds it, or tells who holds
// it already. The lock belongs to the open file: a child that inherits the file
// holds it too, and it is free when the last of them has closed it.
func (l layout) tryLock(path, name string) (*os.File, holder, error) {
	f, err := l.openOwn(path, os.O_CREATE|os.O_RDWR)
	if err != nil {
		return nil, holder{}, fmt.Errorf("the lock of the embedded database: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		defer f.Close()
		return nil, readHolder(f), nil
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintf(f, "%d %s\n", os.Getpid(), name)
	}
	if err != nil {
		f.Close()
		return nil, holder{}, fmt.Errorf("the lock of the embedded database: %s: %w", path, err)
	}
	return f, holder{}, nil
}

// readHolder gives pid 0 where the holder has not written its name yet.
func readHolder(f *os.File) holder {
	text, err := io.ReadAll(io.LimitReader(f, 256))
	if err != nil {
		return holder{}
	}
	number, name, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	pid, err := strconv.Atoi(number)
	if err != nil {
		return holder{}
	}
	return holder{pid: pid, name: name}
}

// release gives a lock up. The file stays: removing it would let two processes
// hold the lock of two files of one name.
func release(lock *os.File) {
	// Emptied so that whoever comes while the next one takes over does not
	// read a name that no longer holds it.
	lock.Truncate(0)
	lock.Close()
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
