package process

import (
	"os"
	"testing"
	"time"
)

// TestParseStat: the name may hold what separates the fields.
func TestParseStat(t *testing.T) {
	const line = "42 (a) b (c) S 7 42 42 0 -1 4194304 100 200 0 0 11 22 33 44 20 0 1 0 500 1000000 3 18446744073709551615"
	pid, s, err := parseStat(line)
	if err != nil || pid != 42 || s.parent != 7 || s.CPU != 110*tick || s.RSS != int64(3*os.Getpagesize()) {
		t.Errorf("read as %d %+v, %v", pid, s, err)
	}
	for _, bad := range []string{"", "42", "42 (a) S 7", "x" + line} {
		if _, _, err := parseStat(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestTree(t *testing.T) {
	for end := time.Now().Add(3 * tick); time.Now().Before(end); { // so that there is a tick to tell
	}
	u, err := Tree(os.Getpid())
	if err != nil || u.CPU == 0 || u.RSS == 0 {
		t.Errorf("this process used %+v, %v", u, err)
	}
	if _, err := Tree(1 << 30); err == nil {
		t.Error("a process that is none has used something")
	}
}
