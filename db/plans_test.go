package db_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"comptesante/db"
	"comptesante/db/dbtest"
	"comptesante/domain"
	"comptesante/domain/actor"
)

// A million rows: histories of two thousand people, whose payments lie scattered
// in the tables, and one of three thousand lines.
const (
	plannedPeople   = 2_000
	plannedPayments = 400_000
)

// fill makes the rows by SQL, past the checks of recording, as fast as it goes.
func fill(t *testing.T, name string) {
	t.Helper()
	for _, sql := range []string{
		`INSERT INTO act_kinds (code, kind) VALUES ('P1', 'PHARMACY')`,
		`INSERT INTO acts (code, label) SELECT CASE WHEN i % 3 = 0 THEN 'G' ELSE 'P1' END, 'Acte ' || i FROM generate_series(1, 300) i`,
		`INSERT INTO professionals (number, name, specialty, town) SELECT i::text, 'Dr ' || i, 'Médecin', 'Lyon' FROM generate_series(1, 20000) i`,
		fmt.Sprintf(`INSERT INTO payments (assure_id, id, beneficiary_id, reference, movement, paid_on, cared_on, recipient, amount_cents, complementary, complementary_cents, mutuelle_id)
			SELECT a, i, a * 10 + i %% 2, 'R' || i, 'VIR ' || i %% 500, d, d - i %% 40, CASE WHEN i %% 3 = 0 THEN 'PROFESSIONAL' ELSE 'ASSURE' END, 1900,
				CASE WHEN i %% 4 = 0 THEN 'NONE' ELSE 'KNOWN' END, CASE WHEN i %% 4 > 0 THEN 900 END, CASE WHEN i %% 4 > 0 THEN 1 END
			FROM (SELECT i, CASE WHEN i %% 400 = 0 THEN 1 ELSE 1 + i %% %d END AS a, date '2024-06-01' + i %% 900 AS d FROM generate_series(1, %d) i) g`, plannedPeople, plannedPayments),
		`INSERT INTO payment_lines (assure_id, payment_id, paid_on, position, cared_on, act_id, professional_id, spent_cents, base_cents, rate, reimbursed_cents, retained_cents, paid_cents)
			SELECT assure_id, id, paid_on, n, cared_on, 1 + id % 300, 1 + id % 20000, 3000, 3000, 70, 2100, 200, 1900 FROM payments, generate_series(1, CASE WHEN assure_id = 1 THEN 3 ELSE 1 END) n`,
		`INSERT INTO payment_retentions (assure_id, paid_on, payment_id, position, n, kind, amount_cents)
			SELECT assure_id, paid_on, payment_id, position, 1, 'PARTICIPATION', 200 FROM payment_lines WHERE payment_id % 2 = 0`,
		`INSERT INTO payment_allowances (assure_id, paid_on, payment_id, position, nature, first_day, last_day, days, daily_cents, gross_cents, csg_cents, crds_cents)
			SELECT assure_id, paid_on, payment_id, position, 'SICKNESS', cared_on, cared_on, 1, 2100, 2100, 0, 0 FROM payment_lines WHERE payment_id % 50 = 0`,
		`ANALYZE`,
	} {
		dbtest.Exec(t, name, sql)
	}
}

// TestPlansAtAMillionRows: whatever is asked of a history, it is read by indexes,
// of that file alone, in the plan that serves all values as in that for the values
// at hand. It fails when a condition makes PostgreSQL read a whole table, or a
// whole index.
func TestPlansAtAMillionRows(t *testing.T) {
	_, name := dbtest.Open(t)
	fill(t, name)
	conn := dbtest.Connect(t, db.Owner, name)
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	for _, assure := range []int64{1, 7} { // a long history, and one as most are
		s := actor.Sight{Assure: assure, Beneficiaries: []int64{assure * 10, assure*10 + 1}}
		asked := db.AskedBeside(s, 2026, dbtest.Day(t, "2026-11-23"))
		for _, q := range combinations(t) {
			asked = append(asked, db.AskedOf(s, q)...)
		}
		checked := map[string]bool{}
		for _, a := range asked {
			key := a.Name + fmt.Sprint(a.Args...)
			if checked[key] {
				continue
			}
			checked[key] = true
			checkPlan(t, conn, a)
		}
		if len(checked) < 100 {
			t.Errorf("only %d plans were read", len(checked))
		}
	}
}

