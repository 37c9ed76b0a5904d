package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestRejectsPath(t *testing.T) {
	for _, row := range []struct {
		why, want string
		command   ingestPaymentsCommand
	}{
		{"beside the file", "in/a.ndjson.rejects.ndjson", ingestPaymentsCommand{File: "in/a.ndjson"}},
		{"standard input has no place: here", "payments.rejects.ndjson", ingestPaymentsCommand{File: "-"}},
		{"where the operator says", "x", ingestPaymentsCommand{File: "-", Rejects: "x"}},
	} {
		if got := row.command.rejectsPath(); got != row.want {
			t.Errorf("%s: %s", row.why, got)
		}
	}
}

func TestFormatOption(t *testing.T) {
	for _, row := range []struct {
		why, format, name string
		args              []string
		fails             bool
	}{
		{"found by the file", "", "a.csv.gz", []string{"a.csv.gz"}, false},
		{"standard input has no name", "", "", []string{"-"}, false},
		{"told", "csv", "a", []string{"--format", "csv", "a"}, false},
		{"a format that does not exist", "", "", []string{"--format", "xml", "a"}, true},
	} {
		var command ingestPaymentsCommand
		parser, err := kong.New(&command)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(row.args); (err != nil) != row.fails {
			t.Errorf("%s: %v", row.why, err)
		}
		if !row.fails && (command.Format != row.format || command.name() != row.name) {
			t.Errorf("%s: %+v", row.why, command)
		}
	}
}

func TestLateFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rejects")
	unused := &lateFile{path: path}
	if err := unused.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file without rejects leaves one: %v", err)
	}
	for _, run := range []struct {
		why    string
		writes []string
		want   string
	}{
		{"all writes of a run go to one file", []string{"a\n", "b\n", "c\n"}, "a\nb\nc\n"},
		{"that of an earlier run is replaced", []string{"d\n"}, "d\n"},
	} {
		f := &lateFile{path: path}
		for _, w := range run.writes {
			if n, err := f.Write([]byte(w)); err != nil || n != len(w) {
				t.Errorf("%s: %d %v", run.why, n, err)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != run.want {
			t.Errorf("%s: %q %v", run.why, got, err)
		}
	}
	nowhere := &lateFile{path: filepath.Join(path, "below a file")}
	if _, err := nowhere.Write([]byte("x")); err == nil || nowhere.Close() != nil {
		t.Errorf("a folder that is none: %v", err)
	}
}

// TestEarlierRejects: what an earlier run left is gone however the next one
// ends; here it has no database.
func TestEarlierRejects(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	if err := os.WriteFile("a.ndjson", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		why, path string
		command   ingestPaymentsCommand
		stays     bool // empty
	}{
		{"beside the file", "a.ndjson.rejects.ndjson", ingestPaymentsCommand{File: "a.ndjson"}, false},
		{"of standard input", "payments.rejects.ndjson", ingestPaymentsCommand{File: "-"}, false},
		{"where the operator says", "R", ingestPaymentsCommand{File: "a.ndjson", Rejects: "R"}, true},
		{"where the operator says, of standard input", "S", ingestPaymentsCommand{File: "-", Rejects: "S"}, true},
	} {
		if err := os.WriteFile(row.path, []byte("old\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		row.command.By = "test"
		if err := row.command.Run(t.Context(), &config{DatabaseURL: "postgres://127.0.0.1:1/none?connect_timeout=1"}); err == nil {
			t.Errorf("%s: it ran without a database", row.why)
		}
		left, err := os.ReadFile(row.path)
		if len(left) > 0 || errors.Is(err, fs.ErrNotExist) == row.stays {
			t.Errorf("%s: %q %v", row.why, left, err)
		}
	}
	if err := (ingestPaymentsCommand{Rejects: os.DevNull}).forgetRejects(os.DevNull); err != nil {
		t.Errorf("a device: %v", err)
	}
}

// TestRejectsOverTheFile: the file itself is no place for its rejects, though it
// comes as standard input.
func TestRejectsOverTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.ndjson")
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	stdin := os.Stdin
	t.Cleanup(func() { os.Stdin = stdin; _ = in.Close() })
	os.Stdin = in
	for _, name := range []string{path, "-"} {
		err := ingestPaymentsCommand{File: name, Rejects: path, By: "test"}.Run(t.Context(), &config{DatabaseURL: "postgres://127.0.0.1:1/none?connect_timeout=1"})
		if text, _ := os.ReadFile(path); string(text) != "{}" || err == nil || !strings.Contains(err.Error(), "the file itself") {
			t.Errorf("%s: %v, and %q is left", name, err, text)
		}
	}
}

func TestOpenNamesTheFile(t *testing.T) {
	_, err := ingestPaymentsCommand{File: "no such file"}.open()
	var named *fs.PathError
	if !errors.As(err, &named) || named.Path != "no such file" {
		t.Errorf("got %v", err)
	}
	in, err := ingestPaymentsCommand{File: "-"}.open()
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stdin.Stat(); err != nil {
		t.Errorf("standard input was closed: %v", err)
	}
}
