package demo

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/money"
	"comptesante/domain/reimburse"
	"comptesante/ingest"
)

// made is one generated family with its payments.
type made struct {
	generated
	care  *care
	lines []ingest.Line
}

func makeFamily(t testing.TB, seed uint64, i int, began civil.Date) (m made) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, uint64(i)))
	m.generated = family(r, i, began)
	var err error
	m.care, err = m.payments(r, reimburse.Default(), began, func(l ingest.Line) error { m.lines = append(m.lines, l); return nil })
	if err != nil {
		t.Fatalf("person %d: %v", i, err)
	}
	return m
}

func TestGeneratedSame(t *testing.T) {
	digest := func(seed uint64, day string) string {
		h := sha256.New()
		for i := range 120 {
			m := makeFamily(t, seed, i, dbtest.Day(t, day))
			if err := json.NewEncoder(h).Encode([]any{m.NIR, m.GivenName, m.FamilyName, m.Born, m.Account, m.lines}); err != nil {
				t.Fatal(err)
			}
		}
		return fmt.Sprintf("%x", h.Sum(nil))
	}
	if a, b := digest(1, days[0]), digest(1, days[0]); a != b {
		t.Error("the same seed made other people")
	}
	if digest(1, days[0]) == digest(2, days[0]) {
		t.Error("another seed made the same people")
	}
}

// TestGeneratedCaps: nobody owes more than a year's caps, which the heavy user
// reaches, and what is held back with what is owed is what was due.
func TestGeneratedCaps(t *testing.T) {
	const limit = money.Cents(50_00)
	reached := false
	for i := range 200 {
		m := makeFamily(t, 1, i, dbtest.Day(t, days[0]))
		var due, held money.Cents
		for _, p := range m.care.people {
			for _, d := range p.debts {
				due -= d.Amount
			}
			for _, y := range p.years {
				if y.Participation.Cents > limit || y.Franchise > limit {
					t.Errorf("person %d: %+v", i, y)
				}
				due += y.Participation.Cents + y.Franchise
				reached = reached || y.Franchise == limit
			}
		}
		for _, l := range m.lines {
			for _, a := range l.Lines {
				held += a.RetainedCents
			}
		}
		if held != due {
			t.Errorf("person %d: %s were held back of %s", i, held, due)
		}
	}
	if !reached {
		t.Error("nobody reaches a cap")
	}
}

// TestGenerate: what is made passes ingest's check, a load that was cut short
// is finished by the next, and makes what one load makes.
func TestGenerate(t *testing.T) {
	today, want := dbtest.Day(t, days[0]), 0
	for i := range 60 {
		want += len(makeFamily(t, 3, i, today).lines)
	}
	whole, nameWhole := dbtest.Open(t)
	load(t, whole, days[0])
	var told []int
	generate := Generate{Assures: 60, Seed: 3, Progress: func(done, total int) { told = append(told, done, total) }}
	if n, err := generate.Load(t.Context(), whole, today); err != nil || n != want {
		t.Fatalf("%d payments of %d: %v", n, want, err)
	}
	if diff := cmp.Diff([]int{60, 60}, told); diff != "" { // one chunk: told once all is stored
		t.Errorf("progress: %s", diff)
	}
	d, name := dbtest.Open(t)
	load(t, d, days[0])
	total := 0
	for _, n := range []int{20, 60, 60} { // the files of 20 are there when 60 are opened
		got, err := Generate{Assures: n, Seed: 3}.Load(t.Context(), d, today)
		if err != nil {
			t.Fatal(err)
		}
		total += got
	}
	if total != want {
		t.Errorf("%d payments of %d", total, want)
	}
	for _, database := range []string{name, nameWhole} {
		if got := dbtest.Texts(t, db.Owner, database, `SELECT count(*)::text FROM payments p JOIN assures a ON a.id = p.assure_id WHERE p.reference LIKE 'G%'`); got[0] != fmt.Sprint(want) {
			t.Errorf("%s payments are stored of %d", got[0], want)
		}
	}
	if diff := cmp.Diff(len(people(t, nameWhole)), len(people(t, name))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(mandates(t, nameWhole), mandates(t, name)); diff != "" || len(mandates(t, name)) < 2 {
		t.Errorf("mandates: %v %s", mandates(t, name), diff)
	}
}

// TestOtherSeed: families of two seeds never meet in a database; the largest
// seed is kept as it is.
func TestOtherSeed(t *testing.T) {
	d, name := dbtest.Open(t)
	load(t, d, days[0])
	today, generate := dbtest.Day(t, days[0]), Generate{Assures: 3, Seed: math.MaxUint64}
	if n, err := (Generate{Seed: 7}).Load(t.Context(), d, today); err != nil || n != 0 { // nobody is made of it
		t.Fatalf("%d payments: %v", n, err)
	}
	if _, err := generate.Load(t.Context(), d, today); err != nil {
		t.Fatal(err)
	}
	before := append(stored(t, name), people(t, name)...)
	_, err := Generate{Assures: 5, Seed: 2}.Load(t.Context(), d, today)
	if domain.CodeOf(err) != domain.Conflict {
		t.Fatalf("got %v", err)
	}
	for _, part := range []string{"seed 18446744073709551615", "not 2", "--seed 18446744073709551615", "DATABASE_URL"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not tell %q", err, part)
		}
	}
	if diff := cmp.Diff(before, append(stored(t, name), people(t, name)...)); diff != "" {
		t.Error(diff)
	}
	if n, err := generate.Load(t.Context(), d, today); err != nil || n != 0 {
		t.Errorf("the same seed added %d payments: %v", n, err)
	}
}
