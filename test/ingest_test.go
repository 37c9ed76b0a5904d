package test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/db/embedded"
	"comptesante/domain"
	"comptesante/domain/money"
	"comptesante/ingest"
)

// manyLines are n payments of the first person.
func manyLines(t testing.TB, n int) []string {
	t.Helper()
	amount, spent, share, rate := money.Cents(1900), money.Cents(3000), money.Cents(2100), 70
	lines := make([]string, n)
	for i := range lines {
		text, err := json.Marshal(ingest.Line{NIR: dbtest.NIR(t, 0).Reveal(), Reference: fmt.Sprintf("%05d", i), Movement: "VIR 1", PaidOn: "2026-11-02", Recipient: "ASSURE",
			AmountCents: &amount, Complementary: ingest.Part{State: "NONE"},
			Lines: []ingest.Act{{CaredOn: "2026-10-28", Act: "G", Label: "Consultation", SpentCents: &spent, BaseCents: &spent, RatePercent: &rate,
				ReimbursedCents: &share, RetainedCents: 200, PaidCents: &amount}}})
		if err != nil {
			t.Fatal(err)
		}
		lines[i] = string(text) + "\n"
	}
	return lines
}

// taking is `comptesante ingest payments -` on its way, which waits for lines.
type taking struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	output *bytes.Buffer
}

func take(t testing.TB, env []string, dir string) *taking {
	t.Helper()
	p := &taking{cmd: exec.Command(program, "ingest", "payments", "-", "--rejects", filepath.Join(dir, "rejects")), output: &bytes.Buffer{}}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = env, p.output, p.output
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); _ = p.cmd.Wait() })
	return p
}

// newest is the newest batch, the zero one where there is none yet.
func newest(t testing.TB, d *db.DB) (b domain.IngestBatch) {
	t.Helper()
	batches, err := d.IngestBatches(t.Context(), db.BatchQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if len(batches) > 0 {
		b = batches[0]
	}
	return b
}

// passHalfMinute lets the database of env think that it has heard of no batch for
// half a minute.
func passHalfMinute(t testing.TB, env []string) {
	t.Helper()
	url := env[slices.IndexFunc(env, func(e string) bool { return strings.HasPrefix(e, "DATABASE_URL=") })]
	conn, err := pgx.Connect(t.Context(), strings.TrimPrefix(url, "DATABASE_URL="))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), `UPDATE ingest_batches SET alive_at = alive_at - interval '30 seconds'`); err != nil {
		t.Fatal(err)
	}
}

// once fails the test where a payment of n has no event, or more than one.
func once(t testing.TB, d *db.DB, id domain.ID, n int) {
	t.Helper()
	key := domain.FeedKey{Assure: id.Assure, Feed: domain.FeedPayments}
	events, err := d.FeedEvents(t.Context(), []domain.FeedFrom{{FeedKey: key}}, n+1000)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, e := range events[key].Events {
		reference := e.Fact.(*domain.PaymentFact).Payment.Reference
		if seen[reference]++; e.Kind != domain.EventAdded || seen[reference] > 1 {
			t.Errorf("%s is told again, as %s", reference, e.Kind)
		}
	}
	if len(seen) != n {
		t.Errorf("%d payments are told of %d", len(seen), n)
	}
}

