package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// Supervise must be the first call of main, and of a TestMain whose tests use
// this package. It returns at once, unless this process was re-executed as the
// supervisor of a PostgreSQL: then it runs it, and exits when it has ended.
func Supervise() {
	if os.Getenv(supervisorVariable) == "" {
		initialised.Store(true)
		return
	}
	if err := supervise(); err != nil {
		fmt.Fprintln(os.Stderr, "supervisor:", err) // into postgres.log
		os.Exit(1)
	}
	os.Exit(0)
}

// supervise runs PostgreSQL until the owner ends, or this process is asked to.
func supervise() error {
	// postgres is tied to the thread that starts it, which is this one until
	// the process exits.
	runtime.LockOSThread()
	life, reports := inherited(lifeFile), inherited(reportFile)
	inherited(lockFile)
	var p plan
	if err := json.NewDecoder(life).Decode(&p); err != nil {
		return fmt.Errorf("no plan: %w (this process is started by the program itself: is %s set in its environment?)", err, supervisorVariable)
	}
	ctx := untilAsked(life)
	postgres, err := p.start(ctx)
	tell(reports, err)
	if err != nil {
		return err
	}
	select {
	case <-postgres.ended:
		return fmt.Errorf("postgres ended by itself: %w", postgres.err)
	case <-ctx.Done():
		return postgres.stop()
	}
}

// untilAsked is a context that ends when the owner ends, or a signal asks this
// process to. Later signals are taken and change nothing: a supervisor that
// died of one would not see the shutdown through.
func untilAsked(life io.Reader) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	// A closed terminal ends the owner, and the pipe tells.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	go func() {
		<-signals
		cancel(errors.New("its supervisor was asked to end"))
	}()
	go func() {
		io.Copy(io.Discard, life) // nothing comes but the end
		cancel(errors.New("its owner has ended"))
	}()
	return ctx
}

// inherited is a file that the owner gave. What we start does not get it: a
// postgres that held the lock or a pipe would outlive what they tell.
func inherited(fd uintptr) *os.File {
	syscall.CloseOnExec(int(fd))
	return os.NewFile(fd, "")
}

func tell(reports *os.File, err error) {
	var r report
	if err != nil {
		r.Failure = err.Error()
	}
	// The owner may be dead; the end of its pipe is what tells us.
	_ = json.NewEncoder(reports).Encode(r)
	reports.Close()
}
