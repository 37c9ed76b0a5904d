package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"
)

// realtime is the page whose examples are run: they are taken from it, so that
// what it says is what is tested. example finds those that name their file.
const realtime = "../docs/realtime.md"

var example = regexp.MustCompile("(?s)\n```ts\n(// (\\S+\\.ts)\n.*?\n)```\n")

// compiled gives the folder of the compiled clients.
var compiled = sync.OnceValues(compile)

// compile puts the page's examples and the programs of test/clients into a folder
// beside the binary under test, and has tsc check and translate them.
func compile() (dir string, err error) {
	if err := installed("clients"); err != nil {
		return "", err
	}
	files, err := clientFiles()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(filepath.Dir(program), "clients")
	modules, err := filepath.Abs("clients/node_modules")
	err = errors.Join(err, os.Mkdir(dir, 0o700), os.Symlink(modules, filepath.Join(dir, "node_modules")))
	for name, text := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	if err != nil {
		return "", err
	}
	tsc := exec.Command("node", "node_modules/typescript/bin/tsc")
	tsc.Dir = dir
	if out, err := tsc.CombinedOutput(); err != nil {
		return "", fmt.Errorf("tsc refuses the examples of docs/realtime.md or test/clients: %w\n%s", err, out)
	}
	return dir, nil
}

// installed fails where npm did not run since the lock file changed.
func installed(folder string) error {
	const mend = "the npm clients are not installed, or other ones: run `make clients` (needs npm)"
	lock, err := os.Stat(filepath.Join(folder, "package-lock.json"))
	if err != nil {
		return err
	}
	done, err := os.Stat(filepath.Join(folder, "node_modules", ".package-lock.json"))
	if err != nil {
		return fmt.Errorf("%s: %w", mend, err)
	}
	if done.ModTime().Before(lock.ModTime()) {
		return errors.New(mend)
	}
	return nil
}

// clientFiles are the sources by name.
func clientFiles() (map[string][]byte, error) {
	text, err := os.ReadFile(realtime)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, e := range example.FindAllSubmatch(text, -1) {
		files[string(e[2])] = e[1]
	}
	if len(files) < 4 {
		return nil, fmt.Errorf("%s has only %d examples that begin with the name of their file", realtime, len(files))
	}
	for _, pattern := range []string{"clients/*.ts", "clients/tsconfig.json", "clients/package.json"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			if files[filepath.Base(path)], err = os.ReadFile(path); err != nil {
				return nil, err
			}
		}
	}
	return files, nil
}

// nodeClient is a front end: a program of Node.js that follows the feed, and what
// it has made of it, across its own restarts.
type nodeClient struct {
	t     testing.TB
	name  string // of the program, such as urql
	env   []string
	cmd   *exec.Cmd
	stdin io.Closer
	ended chan struct{} // closed when the process has ended and all that it said is read

	mu     sync.Mutex
	stderr bytes.Buffer
	open   []string   // processed, not kept yet
	got    []string   // references of the payments that came, in order, and were kept
	pages  [][]string // references of the pages that were loaded, kept
	kept   string     // the last cursor
	told   []notice   // all else
}

// writerUnder writes to a buffer under its lock.
type writerUnder struct {
	mu *sync.Mutex
	to *bytes.Buffer
}

func (w writerUnder) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(b)
}

// notice is a line of a program.
type notice struct {
	Kind       string
	References []string
	Cursor     string
	Code, Why  string
}

// startClient starts a program against a server's address, with a cursor that it
// kept or none.
func startClient(t testing.TB, name, address, token, cursor string) *nodeClient {
	t.Helper()
	c := &nodeClient{t: t, name: name, kept: cursor, env: []string{"PATH=" + os.Getenv("PATH"), "URL=http://" + address + "/graphql", "TOKEN=" + token}}
	c.start()
	return c
}

// start begins with the cursor that was kept last.
func (c *nodeClient) start() {
	c.t.Helper()
	dir, err := compiled()
	if err != nil {
		c.t.Fatal(err)
	}
	c.cmd = exec.Command("node", "out/main.js", c.name)
	c.cmd.Dir, c.cmd.Env, c.cmd.Stderr = dir, append(slices.Clip(c.env), "CURSOR="+c.kept), writerUnder{&c.mu, &c.stderr}
	stdin, err1 := c.cmd.StdinPipe()
	stdout, err2 := c.cmd.StdoutPipe()
	if err := errors.Join(err1, err2, c.cmd.Start()); err != nil {
		c.t.Fatal(err)
	}
	c.stdin, c.ended = stdin, make(chan struct{})
	go c.read(stdout)
	c.t.Cleanup(c.kill)
}

// read notes what the program says until it ends.
func (c *nodeClient) read(stdout io.Reader) {
	for d := json.NewDecoder(stdout); ; {
		var n notice
		if d.Decode(&n) != nil { // the program has ended, perhaps within a line
			break
		}
		c.note(n)
	}
	_ = c.cmd.Wait() // the status is read from ProcessState
	close(c.ended)
}

// note takes a line. What was processed counts once its cursor is kept, as in an
// app that keeps both in one transaction.
func (c *nodeClient) note(n notice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch n.Kind {
	case "page":
		c.pages = append(c.pages, n.References)
	case "event":
		c.open = append(c.open, n.References...)
	case "kept":
		c.got, c.open, c.kept = append(c.got, c.open...), nil, n.Cursor
	default:
		c.told = append(c.told, n)
	}
}

// has waits until a number of payments came.
func (c *nodeClient) has(payments int) {
	c.t.Helper()
	c.until(fmt.Sprintf("%d payments", payments), func() bool { return len(c.got) >= payments })
}

// received are the payments that came so far, in order.
func (c *nodeClient) received() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.got)
}

// loaded are the pages that were loaded so far.
func (c *nodeClient) loaded() [][]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.pages)
}

// says waits for a notice and takes all up to it.
func (c *nodeClient) says(kind string) (n notice) {
	c.t.Helper()
	c.until(kind, func() bool {
		i := slices.IndexFunc(c.told, func(n notice) bool { return n.Kind == kind })
		if i >= 0 {
			n, c.told = c.told[i], c.told[i+1:]
		}
		return i >= 0
	})
	return n
}

// until waits; what it waits for is looked at with mu held.
func (c *nodeClient) until(what string, holds func() bool) {
	c.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		c.mu.Lock()
		held := holds()
		state := fmt.Sprintf("%d payments, told %v, standard error %q", len(c.got), c.told, c.stderr.String())
		c.mu.Unlock()
		if held {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s waits in vain for %s: it has %s", c.name, what, state)
		}
	}
}

// restart kills the program, as a browser that crashes, and starts it again.
func (c *nodeClient) restart() {
	c.t.Helper()
	c.kill()
	c.open = nil // gone with the program
	c.start()
}

func (c *nodeClient) kill() {
	_ = c.cmd.Process.Kill() // it may have ended
	<-c.ended
}

// leave tells the program to stop following, and holds that it then ends.
func (c *nodeClient) leave() {
	c.t.Helper()
	_ = c.stdin.Close() // the program is told so
	c.endsWell()
}

// endsWell holds that the program ends by itself and complains of nothing.
func (c *nodeClient) endsWell() {
	c.t.Helper()
	select {
	case <-c.ended:
	case <-time.After(patience):
		c.t.Fatalf("%s goes on", c.name)
	}
	if code := c.cmd.ProcessState.ExitCode(); code != 0 || c.stderr.Len() > 0 {
		c.t.Errorf("%s ended with %d: %s", c.name, code, c.stderr.String())
	}
}
