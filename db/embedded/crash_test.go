package embedded

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestKilledOwnerLeavesNoPostgres(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	h := ownElsewhere(t, dir)
	h.kill()
	nothingRuns(t, dir)
	if _, err := os.Stat(filepath.Join(layout{dir}.data(), "postmaster.pid")); err == nil {
		t.Error("postgres was killed, not shut down")
	}
	own(t, dir)
}

func TestKilledOwnerIsWaitedFor(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	ownElsewhere(t, dir).kill()
	own(t, dir) // at once, while the supervisor is stopping PostgreSQL
}

func TestLockOfADeadOwnerIsWaitedFor(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	// The lock as a supervisor holds it that takes its time. A real one cannot
	// be made to: the kernel wakes a stopped process when its parent dies.
	lock, _, err := layout{dir}.tryLock(layout{dir}.lock(), "helper")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(layout{dir}.lock(), []byte(itoa(deadPID(t))+" helper\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	impatient, cancel := context.WithTimeout(t.Context(), 10*poll)
	defer cancel()
	_, err = Own(impatient, testConfig(dir, "test"))
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), `in use by "helper"`) {
		t.Errorf("who could not wait is told %v, want the holder", err)
	}

	result := make(chan error, 1)
	go func() {
		s, err := Own(testContext(t), testConfig(dir, "test"))
		if err == nil {
			err = s.Stop(context.Background())
		}
		result <- err
	}()
	release(lock)
	if err := <-result; err != nil {
		t.Errorf("who waits owns the folder next; got %v", err)
	}
}

// deadPID is the number of a process that has ended.
func deadPID(t *testing.T) int {
	t.Helper()
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

func TestOwnerKilledDuringInitdb(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	h := startHelper(t, dir)
	eventually(t, "initdb is at work", func() bool { return len(halfMadeIn(t, dir)) > 0 })
	h.kill()
	nothingRuns(t, dir)
	if major, err := (layout{dir}).major(); major != 0 || err != nil {
		t.Errorf("half-made data passes for data: major %d, %v", major, err)
	}
	own(t, dir)
}

func TestKilledSupervisorLeavesNoPostgres(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	s := own(t, dir)
	send(t, s.supervisor.cmd.Process.Pid, syscall.SIGKILL)
	<-s.Done()
	if left := processes(t, dir); len(left) > 0 {
		t.Errorf("Done is closed and these run: %v", left)
	}
	own(t, dir)
}

func TestOwnerAndSupervisorKilled(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("on macOS the next owner ends such a postgres: TestOrphanIsEnded")
	}
	t.Parallel()
	dir := testFolder(t)
	h := ownElsewhere(t, dir)
	send(t, supervisorOf(t, dir), syscall.SIGKILL)
	h.kill()
	nothingRuns(t, dir)
	own(t, dir)
}

func TestAskedSupervisorStopsPostgres(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	s := own(t, dir)
	send(t, s.supervisor.cmd.Process.Pid, syscall.SIGTERM)
	<-s.Done()
	log, err := os.ReadFile(layout{dir}.log())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(log), "database system is shut down") {
		t.Errorf("no clean shutdown:\n%s", log)
	}
	own(t, dir)
}

func TestDeadPostgresIsTold(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	s := own(t, dir)
	execute(t, s, "CREATE TABLE kept AS SELECT 42 AS n", "CHECKPOINT")
	pid, _ := layout{dir}.postmaster()
	send(t, pid, syscall.SIGKILL)
	<-s.Done()
	nothingRuns(t, dir) // the children of a killed postgres end by themselves

	s = own(t, dir)
	if got := query(t, s, "SELECT n::text FROM kept"); got != "42" {
		t.Errorf("read %s after the recovery, want 42", got)
	}
}

// PostgreSQL 15 hangs when a fast shutdown comes while it recovers: a start
// that is given up then must not wait for that.
func TestRecoveryIsGivenUpQuickly(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	l := layout{dir}
	for range 5 { // at different moments of the recovery
		s := own(t, dir)
		crashed, _ := l.postmaster()
		send(t, crashed, syscall.SIGKILL)
		<-s.Done()
		nothingRuns(t, dir)

		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() {
			s, err := Own(ctx, testConfig(dir, "test"))
			if err == nil { // it was quicker than we
				err = s.Stop(context.Background())
			}
			result <- err
		}()
		eventually(t, "postgres starts", func() bool {
			pid, _ := l.postmaster()
			return pid != 0 && pid != crashed || len(result) > 0
		})
		began := time.Now()
		cancel()
		if err := <-result; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if took := time.Since(began); took >= endings[0].patience {
			t.Errorf("giving up took %s", took)
		}
	}
}

func TestOrphanIsEnded(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	stop(t, own(t, dir))
	l := layout{dir}
	as, err := l.account()
	if err != nil {
		t.Fatal(err)
	}
	c := testConfig(dir, "test")
	bin, err := c.binaries(testContext(t), l, as)
	if err != nil {
		t.Fatal(err)
	}
	// What macOS leaves behind when owner and supervisor are killed at once.
	orphan := command(context.Background(), as, filepath.Join(bin, "postgres"), append([]string{"-D", l.data()}, settings(c, l)...)...)
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- orphan.Wait() }()
	eventually(t, "the orphan answers", l.answers)

	s := own(t, dir)
	if err := <-ended; err != nil {
		t.Errorf("the orphan was not shut down cleanly: %v", err)
	}
	query(t, s, "SELECT '1'")
}

func TestEndedProcessIsNotAlive(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	t.Parallel()
	if !alive(os.Getpid()) {
		t.Error("this process is alive")
	}
	cmd := exec.Command("true")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Not waited for yet: the kernel keeps its number, and kill(pid, 0) works.
	eventually(t, "an ended child is not alive", func() bool { return !alive(cmd.Process.Pid) })
	cmd.Wait()
	if alive(cmd.Process.Pid) {
		t.Error("a child that was waited for is alive")
	}
}

// supervisorOf is the parent of postgres.
func supervisorOf(t *testing.T, dir string) int {
	t.Helper()
	pid, _ := layout{dir}.postmaster()
	text, err := exec.Command("ps", "-o", "ppid=", "-p", itoa(pid)).Output()
	if err != nil {
		t.Fatal(err)
	}
	return atoi(t, strings.TrimSpace(string(text)))
}

func send(t *testing.T, pid int, signal syscall.Signal) {
	t.Helper()
	if pid <= 1 {
		t.Fatalf("no process %d to signal", pid)
	}
	if err := syscall.Kill(pid, signal); err != nil {
		t.Fatal(err)
	}
}
