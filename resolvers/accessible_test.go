package resolvers_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/actor"
)

// sharing is a bundle in which a holder may see the first child of each of some
// files; each file has a payment for the parent, for that child and for a sibling.
type sharing struct {
	*bundle
	holder int64
	files  []int64
}

func share(t *testing.T, files int) *sharing {
	t.Helper()
	s := &sharing{bundle: newBundle(t)}
	s.holder = s.file(t, 6, 1)
	dbtest.Pay(t, s.db, dbtest.Record(t, 6, "holder", "2026-11-02"))
	for i := range files {
		file := s.file(t, i, 3, "2017-09-03", "2019-01-01")
		s.files = append(s.files, file)
		s.others[s.holder] = append(s.others[s.holder], actor.Sight{Assure: file, Beneficiaries: s.sights[file].Beneficiaries[1:2]})
		child, sibling := dbtest.Record(t, i, fmt.Sprintf("child%d", i), "2026-11-03"), dbtest.Record(t, i, fmt.Sprintf("sibling%d", i), "2026-11-04")
		child.BirthDate, child.BirthRank = dbtest.Day(t, "2017-09-03"), 1
		sibling.BirthDate, sibling.BirthRank = dbtest.Day(t, "2019-01-01"), 1
		dbtest.Pay(t, s.db, dbtest.Record(t, i, fmt.Sprintf("parent%d", i), "2026-11-02"), child, sibling)
	}
	return s
}

func (s *sharing) person(file, i int) domain.ID {
	return domain.ID{Kind: domain.KindBeneficiary, Assure: s.files[file], Key: s.sights[s.files[file]].Beneficiaries[i]}
}

// TestAccessible: who holds a mandate sees the child and the child's payments, in
// totals too, and nothing of the other parent nor of the sibling.
func TestAccessible(t *testing.T) {
	s := share(t, 1)
	data, code, _ := s.ask(t, s.holder, `{ me { payments { nodes { reference } totals { count } } accessible { assure beneficiaries { id relation }
		payments { nodes { reference beneficiary { id } lines { professional { name } } } totals { count spent amount retained } pageInfo { hasNextPage } } } } }`, nil)
	child := s.person(0, 1).String()
	want := map[string]any{"me": map[string]any{
		"payments": map[string]any{"nodes": []any{map[string]any{"reference": "holder"}}, "totals": map[string]any{"count": 1.0}},
		"accessible": []any{map[string]any{
			"assure":        domain.ID{Kind: domain.KindAssure, Assure: s.files[0], Key: s.files[0]}.String(),
			"beneficiaries": []any{map[string]any{"id": child, "relation": "CHILD"}},
			"payments": map[string]any{
				"nodes": []any{map[string]any{"reference": "child0", "beneficiary": map[string]any{"id": child},
					"lines": []any{map[string]any{"professional": map[string]any{"name": "Dr Anne Le Goff"}}}}},
				"totals":   map[string]any{"count": 1.0, "spent": 3000.0, "amount": 1900.0, "retained": 200.0},
				"pageInfo": map[string]any{"hasNextPage": false},
			},
		}},
	}}
	if diff := cmp.Diff(want, data); diff != "" || code != "" {
		t.Errorf("%s %s", code, diff)
	}
}

// TestAccessibleOfNobody: without a mandate the list is empty, and costs nothing.
func TestAccessibleOfNobody(t *testing.T) {
	s := share(t, 1)
	data, code, count := s.ask(t, s.files[0], `{ me { accessible { assure payments { nodes { id } totals { count } } } } }`, nil)
	if diff := cmp.Diff(map[string]any{"me": map[string]any{"accessible": []any{}}}, data); diff != "" || code != "" || count != 0 {
		t.Errorf("%d statements, %s %s", count, code, diff)
	}
}

// everythingAccessible is all that can be asked of another's file.
const everythingAccessible = `{ me { accessible { __typename assure
	beneficiaries { id familyName givenName birthDate relation }
	payments { liveCursor totals { count spent amount retained complementary remaining } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
		edges { cursor node { id } }
		nodes { id reference movement { reference } paidOn recipient amount revision beneficiary { id familyName givenName birthDate relation }
			lines { caredOn act label spent base rate reimbursed retained paid professional { id name specialty town } }
			complementary { __typename ... on ComplementaryAwaited { mutuelle { id code name site } } } } } } } }`

