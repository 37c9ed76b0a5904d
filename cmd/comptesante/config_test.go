package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// environment sets the program's environment to these variables alone.
func environment(t *testing.T, settings map[string]string) {
	t.Helper()
	unset := func(name string) {
		t.Setenv(name, "") // puts back what was there when the test ends
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	for _, setting := range os.Environ() {
		name, _, _ := strings.Cut(setting, "=")
		if strings.HasPrefix(name, "COMPTESANTE_") {
			unset(name)
		}
	}
	for _, name := range []string{"DATABASE_URL", "NATS_URL", "PG_BIN"} {
		unset(name)
	}
	for name, value := range settings {
		t.Setenv(name, value)
	}
}

func TestDefaults(t *testing.T) {
	data := t.TempDir()
	environment(t, map[string]string{"COMPTESANTE_DATA": data})
	c, err := loadConfig()
	if err != nil {
		t.Fatal(err)
	}
	want := &config{Environment: "development", Listen: "127.0.0.1:8080", Admin: "127.0.0.1:8081", Data: data,
		KeysFile: filepath.Join(data, "keys.json"), LogFormat: "auto", PerSession: 20, Sockets: 19_000, PerPerson: 50, PerAddress: 1000, LeaveWindow: 2 * time.Second, BatchDays: 400}
	if diff := cmp.Diff(want, c); diff != "" || c.production() {
		t.Error(diff)
	}
}

func TestSettings(t *testing.T) {
	environment(t, map[string]string{
		"COMPTESANTE_ENV": "production", "COMPTESANTE_LISTEN": ":80", "COMPTESANTE_ADMIN": "[::1]:81", "COMPTESANTE_DATA": "/data",
		"COMPTESANTE_ORIGINS": "https://compte.example.fr,http://localhost:3000", "DATABASE_URL": "postgres://app:secret@db/x", "PG_BIN": "/pg/bin",
		"COMPTESANTE_KEYS_FILE": "/run/secrets/keys.json", "NATS_URL": "nats://u:secret@bus", "COMPTESANTE_LOG": "json", "COMPTESANTE_LEAVE_NOTICE": "5s", "COMPTESANTE_LEAVE_WINDOW": "1m30s", "COMPTESANTE_BATCH_DAYS": "800",
		"COMPTESANTE_SOCKETS_PER_SESSION": "500", "COMPTESANTE_SOCKETS": "9", "COMPTESANTE_SOCKETS_PER_PERSON": "7",
		"COMPTESANTE_SOCKETS_PER_ADDRESS": "8", "COMPTESANTE_TRUSTED_PROXIES": "10.0.0.0/8,2001:db8::/32", "COMPTESANTE_LEGACY_WS": "true",
	})
	c, err := loadConfig()
	if err != nil {
		t.Fatal(err)
	}
	want := &config{Environment: "production", Listen: ":80", Admin: "[::1]:81", Data: "/data",
		Origins: []string{"https://compte.example.fr", "http://localhost:3000"}, DatabaseURL: "postgres://app:secret@db/x", PgBin: "/pg/bin",
		KeysFile: "/run/secrets/keys.json", NATSURL: "nats://u:secret@bus", LogFormat: "json", PerSession: 500, Sockets: 9, PerPerson: 7, PerAddress: 8, Proxies: []string{"10.0.0.0/8", "2001:db8::/32"}, LegacyWS: true, LeaveNotice: 5 * time.Second, LeaveWindow: 90 * time.Second, BatchDays: 800}
	if diff := cmp.Diff(want, c); diff != "" || !c.production() {
		t.Error(diff)
	}
	for _, name := range []string{"DATABASE_URL", "NATS_URL"} { // a child process or a crash report would show them
		if value, set := os.LookupEnv(name); set {
			t.Errorf("%s is %q still", name, value)
		}
	}
}

// TestFaults: every fault is told at once, each by the name of its setting, and
// no secret with them.
func TestFaults(t *testing.T) {
	environment(t, map[string]string{
		"COMPTESANTE_ENV": "prod", "COMPTESANTE_LISTEN": "8080", "COMPTESANTE_ADMIN": "localhost", "COMPTESANTE_LOG": "xml",
		"COMPTESANTE_LEAVE_WINDOW": "20", "COMPTESANTE_ORIGINS": "https://ok.example,https://compte.example.fr/", "DATABASE_URL": "postgres://app:secret@db/x",
	})
	_, err := loadConfig()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"COMPTESANTE_ENV", "COMPTESANTE_LISTEN", "COMPTESANTE_ADMIN", "COMPTESANTE_LOG", "COMPTESANTE_LEAVE_WINDOW", "COMPTESANTE_ORIGINS", "compte.example.fr/"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not told: %v", want, err)
		}
	}
	if lines := strings.Count(err.Error(), "\n") + 1; lines != 6 {
		t.Errorf("%d faults of 6: %v", lines, err)
	}
	if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "ok.example") {
		t.Errorf("more than the faults is told: %v", err)
	}
}

