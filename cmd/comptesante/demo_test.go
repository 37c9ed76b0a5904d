package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestProgress: a terminal gets one line that grows to its end, a file a line
// for each 5 %, however many steps there are.
func TestProgress(t *testing.T) {
	for _, row := range []struct {
		why      string
		terminal bool
		steps    []int
		want     string
	}{
		{"a bar that is written over, and a new line once it is full", true, []int{10, 400},
			"\r[                    ]   2 % 10/400\r[####################] 100 % 400/400\n"},
		{"no line before 5 %, and none twice", false, []int{10, 20, 30, 39, 40, 400},
			"5 % (20 of 400 people)\n10 % (40 of 400 people)\n100 % (400 of 400 people)\n"},
	} {
		var out strings.Builder
		tell := progress(&out, row.terminal)
		for _, done := range row.steps {
			tell(done, 400)
		}
		if diff := cmp.Diff(row.want, out.String()); diff != "" {
			t.Errorf("%s: %s", row.why, diff)
		}
	}
}
