package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
)

// report is what a run came to, in the form of its JSON.
type report struct {
	Began       time.Time `json:"began"`
	Machine     string    `json:"machine"`
	Cores       int       `json:"cores"`
	Payments    int       `json:"payments"`
	Assures     int       `json:"assures"`
	Rounds      int       `json:"rounds"`
	Seconds     float64   `json:"seconds"`
	Connections int       `json:"connections"`
	Queries     []table   `json:"queries"`
}

// table is how the servers stand on a query.
type table struct {
	Key   string `json:"key"`
	Title string `json:"title"`
	Rows  []row  `json:"rows"`
}

type row struct {
	Key  string `json:"key"`
	Name string `json:"name"`
	measurement
	ToBestPeer float64 `json:"rateToBestPeer,omitempty"` // 0 where no peer ran
}

func newReport(c *config, began time.Time, results []*result) *report {
	r := &report{Began: began.UTC().Truncate(time.Second), Machine: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU(), Payments: c.Payments,
		Assures: c.size().Assures(), Rounds: c.Rounds, Seconds: c.Seconds, Connections: c.Connections}
	for _, q := range queries {
		t := table{Key: q.key, Title: q.title}
		best := 0.0 // the rate of the quickest peer
		for _, one := range results {
			if one.query.key != q.key {
				continue
			}
			m := one.median()
			t.Rows = append(t.Rows, row{Key: one.target.key, Name: one.target.name, measurement: m})
			if one.target.peer {
				best = max(best, m.Rate)
			}
		}
		for i := range t.Rows {
			if best > 0 {
				t.Rows[i].ToBestPeer = t.Rows[i].Rate / best
			}
		}
		r.Queries = append(r.Queries, t)
	}
	return r
}

// writeMarkdown writes a line on the run and a table for each query.
func (r *report) writeMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d payments of %d assurés; %d connections, medians of %d rounds of %g s; %s with %d cores, which the servers, PostgreSQL and the load share; %s.\n",
		r.Payments, r.Assures, r.Connections, r.Rounds, r.Seconds, r.Machine, r.Cores, r.Began.Format(time.DateOnly))
	for _, t := range r.Queries {
		fmt.Fprintf(&b, "\n### %s\n\n", t.Title)
		b.WriteString("| server | requests/s | × best peer | p50 ms | p99 ms | server CPU ms | database CPU ms | allocations | KB allocated | RSS MB | bytes |\n")
		b.WriteString("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
		for _, m := range t.Rows {
			fmt.Fprintf(&b, "| %s | %.0f | %s | %.2f | %.2f | %.3f | %.3f | %s | %s | %.0f | %.0f |\n", m.Name, m.Rate, known("%.2f", m.ToBestPeer),
				m.P50, m.P99, m.ServerCPU, m.DatabaseCPU, known("%.0f", m.Allocations), known("%.0f", m.AllocatedKB), m.RSS, m.Answer)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// known writes a number, or a dash for one that nobody said.
func known(format string, number float64) string {
	if number == 0 {
		return "–"
	}
	return fmt.Sprintf(format, number)
}

// writeJSON writes the same to a file; to none where no path is given.
func (r *report) writeJSON(path string) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