// TestIngestKilled: SIGKILL in the middle of a file, each time further on, and
// the file run again from its start makes what one run makes: every payment once,
// every event once. What each killed run had stored is what its batch counts. It
// fails where counts, payments or events are committed apart, where a run does
// not know what is there, or where a killed batch looks as if it ran.
func TestIngestKilled(t *testing.T) {
	d, env := shared(t)
	id, dir := dbtest.AddFile(t, d, 0), folder(t)
	lines := manyLines(t, 7200)
	stored := 0
	for _, kill := range []int{2600, 4700, 6900} { // in lines that were sent: behind a transaction's worth
		p := take(t, env, dir)
		if _, err := io.WriteString(p.stdin, strings.Join(lines[:kill], "")); err != nil {
			t.Fatal(err)
		}
		was := stored
		eventually(t, "what is new of "+strconv.Itoa(kill)+" lines is being stored", func() bool {
			b := newest(t, d)
			return b.Status == domain.BatchRunning && b.Counts.Added > 0 && b.Counts.Added+b.Counts.Unchanged > was
		})
		_ = p.cmd.Process.Signal(syscall.SIGKILL)
		_ = p.cmd.Wait() // it was killed
		passHalfMinute(t, env)
		b := newest(t, d)
		if b.Status != domain.BatchKilled {
			t.Errorf("a batch whose program is gone is %s", b.Status)
		}
		if stored += b.Counts.Added; b.Counts.Unchanged != was || b.EndedAt != nil || int(b.Amounts.Accepted()) != 1900*stored {
			t.Errorf("killed after %d lines with %d stored: %+v %+v", kill, stored, b.Counts, b.Amounts)
		}
		once(t, d, id, stored)
	}
	want := fmt.Sprintf("%d added, 0 corrected, %d unchanged, 0 rejected", len(lines)-stored, stored)
	if out, status := run(t, env, strings.Join(lines, ""), "ingest", "payments", "-", "--rejects", filepath.Join(dir, "rejects")); status != 0 || !strings.Contains(out, want) {
		t.Errorf("status %d: %s, want %s", status, out, want)
	}
	if b := newest(t, d); b.Status != domain.BatchFinished || int(b.Amounts.Accepted()) != 1900*len(lines) {
		t.Errorf("at last: %+v", b)
	}
	once(t, d, id, len(lines))
}

// endPostgres has the PostgreSQL of a data folder end at once, without writing
// what it has in memory: as after a fall of power.
func endPostgres(t testing.TB, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "postgres", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
}

