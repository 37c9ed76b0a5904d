package embedded

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tarball makes a package of entries; a file's content is its name.
func tarball(t *testing.T, entries ...tar.Header) *bytes.Buffer {
	t.Helper()
	var out bytes.Buffer
	compressed := gzip.NewWriter(&out)
	files := tar.NewWriter(compressed)
	for _, h := range entries {
		content := h.Name
		if h.Uname != "" { // the content, where it is not the name
			content, h.Uname = h.Uname, ""
		}
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(content))
		}
		if err := files.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := files.Write([]byte(content)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
	return &out
}

func file(name string, mode int64) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode}
}

func links(json string) tar.Header {
	return tar.Header{Typeflag: tar.TypeReg, Name: "package/native/pg-symlinks.json", Mode: 0o600, Uname: json}
}

func TestUnpack(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	err := unpack(tarball(t,
		file("package/package.json", 0o644),
		file("package/native/bin/postgres", 0o700),
		file("package/native/lib/libpq.so.5.18", 0o600),
		links(`[{"source":"native/lib/libpq.so.5.18","target":"native/lib/libpq.so.5"}]`),
	), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		path string
		mode os.FileMode
		why  string
	}{
		{"native/bin", 0o755, "another user passes through it"},
		{"native/bin/postgres", 0o755, "another user runs it"},
		{"native/lib/libpq.so.5", 0o644, "the link leads to what another user reads"},
	} {
		info, err := os.Stat(filepath.Join(dir, row.path))
		if err != nil {
			t.Errorf("%s: %v", row.path, err)
			continue
		}
		if info.Mode().Perm() != row.mode {
			t.Errorf("%s has mode %o, want %o: %s", row.path, info.Mode().Perm(), row.mode, row.why)
		}
	}
	if to, _ := os.Readlink(filepath.Join(dir, "native/lib/libpq.so.5")); to != "libpq.so.5.18" {
		t.Errorf("the link leads to %q; only a relative one outlives the rename", to)
	}
	if _, err := os.Stat(filepath.Join(dir, "package.json")); err == nil {
		t.Error("more than the folder native was unpacked")
	}
}

func TestHostileTarballs(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		why     string
		entries []tar.Header
	}{
		{"a name that climbs out", []tar.Header{file("package/native/../../../outside", 0o644)}},
		{"an absolute name", []tar.Header{file("/outside", 0o644)}},
		{"a link out, then a file through it", []tar.Header{
			{Typeflag: tar.TypeSymlink, Name: "package/native/up", Linkname: "../.."},
			file("package/native/up/outside", 0o644),
		}},
		{"a hard link", []tar.Header{{Typeflag: tar.TypeLink, Name: "package/native/passwd", Linkname: "/etc/passwd"}}},
		{"a device", []tar.Header{{Typeflag: tar.TypeChar, Name: "package/native/null", Mode: 0o666}}},
		{"the same file twice", []tar.Header{file("package/native/a", 0o644), file("package/native/a", 0o644)}},
		{"a listed link that leads out", []tar.Header{links(`[{"source":"../../outside","target":"native/x"}]`)}},
		{"a listed link that lies outside", []tar.Header{links(`[{"source":"native/x","target":"../outside"}]`)}},
		{"more than it may hold", []tar.Header{{Typeflag: tar.TypeDir, Name: "package/native/d", Size: maxUnpacked + 1}}},
		{"no list of links", []tar.Header{links(`{`)}},
	} {
		parent := testFolder(t)
		dir := filepath.Join(parent, "a", "b")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := unpack(tarball(t, row.entries...), dir); err == nil {
			t.Errorf("%s: it was unpacked", row.why)
		}
		err := filepath.WalkDir(parent, func(path string, d os.DirEntry, err error) error {
			if d.Name() == "outside" {
				t.Errorf("%s: %s was written", row.why, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestSumIsChecked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(testFolder(t), "x.tgz")
	if err := os.WriteFile(path, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	// SHA-512 of "abc", the example of FIPS 180-2, C.1.
	const abc = "3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw=="
	if err := checkSum(path, abc); err != nil {
		t.Error(err)
	}
	if err := checkSum(path, strings.ToLower(abc)); err == nil {
		t.Error("another tarball was taken")
	}
}
