// Package test holds the tests of the whole: what may import what, and whole
// servers driven from outside.
package test

import (
	"os/exec"
	"strings"
	"testing"
)

// mayImport says, for each room, which other rooms of ours its code (tests
// aside) may import; a room stands for the folders below it too. domain alone
// is held to the standard library.
var mayImport = map[string][]string{
	"domain":           {"domain"},
	"db":               {"domain", "db"},
	"ingest":           {"domain", "db"},
	"demo":             {"domain", "db", "ingest"}, // the demo's payments come in by the ingest path
	"auth":             {"domain", "db"},
	"subscriptions":    {"domain"}, // db comes in as the few methods that it asks for
	"graph":            {"domain", "graph", "graph/model", "graph/generated"},
	"graph/model":      {"domain", "graph", "ingest"}, // a record of a call is a line of a file: one struct, one check
	"graph/generated":  {"domain", "graph", "graph/model", "ingest"},
	"resolvers":        {"graph", "graph/model", "graph/generated", "domain", "db", "auth", "ingest", "subscriptions"},
	"web":              {},
	"test":             {},
	"test/cluster":     {"db", "domain"}, // it starts the program itself as processes
	"test/cluster/run": {"test/cluster", "demo"},
	"bench":            {"domain", "db", "auth", "demo"}, // the servers that it measures are processes of their own
	"bench/ingest":     {"domain", "db", "ingest", "demo"},
	"bench/gateway":    {"domain", "db", "auth", "demo", "bench"},
	"cmd/comptesante":  {"domain", "db", "ingest", "demo", "auth", "subscriptions", "graph", "resolvers", "web"},
}

// TestImports holds the direction of imports. It fails where a room imports one
// that it may not, where nobody knows the room, and where domain imports a
// library.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}:{{join .Imports " "}}`, "comptesante/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		path, imports, _ := strings.Cut(line, ":")
		room, known := roomOf(path)
		if !known {
			t.Errorf("%s is in no room: add it to mayImport", path)
			continue
		}
		for _, imported := range strings.Fields(imports) {
			checked++
			checkImport(t, path, room, imported)
		}
	}
	if checked < 100 {
		t.Errorf("only %d imports were looked at", checked)
	}
}

// roomOf is the longest room that a package of ours is in.
func roomOf(path string) (room string, ok bool) {
	own, ours := strings.CutPrefix(path, "comptesante/")
	for name := range mayImport {
		if ours && (own == name || strings.HasPrefix(own, name+"/")) && len(name) > len(room) {
			room = name
		}
	}
	return room, room != ""
}

func checkImport(t *testing.T, path, room, imported string) {
	t.Helper()
	if !strings.HasPrefix(imported, "comptesante/") {
		if room == "domain" && strings.Contains(strings.Split(imported, "/")[0], ".") {
			t.Errorf("%s imports %s: domain has the standard library alone", path, imported)
		}
		return
	}
	target, _ := roomOf(imported)
	allowed := target == room
	for _, name := range mayImport[room] {
		allowed = allowed || name == target
	}
	if strings.HasPrefix(imported, "comptesante/db/dbtest") {
		allowed = false // for tests alone
	}
	if !allowed {
		t.Errorf("%s imports %s: %s may import only %v", path, imported, room, mayImport[room])
	}
}
