package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is the user that PostgreSQL runs as when the program runs as root,
// which PostgreSQL refuses to do. A nil account is legal everywhere: it is the
// user of this process.
type account struct {
	Name     string
	UID, GID uint32
}

// account is the owner of the data where there is data, else the user
// postgres, else nobody; nil where the program does not run as root.
func (l layout) account() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	if uid, gid, err := ownerOf(l.data()); err == nil && uid != 0 {
		return &account{Name: nameOf(uid), UID: uid, GID: gid}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if u, err := user.Lookup(name); err == nil {
			return newAccount(u)
		}
	}
	return nil, errors.New("the embedded database cannot run as root, and there is neither a user postgres nor nobody: make one (useradd --system postgres), or run as another user")
}

func newAccount(u *user.User) (*account, error) {
	// Signed first: macOS knows nobody as -2.
	uid, err := strconv.ParseInt(u.Uid, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("the user %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseInt(u.Gid, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("the user %s: %w", u.Username, err)
	}
	return &account{Name: u.Username, UID: uint32(uid), GID: uint32(gid)}, nil
}

func nameOf(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}

func ownerOf(path string) (uid, gid uint32, err error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, 0, err
	}
	stat := info.Sys().(*syscall.Stat_t)
	return stat.Uid, stat.Gid, nil
}

func (a *account) credential() *syscall.Credential {
	if a == nil {
		return nil
	}
	return &syscall.Credential{Uid: a.UID, Gid: a.GID}
}

// own gives a path to the account. A link is given itself, not what it points
// to.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Lchown(path, int(a.UID), int(a.GID))
}

// ownTree gives a data folder to the account where it is root's: one that root
// has copied back from a backup.
func (a *account) ownTree(path string) error {
	if a == nil {
		return nil
	}
	if uid, _, err := ownerOf(path); err != nil || uid == a.UID {
		return err
	}
	return filepath.WalkDir(path, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return a.own(path)
	})
}

// mayUse refuses a folder that belongs to a third person: root would make
// files there which that person could not use.
func (a *account) mayUse(dir string) error {
	uid, _, err := ownerOf(dir)
	if err != nil || uid == 0 || uid == a.UID {
		return err
	}
	return fmt.Errorf("%s belongs to %s: run as that user, or use another folder with COMPTESANTE_DATA", dir, nameOf(uid))
}

// mayReach tells which folder on the way to a path the account cannot pass
// through, links resolved.
func (a *account) mayReach(path string) error {
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	for _, path := range []string{path, resolved} {
		for dir := path; ; dir = filepath.Dir(dir) {
			info, err := os.Stat(dir)
			if err != nil {
				return err
			}
			if !a.passes(info) {
				return fmt.Errorf("PostgreSQL runs as the user %s, who cannot pass through %s to %s: use another folder with COMPTESANTE_DATA, or chmod o+x %s", a.Name, dir, path, dir)
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return nil
}

// passes reads the permission bits; access control lists are not looked at.
func (a *account) passes(dir fs.FileInfo) bool {
	stat := dir.Sys().(*syscall.Stat_t)
	bit := fs.FileMode(0o001)
	switch {
	case stat.Uid == a.UID:
		bit = 0o100
	case stat.Gid == a.GID:
		bit = 0o010
	}
	return dir.Mode()&bit != 0
}
