package demo

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/iban"
	"comptesante/domain/nir"
	"comptesante/ingest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// days are days on which somebody may load the demonstration.
var days = []string{"2026-11-23", "2026-05-31", "2028-02-29", "2027-03-01", "2026-12-31", "2026-03-29"}

func load(t testing.TB, d *db.DB, today string) int {
	t.Helper()
	n, err := Load(t.Context(), d, dbtest.Day(t, today))
	if err != nil {
		t.Fatalf("%s: %v", today, err)
	}
	return n
}

// stored is every payment of a database with its lines, by person.
func stored(t testing.TB, database string) []string {
	t.Helper()
	return dbtest.Texts(t, db.Owner, database, `
		SELECT concat_ws(' ', a.given_name, b.given_name, b.birth_rank, p.reference, p.movement, p.paid_on, p.recipient, p.amount_cents,
		         p.complementary, p.complementary_cents, p.complementary_paid_on, m.code, p.revision,
		         (SELECT json_agg(json_build_array(l.cared_on, a.code, a.label, f.number, l.spent_cents, l.base_cents, l.rate,
		            l.reimbursed_cents, l.retained_cents, l.paid_cents) ORDER BY l.position)
		          FROM payment_lines l JOIN acts a ON a.id = l.act_id JOIN professionals f ON f.id = l.professional_id WHERE l.assure_id = p.assure_id AND l.payment_id = p.id))
		FROM payments p JOIN assures a ON a.id = p.assure_id JOIN beneficiaries b ON b.assure_id = p.assure_id AND b.id = p.beneficiary_id
		LEFT JOIN mutuelles m ON m.id = p.mutuelle_id ORDER BY a.given_name, p.reference`)
}

// people is who is in a database.
func people(t testing.TB, database string) []string {
	t.Helper()
	return dbtest.Texts(t, db.Owner, database, `SELECT concat_ws(' ', a.given_name, b.relation, b.given_name, b.family_name, b.birth_rank)
		FROM assures a JOIN beneficiaries b ON b.assure_id = a.id ORDER BY a.id, b.id`)
}

func TestPeople(t *testing.T) {
	seen := make(map[string]bool)
	for _, p := range People {
		n, err := nir.Parse(p.NIR)
		if err != nil || !n.Permanent() || seen[p.NIR] || n.Reveal() != p.NIR {
			t.Errorf("%s: the NIR: %v", p.GivenName, err)
		}
		seen[p.NIR] = true
		if year, month := p.NIR[1:3], p.NIR[3:5]; p.Born.String()[2:4] != year || p.Born.String()[5:7] != month {
			t.Errorf("%s: born %s, and not by the NIR", p.GivenName, p.Born)
		}
		if p.Account != "" {
			if _, err := iban.Parse(p.Account); err != nil {
				t.Errorf("%s: the account: %v", p.GivenName, err)
			}
		}
		if p.Mutuelle != "" && !slices.ContainsFunc(mutuelles, func(m domain.Mutuelle) bool { return m.Code == p.Mutuelle }) {
			t.Errorf("%s: no mutuelle %s", p.GivenName, p.Mutuelle)
		}
		if !slices.ContainsFunc(caisses, func(c domain.Caisse) bool { return c.Code == p.Caisse }) {
			t.Errorf("%s: no fund %s", p.GivenName, p.Caisse)
		}
	}
}

// TestHistories looks at every payment that would be made on some days.
func TestHistories(t *testing.T) {
	for _, text := range days {
		today := dbtest.Day(t, text)
		var beyond bool
		for i := range People {
			p, seen := &People[i], make(map[string]bool)
			lines := historyOf(t, i, today)
			if (len(lines) == 0) != (p.CareAMonth == 0) {
				t.Errorf("%s: %s has %d payments", today, p.GivenName, len(lines))
			}
			for _, l := range lines {
				checkLine(t, p, today, l)
				if seen[l.Reference] {
					t.Errorf("%s: %s has %s twice", today, p.GivenName, l.Reference)
				}
				seen[l.Reference] = true
				beyond = beyond || dbtest.Day(t, l.PaidOn).Before(civil.WindowStart(today))
			}
		}
		if !beyond {
			t.Errorf("%s: nothing is beyond the window", today)
		}
	}
}

