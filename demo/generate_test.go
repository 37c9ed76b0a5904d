package demo

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/civil"
	"comptesante/domain/iban"
	"comptesante/domain/money"
	"comptesante/domain/nir"
	"comptesante/domain/reimburse"
	"comptesante/ingest"
)

const fewest = 50 // people in which each kind is found

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

// TestGeneratedNumbers: all are well-formed, unlike one another, and of nobody:
// of a country of birth that the register does not have, at a bank that is none.
func TestGeneratedNumbers(t *testing.T) {
	seen := make(map[string]bool)
	for i := range 20_000 {
		number, _, _ := numbered(i)
		n, err := nir.Parse(number)
		if err != nil || !n.Permanent() || seen[number] || number[5:10] != "99990" {
			t.Fatalf("person %d: %v", i, err)
		}
		seen[number] = true
		if a := account(i); !strings.HasPrefix(a[4:], "9999999999") {
			t.Fatalf("person %d: a bank that may exist", i)
		} else if _, err := iban.Parse(a); err != nil {
			t.Fatalf("person %d: the account: %v", i, err)
		}
	}
	if last, _, _ := numbered(maxGenerated - 1); len(last) != 13 {
		t.Errorf("the last number has %d characters", len(last))
	}
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

// TestGeneratedKinds: each kind is there, and shows what it is for, whatever
// the day.
func TestGeneratedKinds(t *testing.T) {
	for _, text := range days {
		began, kinds := dbtest.Day(t, text), make(map[kind]int)
		for i := range fewest {
			m := makeFamily(t, 1, i, began)
			kinds[m.kind]++
			count := 0
			for _, l := range m.lines {
				count += len(l.Lines)
				checkLine(t, &m.Person, began, l)
				checkKind(t, &m, l)
			}
			switch {
			case m.kind == nothing && count != 0, m.kind == heavyUser && count != heavyLines:
				t.Errorf("%s: kind %d has %d lines", began, m.kind, count)
			case m.kind == sixteen && (m.Children[0].Born(began).AgeOn(began) != 15 || m.Children[1].Born(began).AgeOn(began) != 16):
				t.Errorf("%s: the children are not on both sides of 16", began)
			}
		}
		for k := ordinary; k <= sixteen; k++ {
			if kinds[k] == 0 {
				t.Errorf("%s: nobody of kind %d", began, k)
			}
		}
	}
}

func checkKind(t testing.TB, m *made, l ingest.Line) {
	t.Helper()
	if m.kind == mgenMember && l.Complementary.State != string(domain.StateElsewhere) {
		t.Errorf("MGEN's member has a part %s", l.Complementary.State)
	}
	for _, a := range l.Lines {
		if m.kind == solidarity && a.RetainedCents != 0 || m.kind == longIllness && *a.RatePercent < 60 {
			t.Errorf("kind %d: %s at %d %%, %s held back", m.kind, a.Act, *a.RatePercent, a.RetainedCents)
		}
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
			due -= p.debt
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
	if n, err := (Generate{Assures: 60, Seed: 3}).Load(t.Context(), whole, today); err != nil || n != want {
		t.Fatalf("%d payments of %d: %v", n, want, err)
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
		if got := texts(t, database, `SELECT count(*)::text FROM payments p JOIN assures a ON a.id = p.assure_id WHERE p.reference LIKE 'G%'`); got[0] != fmt.Sprint(want) {
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
