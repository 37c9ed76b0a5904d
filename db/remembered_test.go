package db

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"comptesante/domain"
	"comptesante/domain/civil"
)

// TestOldRowIsNotKept: a row that was read before a renewal and arrives after it
// may be old. It fails when remember does not compare renewals.
func TestOldRowIsNotKept(t *testing.T) {
	var m remembered[act]
	found := make([]*act, 1)
	_, before := m.recall([]int64{1}, found)
	m.forget([]int64{1}) // the row has changed meanwhile
	m.remember(map[int64]*act{1: {Label: "old"}}, before)
	if missing, _ := m.recall([]int64{1}, found); len(missing) != 1 {
		t.Errorf("kept %v", found[0])
	}
	_, now := m.recall([]int64{1}, found)
	m.remember(map[int64]*act{1: {Label: "new"}}, now)
	if missing, _ := m.recall([]int64{0, 1, 2}, make([]*act, 3)); !slices.Equal(missing, []int64{2}) {
		t.Errorf("missing %v", missing)
	}
}

// TestMemoryIsBounded: however many rows are asked for, no more than two
// generations are kept, and what was asked for lately is still there.
func TestMemoryIsBounded(t *testing.T) {
	var m remembered[act]
	one := &act{}
	last := int64(3*generation + 5000)
	for from := int64(1); from <= last; from += 5000 {
		read := make(map[int64]*act, 5000)
		for key := from; key < from+5000; key++ {
			read[key] = one
		}
		m.remember(read, 0)
	}
	if kept := len(m.rows) + len(m.older); kept > 2*generation {
		t.Errorf("%d rows are kept", kept)
	}
	if missing, _ := m.recall([]int64{last, last - generation/2, 1}, make([]*act, 3)); !slices.Equal(missing, []int64{1}) {
		t.Errorf("missing %v", missing)
	}
	m.forget([]int64{last - generation/2})
	if missing, _ := m.recall([]int64{last - generation/2}, make([]*act, 1)); len(missing) != 1 {
		t.Error("a changed row of the older generation is kept")
	}
}

// TestGatherTrustsNoOrder: lines come to their payments in order, whatever the
// order of rows. It fails when dealLines takes rows as they come.
func TestGatherTrustsNoOrder(t *testing.T) {
	type row struct{ payment, position int }
	var rows []row
	for payment := range 5 {
		for position := range payment { // the first has no line
			rows = append(rows, row{payment, position + 1})
		}
	}
	for range 20 {
		rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		g := &gathered{payments: make([]domain.Payment, 5)}
		for _, r := range rows {
			g.places = append(g.places, linePlace(r))
			g.lines = append(g.lines, domain.PaymentLine{Rate: 10*r.payment + r.position})
		}
		g.dealLines()
		for payment, p := range g.payments {
			var want, got []int
			for position := range payment {
				want = append(want, 10*payment+position+1)
			}
			for _, l := range p.Lines {
				got = append(got, l.Rate)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%v: payment %d: %s", rows, payment, diff)
			}
		}
	}
}

func TestWire(t *testing.T) {
	for _, row := range []struct {
		why  string
		raw  []byte
		read func(*wireRow) any
		want any
	}{
		{"a smallint", []byte{0xff, 0xfe}, func(r *wireRow) any { return r.int() }, int64(-2)},
		{"an integer", []byte{0xff, 0xff, 0xff, 0x38}, func(r *wireRow) any { return r.int() }, int64(-200)},
		{"a bigint", []byte{0, 0, 0, 1, 0, 0, 0, 0}, func(r *wireRow) any { return r.int() }, int64(1) << 32},
		{"NULL is zero", nil, func(r *wireRow) any { return r.int() }, int64(0)},
		{"the epoch", []byte{0, 0, 0, 0}, func(r *wireRow) any { return r.date() }, civil.Date{Year: 2000, Month: 1, Day: 1}},
		{"the day before", []byte{0xff, 0xff, 0xff, 0xff}, func(r *wireRow) any { return r.date() }, civil.Date{Year: 1999, Month: 12, Day: 31}},
		{"29 February", []byte{0, 0, 0, 59}, func(r *wireRow) any { return r.date() }, civil.Date{Year: 2000, Month: 2, Day: 29}},
		{"no day", nil, func(r *wireRow) any { return r.date() }, civil.Date{}},
		{"a known text", []byte("ASSURE"), func(r *wireRow) any { return oneOf(r, domain.ToAssure) }, domain.ToAssure},
		{"an unknown one", []byte("AUTRE"), func(r *wireRow) any { return oneOf(r, domain.ToAssure) }, domain.Recipient("AUTRE")},
	} {
		r := wireRow{values: [][]byte{row.raw}}
		if got := row.read(&r); got != row.want || r.next != 1 {
			t.Errorf("%s: got %v, want %v; %d columns read", row.why, got, row.want, r.next)
		}
	}
	text := pgconn.FieldDescription{Name: "n", DataTypeOID: 23}
	if err := checkFields([]pgconn.FieldDescription{text}); err == nil {
		t.Error("a number in text form is read as binary")
	}
}
