package embedded

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

// Values of statements are personal data, and the log is no place for them.
func TestLogHoldsNoValues(t *testing.T) {
	t.Parallel()
	const canary = "canary-1850275"
	dir := testFolder(t)
	c := testConfig(dir, "test")
	c.Settings = map[string]string{
		"log_statement":              "all", // what a caller cannot have
		"log_min_duration_statement": "0",
		"log_min_messages":           "debug1",
		"log_error_verbosity":        "verbose",
	}
	s, err := Own(testContext(t), c)
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, s)
	execute(t, s, "CREATE TABLE t (v text PRIMARY KEY, CHECK (v <> 'no-"+canary+"'))", "INSERT INTO t VALUES ('"+canary+"')")
	rows := []struct{ why, statement string }{
		{"the statement of an error", "SELECT 1/0 AS x, '" + canary + "'"},
		{"the message of an error", "SELECT '" + canary + "'::int"},
		{"the message of a syntax error", "SELEKT '" + canary + "'"},
		{"the detail of a duplicate key", "INSERT INTO t VALUES ('" + canary + "')"},
		{"the detail of a failing row", "INSERT INTO t VALUES ('no-" + canary + "')"},
		{"a warning", "DO $$ BEGIN RAISE WARNING '" + canary + "'; END $$"},
		{"the context of a function", "DO $$ BEGIN EXECUTE 'SELECT 1/0, ''" + canary + "'''; END $$"},
		{"the statement of a session that is ended", "SELECT pg_terminate_backend(pg_backend_pid()), '" + canary + "'"},
	}
	for _, row := range rows {
		execute(t, s, row.statement)
	}
	crash(t, s, "SELECT pg_sleep(60), '"+canary+"'") // is logged with the statement, as a DETAIL
	log, err := os.ReadFile(layout{dir}.log())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, canary) {
			t.Errorf("the log holds a value: %s", line)
		}
	}
}

// crash kills the process of PostgreSQL that runs a statement, and waits until
// the log tells and PostgreSQL has recovered.
func crash(t *testing.T, s *Server, statement string) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		execute(t, s, statement)
	}()
	const running = "SELECT coalesce(max(pid), 0)::text FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
	var pid int
	eventually(t, "the statement runs", func() bool {
		pid = atoi(t, query(t, s, running))
		return pid != 0
	})
	send(t, pid, syscall.SIGKILL)
	<-ended
	eventually(t, "PostgreSQL has recovered", func() bool {
		log, err := os.ReadFile(s.at.log())
		_, after, crashed := strings.Cut(string(log), "was terminated by signal 9")
		return err == nil && crashed && strings.Contains(after, "ready to accept connections")
	})
}

func TestSettings(t *testing.T) {
	t.Parallel()
	dir := testFolder(t) + "/with blank & quote'"
	c := testConfig(dir, "test")
	c.Settings = map[string]string{"max_connections": "23", "listen_addresses": "*"}
	s, err := Own(testContext(t), c)
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, s)
	for name, row := range map[string]struct{ want, why string }{
		"max_connections":          {"23", "what the caller sets is set"},
		"listen_addresses":         {"", "PostgreSQL is never on the network"},
		"fsync":                    {"off", "tests are volatile"},
		"server_encoding":          {"UTF8", "names have accents"},
		"data_checksums":           {"on", "damage of the disk is to be noticed"},
		"password_encryption":      {"scram-sha-256", "the server's own settings are read"},
		"log_min_messages":         {"log", "messages of errors hold values"},
		"unix_socket_permissions":  {"0700", "the socket is the launcher's"},
		"TimeZone":                 {"UTC", "whatever the zone of this machine"},
		"session_replication_role": {"origin", "sessions are ordinary"},
	} {
		if got := query(t, s, "SHOW "+name); got != row.want {
			t.Errorf("%s is %q, want %q: %s", name, got, row.want, row.why)
		}
	}
	if got := query(t, s, "SELECT string_agg(DISTINCT type || ' ' || auth_method, ', ' ORDER BY type || ' ' || auth_method) FROM pg_hba_file_rules"); got != "host reject, local trust" {
		t.Errorf("who is let in: %s", got)
	}
}
