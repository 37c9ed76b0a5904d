package resolvers_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"comptesante/db/dbtest"
	"comptesante/demo"
	"comptesante/domain"
	"comptesante/domain/actor"
	"comptesante/domain/civil"
	"comptesante/domain/nir"
)

// tabs are the playground's tabs with the variables that they come with
// (web/playground/src/examples.js), for a day. Live is a subscription: the test
// of the browser has it.
func tabs(today civil.Date) map[string]map[string]any {
	year := fmt.Sprintf("%d-01-01", today.Year)
	return map[string]map[string]any{
		"MyLastPayments": nil, "AwaitedFromMutuelle": nil, "HowItWasPaid": nil, "DailyAllowances": nil, "SharedCustody": nil,
		"MyTransfers":     {"movement": nil},
		"SearchCare":      {"text": "médecin", "professionals": nil},
		"CareByKind":      {"kinds": []string{"CONSULTATION", "PHARMACY"}},
		"ThisYear":        {"from": year},
		"Summaries":       {"from": year},
		"FilterPayments":  {"states": []string{"PAID"}, "recipients": []string{"ASSURE", "PROFESSIONAL"}, "complementary": nil, "beneficiaries": nil},
		"YearlyCaps":      {"year": nil},
		"BeforeTheWindow": {"from": "2020-01-01"},
	}
}

// feeds are the tabs that are followed, over a socket.
var feeds = map[string]bool{"Live": true, "MyAccount": true}

// TestEachTabShowsSomething: with the token that a first visitor is told to
// paste, Lucia's, no tab of the playground answers with an empty list, whatever
// the day on which the demonstration was loaded.
func TestEachTabShowsSomething(t *testing.T) {
	for _, text := range []string{"2026-11-23", "2028-02-29", "2026-12-31", "2027-01-01"} {
		b, lucia := demonstration(t, dbtest.Day(t, text))
		files, err := filepath.Glob("../web/playground/src/examples/*.graphql")
		if err != nil {
			t.Fatal(err)
		}
		all := tabs(dbtest.Day(t, text))
		if len(files) != len(all)+len(feeds) {
			t.Errorf("the playground has %d tabs: %v", len(files), slices.Sorted(maps.Keys(all)))
		}
		for _, file := range files {
			name := strings.TrimSuffix(filepath.Base(file), ".graphql")
			if feeds[name] {
				continue
			}
			query, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			data, code, _ := b.ask(t, lucia, string(query), all[name])
			if code != "" {
				t.Errorf("%s: %s is refused: %s", text, name, code)
			}
			if empty := emptyList(data, name); empty != "" {
				t.Errorf("%s: nothing at %s", text, empty)
			}
		}
	}
}

// demonstration is the API over the demonstration as it is loaded on a day, and
// Lucia's key.
func demonstration(t *testing.T, today civil.Date) (b *bundle, lucia int64) {
	t.Helper()
	b = newBundleAt(t, time.Date(today.Year, today.Month, today.Day, 12, 0, 0, 0, time.UTC))
	if _, err := demo.Load(t.Context(), b.db, today); err != nil {
		t.Fatal(err)
	}
	assure := func(given string) (demo.Person, int64) {
		p := demo.People[slices.IndexFunc(demo.People, func(p demo.Person) bool { return p.GivenName == given })]
		number, err := nir.Parse(p.NIR)
		if err != nil {
			t.Fatal(err)
		}
		id, err := b.db.AssureByNIR(t.Context(), number)
		if err != nil {
			t.Fatal(err)
		}
		return p, id.Assure
	}
	_, lucia = assure("Lucia")
	thomas, file := assure("Thomas")
	child, err := b.db.ChildBorn(t.Context(), file, thomas.Children[0].Born(today), 1)
	if err != nil {
		t.Fatal(err)
	}
	b.sights[lucia] = dbtest.Sight(t, b.name, domain.ID{Kind: domain.KindAssure, Assure: lucia, Key: lucia})
	b.others[lucia] = []actor.Sight{{Assure: file, Beneficiaries: []int64{child.Key}}}
	return b, lucia
}

// emptyList is where an answer has an empty list, of those that are in no other
// list; empty for nowhere.
func emptyList(v any, path string) string {
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			return path
		}
	case map[string]any:
		for name, field := range v {
			if empty := emptyList(field, path+"."+name); empty != "" {
				return empty
			}
		}
	case nil:
		return path + " (null)"
	}
	return ""
}
