package embedded

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func needsRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root runs PostgreSQL as another user")
	}
}

func TestClosedFolderOnTheWayIsTold(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	closed := filepath.Join(testFolder(t), "closed")
	if err := os.Mkdir(closed, 0o700); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(testFolder(t), "link")
	if err := os.Symlink(filepath.Join(closed, "data"), link); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ dir, why string }{
		{filepath.Join(closed, "data"), "a folder above it is root's alone"},
		{link, "a folder above what it is a link to is root's alone"},
	} {
		_, err := Own(testContext(t), testConfig(row.dir, "test"))
		if err == nil || !strings.Contains(err.Error(), "chmod o+x "+closed) {
			t.Errorf("%s: error is %v, want the folder %s and the mend", row.why, err, closed)
		}
	}
}

func TestFolderOfAThirdPersonIsRefused(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	dir := testFolder(t)
	if err := os.Chown(dir, 54321, 54321); err != nil {
		t.Fatal(err)
	}
	_, err := Own(testContext(t), testConfig(dir, "test"))
	if err == nil || !strings.Contains(err.Error(), "belongs to 54321") {
		t.Errorf("error is %v, want whose folder it is", err)
	}
}

func TestRestoredDataGetsItsOwner(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	dir := testFolder(t)
	stop(t, own(t, dir))
	root := &account{UID: 0, GID: 0}
	if err := root.ownTree(layout{dir}.data()); err != nil { // as cp -r by root does
		t.Fatal(err)
	}
	query(t, own(t, dir), "SELECT '1'")
}

func TestDataKeepsItsUser(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	dir := testFolder(t)
	stop(t, own(t, dir))
	// As when PostgreSQL ran as nobody before a user postgres was there.
	nobody := &account{UID: 65534, GID: 65534}
	if err := nobody.ownTree(layout{dir}.data()); err != nil {
		t.Fatal(err)
	}
	s := own(t, dir)
	query(t, s, "SELECT '1'")
	if uid, _, err := ownerOf(layout{dir}.socket()); uid != nobody.UID || err != nil {
		t.Errorf("PostgreSQL runs as %d (%v), its data is of %d", uid, err, nobody.UID)
	}
}
