package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// put writes a file below dir with its folders.
func put(t *testing.T, dir, name, content string) string {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestFresh(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	tests := []struct {
		why       string
		installed time.Duration // after the lock file; 0 for never
		want      bool
	}{
		{"never installed, or interrupted", 0, false},
		{"the lock file has changed since", -time.Hour, false},
		{"installed since", time.Hour, true},
	}
	for _, tt := range tests {
		dir := t.TempDir()
		lock := put(t, dir, lockFile, "{}")
		if err := os.Chtimes(lock, at, at); err != nil {
			t.Fatal(err)
		}
		if tt.installed != 0 {
			stamp := put(t, dir, "node_modules/.package-lock.json", "{}")
			if err := os.Chtimes(stamp, at, at.Add(tt.installed)); err != nil {
				t.Fatal(err)
			}
		}
		if got := fresh(dir); got != tt.want {
			t.Errorf("%s: fresh %v, want %v", tt.why, got, tt.want)
		}
	}
}

func TestInstallWithoutNpm(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, lockFile, "{}")
	t.Setenv("PATH", t.TempDir())
	if err := install(dir); !errors.Is(err, errNoNpm) {
		t.Errorf("error %v, want %v", err, errNoNpm)
	}
}

func TestWriteLeavesNothingOld(t *testing.T) {
	dist := t.TempDir()
	put(t, dist, keep, "kept")
	put(t, dist, "app-OLDOLD00.js", "old")
	if err := write(dist, map[string][]byte{"app-NEWNEW00.js": []byte("new")}); err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(dist, "*"))
	for i := range names {
		names[i] = filepath.Base(names[i])
	}
	if got := strings.Join(names, " "); got != "README app-NEWNEW00.js" {
		t.Errorf("dist holds %s", got)
	}
}

func TestPageNamesTheBuiltFiles(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "index.html", `<link href="./app.css"><script src="./app.js">`)
	built := map[string]string{".js": "app-1.js", ".css": "app-2.css"}
	html, err := page(dir, built)
	if want := `<link href="./app-2.css"><script src="./app-1.js">`; err != nil || string(html) != want {
		t.Errorf("page %s, error %v, want %s", html, err, want)
	}
	if _, err := page(dir, map[string]string{".js": "app-1.js"}); err == nil {
		t.Error("a build without a style sheet passed")
	}
}

func TestPackageDir(t *testing.T) {
	tests := []struct {
		module, want string
		ok           bool
	}{
		{"node_modules/react/cjs/react.js", "node_modules/react", true},
		{"node_modules/@graphiql/react/dist/index.js", "node_modules/@graphiql/react", true},
		{"node_modules/a/node_modules/@b/c/d.js", "node_modules/a/node_modules/@b/c", true}, // the inner one
		{"src/main.jsx", "", false},
	}
	for _, tt := range tests {
		if got, ok := packageDir(tt.module); got != tt.want || ok != tt.ok {
			t.Errorf("packageDir(%s) = %q, %v, want %q, %v", tt.module, got, ok, tt.want, tt.ok)
		}
	}
}

func TestLicencesNameEveryPackageOnce(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "node_modules/b/package.json", `{"name": "b", "version": "2.0.0", "license": "MIT"}`)
	put(t, dir, "node_modules/b/LICENSE.md", "text of b")
	put(t, dir, "node_modules/a/package.json", `{"name": "a", "version": "1.0.0", "license": "0BSD"}`)
	text, err := licences(dir, map[string]bool{
		"node_modules/b/x.js": true, "node_modules/b/y.js": true, "node_modules/a/z.js": true, "src/main.jsx": true,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := string(text)
	if a, b := strings.Index(got, "a 1.0.0 (0BSD)"), strings.Index(got, "b 2.0.0 (MIT)"); a < 0 || b < a {
		t.Errorf("want a, then b:\n%s", got)
	}
	if strings.Count(got, "text of b") != 1 {
		t.Errorf("want b's text once:\n%s", got)
	}
}
