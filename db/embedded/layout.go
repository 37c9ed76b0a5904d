package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	folder = "comptesante"
	port   = "5432" // PostgreSQL listens on no port; the number ends the socket's name
	maxLog = 10 << 20
)

// What postgres writes of its status into postmaster.pid; the others are told
// while it starts.
const (
	ready    = "ready"
	stopping = "stopping"
)

// DefaultDir is the data folder of this user: $XDG_DATA_HOME/comptesante, or
// ~/.local/share/comptesante; as root /var/lib/comptesante, because PostgreSQL
// then runs as another user, who cannot enter root's home.
func DefaultDir() (string, error) {
	if os.Geteuid() == 0 {
		return filepath.Join("/var/lib", folder), nil
	}
	if data := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(data) {
		return filepath.Join(data, folder), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no folder for the embedded database: %w: set COMPTESANTE_DATA to one", err)
	}
	return filepath.Join(home, ".local", "share", folder), nil
}

// layout names what lies in a data folder.
type layout struct{ dir string }

func (l layout) data() string   { return filepath.Join(l.dir, "postgres") }
func (l layout) run() string    { return filepath.Join(l.dir, "run") }
func (l layout) socket() string { return filepath.Join(l.run(), ".s.PGSQL."+port) }
func (l layout) lock() string   { return filepath.Join(l.dir, "owner.lock") }
func (l layout) log() string    { return filepath.Join(l.dir, "postgres.log") }

// layout is that of the configured folder; an error where the socket could not
// have that path.
func (c Config) layout() (layout, error) {
	dir := c.Dir
	if dir == "" {
		var err error
		if dir, err = DefaultDir(); err != nil {
			return layout{}, err
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return layout{}, fmt.Errorf("the folder of the embedded database: %w", err)
	}
	l := layout{dir}
	if n := len(l.socket()); n > maxSocketPath {
		return layout{}, fmt.Errorf("the embedded database cannot be in %s: the path of its socket would have %d bytes, and the system allows %d: use a shorter folder with COMPTESANTE_DATA", dir, n, maxSocketPath)
	}
	if strings.Contains(dir, ",") {
		return layout{}, fmt.Errorf("the embedded database cannot be in %s: connection strings take the comma for the end of a host: use another folder with COMPTESANTE_DATA", dir)
	}
	return l, nil
}

// prepare makes the data folder, and says as whom PostgreSQL runs (nil: as this
// user).
func (l layout) prepare() (*account, error) {
	as, err := l.account()
	if err != nil {
		return nil, err
	}
	mode := fs.FileMode(0o700)
	if as != nil {
		mode = 0o711 // to be passed through by that user
	}
	if err := makeFolder(l.dir, mode); err != nil {
		return nil, fmt.Errorf("the folder of the embedded database: %w", err)
	}
	if as == nil {
		return nil, nil
	}
	if err := as.mayUse(l.dir); err != nil {
		return nil, err
	}
	return as, as.mayReach(l.dir)
}

// makeFolder makes a folder and those above it with this mode, whatever the
// umask; those that are there stay as they are.
func makeFolder(path string, mode fs.FileMode) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := makeFolder(filepath.Dir(path), mode); err != nil {
		return err
	}
	if err := os.Mkdir(path, mode); err != nil {
		if errors.Is(err, fs.ErrExist) { // made meanwhile by another process
			return nil
		}
		return err
	}
	return os.Chmod(path, mode)
}

// openOwn opens a file of the data folder itself, never what a link there
// points to. As root the file gets the folder's owner, who can then use the
// folder without root.
func (l layout) openOwn(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag|syscall.O_NOFOLLOW, 0o600)
	if err != nil || os.Geteuid() != 0 {
		return f, err
	}
	uid, gid, err := ownerOf(l.dir)
	if err == nil {
		err = f.Chown(int(uid), int(gid))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// openLog opens PostgreSQL's log for the next start; what has grown too large
// becomes the one former log that is kept.
func (l layout) openLog() (*os.File, error) {
	if info, err := os.Lstat(l.log()); err == nil && info.Size() > maxLog {
		if err := os.Rename(l.log(), l.log()+".1"); err != nil {
			return nil, err
		}
	}
	return l.openOwn(l.log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND)
}

// major is the major version of PostgreSQL that the data is of; 0 where there
// is none yet.
func (l layout) major() (int, error) {
	text, err := os.ReadFile(filepath.Join(l.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("%s is not a data folder of PostgreSQL: its PG_VERSION holds no number", l.data())
	}
	return major, nil
}

// postmaster reads what postgres writes of itself: its pid (0 where there is
// none) and its status, which comes a little after.
func (l layout) postmaster() (pid int, status string) {
	text, err := os.ReadFile(filepath.Join(l.data(), "postmaster.pid"))
	if err != nil {
		return 0, ""
	}
	// The lines, since PostgreSQL 10: pid, data folder, start time, port,
	// socket folder, address, shared memory key, status.
	lines := strings.Split(string(text), "\n")
	pid, err = strconv.Atoi(lines[0])
	if err != nil || pid < 0 { // negative: not a server, but postgres --single
		return 0, ""
	}
	if len(lines) < 8 {
		return pid, ""
	}
	return pid, strings.TrimSpace(lines[7])
}

// listening tells whether a process listens on the socket. A file that a
// killed postgres left behind does not.
func (l layout) listening() bool {
	conn, err := net.DialTimeout("unix", l.socket(), time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}