// TestAccessibleHidesTheOtherParent: nothing of the other parent's own shows,
// however much is asked. The fund and the account are the parent's; the mutuelle
// that pays for the child is the payment's.
func TestAccessibleHidesTheOtherParent(t *testing.T) {
	s := share(t, 1)
	dbtest.Exec(t, s.name, `UPDATE assures SET given_name = 'Canari', family_name = 'Parent' WHERE id = $1`, s.files[0])
	dbtest.Exec(t, s.name, `UPDATE beneficiaries SET given_name = 'Canari', family_name = 'Parent' WHERE assure_id = $1 AND relation = 'SELF'`, s.files[0])
	data, code, _ := s.ask(t, s.holder, everythingAccessible, nil)
	text, err := json.Marshal(data)
	if err != nil || code != "" {
		t.Fatal(code, err)
	}
	for _, hidden := range []string{"Canari", "Parent", "1985-05-14", "1 85", "CPAM", "2019-01-01", "parent0", "sibling0", "iban", "nir"} {
		if strings.Contains(string(text), hidden) {
			t.Errorf("%s is in %s", hidden, text)
		}
	}
	if !strings.Contains(string(text), "child0") {
		t.Errorf("nothing came: %s", text)
	}
}

// TestAccessibleNodes: by id the holder reaches what they see in the list, and
// the other parent's file is NOT_FOUND like what is not there.
func TestAccessibleNodes(t *testing.T) {
	s := share(t, 1)
	// Keys are given in order of reference: the holder's is 1.
	payment := func(key int64) domain.ID { return domain.ID{Kind: domain.KindPayment, Assure: s.files[0], Key: key} }
	for _, row := range []struct {
		why  string
		id   domain.ID
		want string
	}{
		{"the child", s.person(0, 1), "Beneficiary"},
		{"the child's payment", payment(2), "Payment"},
		{"the other parent's file", domain.ID{Kind: domain.KindAssure, Assure: s.files[0], Key: s.files[0]}, "NOT_FOUND"},
		{"the other parent", s.person(0, 0), "NOT_FOUND"},
		{"the sibling", s.person(0, 2), "NOT_FOUND"},
		{"the other parent's payment", payment(3), "NOT_FOUND"},
		{"the sibling's payment", payment(4), "NOT_FOUND"},
		{"the child as if in the own file", domain.ID{Kind: domain.KindBeneficiary, Assure: s.holder, Key: s.person(0, 1).Key}, "NOT_FOUND"},
		{"the child's payment as if in the own file", domain.ID{Kind: domain.KindPayment, Assure: s.holder, Key: 2}, "NOT_FOUND"},
		{"the own file", domain.ID{Kind: domain.KindAssure, Assure: s.holder, Key: s.holder}, "Assure"},
	} {
		data, code, _ := s.ask(t, s.holder, `query($id: ID!) { node(id: $id) { __typename id ... on Payment { beneficiary { id } } ... on Assure { nir } } }`, map[string]any{"id": row.id.String()})
		got := code
		if node, ok := data["node"].(map[string]any); ok {
			got = node["__typename"].(string)
		}
		if got != row.want {
			t.Errorf("%s: got %s, want %s", row.why, got, row.want)
		}
	}
}

