package resolvers_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"comptesante/db/dbtest"
	"comptesante/domain"
)

// shownTogether is all that one answer can say of the same payments.
const shownTogether = `{ me { payments(first: 100) { liveCursor
	nodes { amount beneficiary { id } movement { reference amount } lines { spent retained retentions { kind amount of { label } } } }
	totals { count spent amount retained }
	month: summary(by: [MONTH]) { count spent amount retained }
	kind: summary(by: [KIND]) { spent amount retained }
	person: summary(by: [BENEFICIARY]) { count spent amount retained }
	all: summary(by: [MONTH, KIND, BENEFICIARY]) { spent amount retained } }
	retentionCounters { amount } } }`

// TestOneMoment: while payments are recorded, a list, its totals, its summaries,
// its movements, the counters and the feed's place in one answer are of the same
// payments, to the cent. It fails when one of them is read in a snapshot of its
// own.
func TestOneMoment(t *testing.T) {
	b := newBundle(t)
	me := b.file(t, 0, 2, "2015-03-02")
	var writers sync.WaitGroup
	var left atomic.Int64
	const each = 25
	for w := range 3 {
		left.Add(1)
		writers.Go(func() {
			defer left.Add(-1)
			for n := range each {
				r := dbtest.Record(t, 0, fmt.Sprint(w, "-", n), "2026-11-02")
				r.Movement = fmt.Sprint("VIR ", w, n/10)
				r.Lines[0].Retentions = []domain.Retention{{Kind: domain.Participation, Amount: 200}, {Kind: domain.Franchise, Amount: 100, Deferred: true}}
				if n%3 == 0 {
					r.BirthDate, r.BirthRank = dbtest.Day(t, "2015-03-02"), 1
				}
				if _, err := b.db.RecordPayments(t.Context(), "test", []domain.PaymentRecord{r}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	reads, wrong := 0, 0
	for more := true; more; reads++ {
		more = left.Load() > 0
		data, code, _ := b.ask(t, me, shownTogether, nil)
		if code != "" {
			t.Fatal(code)
		}
		if diff := disagreement(data["me"].(map[string]any)); diff != "" {
			if wrong++; wrong <= 5 {
				t.Error(diff)
			}
		}
	}
	writers.Wait()
	t.Logf("%d of %d answers disagree", wrong, reads)
}

// figures are sums of one way of telling them.
type figures struct{ count, spent, amount, retained float64 }

func add(sum *figures, group any) {
	g := group.(map[string]any)
	count, _ := g["count"].(float64)
	sum.count, sum.spent, sum.amount, sum.retained = sum.count+count, sum.spent+g["spent"].(float64), sum.amount+g["amount"].(float64), sum.retained+g["retained"].(float64)
}

// disagreement is what of an account differs from its list.
func disagreement(me map[string]any) string {
	payments := me["payments"].(map[string]any)
	var list figures
	var counted float64
	moved := map[string]float64{}
	for _, n := range payments["nodes"].([]any) {
		p := n.(map[string]any)
		list.count++
		list.amount += p["amount"].(float64)
		moved[p["movement"].(map[string]any)["reference"].(string)] += p["amount"].(float64)
		for _, l := range p["lines"].([]any) {
			line := l.(map[string]any)
			list.spent, list.retained = list.spent+line["spent"].(float64), list.retained+line["retained"].(float64)
			for _, r := range line["retentions"].([]any) {
				counted += r.(map[string]any)["amount"].(float64)
			}
		}
	}
	told := map[string]figures{}
	var totals figures
	add(&totals, payments["totals"])
	told["totals"] = totals
	for _, name := range []string{"month", "kind", "person", "all"} {
		var sum figures
		for _, group := range payments[name].([]any) {
			add(&sum, group)
		}
		if name == "kind" || name == "all" { // one kind, so as many
			sum.count = list.count
		}
		told[name] = sum
	}
	for name, sum := range told {
		if sum != list {
			return fmt.Sprintf("%s: %v, the list has %v", name, sum, list)
		}
	}
	for _, n := range payments["nodes"].([]any) {
		m := n.(map[string]any)["movement"].(map[string]any)
		if reference := m["reference"].(string); m["amount"] != moved[reference] {
			return fmt.Sprintf("movement %s: %v, the list has %v", reference, m["amount"], moved[reference])
		}
	}
	for _, c := range me["retentionCounters"].([]any) {
		counted -= c.(map[string]any)["amount"].(float64)
	}
	if counted != 0 {
		return fmt.Sprintf("the counters have %v less than the list's retentions", counted)
	}
	return ""
}
