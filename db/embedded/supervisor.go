package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// supervisorVariable marks the re-executed process.
const supervisorVariable = "COMPTESANTE_POSTGRES_SUPERVISOR"

// What the supervisor inherits, after the three standard files.
const (
	lifeFile   = 3 + iota // read end: the plan, then nothing, then the end of the owner
	reportFile            // write end: one report
	lockFile              // owner.lock, held as long as PostgreSQL runs
)

// plan is what the supervisor is told to run.
type plan struct {
	Dir      string
	Bin      string
	As       *account
	Settings []string // arguments of postgres
	Volatile bool
	Patience time.Duration
}

// report is what the supervisor tells once: PostgreSQL is ready, or why not.
type report struct{ Failure string }

// supervisor is the owner's end of the re-executed process.
type supervisor struct {
	at   layout
	log  *slog.Logger
	cmd  *exec.Cmd
	life *os.File // the supervisor stops PostgreSQL when this is closed
	lock *os.File

	asked atomic.Bool   // the end is wanted
	ended chan struct{} // closed when all has ended and the lock is free
	err   error         // how the supervisor ended; read it after ended
	died  chan struct{} // closed after ended, where the end was not wanted
	once  sync.Once     // closes life
}

// launch starts a supervisor and waits until PostgreSQL is ready. Where it
// fails, nothing runs any more and the lock is still the caller's.
func launch(ctx context.Context, p plan, lock *os.File, log *slog.Logger) (*supervisor, error) {
	s := &supervisor{
		at:    layout{p.Dir},
		log:   log,
		lock:  lock,
		ended: make(chan struct{}),
		died:  make(chan struct{}),
	}
	reports, err := s.execute()
	if err != nil {
		return nil, fmt.Errorf("the supervisor of the embedded database: %w", err)
	}
	defer reports.Close()
	err = s.begin(ctx, p, reports)
	if err == nil {
		go s.watch()
		return s, nil
	}
	s.closeLife()
	s.reap()
	return nil, fmt.Errorf("the embedded database in %s does not start: %w", p.Dir, err)
}

// execute runs this program again as the supervisor, and gives the pipe on
// which it reports.
func (s *supervisor) execute() (reports *os.File, err error) {
	if !initialised.Load() {
		return nil, errors.New("embedded.Supervise must be the first call of main")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	log, err := s.at.openLog()
	if err != nil {
		return nil, err
	}
	defer log.Close()
	lifeRead, lifeWrite, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer lifeRead.Close()
	reportRead, reportWrite, err := os.Pipe()
	if err != nil {
		lifeWrite.Close()
		return nil, err
	}
	defer reportWrite.Close()

	s.cmd = exec.Command(self)
	s.cmd.Args = []string{self, "supervises", s.at.data()} // for who reads ps
	s.cmd.Env = append(environment(), supervisorVariable+"=1")
	s.cmd.Dir = "/"
	s.cmd.Stderr = log
	s.cmd.ExtraFiles = []*os.File{lifeRead, reportWrite, s.lock}
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		lifeWrite.Close()
		reportRead.Close()
		return nil, err
	}
	s.life = lifeWrite
	return reportRead, nil
}

// begin gives the plan and waits for the report.
func (s *supervisor) begin(ctx context.Context, p plan, reports *os.File) error {
	if err := json.NewEncoder(s.life).Encode(p); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { reports.SetReadDeadline(time.Now()) })()
	var r report
	err := json.NewDecoder(reports).Decode(&r)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("its supervisor ended: see %s", s.at.log())
	case err != nil:
		return err
	case r.Failure != "":
		return errors.New(r.Failure)
	}
	return nil
}

// watch waits for the end of the supervisor, wanted or not.
func (s *supervisor) watch() {
	s.reap()
	wanted := s.asked.Load()
	if !wanted {
		s.log.Error("the embedded database has ended by itself", "dir", s.at.dir, "supervisor", s.err, "log", s.at.log())
		s.err = nil // a Stop that comes later has nothing to stop
		s.closeLife()
	}
	release(s.lock)
	close(s.ended)
	if !wanted {
		close(s.died)
	}
}

// reap waits until the supervisor has ended, and ends the postgres of one that
// was killed.
func (s *supervisor) reap() {
	s.err = s.cmd.Wait()
	if err := s.at.endOrphan(); err != nil {
		s.err = err
	}
}

func (s *supervisor) closeLife() { s.once.Do(func() { s.life.Close() }) }

func (s *supervisor) stop(ctx context.Context) error {
	s.asked.Store(true)
	s.closeLife()
	select {
	case <-s.ended:
	case <-ctx.Done():
		return fmt.Errorf("the embedded database in %s is still stopping: %w", s.at.dir, context.Cause(ctx))
	}
	if s.err != nil {
		return fmt.Errorf("the embedded database in %s did not stop cleanly: %w: see %s", s.at.dir, s.err, s.at.log())
	}
	return nil
}
