package ingest_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptesante/db/dbtest"
	"comptesante/demo"
	"comptesante/ingest"
)

// TestExamples takes the example files in, beside the demo's people, whom they
// speak of.
func TestExamples(t *testing.T) {
	d := dbtest.New(t)
	if _, err := demo.Load(t.Context(), d, dbtest.Day(t, today)); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		why, file string
		sum       ingest.Summary
		rejects   []string
	}{
		{"every good line is accepted", "payments.ndjson", ingest.Summary{Added: 13}, nil},
		{"and nothing changes the second time", "payments.ndjson", ingest.Summary{Unchanged: 13}, nil},
		{"nor is the same in CSV anything else", "payments.csv", ingest.Summary{Unchanged: 13}, nil},
		{"earlier care, an employer, and a parent's debt beside a child's payment", "payments-details.ndjson", ingest.Summary{Added: 5}, nil},
		{"the same in CSV", "payments-details.csv", ingest.Summary{Unchanged: 5}, nil},
		{"each bad line is rejected for what it is there for", "payments-bad.ndjson", ingest.Summary{Rejected: 21}, []string{
			"1  JSON", // cut short
			"2 amount FIELD",
			"3 amountCents TYPE",        // euros, as text
			"4 lines[0].paidCents TYPE", // half a cent
			"5 nir NIR",                 // a typing error
			"6 paidOn DATE",             // 29 February of a common year
			"7 lines[0].baseCents MISSING",
			"8 amountCents SUM",
			"9 lines[0].caredOn ORDER",
			"10 lines[0].label TEXT", // a control character
			"11 amountCents TWICE",
			"12  JSON", // two payments on a line
			"13 recipient UNKNOWN",
			"14 complementary.mutuelle MISSING",
			"15 paidOn FUTURE", // digits swapped
			"16 lines COUNT",
			"17 account IBAN",               // digits swapped
			"18 lines[0].retainedCents SUM", // what is deferred is not held back here
			"19 nir UNKNOWN",                // nobody's file
			"20 beneficiary UNKNOWN",        // the day after a child's birth
			"21 complementary.mutuelle UNKNOWN",
		}},
	} {
		file, err := os.Open("../docs/examples/" + row.file)
		if err != nil {
			t.Fatal(err)
		}
		var rejects bytes.Buffer
		p := ingest.Payments{Store: d, By: "test", Today: dbtest.Day(t, today), Name: file.Name(), Rejects: &rejects}
		sum, err := p.Run(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
		if row.rejects != nil { // what the documentation shows of them
			want, err := os.ReadFile("../docs/examples/payments-bad.rejects.ndjson")
			if diff := cmp.Diff(string(want), rejects.String()); diff != "" || err != nil {
				t.Errorf("%s: %v %s", row.why, err, diff)
			}
		}
		if diff := cmp.Diff(row.sum, sum) + cmp.Diff(row.rejects, ingest.Rejected(t, &rejects)); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
}
