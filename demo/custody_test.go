package demo

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
)

// mandates is who sees whose child in a database.
func mandates(t testing.TB, database string) []string {
	t.Helper()
	return dbtest.Texts(t, db.Owner, database, `SELECT concat_ws(' ', h.given_name, 'sees', b.given_name, 'of', a.given_name) FROM mandates m
		JOIN assures h ON h.id = m.holder_assure_id JOIN assures a ON a.id = m.assure_id
		JOIN beneficiaries b ON b.assure_id = m.assure_id AND b.id = m.beneficiary_id WHERE m.ended_at IS NULL ORDER BY m.assure_id, b.id`)
}

// TestSharedCustody: whoever loads, and however often, the same children are
// shared, on any day.
func TestSharedCustody(t *testing.T) {
	for _, today := range days[:3] {
		d, name := dbtest.Open(t)
		load(t, d, today)
		dbtest.Exec(t, name, `UPDATE installation SET demo_loaded = false`) // as one that was cut short
		load(t, d, today)
		if diff := cmp.Diff([]string{"Lucia sees Léa of Thomas"}, mandates(t, name)); diff != "" {
			t.Errorf("%s: %s", today, diff)
		}
	}
}

// TestGeneratedCustody: pairs share children below 16, both ways in some; nobody
// shares with who is not made.
func TestGeneratedCustody(t *testing.T) {
	const n = 4000
	began := dbtest.Day(t, days[0])
	shares := make(map[string]string)
	for i := range n {
		m := family(rand.New(rand.NewPCG(1, uint64(i))), i, began)
		m.shared(i, n)
		for at, c := range m.Children {
			if c.SharedWith == "" {
				continue
			}
			if shares[m.NIR] = c.SharedWith; at != 0 || c.SharedWith == m.NIR {
				t.Errorf("person %d shares child %d with %s", i, at, c.SharedWith)
			}
			if c.Born(began).AgeOn(began) >= domain.AutonomyAge {
				t.Errorf("person %d shares a child who is sixteen", i)
			}
		}
	}
	both := 0
	for one, other := range shares {
		if shares[other] == one {
			both++
		}
	}
	if len(shares) < n/200 || len(shares) > n/50 || both == 0 {
		t.Errorf("%d people share a child, %d both ways", len(shares), both)
	}
	last := family(rand.New(rand.NewPCG(1, 6)), 6, began)
	if last.shared(6, 7); last.Children[0].SharedWith != "" {
		t.Error("the last one shares with somebody who is not made")
	}
}
