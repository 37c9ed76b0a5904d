package test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"comptesante/db/dbtest"
	"comptesante/db/embedded"
)

// program is the path of the built binary.
var program string

func TestMain(m *testing.M) {
	embedded.Supervise()
	dir, err := os.MkdirTemp("", "ct-bin")
	if err == nil {
		program = filepath.Join(dir, "comptesante")
		var out []byte
		if out, err = exec.Command("go", "build", "-o", program, "comptesante/cmd/comptesante").CombinedOutput(); err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := 1
	defer func() { _ = os.RemoveAll(dir); os.Exit(code) }()
	code = dbtest.Run(m)
}

// patience bounds every wait: far beyond what a loaded machine needs, so that a
// test fails for what is missing and never for what is slow.
const patience = time.Minute

// folder makes a short folder that PostgreSQL's user can reach.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ct")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// settings are the environment of a program under test: nothing of ours from
// outside, and its own data folder.
func settings(data string, more ...string) []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "COMPTESANTE_") && !strings.HasPrefix(e, "DATABASE_URL=") && !strings.HasPrefix(e, "NATS_URL=") {
			env = append(env, e)
		}
	}
	return append(append(env, "COMPTESANTE_DATA="+data, "COMPTESANTE_LISTEN=127.0.0.1:0", "COMPTESANTE_ADMIN=127.0.0.1:0", "COMPTESANTE_LEAVE_WINDOW=100ms"), more...)
}

// run runs a command to its end and gives what it printed and its status.
func run(t testing.TB, env []string, stdin string, args ...string) (output string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env, cmd.Stdin = env, strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// server is a running `comptesante serve`.
type server struct {
	t      testing.TB
	cmd    *exec.Cmd
	api    string // host:port
	admin  string
	tokens map[string]string // of the demo's people, by given name
	ended  chan struct{}

	mu     sync.Mutex
	stderr bytes.Buffer
	stdout bytes.Buffer
}

// serve starts a server and returns when it says that it is ready.
func serve(t testing.TB, env []string, args ...string) *server {
	t.Helper()
	s := &server{t: t, tokens: map[string]string{}, ended: make(chan struct{})}
	s.cmd = exec.Command(program, append([]string{"serve"}, args...)...)
	s.cmd.Env = env
	s.cmd.Stderr = &locked{s: s, into: &s.stderr}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan struct{})
	go s.read(out, ready)
	t.Cleanup(s.kill)
	select {
	case <-ready:
	case <-s.ended:
		t.Fatalf("the server ended: %s", s.log())
	case <-time.After(patience):
		t.Fatalf("the server is not ready: %s", s.log())
	}
	return s
}

type locked struct {
	s    *server
	into *bytes.Buffer
}

func (l *locked) Write(b []byte) (int, error) {
	l.s.mu.Lock()
	defer l.s.mu.Unlock()
	return l.into.Write(b)
}

func (s *server) log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stderr.String()
}

var (
	apiLine   = regexp.MustCompile(`API +http://(\S+)/graphql`)
	adminLine = regexp.MustCompile(`Admin +http://(\S+)/readyz`)
	tokenLine = regexp.MustCompile(`(cst_\S+)  (\S+)`)
)

// read takes the welcome, which ends with an empty line, then waits for the end.
func (s *server) read(out io.Reader, ready chan<- struct{}) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		text := lines.Text()
		s.mu.Lock()
		s.stdout.WriteString(text + "\n")
		s.mu.Unlock()
		if m := apiLine.FindStringSubmatch(text); m != nil {
			s.api = m[1]
		}
		if m := adminLine.FindStringSubmatch(text); m != nil {
			s.admin = m[1]
		}
		if m := tokenLine.FindStringSubmatch(text); m != nil {
			s.tokens[m[2]] = m[1]
		}
		if strings.HasPrefix(text, "Ready to serve") {
			close(ready)
		}
	}
	_ = s.cmd.Wait() // the status is read from ProcessState
	close(s.ended)
}

// kill ends the server at once.
func (s *server) kill() {
	_ = s.cmd.Process.Kill() // it may have ended
	<-s.ended
}

// stop asks the server to end and fails the test where it does not end well.
func (s *server) stop(signal os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
	s.leaves()
}

// leaves waits until the server, which was asked to, has ended well.
func (s *server) leaves() {
	s.t.Helper()
	select {
	case <-s.ended:
	case <-time.After(patience):
		s.t.Fatalf("the server does not end: %s", s.log())
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		s.t.Errorf("the server ended with %d: %s", code, s.log())
	}
}

// answer is a GraphQL response with what HTTP says of it.
type answer struct {
	Status int
	Header http.Header
	Last   bool // the server ends the connection after it
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Path       []any
		Extensions map[string]any
	}
}

// code is the first error's code, empty where there is none.
func (a answer) code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	code, _ := a.Errors[0].Extensions["code"].(string)
	return code
}

// query posts an operation.
func (s *server) query(token, text string, variables map[string]any) answer {
	s.t.Helper()
	body, err := json.Marshal(map[string]any{"query": text, "variables": variables})
	if err != nil {
		s.t.Fatal(err)
	}
	header := http.Header{"Content-Type": {"application/json"}}
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return s.post(header, body)
}

func (s *server) post(header http.Header, body []byte) (a answer) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.api+"/graphql", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header = header
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }() // read to its end
	if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
		s.t.Fatalf("status %d: %v", response.StatusCode, err)
	}
	a.Status, a.Header, a.Last = response.StatusCode, response.Header, response.Close
	return a
}

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// processes counts the live processes that were started for a data folder.
func processes(t testing.TB, data string) int {
	t.Helper()
	out, _ := exec.Command("ps", "-eo", "args").Output() // a status of 1 says that there is none
	return strings.Count(string(out), data)
}
