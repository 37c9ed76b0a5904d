package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// result is a target with its rounds.
type result struct {
	target *target
	rounds []figures
}

// median is the median of a figure over the rounds.
func (r *result) median(figure func(figures) float64) float64 {
	if len(r.rounds) == 0 {
		return 0
	}
	values := make([]float64, len(r.rounds))
	for i, f := range r.rounds {
		values[i] = figure(f)
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// faults are those of all rounds.
func (r *result) faults() (n float64) {
	for _, f := range r.rounds {
		n += f.Faults
	}
	return n
}

// column is one figure in the table of all servers.
type column struct {
	head, format string
	figure       func(figures) float64
	beside       string // key of the target that the next column compares with; empty for none
}

var columns = []column{
	{"resident KB/socket", "%.1f", func(f figures) float64 { return f.Memory }, gqlgenKey},
	{"live KB/socket", "%.1f", func(f figures) float64 { return f.Live }, ""},
	{"idle CPU ms/s", "%.0f", func(f figures) float64 { return f.Idle }, ""},
	{"storm s", "%.2f", func(f figures) float64 { return f.Storm }, centrifugeKey},
	{"CPU µs/connect", "%.0f", func(f figures) float64 { return f.ConnectCPU }, ""},
	{"database CPU µs/connect", "%.0f", func(f figures) float64 { return f.DatabaseCPU }, ""},
	{"broadcast ms", "%.0f", func(f figures) float64 { return f.Broadcast }, ""},
	{"messages/s", "%.0f", func(f figures) float64 { return f.BroadcastRate }, gqlgenKey},
	{"CPU µs/message", "%.1f", func(f figures) float64 { return f.MessageCPU }, ""},
	{"client's", "%.1f", func(f figures) float64 { return f.ClientCPU }, ""},
	{"p50 ms", "%.2f", func(f figures) float64 { return f.P50 }, ""},
	{"p99 ms", "%.2f", func(f figures) float64 { return f.P99 }, ""},
	{"bytes/event", "%.0f", func(f figures) float64 { return f.Bytes }, ""},
}

// writeMarkdown writes the table of all servers, and that of the commits.
func writeMarkdown(w io.Writer, c *config, results []*result, load []string) error {
	byKey := make(map[string]*result)
	for _, r := range results {
		byKey[r.target.key] = r
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d sockets, medians of %d rounds, latency over %v s at %d transactions/s of %d events; %s/%s with %d cores, which servers, PostgreSQL and clients share; load %s; %s.\n\n",
		c.Sockets, c.Rounds, c.Seconds, c.Rate, together, runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), strings.Join(load, ", "), time.Now().Format(time.DateOnly))
	head, rule := "| server |", "|---|"
	for _, col := range columns {
		head, rule = head+" "+col.head+" |", rule+"--:|"
		if col.beside != "" {
			head, rule = head+" × "+col.beside+" |", rule+"--:|"
		}
	}
	fmt.Fprintf(&b, "%s faults |\n%s--:|\n", head, rule)
	for _, r := range results {
		fmt.Fprintf(&b, "| %s |", r.target.name)
		for _, col := range columns {
			fmt.Fprintf(&b, " "+col.format+" |", r.median(col.figure))
			if col.beside != "" {
				fmt.Fprintf(&b, " %s |", ratio(r, byKey[col.beside], col.figure))
			}
		}
		fmt.Fprintf(&b, " %.0f |\n", r.faults())
	}
	if ours := byKey[oursKey]; ours != nil {
		writeCommits(&b, ours)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// ratio is a figure beside another server's; a dash where that was not measured.
func ratio(r, other *result, figure func(figures) float64) string {
	if other == nil || other.median(figure) == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", r.median(figure)/other.median(figure))
}

// writeCommits writes what becomes of the rate of commits while all listen.
func writeCommits(b *strings.Builder, r *result) {
	fmt.Fprintf(b, "\nA transaction costs the database %.0f µs of CPU.\n", r.median(func(f figures) float64 { return f.CommitCPU }))
	fmt.Fprint(b, "\n| comptesante: transactions/s | nobody listens, no server | all listen | × | p99 ms |\n|---|--:|--:|--:|--:|\n")
	for _, row := range []struct {
		name               string
		alone, listen, p99 func(figures) float64
	}{
		{"at the rate", func(f figures) float64 { return f.Alone }, func(f figures) float64 { return f.Commits }, func(f figures) float64 { return f.P99 }},
		{"as many as there can be", func(f figures) float64 { return f.FlatAlone }, func(f figures) float64 { return f.FlatCommits }, func(f figures) float64 { return f.FlatP99 }},
	} {
		alone, listen := r.median(row.alone), r.median(row.listen)
		fmt.Fprintf(b, "| %s | %.0f | %.0f | %.2f | %.1f |\n", row.name, alone, listen, listen/max(1, alone), r.median(row.p99))
	}
}

// writeJSON writes all rounds to a file, where one was asked for.
func writeJSON(file string, results []*result) error {
	if file == "" {
		return nil
	}
	all := make(map[string][]figures)
	for _, r := range results {
		all[r.target.key] = r.rounds
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
