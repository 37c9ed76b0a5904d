package embedded

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestHalfMadeFolderIsCleaned(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	stale := filepath.Join(dir, halfMade+"123")
	if err := os.MkdirAll(filepath.Join(stale, "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(stale, "PG_VERSION"), []byte("15\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(layout{dir}.data(), 0o700); err != nil { // empty: no obstacle
		t.Fatal(err)
	}
	query(t, own(t, dir), "SELECT '1'")
	if left := halfMadeIn(t, dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestForeignFolderIsNotTouched(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	photo := filepath.Join(layout{dir}.data(), "photo.jpg")
	if err := os.Mkdir(layout{dir}.data(), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(photo, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Own(testContext(t), testConfig(dir, "test"))
	if err == nil || !strings.Contains(err.Error(), "is not a data folder of PostgreSQL") {
		t.Errorf("error is %v, want that the folder holds something else", err)
	}
	if _, err := os.Stat(photo); err != nil {
		t.Error(err)
	}
}

func TestMissingLocale(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	p := testPlan(t, dir)
	// initdb is tied to this thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.initialise(testContext(t), "xx_XX.UTF-8"); err == nil || !strings.Contains(err.Error(), "none of the locales xx_XX.UTF-8") {
		t.Errorf("error is %v, want that there is no such locale", err)
	}
	if err := p.initialise(testContext(t), "xx_XX.UTF-8", "C"); err != nil {
		t.Fatal(err)
	}
	if left := halfMadeIn(t, dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if got := query(t, own(t, dir), "SHOW lc_messages"); got != "C" {
		t.Errorf("the locale is %s, want C", got)
	}
}

func testPlan(t *testing.T, dir string) plan {
	t.Helper()
	l := layout{dir}
	as, err := l.prepare()
	if err != nil {
		t.Fatal(err)
	}
	c := testConfig(dir, "test")
	bin, err := c.binaries(testContext(t), l, as)
	if err != nil {
		t.Fatal(err)
	}
	return plan{Dir: dir, Bin: bin, As: as, Volatile: true}
}
