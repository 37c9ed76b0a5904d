package embedded

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// helperVariable makes the test program an owner of the folder that it holds.
const helperVariable = "EMBEDDED_TEST_OWNS"

func TestMain(m *testing.M) {
	Supervise()
	if dir := os.Getenv(helperVariable); dir != "" {
		helper(dir)
	}
	os.Exit(m.Run())
}

// helper owns a folder until it is killed or its standard input ends, which it
// does when the test program is killed.
func helper(dir string) {
	s, err := Own(context.Background(), testConfig(dir, "helper"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin)
	s.Stop(context.Background())
	os.Exit(0)
}

func testConfig(dir, owner string) Config {
	return Config{Dir: dir, Bin: os.Getenv("PG_BIN"), Owner: owner, Volatile: true}
}

// testFolder is a data folder with a short path that the account of PostgreSQL can
// reach, which t.TempDir is not.
func testFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "embedded-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		nothingRuns(t, dir) // whatever the test did to its processes
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// own starts a server that is stopped at the test's end.
func own(t *testing.T, dir string) *Server {
	t.Helper()
	c := testConfig(dir, "test")
	c.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	s, err := Own(testContext(t), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, s) })
	return s
}

func stop(t *testing.T, s *Server) {
	t.Helper()
	if err := s.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// query runs one statement as the launcher and gives its single value.
func query(t *testing.T, s *Server, statement string) string {
	t.Helper()
	db, err := sql.Open("pgx", s.URL(Launcher, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var value string
	if err := db.QueryRowContext(testContext(t), statement).Scan(&value); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return value
}

// execute runs statements as the launcher; their errors are the caller's.
func execute(t *testing.T, s *Server, statements ...string) (errs []error) {
	t.Helper()
	db, err := sql.Open("pgx", s.URL(Launcher, "postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range statements {
		_, err := db.ExecContext(testContext(t), statement)
		errs = append(errs, err)
	}
	return errs
}

// eventually waits for a condition that another process brings about.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("not after 20 s: %s", what)
		}
		_ = pause(context.Background(), poll) // t.Context has ended when cleaning up
	}
}

// helperProcess is another process of the program that owns a folder.
type helperProcess struct {
	*exec.Cmd
	stdin io.WriteCloser
}

// startHelper starts one and gives it without waiting for PostgreSQL.
func startHelper(t *testing.T, dir string) helperProcess {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperVariable+"="+dir)
	cmd.Stderr = t.Output()
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	h := helperProcess{cmd, stdin}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.kill)
	return h
}

// kill ends the helper by SIGKILL.
func (h helperProcess) kill() {
	h.Process.Kill()
	h.Wait()
}

// ownElsewhere starts a helper and waits until its PostgreSQL is ready.
func ownElsewhere(t *testing.T, dir string) helperProcess {
	t.Helper()
	h := startHelper(t, dir)
	eventually(t, "the helper's PostgreSQL is ready", layout{dir}.answers)
	return h
}

// processes are the command lines of what runs on a data folder: supervisor,
// initdb, postgres with its children.
func processes(t *testing.T, dir string) []string {
	t.Helper()
	if _, err := os.Stat("/proc/self/stat"); err == nil {
		return linuxProcesses(dir)
	}
	text, err := exec.Command("ps", "-axo", "command").Output()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, dir+"/") {
			found = append(found, line)
		}
	}
	return found
}

// linuxProcesses sees the children of postgres too, which hide their command
// line but stand in the data folder.
func linuxProcesses(dir string) []string {
	var found []string
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range commands {
		line, _ := os.ReadFile(path)
		cwd, _ := os.Readlink(filepath.Join(filepath.Dir(path), "cwd"))
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if alive(pid) && (bytes.Contains(line, []byte(dir+"/")) || strings.HasPrefix(cwd, dir+"/")) {
			found = append(found, fmt.Sprintf("%d %q in %s", pid, line, cwd))
		}
	}
	return found
}

// nothingRuns waits until no process is left on a data folder.
func nothingRuns(t *testing.T, dir string) {
	t.Helper()
	var left []string
	eventually(t, "no process is left", func() bool {
		left = processes(t, dir)
		return len(left) == 0
	})
}

func itoa(n int) string { return strconv.Itoa(n) }

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
