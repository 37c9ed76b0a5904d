package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestOtherMajorIsTold(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ version, want, why string }{
		{"99", "holds data of PostgreSQL 99, but only ", "no PostgreSQL of that version is installed"},
		{"14", "holds data of PostgreSQL 14, and 15 is the oldest", "a version whose SQL does not serve"},
		{"what", "its PG_VERSION holds no number", "not PostgreSQL's"},
	} {
		dir := testFolder(t)
		if err := os.Mkdir(layout{dir}.data(), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(layout{dir}.data(), "PG_VERSION"), []byte(row.version+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Own(testContext(t), testConfig(dir, "test"))
		if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error is %v, want one line with %q", row.why, err, row.want)
		}
	}
}

// fake is a folder whose postgres tells a version and does nothing else.
func fake(t *testing.T, version string) string {
	t.Helper()
	major := regexp.MustCompile(`^\d+`).FindString(version)
	dir := filepath.Join(testFolder(t), major, "bin")
	if err := makeFolder(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"postgres", "initdb"} {
		script := fmt.Sprintf("#!/bin/sh\necho '%s (PostgreSQL) %s'\n", name, version)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// remove gives a folder without one of its programs.
func remove(t *testing.T, dir, name string) string {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFind(t *testing.T) {
	// Only what a row names is found. The scripts need no PATH.
	t.Setenv("PATH", "")
	v13, v15, v16, v18 := fake(t, "13.9"), fake(t, "15.18 (Debian 15.18-0+deb12u1)"), fake(t, "16beta1"), fake(t, "18.4")
	noInitdb := remove(t, fake(t, "17.0"), "initdb")
	asRoot, err := layout{testFolder(t)}.account()
	if err != nil {
		t.Fatal(err)
	}
	noNPM := errors.New("npm is not installed")
	for _, row := range []struct {
		why    string
		bin    string
		places []string
		major  int    // of the data
		npm    string // what npm would fetch
		want   string
		err    string
	}{
		{why: "the highest version counts", places: []string{v16, v18, v15}, want: v18},
		{why: "too old is passed over", places: []string{v13, v15}, want: v15},
		{why: "both programs are needed", places: []string{noInitdb, v15}, want: v15},
		{why: "data asks for its own version", places: []string{v18, v15}, major: 15, want: v15},
		{why: "data of the version that npm has", places: []string{v15}, major: npmMajor, npm: v18, want: v18},
		{why: "nothing but npm", npm: v18, want: v18},
		{why: "installed comes before npm", places: []string{v15}, npm: v18, want: v15},
		{why: "the operator's choice is the only one", bin: v16, places: []string{v15}, want: v16},
		{why: "and is not replaced when it is wrong", bin: noInitdb, places: []string{v15}, err: "no PostgreSQL to run in PG_BIN"},
		{why: "or too old", bin: v13, places: []string{v15}, err: "is of version 13"},
		{why: "or of another version than the data", bin: v16, places: []string{v15}, major: 15, err: "holds data of PostgreSQL 15, but only 16 was found"},
		{why: "data of a version that is not there", places: []string{v18, v16}, major: 15, npm: v18, err: "/data holds data of PostgreSQL 15, but only 16 and 18 was found: install PostgreSQL 15 (apt-get install postgresql-15), or set PG_BIN to its folder, or COMPTESANTE_DATA to another folder"},
		{why: "data of npm's version and no npm", major: npmMajor, err: "holds data of PostgreSQL 18, but no PostgreSQL was found"},
		{why: "nothing at all", err: "apt-get install postgresql"},
		{why: "what was passed over is told", places: []string{v13}, err: "is of version 13"},
	} {
		s := search{bin: row.bin, places: row.places, as: asRoot, log: slog.New(slog.DiscardHandler)}
		s.fetch = func(context.Context) (string, error) {
			if row.npm == "" {
				return "", noNPM
			}
			return row.npm, nil
		}
		got, err := s.find(testContext(t), "/data", row.major)
		if got != row.want {
			t.Errorf("%s: found %q, want %q (%v)", row.why, got, row.want, err)
		}
		if row.err != "" && (err == nil || !strings.Contains(err.Error(), row.err) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: error is %v, want one line with %q", row.why, err, row.err)
		}
	}
}

func TestMissingBinariesAreTold(t *testing.T) {
	t.Setenv("PATH", "") // neither pg_config nor npm
	s := search{log: slog.New(slog.DiscardHandler), fetch: npm{cache: testFolder(t), log: slog.New(slog.DiscardHandler)}.fetch}
	_, err := s.find(testContext(t), "/data", 0)
	for _, want := range []string{"apt-get install postgresql", "npm is not installed", "PG_BIN", "DATABASE_URL"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q in it", err, want)
		}
	}
}

func TestInstalledHighestFirst(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	for _, name := range []string{"9.6", "15", "17"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	got := search{places: []string{dir + "/*/bin"}}.installed()
	want := []string{dir + "/17/bin", dir + "/15/bin", dir + "/9.6/bin"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("order is %v, want %v", got, want)
	}
}
