package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"comptesante/domain"
)

// TestListedBatches: each batch is a line of the table and of the JSON, in their
// order; a name from outside moves no cursor.
func TestListedBatches(t *testing.T) {
	began, file, format := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC), "lot\x1b[2J\t.csv", domain.BatchFormat("CSV")
	ended := began.Add(1500 * time.Millisecond)
	batches := []domain.IngestBatch{
		{ID: domain.ID{Kind: domain.KindIngestBatch, Key: 3}, Sender: "caisse", Source: domain.BatchOfFile, File: &file, Format: &format, Status: domain.BatchKilled, BeganAt: began},
		{ID: domain.ID{Kind: domain.KindIngestBatch, Key: 2}, Sender: "caisse", Source: domain.BatchOfCall, Status: domain.BatchFinished, BeganAt: began, EndedAt: &ended,
			Counts: domain.BatchCounts{Added: 2, Rejected: 3}, Amounts: domain.BatchAmounts{Added: 190000, Unchanged: 1, Complementary: 900},
			Rejects: []domain.RejectCount{{Code: "JSON", Count: 1}, {Code: "SUM", Count: 2}}},
		{ID: domain.ID{Kind: domain.KindIngestBatch, Key: 1}, Sender: "caisse", Source: domain.BatchOfFile, Status: domain.BatchFailed, BeganAt: began, EndedAt: &ended},
	}
	var table, lines bytes.Buffer
	if err := printTable(&table, batches); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(table.String()), "\n")
	if len(rows) != 4 || strings.ContainsAny(table.String(), "\x1b\t") {
		t.Errorf("%q", table.String())
	}
	for i, want := range [][]string{{"KILLED", "lot?[2J?.csv", " - "}, {"1.5s", "a call", "1\u00a0900,01\u00a0€", "9,00\u00a0€", "JSON 1, SUM 2"}, {"FAILED", "standard input"}} {
		for _, w := range want {
			if !strings.Contains(rows[i+1], w) {
				t.Errorf("%q is not in %q", w, rows[i+1])
			}
		}
	}
	if err := printJSON(&lines, batches); err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(lines.String()), "\n") {
		var got listed
		if err := json.Unmarshal([]byte(line), &got); err != nil || got.ID != batches[i].ID.String() || got.Rejects == nil || got.AddedCents != int64(batches[i].Amounts.Added) {
			t.Errorf("%v %s", err, line)
		}
	}
	table.Reset()
	if err := printTable(&table, nil); err != nil || !strings.Contains(table.String(), "no batches") {
		t.Errorf("%q %v", table.String(), err)
	}
}