// historyOf is the payments of one of the people made by hand.
func historyOf(t testing.TB, i int, today civil.Date) []ingest.Line {
	t.Helper()
	lines, err := People[i].history(rand.New(rand.NewPCG(seed, uint64(i))), today)
	if err != nil {
		t.Fatalf("%s: %v", People[i].GivenName, err)
	}
	return lines
}

// checkLine looks at what ingest does not: whose care it is, and when.
func checkLine(t testing.TB, p *Person, began civil.Date, l ingest.Line) {
	t.Helper()
	paidOn, born := dbtest.Day(t, l.PaidOn), p.Born
	if b := l.Beneficiary; b != nil {
		at := slices.IndexFunc(p.Children, func(c Child) bool { return c.Born(began).String() == b.BirthDate && c.Rank == b.Rank })
		if at < 0 {
			t.Errorf("%s: %s has no such child", began, p.GivenName)
			return
		}
		born = p.Children[at].Born(began)
		if born.AgeOn(paidOn) >= domain.AutonomyAge {
			t.Errorf("%s: %s was sixteen on %s", began, p.Children[at].GivenName, paidOn)
		}
	}
	for _, a := range l.Lines {
		caredOn := dbtest.Day(t, a.CaredOn)
		if caredOn.Before(born) || !caredOn.Before(paidOn) {
			t.Errorf("%s: care on %s of who was born on %s, paid on %s", began, caredOn, born, paidOn)
		}
		if len(a.Retentions) != 0 && born.AgeOn(civil.Date{Year: caredOn.Year, Month: 1, Day: 1}) < 18 {
			t.Errorf("%s: a child pays the participation forfaitaire on %s", began, caredOn)
		}
	}
	if day := l.Complementary.PaidOn; day != "" && began.Before(dbtest.Day(t, day)) {
		t.Errorf("%s: the mutuelle has paid on %s", began, day)
	}
}

func TestLoad(t *testing.T) {
	d, name := dbtest.Open(t)
	n := load(t, d, "2026-11-23")
	if got := len(stored(t, name)); n == 0 || got != n {
		t.Errorf("%d payments are told and %d are there", n, got)
	}
	want := 0
	for _, p := range People {
		want += 1 + len(p.Children)
	}
	if got := people(t, name); len(got) != want {
		t.Errorf("%d people of %d: %v", len(got), want, got)
	}
	if state, err := d.Demo(t.Context()); err != nil || !state.Loaded || state.Began != dbtest.Day(t, "2026-11-23") {
		t.Errorf("%+v %v", state, err)
	}

	before := append(stored(t, name), people(t, name)...)
	for _, again := range []string{"2026-11-23", "2027-06-01"} {
		if n := load(t, d, again); n != 0 {
			t.Errorf("loaded again on %s: %d payments", again, n)
		}
	}
	if diff := cmp.Diff(before, append(stored(t, name), people(t, name)...)); diff != "" {
		t.Errorf("loading again changed: %s", diff)
	}
}

// TestSameEverywhere: on one day all machines make the same demonstration.
func TestSameEverywhere(t *testing.T) {
	for _, today := range days[:3] {
		a, nameA := dbtest.Open(t)
		b, nameB := dbtest.Open(t)
		load(t, a, today)
		load(t, b, today)
		if diff := cmp.Diff(stored(t, nameA), stored(t, nameB)); diff != "" {
			t.Errorf("%s: %s", today, diff)
		}
	}
}

