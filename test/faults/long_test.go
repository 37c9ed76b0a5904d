package faults

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestLong plays rows for FAULTS_TIME, chosen by FAULTS_SEED, and tells what
// each has measured. FAULTS_ROWS plays some alone, such as K2,N4, each once where
// no time is given.
func TestLong(t *testing.T) {
	if os.Getenv("FAULTS_TIME") == "" && os.Getenv("FAULTS_ROWS") == "" {
		t.Skip("make test-faults plays it")
	}
	lasts, seed, rows := plan(t)
	t.Logf("SEED=%d", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	w := openWorld(t)
	var sum figures
	counts := make(map[string]int)
	for began, n := time.Now(), 0; !t.Failed(); n++ {
		row := rows[n%len(rows)]
		if lasts > 0 {
			row = rows[dice.IntN(len(rows))]
		}
		t.Run(row.id, func(t *testing.T) {
			f := w.play(t, row, dice.Uint64())
			sum.add(f)
		})
		counts[row.id]++
		if time.Since(began) >= lasts && (lasts > 0 || n == len(rows)-1) {
			break
		}
	}
	t.Logf("SEED=%d: rows played %v\nin all %d writes, %d events, %d reconnects", seed, counts, sum.writes, sum.events, sum.reconnects)
}

func plan(t *testing.T) (lasts time.Duration, seed uint64, rows []row) {
	t.Helper()
	rows = append(slices.Clone(quick), long...)
	var err error
	if text := os.Getenv("FAULTS_TIME"); text != "" {
		if lasts, err = time.ParseDuration(text); err != nil {
			t.Fatalf("TIME is %q: give a duration such as 10m", text)
		}
	}
	seed = uint64(time.Now().UnixNano())
	if text := os.Getenv("FAULTS_SEED"); text != "" {
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("SEED is %q: give the number that a run has printed", text)
		}
	}
	if names := os.Getenv("FAULTS_ROWS"); names != "" {
		rows = slices.DeleteFunc(rows, func(r row) bool { return !slices.Contains(strings.Split(names, ","), r.id[:2]) })
		if len(rows) == 0 {
			t.Fatalf("ROWS is %q: give some such as K1,N4", names)
		}
	}
	return lasts, seed, rows
}

func (f *figures) add(g figures) {
	f.writes, f.failures, f.events, f.reconnects = f.writes+g.writes, f.failures+g.failures, f.events+g.events, f.reconnects+g.reconnects
}