// TestIngestLosesDatabase: PostgreSQL is ended by a signal in the middle of a
// file. The run ends with the lines that it could not store and the mend, what it
// had stored is kept, and the file run again completes it without doubles. It
// fails where the run hangs, goes on behind the gap, or tells nothing of where.
func TestIngestLosesDatabase(t *testing.T) {
	dir := folder(t)
	own := embedded.Config{Dir: filepath.Join(dir, "pg"), Bin: os.Getenv("PG_BIN"), Owner: "test"} // not Volatile: that loses what was committed
	server, err := embedded.Own(t.Context(), own)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Stop(context.Background()) }()
	keys := filepath.Join(dir, "keys.json")
	env := settings(filepath.Join(dir, "data"), "DATABASE_URL="+server.URL(embedded.Launcher, "postgres"), "COMPTESANTE_KEYS_FILE="+keys)
	if out, status := run(t, env, "", "migrate"); status != 0 {
		t.Fatal(out)
	}
	open := func() *db.DB {
		k, err := db.LoadKeys(keys, false)
		if err != nil {
			t.Fatal(err)
		}
		d, err := db.Open(t.Context(), server.URL(db.App, "postgres"), k, db.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := open()
	id, lines := dbtest.AddFile(t, d, 0), manyLines(t, 4500)
	p := take(t, env, dir)
	if _, err := io.WriteString(p.stdin, strings.Join(lines[:2200], "")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first lines are stored", func() bool { return newest(t, d).Counts.Added == 2000 })
	d.Close()
	endPostgres(t, own.Dir)
	<-server.Done()
	_, _ = io.WriteString(p.stdin, strings.Join(lines[2200:], "")) // the program may have ended
	_ = p.stdin.Close()
	if err := p.cmd.Wait(); err == nil {
		t.Error("status 0")
	}
	if out := p.output.String(); !regexp.MustCompile(`storing lines 2001 to \d+:`).MatchString(out) || !strings.Contains(out, "run the file again") || !strings.Contains(out, "2000 added") {
		t.Errorf("it told: %s", out)
	}
	_ = server.Stop(t.Context()) // what is left of it
	if server, err = embedded.Own(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	d = open()
	defer d.Close()
	passHalfMinute(t, env)
	if b := newest(t, d); b.Status != domain.BatchKilled || b.Counts.Added != 2000 {
		t.Errorf("%+v", b)
	}
	want := "2500 added, 0 corrected, 2000 unchanged, 0 rejected"
	if out, status := run(t, env, strings.Join(lines, ""), "ingest", "payments", "-", "--rejects", filepath.Join(dir, "rejects")); status != 0 || !strings.Contains(out, want) {
		t.Errorf("status %d: %s", status, out)
	}
	once(t, d, id, len(lines))
}

// TestIngestRejectsOnFullDisk: a device with no room for the rejects ends the run
// with what is full and the mend; what was stored before is kept and counted. It
// fails where a reject that is lost is passed over.
func TestIngestRejectsOnFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	d, env := shared(t)
	id := dbtest.AddFile(t, d, 0)
	lines := manyLines(t, 2700)
	bad := strings.Replace(lines[2650], `"amountCents":1900`, `"amountCents":1901`, 1)
	file := filepath.Join(folder(t), "lot.ndjson")
	if err := os.WriteFile(file, []byte(strings.Join(lines[:2650], "")+bad+strings.Join(lines[2651:], "")), 0o600); err != nil {
		t.Fatal(err)
	}
	out, status := run(t, env, "", "ingest", "payments", file, "--rejects", "/dev/full")
	for _, want := range []string{"writing the rejects", "no space left", "run the file again", "2000 added, 0 corrected, 0 unchanged, 1 rejected"} {
		if status != 1 || !strings.Contains(out, want) {
			t.Errorf("status %d: %q is not in %s", status, want, out)
		}
	}
	if b := newest(t, d); b.Status != domain.BatchFailed || b.Counts != (domain.BatchCounts{Added: 2000}) || *b.File != "lot.ndjson" {
		t.Errorf("%+v", b)
	}
	out, status = run(t, env, "", "ingest", "payments", file)
	if want := "699 added, 0 corrected, 2000 unchanged, 1 rejected"; status != 1 || !strings.Contains(out, want) {
		t.Errorf("status %d: %s", status, out)
	}
	once(t, d, id, 2699)
	if out, status := run(t, env, "", "ingest", "batches", "--last", "2"); status != 0 || !strings.Contains(out, "FAILED") || !strings.Contains(out, "SUM 1") {
		t.Errorf("status %d: %s", status, out)
	}
}

// TestCallLeavesNoTrace: a service records payments over HTTP, and neither what
// was good in the call nor what was refused of it comes into the log or back to
// the caller. It fails where an error repeats the value that it is about, or
// where the log holds variables.
func TestCallLeavesNoTrace(t *testing.T) {
	d, env := shared(t)
	dbtest.AddFile(t, d, 0)
	s := serve(t, env)
	out, status := run(t, env, "", "token", "mint", "--service", "liquidation")
	if status != 0 {
		t.Fatal(out)
	}
	var good map[string]any
	if err := json.Unmarshal([]byte(manyLines(t, 1)[0]), &good); err != nil {
		t.Fatal(err)
	}
	with := func(field string, value any) map[string]any {
		changed := maps.Clone(good)
		changed[field] = value
		return changed
	}
	const call = `mutation($input: RecordPaymentsInput!) { recordPayments(input: $input) { batch { counts { added rejected } } results { outcome rejected { message } } } }`
	answers := ""
	for _, row := range []struct {
		why     string
		records []any
		want    string
	}{
		{"one good, one of nobody, one mistyped", []any{good, with("nir", "292037599100258"), with("nir", "185057599000130")}, `"counts":{"added":1,"rejected":2}`},
		{"an amount that is none", []any{with("amountCents", "185057599000129")}, ""},
		{"a recipient that is none", []any{with("recipient", "185057599000129")}, ""},
		{"a text for an object", []any{with("complementary", "185057599000129")}, ""},
	} {
		a := s.query(tokenLine2(out), call, map[string]any{"input": map[string]any{"idempotencyKey": row.why, "records": row.records}})
		if (row.want == "") != (a.code() == "VALIDATION") || !strings.Contains(string(a.Data), row.want) {
			t.Errorf("%s: %s %+v", row.why, a.Data, a.Errors)
		}
		answers += fmt.Sprintf("%s %+v\n", a.Data, a.Errors)
	}
	for what, text := range map[string]string{"the log": s.log(), "an answer": answers} {
		for _, secret := range []string{"185057599000", "292037599100"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds a NIR: %s", what, text)
			}
		}
	}
	if !strings.Contains(s.log(), "request") {
		t.Error("the log is empty: the test looks in the wrong place")
	}
}
