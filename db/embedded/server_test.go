package embedded

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestDataOutlivesARestart(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	c := testConfig(dir, "test")
	c.Volatile = false // as for real data: the fast shutdown must have written it

	s, err := Own(testContext(t), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range execute(t, s, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (42)") {
		if err != nil {
			t.Fatal(err)
		}
	}
	stop(t, s)
	nothingRuns(t, dir)

	began := time.Now()
	s, err = Own(testContext(t), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("second start took %s", time.Since(began))
	defer stop(t, s)
	if got := query(t, s, "SELECT n::text FROM kept"); got != "42" {
		t.Errorf("read %s, want 42", got)
	}
	log, err := os.ReadFile(layout{dir}.log())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(log), "not properly shut down") {
		t.Errorf("Stop was no clean shutdown:\n%s", log)
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	s := own(t, testFolder(t))
	if !s.Owned() {
		t.Error("not owned")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Stop(ended); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
	stop(t, s) // the stop has gone on, and is waited for
	stop(t, s) // nothing is left to stop
	select {
	case <-s.Done():
		t.Error("Done is closed although the end was wanted")
	default:
	}
}

func TestPostgresHoldsNothingOfTheOwner(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("open files are read in /proc")
	}
	t.Setenv("PGPORT", "6543") // meant for another PostgreSQL
	t.Setenv("PGOPTIONS", "-c work_mem=1MB")
	t.Setenv("SECRET_OF_OURS", "canary") // PostgreSQL's superuser can read postgres's environment
	dir := testFolder(t)
	s := own(t, dir)
	if got := query(t, s, "SHOW port"); got != port {
		t.Errorf("port is %s, want %s", got, port)
	}
	pid, _ := layout{dir}.postmaster()
	proc := filepath.Join("/proc", itoa(pid))
	files, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range files {
		target, _ := os.Readlink(filepath.Join(proc, "fd", fd.Name()))
		if strings.HasSuffix(target, "owner.lock") {
			t.Error("postgres has inherited the owner's lock")
		}
	}
	env, err := os.ReadFile(filepath.Join(proc, "environ"))
	if err != nil {
		t.Fatal(err)
	}
	for variable := range strings.SplitSeq(strings.Trim(string(env), "\x00"), "\x00") {
		name, _, _ := strings.Cut(variable, "=")
		known := append([]string{"LC_ALL", "TZ"}, kept...)
		// These two postgres sets itself.
		known = append(known, "PGLOCALEDIR", "PGSYSCONFDIR")
		if !slices.Contains(known, name) {
			t.Errorf("postgres sees %s in its environment", variable)
		}
	}
}

func TestOthersCannotReachTheSocket(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	own(t, dir)
	l := layout{dir}
	for _, path := range []string{l.data(), l.run()} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o700 {
			t.Errorf("%s has mode %o, want 700: who reaches the socket is trusted", path, info.Mode().Perm())
		}
		if os.Geteuid() == 0 && info.Sys().(*syscall.Stat_t).Uid == 0 {
			t.Errorf("%s belongs to root, and PostgreSQL does not run as root", path)
		}
	}
}

func TestFailureIsTold(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	c := testConfig(dir, "test")
	c.Settings = map[string]string{"no_such_setting": "1"}
	_, err := Own(testContext(t), c)
	if err == nil || !strings.Contains(err.Error(), `unrecognized configuration parameter "no_such_setting"`) {
		t.Fatalf("error is %v, want the last words of postgres", err)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("the error has more than one line: %v", err)
	}
	nothingRuns(t, dir)
	own(t, dir) // the folder is free, and what initdb made serves
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := Own(ctx, testConfig(dir, "test"))
		result <- err
	}()
	eventually(t, "initdb is at work", func() bool { return len(halfMadeIn(t, dir)) > 0 })
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
	nothingRuns(t, dir)
	if left := halfMadeIn(t, dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	own(t, dir)
}

func halfMadeIn(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, halfMade+"*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}