func TestOneSetting(t *testing.T) {
	for _, row := range []struct {
		why, name, value string
		ok               bool
	}{
		{"no admin listener", "COMPTESANTE_ADMIN", "", true},
		{"any address", "COMPTESANTE_LISTEN", ":8080", true},
		{"a port of the system's choice", "COMPTESANTE_LISTEN", "127.0.0.1:0", true},
		{"IPv6 wants brackets", "COMPTESANTE_LISTEN", "::1:8080", false},
		{"a URL is no address", "COMPTESANTE_LISTEN", "http://127.0.0.1:8080", false},
		{"no leave window", "COMPTESANTE_LEAVE_WINDOW", "0s", true},
		{"a negative one", "COMPTESANTE_LEAVE_WINDOW", "-1s", false},
		{"time for a balancer to notice", "COMPTESANTE_LEAVE_NOTICE", "5s", true},
		{"negative time", "COMPTESANTE_LEAVE_NOTICE", "-5s", false},
		{"one socket a session", "COMPTESANTE_SOCKETS_PER_SESSION", "1", true},
		{"none is no limit but a fault", "COMPTESANTE_SOCKETS_PER_SESSION", "0", false},
		{"no socket at all", "COMPTESANTE_SOCKETS", "0", false},
		{"none of a person", "COMPTESANTE_SOCKETS_PER_PERSON", "0", false},
		{"none from an address", "COMPTESANTE_SOCKETS_PER_ADDRESS", "-1", false},
		{"one balancer", "COMPTESANTE_TRUSTED_PROXIES", "192.0.2.7/32", true},
		{"an address is no range", "COMPTESANTE_TRUSTED_PROXIES", "192.0.2.7", false},
		{"a name is no range", "COMPTESANTE_TRUSTED_PROXIES", "10.0.0.0/8,balancer", false},
		{"the older protocol, or not", "COMPTESANTE_LEGACY_WS", "false", true},
		{"neither true nor false", "COMPTESANTE_LEGACY_WS", "oui", false},
		{"batches of a month", "COMPTESANTE_BATCH_DAYS", "31", true},
		{"a batch that is gone before the key which is answered with it", "COMPTESANTE_BATCH_DAYS", "30", false},
		{"no number of days", "COMPTESANTE_BATCH_DAYS", "400d", false},
		{"beyond what a duration holds", "COMPTESANTE_BATCH_DAYS", "200000", false},
		{"an origin of a port", "COMPTESANTE_ORIGINS", "http://localhost:3000", true},
		{"an empty list", "COMPTESANTE_ORIGINS", "", true},
		{"a path is no part of an origin", "COMPTESANTE_ORIGINS", "https://compte.example.fr/app", false},
		{"nor is a slash", "COMPTESANTE_ORIGINS", "https://compte.example.fr/", false},
		{"browsers send origins in lower case", "COMPTESANTE_ORIGINS", "https://Compte.example.fr", false},
		{"every site", "COMPTESANTE_ORIGINS", "*", false},
		{"the origin of files", "COMPTESANTE_ORIGINS", "null", false},
		{"no scheme", "COMPTESANTE_ORIGINS", "compte.example.fr", false},
		{"a user is no part of an origin", "COMPTESANTE_ORIGINS", "https://me@compte.example.fr", false},
		{"a blank after the comma", "COMPTESANTE_ORIGINS", "https://a.example, https://b.example", false},
		{"another case of a known word", "COMPTESANTE_ENV", "Production", false},
	} {
		environment(t, map[string]string{"COMPTESANTE_DATA": t.TempDir(), row.name: row.value})
		c, err := loadConfig()
		if (err == nil) != row.ok || (err != nil && !strings.Contains(err.Error(), row.name)) {
			t.Errorf("%s: %v", row.why, err)
		}
		if row.name == "COMPTESANTE_ADMIN" && c.Admin != row.value {
			t.Errorf("%s: %q", row.why, c.Admin)
		}
	}
}

// TestFolders: the data folder is made absolute, so that it means the same after
// a change of folder; without a setting it is the user's.
func TestFolders(t *testing.T) {
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	environment(t, map[string]string{"COMPTESANTE_DATA": "x/../y"})
	c, err := loadConfig()
	if want := filepath.Join(here, "y"); err != nil || c.Data != want || c.KeysFile != filepath.Join(want, "keys.json") {
		t.Errorf("got %s and %s, %v", c.Data, c.KeysFile, err)
	}
	environment(t, nil)
	if c, err = loadConfig(); err != nil || !filepath.IsAbs(c.Data) || filepath.Base(c.Data) != "comptesante" {
		t.Errorf("got %s, %v", c.Data, err)
	}
}
