package embedded

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTooLongAPathIsTold(t *testing.T) {
	t.Parallel()
	// Up to the socket's name, the longest folder that fits.
	fits := maxSocketPath - len("/run/.s.PGSQL.5432")
	for _, row := range []struct {
		length int
		ok     bool
		why    string
	}{
		{fits, true, "the last that the system takes"},
		{fits + 1, false, "one byte more"},
	} {
		dir := "/" + strings.Repeat("d", row.length-1)
		_, err := Config{Dir: dir}.layout()
		if row.ok != (err == nil) {
			t.Errorf("%d bytes, %s: %v", row.length, row.why, err)
		}
		if err != nil && (!strings.Contains(err.Error(), "COMPTESANTE_DATA") || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%q does not tell the mend in one line", err)
		}
	}
}

func TestCommaIsTold(t *testing.T) {
	t.Parallel()
	if _, err := (Config{Dir: "/a,b"}).layout(); err == nil || !strings.Contains(err.Error(), "comma") {
		t.Errorf("error is %v, want that no connection string can name the folder", err)
	}
}

func TestDefaultDir(t *testing.T) {
	if os.Geteuid() == 0 {
		if got, err := DefaultDir(); got != "/var/lib/comptesante" || err != nil {
			t.Errorf("as root: %s, %v", got, err)
		}
		return
	}
	t.Setenv("HOME", "/home/ada")
	for _, row := range []struct{ data, want, why string }{
		{"", "/home/ada/.local/share/comptesante", "the default of the XDG convention"},
		{"/data", "/data/comptesante", "what the user chose"},
		{"data", "/home/ada/.local/share/comptesante", "a relative path does not count, by the convention"},
	} {
		t.Setenv("XDG_DATA_HOME", row.data)
		if got, err := DefaultDir(); got != row.want || err != nil {
			t.Errorf("XDG_DATA_HOME=%q gives %s, %v, want %s: %s", row.data, got, err, row.want, row.why)
		}
	}
}

func TestLogIsRotated(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		size    int64
		rotated bool
		why     string
	}{
		{maxLog, false, "as large as it may be"},
		{maxLog + 1, true, "too large"},
	} {
		l := layout{testFolder(t)}
		if err := os.WriteFile(l.log(), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(l.log(), row.size); err != nil {
			t.Fatal(err)
		}
		f, err := l.openLog()
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		_, err = os.Stat(l.log() + ".1")
		if rotated := err == nil; rotated != row.rotated {
			t.Errorf("rotated is %t at %d bytes: %s", rotated, row.size, row.why)
		}
	}
}

func TestFoldersAreMadeWhateverTheUmask(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(testFolder(t), "a", "b")
	if err := makeFolder(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Dir(dir)} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o711 {
			t.Errorf("%s has mode %o, want 711", path, info.Mode().Perm())
		}
	}
	if err := makeFolder(dir, 0o700); err != nil {
		t.Errorf("a folder that is there: %v", err)
	}
}
