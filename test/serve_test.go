package test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFirstMinute is what a newcomer does: start, look, follow, pay, stop,
// start again.
func TestFirstMinute(t *testing.T) {
	data := filepath.Join(folder(t), "data")
	env := settings(data)
	s := serve(t, env, "--demo")
	if len(s.tokens) != 7 {
		t.Fatalf("%d tokens are printed", len(s.tokens))
	}
	a := s.query(s.tokens["Thomas"], `{ me { nir iban payments(first: 3) { nodes { reference amount lines { paid } complementary { __typename } } } } }`, nil)
	if a.code() != "" || a.Status != http.StatusOK || a.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %+v", a.Status, a.Errors)
	}
	for _, shown := range []string{"1 85 •• •• ••• ••• 29", "FR•• •••• 2606", `"__typename":"ComplementaryAwaited"`} {
		if !strings.Contains(string(a.Data), shown) {
			t.Errorf("%s is not in %s", shown, a.Data)
		}
	}
	c, _ := follow(t, s, s.tokens["Lucia"])
	if out, status := run(t, env, "", "demo", "pay"); status != 0 {
		t.Fatal(out)
	}
	if e, err := c.event(); err != nil || e.Type != "PaymentAdded" || e.Payment.Amount == 0 {
		t.Errorf("got %+v, %v", e, err)
	}
	old := s.tokens["Thomas"]
	for _, secret := range append([]string{"185057599000129", "FR1420041010050500013M02606"}, old) {
		if strings.Contains(s.log(), secret) {
			t.Errorf("the log holds %s", secret)
		}
	}
	s.stop(os.Interrupt)
	if _, err := c.event(); closeCode(err) != 1001 {
		t.Errorf("a server that leaves closes with %v", err)
	}
	if n := processes(t, data); n != 0 {
		t.Errorf("%d processes are left", n)
	}

	s = serve(t, env, "--demo")
	if a := s.query(old, `{ me { id } }`, nil); a.Status != http.StatusUnauthorized || a.code() != "UNAUTHENTICATED" {
		t.Errorf("a token of the former start: %d %s", a.Status, a.code())
	}
	a = s.query(s.tokens["Lucia"], `{ me { payments(first: 1) { nodes { paidOn } } } }`, nil)
	if a.code() != "" || !strings.Contains(string(a.Data), "paidOn") {
		t.Errorf("after a new start: %s %+v", a.Data, a.Errors)
	}
	s.stop(syscall.SIGTERM)
}

// TestKilled: SIGKILL leaves no process and no damaged data.
func TestKilled(t *testing.T) {
	data := filepath.Join(folder(t), "data")
	s := serve(t, settings(data), "--demo")
	s.kill()
	eventually(t, "PostgreSQL ends with its owner", func() bool { return processes(t, data) == 0 })
	s = serve(t, settings(data), "--demo")
	if a := s.query(s.tokens["Thomas"], `{ me { givenName } }`, nil); a.code() != "" {
		t.Errorf("%+v", a.Errors)
	}
}

// TestTold: what keeps the program from starting is told in one line with the
// mend.
func TestTold(t *testing.T) {
	data := filepath.Join(folder(t), "data")
	s := serve(t, settings(data))
	for _, row := range []struct {
		why  string
		env  []string
		args []string
		want []string
	}{
		{"the port is busy", settings(filepath.Join(folder(t), "x"), "COMPTESANTE_LISTEN="+s.api), []string{"serve"}, []string{s.api, "in use", "COMPTESANTE_LISTEN"}},
		{"another owner", settings(data), []string{"serve"}, []string{"serve", "COMPTESANTE_DATA"}},
		{"several faults at once", settings(data, "COMPTESANTE_ENV=prod", "COMPTESANTE_LOG=xml"), []string{"serve"}, []string{"COMPTESANTE_ENV", "COMPTESANTE_LOG"}},
		{"a bell that is no address", settings(data, "NATS_URL=nope://x"), []string{"serve"}, []string{"NATS_URL", "nats://"}},
		{"--times alone", settings(data), []string{"demo", "pay", "--times", "3"}, []string{"--every"}},
		{"the demo in production", settings(data, "COMPTESANTE_ENV=production"), []string{"demo", "load"}, []string{"production"}},
		{"no database there", settings(data, "DATABASE_URL=postgres://u:sesame@127.0.0.1:1/x"), []string{"serve"}, []string{"DATABASE_URL"}},
		{"no such file", settings(data), []string{"ingest", "payments", "nowhere.ndjson"}, []string{"nowhere.ndjson"}},
	} {
		out, status := run(t, row.env, "", row.args...)
		if status == 0 {
			t.Errorf("%s: status 0", row.why)
		}
		for _, want := range row.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not in %q", row.why, want, out)
			}
		}
		if strings.Contains(out, "sesame") {
			t.Errorf("%s: the password is told", row.why)
		}
	}
	s.stop(syscall.SIGTERM)
	if err := os.WriteFile(filepath.Join(data, "postgres", "PG_VERSION"), []byte("14\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, status := run(t, settings(data), "", "serve"); status == 0 || !strings.Contains(out, "14") || strings.Count(strings.TrimSpace(out), "\n") > 0 {
		t.Errorf("data of another PostgreSQL: %q", out)
	}
}