// TestAccessibleAsked: aliases, fragments, filters, pages and faults below the
// list work as they do below oneself.
func TestAccessibleAsked(t *testing.T) {
	s := share(t, 2)
	me := domain.ID{Kind: domain.KindAssure, Assure: s.holder, Key: s.holder}.String()
	data, code, _ := s.ask(t, s.holder, `{ me { accessible { payments { edges { cursor } } } } }`, nil)
	cursor := data["me"].(map[string]any)["accessible"].([]any)[0].(map[string]any)["payments"].(map[string]any)["edges"].([]any)[0].(map[string]any)["cursor"].(string)
	if code != "" {
		t.Fatal(code)
	}
	for _, row := range []struct{ why, query, code, want string }{
		{"aliases", `{ me { a: accessible { x: payments(first: 1) { nodes { reference } } y: payments { nodes { paidOn } } } b: accessible { payments { totals { count } } } } }`, "",
			`{"me":{"a":[{"x":{"nodes":[{"reference":"child0"}]},"y":{"nodes":[{"paidOn":"2026-11-03"}]}},{"x":{"nodes":[{"reference":"child1"}]},"y":{"nodes":[{"paidOn":"2026-11-03"}]}}],"b":[{"payments":{"totals":{"count":1}}},{"payments":{"totals":{"count":1}}}]}}`},
		{"fragments", `{ me { ...f } } fragment f on Assure { accessible { ... on AccessibleFile { payments { ...p } } } } fragment p on PaymentConnection { nodes { reference } }`, "",
			`{"me":{"accessible":[{"payments":{"nodes":[{"reference":"child0"}]}},{"payments":{"nodes":[{"reference":"child1"}]}}]}}`},
		{"by the own file's id", `{ node(id: "` + me + `") { ... on Assure { accessible { payments { nodes { reference } } } } } }`, "",
			`{"node":{"accessible":[{"payments":{"nodes":[{"reference":"child0"}]}},{"payments":{"nodes":[{"reference":"child1"}]}}]}}`},
		{"a filter that names the sibling", `{ me { accessible { payments(filter: {beneficiaries: ["` + s.person(0, 2).String() + `"]}) { nodes { reference } totals { count } } } } }`, "",
			`{"me":{"accessible":[{"payments":{"nodes":[],"totals":{"count":0}}},{"payments":{"nodes":[],"totals":{"count":0}}}]}}`},
		{"a filter that names one child", `{ me { accessible { payments(filter: {beneficiaries: ["` + s.person(1, 1).String() + `"]}) { nodes { reference } } } } }`, "",
			`{"me":{"accessible":[{"payments":{"nodes":[]}},{"payments":{"nodes":[{"reference":"child1"}]}}]}}`},
		{"the own list with a filter that names the child", `{ me { payments(filter: {beneficiaries: ["` + s.person(0, 1).String() + `"]}) { nodes { reference } } } }`, "", `{"me":{"payments":{"nodes":[]}}}`},
		{"a page too large", `{ me { accessible { payments(first: 101) { nodes { reference } } } } }`, "VALIDATION", ""},
		{"a cursor of one file in the list of another", `{ me { accessible { payments(after: "` + cursor + `") { nodes { reference } } } } }`, "VALIDATION", ""},
		{"the other parent's facts", `{ me { accessible { nir } } }`, "VALIDATION", ""},
	} {
		data, code, _ := s.ask(t, s.holder, row.query, nil)
		text, err := json.Marshal(data)
		if code != row.code || err != nil || (row.want != "" && string(text) != row.want) {
			t.Errorf("%s: %s, got %s", row.why, code, text)
		}
	}
}

// TestAccessibleTripsAreConstant: whatever the number of files, all of them come
// in one round trip, after the own file's. It fails when the look-ahead of a file
// misses a part: then each file's list comes on its own.
func TestAccessibleTripsAreConstant(t *testing.T) {
	for _, files := range []int{1, 2, 5} {
		s := share(t, files)
		n := int64(files)
		s.ask(t, s.holder, wholePage, nil) // the reference data is in memory now
		s.ask(t, s.holder, everythingAccessible, nil)
		me := domain.ID{Kind: domain.KindAssure, Assure: s.holder, Key: s.holder}.String()
		for _, row := range []struct {
			why, query        string
			statements, trips int64
		}{
			{"all of each: the feed's place, the people, a page, the totals", everythingAccessible, 4 * n, 1},
			{"with oneself", `{ me { nir payments { nodes { id } } accessible { payments { nodes { id lines { act } } } } } }`, 2 + n, 2},
			{"the ids alone are known", `{ me { accessible { assure } } }`, 0, 0},
			{"two lists of each", `{ me { accessible { a: payments { nodes { id } } b: payments { totals { count } } } } }`, 2 * n, 1},
			{"by the own file's id", `{ node(id: "` + me + `") { ... on Assure { accessible { payments { nodes { id } } } } } }`, n, 1},
		} {
			trips := s.statements.trips.Load()
			_, code, count := s.ask(t, s.holder, row.query, nil)
			if trips = s.statements.trips.Load() - trips; code != "" || count != row.statements || trips != row.trips {
				t.Errorf("%d files: %s: %d statements in %d round trips, want %d in %d %s", files, row.why, count, trips, row.statements, row.trips, code)
			}
		}
	}
}