// TestCutShort: a load that was stopped anywhere is finished by the next, even
// on another day, and makes what one load makes.
func TestCutShort(t *testing.T) {
	const began, later = "2026-11-23", "2026-12-24"
	whole, name := dbtest.Open(t)
	total := load(t, whole, began)
	want := append(stored(t, name), people(t, name)...)
	for _, row := range []struct {
		why string
		cut func(ctx context.Context, d *db.DB, today civil.Date) (payments int, err error)
	}{
		{"before the first file", func(context.Context, *db.DB, civil.Date) (int, error) { return 0, nil }},
		{"after some files", func(ctx context.Context, d *db.DB, today civil.Date) (int, error) {
			all := People
			defer func() { People = all }()
			People = all[:3]
			return 0, openFiles(ctx, d, today)
		}},
		{"after some payments", func(ctx context.Context, d *db.DB, today civil.Date) (int, error) {
			if err := openFiles(ctx, d, today); err != nil {
				return 0, err
			}
			return record(ctx, d, today, historyOf(t, 0, today)[:20])
		}},
		{"before its end is noted", func(ctx context.Context, d *db.DB, today civil.Date) (int, error) {
			n, err := Load(ctx, d, today)
			return n, errors.Join(err, ctx.Err())
		}},
	} {
		d, name := dbtest.Open(t)
		if _, err := d.BeginDemo(t.Context(), dbtest.Day(t, began)); err != nil {
			t.Fatal(err)
		}
		done, err := row.cut(t.Context(), d, dbtest.Day(t, began))
		if err != nil {
			t.Fatal(err)
		}
		dbtest.Exec(t, name, `UPDATE installation SET demo_loaded = false`)
		if n := load(t, d, later); n != total-done {
			t.Errorf("%s: %d payments were added to %d of %d", row.why, n, done, total)
		}
		if diff := cmp.Diff(want, append(stored(t, name), people(t, name)...)); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
		if state, err := d.Demo(t.Context()); err != nil || !state.Loaded || state.Began != dbtest.Day(t, began) {
			t.Errorf("%s: %+v %v", row.why, state, err)
		}
	}
}

