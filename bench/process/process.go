// Package process starts the servers that the benches measure, each as a process
// with a group of its own, and reads what processes have used.
package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Command says how a server is started.
type Command struct {
	Path      string
	Args, Env []string
}

// Process is a server that was started.
type Process struct {
	name string
	cmd  *exec.Cmd
	log  string        // path of what it writes
	done chan struct{} // closed when it has ended
	err  error         // why; to be read after done
}

// startTime is how long a server may take until it takes connections.
const startTime = 30 * time.Second

// endTime is how long a server may take to end when it is asked to.
const endTime = 10 * time.Second

// Start starts a server with nothing of our own environment but the path, so
// that no setting of the person who runs the bench counts. What it writes goes
// to a file.
func Start(ctx context.Context, name string, c Command, logPath string) (*Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	log, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the process has its own copy
	p := &Process{name: name, log: logPath, done: make(chan struct{})}
	p.cmd = exec.Command(c.Path, c.Args...)
	p.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir()}, c.Env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = ownGroup()
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s does not start: %w: run it by make, which builds and installs what is measured", name, err), os.Remove(p.log))
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Await polls an address until the server takes connections there.
func (p *Process) Await(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		if conn, err := net.Dial("tcp", address); err == nil {
			return conn.Close()
		}
		select {
		case <-p.done:
			return p.Explain(errors.New("it ended by itself"))
		case <-ctx.Done():
			return p.Explain(ctx.Err())
		case <-poll.C:
		}
	}
}

// Explain adds to an error what the server wrote last.
func (p *Process) Explain(err error) error {
	const last = 2000             // bytes
	text, _ := os.ReadFile(p.log) // without it the error has to do
	if len(text) > last {
		text = text[len(text)-last:]
	}
	return fmt.Errorf("%s: %w; it wrote last:\n%s", p.name, err, strings.TrimSpace(string(text)))
}

// Ask asks the server to end.
func (p *Process) Ask() { askGroup(p.cmd.Process.Pid) }

// Stop waits until the server that was asked has ended, and ends it by force
// when it takes too long.
func (p *Process) Stop() {
	select {
	case <-p.done:
	case <-time.After(endTime):
	}
	killGroup(p.cmd.Process.Pid) // what is left of it, its children too
	<-p.done
	_ = os.Remove(p.log)
}

// Usage is what the server and its children have used.
func (p *Process) Usage() (Usage, error) {
	u, err := Tree(p.cmd.Process.Pid)
	if err != nil {
		err = p.Explain(err)
	}
	return u, err
}

// Own is the CPU that this process has used, to the microsecond.
func Own() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// FreeAddress is a loopback address that nobody listens on.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// TwoAddresses are two of them.
func TwoAddresses() (a, b string, err error) {
	if a, err = FreeAddress(); err != nil {
		return "", "", err
	}
	b, err = FreeAddress()
	return a, b, err
}

// Node is the Node.js that npm installed in a folder: some peers need a newer
// one than many systems have.
func Node(folder string) (string, error) {
	arch := map[string]string{"amd64": "x64"}[runtime.GOARCH]
	if arch == "" {
		arch = runtime.GOARCH
	}
	path := filepath.Join(folder, "node_modules", "node-"+runtime.GOOS+"-"+arch, "bin", "node")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("its Node.js is missing: run the bench by make, which installs it: %w", err)
	}
	return path, nil
}

// Postmaster is the id of the process that all others of a PostgreSQL are
// children of; folder is that of its data.
func Postmaster(folder string) (pid int, err error) {
	text, err := os.ReadFile(filepath.Join(folder, "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(line)
}

// CanMeasure refuses systems that do not say what processes use.
func CanMeasure() error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("the bench reads CPU and memory of processes from /proc, which %s does not have: run it on Linux", runtime.GOOS)
	}
	return nil
}

// GoNumbers reads the metrics without labels of a server.
func GoNumbers(ctx context.Context, address string) (numbers map[string]float64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }() // it was read, or there is an error
	numbers = make(map[string]float64)
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		name, text, _ := strings.Cut(lines.Text(), " ")
		if value, err := strconv.ParseFloat(text, 64); err == nil {
			numbers[name] = value
		}
	}
	return numbers, lines.Err()
}
