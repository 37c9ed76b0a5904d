package embedded

import (
	"errors"
	"os"
	"strings"
	"testing"
)

func TestSecondOwnerIsTold(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	h := ownElsewhere(t, dir)
	_, err := Own(testContext(t), testConfig(dir, "test"))
	var held *HeldError
	if !errors.As(err, &held) {
		t.Fatalf("error is %v, want a HeldError", err)
	}
	if want := (HeldError{Dir: dir, Owner: "helper", PID: h.Process.Pid}); *held != want {
		t.Errorf("held is %+v, want %+v", *held, want)
	}
	for _, want := range []string{dir, `"helper"`, itoa(h.Process.Pid), "stop it first", "COMPTESANTE_DATA", "DATABASE_URL"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	startHelper(t, dir) // Join waits for an owner that is only starting
	eventually(t, "the helper owns the folder", func() bool {
		lock, err := os.ReadFile(layout{dir}.lock())
		return err == nil && strings.Contains(string(lock), "helper\n")
	})
	joined, err := Join(testContext(t), testConfig(dir, "test"))
	if err != nil {
		t.Fatal(err)
	}
	if joined.Owned() {
		t.Error("a folder of another process is owned")
	}
	if got := query(t, joined, "SHOW data_directory"); got != (layout{dir}).data() {
		t.Errorf("joined the PostgreSQL of %s", got)
	}
	stop(t, joined)
	if again := query(t, joined, "SELECT '1'"); again != "1" {
		t.Error("Stop of a joined server stopped the owner's")
	}
}

func TestJoinOfNobodyOwns(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	s, err := Join(testContext(t), testConfig(dir, "ingest"))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Owned() {
		t.Error("nobody owned the folder, and Join does not either")
	}
	query(t, s, "SELECT '1'")
	stop(t, s)
	nothingRuns(t, dir)
}

func TestJoinOfADeadOwnerOwns(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	ownElsewhere(t, dir).kill()
	// Its PostgreSQL may still answer, and is about to stop.
	s, err := Join(testContext(t), testConfig(dir, "ingest"))
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, s)
	if !s.Owned() {
		t.Error("joined the PostgreSQL of a dead owner")
	}
	query(t, s, "SELECT '1'")
}

func TestLockIsNoLink(t *testing.T) {
	t.Parallel()
	dir := testFolder(t)
	victim := dir + "/victim"
	if err := os.WriteFile(victim, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(victim, layout{dir}.lock()); err != nil {
		t.Fatal(err)
	}
	if _, err := Own(testContext(t), testConfig(dir, "test")); err == nil {
		t.Error("a link was followed as the lock")
	}
	if text, _ := os.ReadFile(victim); string(text) != "kept" {
		t.Errorf("what the link points to holds %q now", text)
	}
}