// TestCanceled: a load that is stopped by its context is finished by the next.
func TestCanceled(t *testing.T) {
	d, name := dbtest.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Load(ctx, d, dbtest.Day(t, "2026-11-23")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := load(t, d, "2026-11-23"); n == 0 || n != len(stored(t, name)) {
		t.Errorf("%d payments", n)
	}
}

// TestTwoAtOnce: serve --demo and demo load may meet.
func TestTwoAtOnce(t *testing.T) {
	alone, nameAlone := dbtest.Open(t)
	load(t, alone, "2026-11-23")
	d, name := dbtest.Open(t)
	done := make(chan error, 2)
	for range cap(done) {
		go func() {
			_, err := Load(context.Background(), d, civil.Date{Year: 2026, Month: 11, Day: 23})
			done <- err
		}()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff(stored(t, nameAlone), stored(t, name)); diff != "" {
		t.Error(diff)
	}
}

// TestOtherFiles: a database whose people may be real is left alone.
func TestOtherFiles(t *testing.T) {
	d, name := dbtest.Open(t)
	dbtest.AddFile(t, d, 0, "2017-09-03")
	dbtest.Pay(t, d, dbtest.Record(t, 0, "A", "2026-11-02"))
	everything := func() (rows []string) {
		for _, table := range dbtest.Texts(t, db.Owner, name, `SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`) {
			rows = append(rows, dbtest.Texts(t, db.Owner, name, `SELECT '`+table+` ' || x::text FROM `+table+` x ORDER BY 1`)...)
		}
		return rows
	}
	before := everything()
	if n, err := Load(t.Context(), d, dbtest.Day(t, "2026-11-23")); domain.CodeOf(err) != domain.Conflict || n != 0 {
		t.Errorf("loaded %d, %v", n, err)
	}
	if err := Pay(t.Context(), d, rand.New(rand.NewPCG(1, 1)), dbtest.Day(t, "2026-11-23"), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "demo load") {
		t.Errorf("paid: %v", err)
	}
	if diff := cmp.Diff(before, everything()); diff != "" {
		t.Error(diff)
	}
}

// TestPay: on the day of the load and on later ones, each person with care is
// paid once a round, and told in a line without a NIR.
func TestPay(t *testing.T) {
	d, name := dbtest.Open(t)
	load(t, d, "2026-11-23")
	counts := func() map[string]int {
		m := make(map[string]int)
		for _, p := range People {
			m[p.GivenName] = 0
		}
		for _, given := range dbtest.Texts(t, db.Owner, name, `SELECT a.given_name FROM assures a JOIN payments p ON p.assure_id = a.id`) {
			m[given]++
		}
		return m
	}
	want := counts()
	for i, today := range []string{"2026-11-23", "2026-11-23", "2026-12-22", "2026-12-23", "2028-02-29"} { // the eldest child turns 16 on 23 December
		var out bytes.Buffer
		if err := Pay(t.Context(), d, rand.New(rand.NewPCG(uint64(i), 7)), dbtest.Day(t, today), &out); err != nil {
			t.Fatal(err)
		}
		told := 0
		for _, p := range People {
			if p.CareAMonth > 0 {
				want[p.GivenName]++
				told++
			}
			if strings.Contains(out.String(), p.NIR[:13]) {
				t.Errorf("%s tells a NIR", &out)
			}
		}
		if got := strings.Count(out.String(), "\n"); got != told {
			t.Errorf("%s: %d lines for %d people", today, got, told)
		}
		if diff := cmp.Diff(want, counts()); diff != "" {
			t.Errorf("%s: %s", today, diff)
		}
	}
}

// TestPayCounts: new payments go on with what the database counts: nobody is
// held back more than the year's caps, and no debt is recovered twice.
func TestPayCounts(t *testing.T) {
	d, name := dbtest.Open(t)
	load(t, d, "2026-11-23")
	recovered := func() []string {
		return dbtest.Texts(t, db.Owner, name, `SELECT r.of_label FROM payment_retentions r JOIN payments p ON p.assure_id = r.assure_id AND p.id = r.payment_id
			WHERE r.of_label IS NOT NULL AND p.reference LIKE 'L%'`)
	}
	for i, today := range slices.Concat(slices.Repeat([]string{"2026-12-21"}, 10), slices.Repeat([]string{"2026-12-22"}, 10)) { // what is owed is recovered from the next day on
		if err := Pay(t.Context(), d, rand.New(rand.NewPCG(uint64(i), 8)), dbtest.Day(t, today), &bytes.Buffer{}); err != nil {
			t.Fatal(err)
		}
	}
	if len(recovered()) == 0 {
		t.Error("nothing was recovered on a new payment")
	}
	if over := dbtest.Texts(t, db.Owner, name, `SELECT concat_ws(' ', a.given_name, r.kind, sum(r.amount_cents)) FROM payment_retentions r
		JOIN payments p ON p.assure_id = r.assure_id AND p.id = r.payment_id JOIN assures a ON a.id = p.assure_id
		WHERE r.of_label IS NULL GROUP BY a.given_name, p.beneficiary_id, r.kind, extract(year FROM r.paid_on) HAVING sum(r.amount_cents) > 5000`); len(over) > 0 {
		t.Errorf("beyond the caps: %v", over)
	}
	if over := dbtest.Texts(t, db.Owner, name, `SELECT concat_ws(' ', assure_id, kind, label, cared_on, sum(owed)) FROM (
			SELECT r.assure_id, r.kind, a.label, l.cared_on, r.paid_on, r.amount_cents AS owed FROM payment_retentions r
			JOIN payment_lines l ON l.assure_id = r.assure_id AND l.payment_id = r.payment_id AND l.position = r.position JOIN acts a ON a.id = l.act_id WHERE r.deferred
			UNION ALL SELECT assure_id, kind, of_label, of_cared_on, of_paid_on, -amount_cents FROM payment_retentions WHERE of_label IS NOT NULL) AS entries
		GROUP BY assure_id, kind, label, cared_on, paid_on HAVING sum(owed) < 0`); len(over) > 0 {
		t.Errorf("recovered and not owed: %v", over)
	}
}

// TestPayLater: ages count from the day of the load, since the children of the
// database were born by it.
func TestPayLater(t *testing.T) {
	for _, began := range days {
		began := dbtest.Day(t, began)
		for _, later := range []int{0, 1, 29, 30, 31, 400} {
			r := rand.New(rand.NewPCG(1, uint64(later)))
			for i := range People {
				for range 20 {
					l, err := People[i].live(r, began, began.AddDays(later), db.DemoCounted{})
					if err != nil {
						t.Fatal(err)
					}
					checkLine(t, &People[i], began, l)
					if l.Complementary.State == string(domain.StateKnown) {
						t.Errorf("%s: a mutuelle has answered about a new payment", began)
					}
				}
			}
		}
	}
}