// combinations are queries with every order, direction and breadth of filter.
func combinations(t *testing.T) (all []domain.PageQuery) {
	t.Helper()
	movement := "VIR 7"
	for _, order := range []domain.PaymentOrder{domain.ByPaidOn, domain.ByCaredOn} {
		for _, backward := range []bool{false, true} {
			for _, f := range []domain.PageFilter{
				{},
				{Recipients: []domain.Recipient{domain.ToAssure}, Complementary: []domain.ComplementaryState{domain.StateKnown}},
				{States: []domain.PaymentState{domain.PaymentRecovered}},
				{Movement: &movement},
				{Lines: domain.LineFilter{Kinds: []domain.ActKind{domain.ActPharmacy}}},
				{Lines: domain.LineFilter{Professionals: []domain.ID{{Kind: domain.KindProfessional, Key: 8}}}},
				{Lines: domain.LineFilter{Words: []string{"lyon", "acte"}}},
				{States: []domain.PaymentState{domain.PaymentPaid}, Movement: &movement, Lines: domain.LineFilter{Kinds: []domain.ActKind{domain.ActOther}, Words: []string{"x"},
					Professionals: []domain.ID{{Kind: domain.KindProfessional, Key: 8}}}},
			} {
				q := whole(t)
				q.Order, q.Backward, q.Filter, q.Limit = order, backward, f, 20
				all = append(all, q)
			}
		}
	}
	return all
}

// histories are the tables that hold a row for each payment or more.
var histories = map[string]bool{"payments": true, "payment_lines": true, "payment_retentions": true, "payment_allowances": true}

// checkPlan reads the generic and the custom plan of a statement.
func checkPlan(t *testing.T, conn *pgx.Conn, a db.Asked) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), `PREPARE asked AS `+a.SQL); err != nil {
		t.Fatalf("%s: %v", a.Name, err)
	}
	values := make([]string, len(a.Args))
	for i, v := range a.Args {
		values[i] = literal(v)
	}
	for _, mode := range []string{"force_generic_plan", "force_custom_plan"} {
		var text string
		if _, err := conn.Exec(t.Context(), `SET plan_cache_mode = `+mode); err != nil {
			t.Fatal(err)
		}
		if err := conn.QueryRow(t.Context(), `EXPLAIN (FORMAT JSON) EXECUTE asked(`+strings.Join(values, ", ")+`)`, pgx.QueryExecModeSimpleProtocol).Scan(&text); err != nil {
			t.Fatalf("%s: %v", a.Name, err)
		}
		var plans []struct{ Plan planNode }
		if err := json.Unmarshal([]byte(text), &plans); err != nil {
			t.Fatal(err)
		}
		if faults := plans[0].Plan.faults(); len(faults) > 0 {
			t.Errorf("%s of assuré %v, %s: %s", a.Name, a.Args[0], mode, strings.Join(faults, "; "))
		}
	}
	if _, err := conn.Exec(t.Context(), `DEALLOCATE asked`); err != nil {
		t.Fatal(err)
	}
}

// literal is a parameter as SQL writes it.
func literal(v any) string {
	switch v := v.(type) {
	case time.Time:
		return "'" + v.Format(time.DateOnly) + "'"
	case *string:
		if v == nil {
			return "NULL"
		}
		return literal(*v)
	case string:
		return "'" + v + "'"
	}
	list := reflect.ValueOf(v)
	if list.Kind() != reflect.Slice {
		return fmt.Sprint(v)
	}
	if list.IsNil() {
		return "NULL"
	}
	var texts []string
	for i := range list.Len() {
		texts = append(texts, fmt.Sprintf("%q", fmt.Sprint(list.Index(i))))
	}
	return "'{" + strings.Join(texts, ",") + "}'"
}

// planNode is a node of a plan.
type planNode struct {
	Type  string `json:"Node Type"`
	Table string `json:"Relation Name"`
	Index string `json:"Index Name"`
	Cond  string `json:"Index Cond"`
	Plans []planNode
}

// faults are reads of more than one file's part of a history.
func (n *planNode) faults() (faults []string) {
	if histories[n.Table] && (!strings.Contains(n.Type, "Index") || !strings.Contains(n.Cond, "assure_id =")) && n.Type != "Bitmap Heap Scan" {
		faults = append(faults, fmt.Sprintf("%s of %s by %s (%s)", n.Type, n.Table, n.Index, n.Cond))
	}
	if n.Type == "Bitmap Index Scan" && !strings.Contains(n.Cond, "assure_id =") {
		faults = append(faults, fmt.Sprintf("%s of %s (%s)", n.Type, n.Index, n.Cond))
	}
	for i := range n.Plans {
		faults = append(faults, n.Plans[i].faults()...)
	}
	return faults
}
