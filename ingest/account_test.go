package ingest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/domain"
)

// ledger is an account in memory.
type ledger struct{ told []string }

// SetFormat implements Account.
func (l *ledger) SetFormat(f domain.BatchFormat) { l.told = append(l.told, string(f)) }

// Reject implements Account.
func (l *ledger) Reject(code string) { l.told = append(l.told, code) }

// TestAccount: what never reaches the store is told to the account, and what the
// store refuses is not: it counts that itself. It fails where a reject is told by
// both, or by neither.
func TestAccount(t *testing.T) {
	for _, row := range []struct {
		why, file string
		want      []string
	}{
		{"NDJSON", of(t, "A") + "\n{\n" + of(t, "X") + "\n" + with(t, `"amountCents":1900`, `"amountCents":1901`), []string{"NDJSON", "JSON", "SUM"}},
		{"CSV", header(";") + rowOf(t, "A") + "\"\n", []string{"CSV", "CSV"}},
		{"CSV without its header", "nir;reference\n", []string{"CSV"}},
	} {
		l := &ledger{}
		p := Payments{Store: &memory{}, Account: l, Today: today, Rejects: &bytes.Buffer{}}
		_, _ = p.Run(t.Context(), strings.NewReader(row.file)) // the last fails
		if diff := cmp.Diff(row.want, l.told); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
}

// TestCallsAreCheckedAsFiles: a record of a call meets the verdict that its line
// in a file does.
func TestCallsAreCheckedAsFiles(t *testing.T) {
	for _, change := range [][2]string{{"A1", "A2"}, {"2026-11-02", "2026-02-30"}, {`"amountCents":1900`, `"amountCents":1901`}, {"01 29", "01 30"}, {"AWAITED", "?"}} {
		text := []byte(with(t, change[0], change[1]))
		record, fault := parse(text)
		if fault == nil {
			fault = record.Check(today)
		}
		got := Check([]Line{lineOf(t, text)}, today)[0]
		if diff := cmp.Diff(fault, got.Fault); diff != "" || (got.Record == nil) != (fault != nil) {
			t.Errorf("%s: %s", change[1], diff)
		}
	}
}

func lineOf(t testing.TB, text []byte) (l Line) {
	t.Helper()
	if err := json.Unmarshal(text, &l); err != nil {
		t.Fatal(err)
	}
	return l
}