// TestRefusals are what the API says to those who ask wrongly.
func TestRefusals(t *testing.T) {
	data := filepath.Join(folder(t), "data")
	s := serve(t, settings(data), "--demo")
	token := s.tokens["Thomas"]
	for _, row := range []struct{ why, token, query, code string }{
		{"nobody is signed in", "", `{ me { id } }`, "UNAUTHENTICATED"},
		{"a page too large", token, `{ me { payments(first: 101) { nodes { id } } } }`, "VALIDATION"},
		{"first and last", token, `{ me { payments(first: 1, last: 1) { nodes { id } } } }`, "VALIDATION"},
		{"a foreign cursor", token, `{ me { payments(after: "abc") { nodes { id } } } }`, "VALIDATION"},
		{"an id that the API never gave", token, `{ node(id: "abc") { id } }`, "NOT_FOUND"},
		{"another person's payment", token, `{ node(id: "UGF5bWVudDoyOjE") { id } }`, "NOT_FOUND"},
		{"a payment that is not there", token, `{ node(id: "UGF5bWVudDoxOjk5OTk5OQ") { id } }`, "NOT_FOUND"},
		{"a field that is not there", token, `{ me { password } }`, "VALIDATION"},
		{"a subscription by POST", token, `subscription { newPayments { __typename } }`, "VALIDATION"},
		{"a period upside down", token, `{ me { payments(filter: {paidOn: {from: "2026-02-01", to: "2026-01-01"}}) { nodes { id } } } }`, "VALIDATION"},
		{"29 February of a common year", token, `{ me { payments(filter: {paidOn: {from: "2026-02-29"}}) { nodes { id } } } }`, "VALIDATION"},
		{"too deep", token, `{ me` + strings.Repeat(`{ me`, 12) + ` { id } }` + strings.Repeat(`}`, 12), "QUERY_TOO_COMPLEX"},
		{"too dear", token, `{ me { a: payments(first: 100) { ...page } b: payments(first: 100) { ...page } c: payments(first: 100) { ...page } } }
			fragment page on PaymentConnection { nodes { ...whole } edges { node { ...whole } } }
			fragment whole on Payment { movement { reference } beneficiary { id } lines { professional { id } } complementary { ... on ComplementaryKnown { mutuelle { id } } } }`, "QUERY_TOO_COMPLEX"},
	} {
		a := s.query(row.token, row.query, nil)
		if a.code() != row.code {
			t.Errorf("%s: got %q %+v, want %s", row.why, a.code(), a.Errors, row.code)
		}
	}
	service, status := run(t, settings(data), "", "token", "mint", "--service", "liquidation")
	if status != 0 {
		t.Fatal(service)
	}
	if a := s.query(tokenLine2(service), `{ me { id } }`, nil); a.code() != "FORBIDDEN" {
		t.Errorf("a service asks for me: %s", a.code())
	}
}

// tokenLine2 finds the token in what `token mint` prints.
func tokenLine2(out string) string {
	_, rest, _ := strings.Cut(out, "token   ")
	token, _, _ := strings.Cut(rest, "\n")
	return token
}

// TestHTTP is what the transport says to requests that are not queries.
func TestHTTP(t *testing.T) {
	s := serve(t, settings(filepath.Join(folder(t), "data")))
	json_ := func(more ...string) http.Header {
		h := http.Header{"Content-Type": {"application/json"}}
		for i := 0; i < len(more); i += 2 {
			h.Set(more[i], more[i+1])
		}
		return h
	}
	for _, row := range []struct {
		why    string
		header http.Header
		body   string
		status int
		code   string
	}{
		{"no JSON", json_(), `query=secret`, 400, "VALIDATION"},
		{"an array of queries", json_(), `[{"query":"{__typename}"}]`, 400, "VALIDATION"},
		{"something after the JSON", json_(), `{"query":"{__typename}"} {}`, 400, "VALIDATION"},
		{"a form, which other sites can send", http.Header{"Content-Type": {"text/plain"}}, `{"query":"{__typename}"}`, 415, "VALIDATION"},
		{"too large", json_(), `{"query":"` + strings.Repeat("#", 70<<10) + `"}`, 413, "QUERY_TOO_COMPLEX"},
		{"a bad token", json_("Authorization", "Bearer cst_x"), `{"query":"{__typename}"}`, 401, "UNAUTHENTICATED"},
		{"another scheme", json_("Authorization", "Basic eDp5"), `{"query":"{__typename}"}`, 401, "UNAUTHENTICATED"},
		{"a page of another site", json_("Sec-Fetch-Site", "cross-site"), `{"query":"{__typename}"}`, 403, "FORBIDDEN"},
		{"invalid under the older type", json_(), `{"query":"{"}`, 200, "VALIDATION"},
		{"invalid under the newer type", json_("Accept", "application/graphql-response+json"), `{"query":"{"}`, 400, "VALIDATION"},
		{"the newer type refused", json_("Accept", "application/graphql-response+json;q=0, */*"), `{"query":"{"}`, 200, "VALIDATION"},
		{"good", json_(), `{"query":"{__typename}"}`, 200, ""},
	} {
		a := s.post(row.header, []byte(row.body))
		if a.Status != row.status || a.code() != row.code {
			t.Errorf("%s: %d %q, want %d %q", row.why, a.Status, a.code(), row.status, row.code)
		}
		if text, _ := json.Marshal(a.Errors); strings.Contains(string(text), "secret") {
			t.Errorf("%s: the body is repeated: %s", row.why, text)
		}
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/graphql": 404} {
		response, err := http.Get("http://" + s.admin + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
	response, err := http.Get("http://" + s.api + "/graphql")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != 405 || response.Header.Get("Allow") != "POST" {
		t.Errorf("GET: %d %v", response.StatusCode, response.Header)
	}
}

// TestProduction: no playground, no introspection, keys and schema never made
// on the way.
func TestProduction(t *testing.T) {
	data := filepath.Join(folder(t), "data")
	production := settings(data, "COMPTESANTE_ENV=production")
	if out, status := run(t, production, "", "serve"); status == 0 || !strings.Contains(out, "COMPTESANTE_KEYS_FILE") {
		t.Errorf("without keys: %q", out)
	}
	serve(t, settings(data)).stop(syscall.SIGTERM)
	s := serve(t, production)
	if a := s.query("", `{ __schema { queryType { name } } }`, nil); a.code() != "VALIDATION" {
		t.Errorf("introspection: %s", a.code())
	}
	response, err := http.Get("http://" + s.api + "/")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != 404 {
		t.Errorf("the playground: %d", response.StatusCode)
	}
}

// TestLoadTold: a load tells all that is there after it, not what it was asked
// for.
func TestLoadTold(t *testing.T) {
	env := settings(filepath.Join(folder(t), "data"))
	told := regexp.MustCompile(`(\d+) people, (\d+) payments, (\d+) of them new`)
	payments := ""
	for _, assures := range []string{"3", "2"} {
		out, status := run(t, env, "", "demo", "load", "--assures", assures)
		got := told.FindStringSubmatch(out)
		if status != 0 || got == nil {
			t.Fatalf("%s: status %d: %s", assures, status, out)
		}
		if first := payments == ""; got[1] != "10" || first && got[2] != got[3] || !first && (got[2] != payments || got[3] != "0") {
			t.Errorf("%s: %s", assures, got[0])
		}
		payments = got[2]
	}
}

// TestIngest is the operator's way: good lines go in, bad ones are named.
func TestIngest(t *testing.T) {
	dir := folder(t)
	env := settings(filepath.Join(dir, "data"))
	if out, status := run(t, env, "", "demo", "load"); status != 0 || !strings.Contains(out, "7 people") {
		t.Fatal(out)
	}
	file := filepath.Join(dir, "payments.ndjson")
	good := `{"nir":"190012B99000591","reference":"R1","movement":"VIR 1","paidOn":"2026-11-02","recipient":"ASSURE","amountCents":1900,"lines":[{"caredOn":"2026-10-28","act":"G","label":"Consultation","spentCents":3000,"baseCents":3000,"ratePercent":70,"reimbursedCents":2100,"retainedCents":200,"paidCents":1900}],"complementary":{"state":"NONE"}}`
	bad := strings.Replace(good, `"amountCents":1900`, `"amountCents":1800`, 1)
	if err := os.WriteFile(file, []byte(good+"\n\nnonsense\n"+bad+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 added, 0 corrected, 0 unchanged, 2 rejected", "0 added, 0 corrected, 1 unchanged, 2 rejected"} {
		if out, status := run(t, env, "", "ingest", "payments", file); status != 1 || !strings.Contains(out, want) || !strings.Contains(out, file+".rejects.ndjson") {
			t.Errorf("status %d: %s", status, out)
		}
	}
	text, err := os.ReadFile(file + ".rejects.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		var r struct {
			Line        int
			Field, Code string
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		got = append(got, strings.TrimSpace(r.Code+" "+r.Field))
	}
	if diff := cmp.Diff([]string{"JSON", "SUM amountCents"}, got); diff != "" {
		t.Error(diff)
	}
	if out, status := run(t, env, "", "ingest", "payments", file, "--rejects", file); status == 0 || !strings.Contains(out, "--rejects") {
		t.Errorf("rejects over the file itself: status %d: %s", status, out)
	}
	if text, err := os.ReadFile(file); err != nil || len(text) == 0 {
		t.Errorf("the file is gone: %v", err)
	}
	if out, status := run(t, env, good+"\n", "ingest", "payments", "-"); status != 0 || !strings.Contains(out, "1 unchanged") {
		t.Errorf("status %d: %s", status, out)
	}
}
