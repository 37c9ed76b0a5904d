package subscriptions

import (
	"slices"
	"testing"
)

// Each round is of all there are as it begins, each once. Fails where a rest is
// left out, or where few are asked for more than once in a round.
func TestRound(t *testing.T) {
	for _, n := range []int{0, 1, smallestPart, smallestPart + 1, roundParts*smallestPart - 1, roundParts * smallestPart, roundParts*smallestPart + 1, 12_345} {
		var r round[int]
		for turn := range 2 {
			asked := 0
			var got []int
			for range roundParts {
				got = append(got, r.next(func() []int {
					asked++
					all := make([]int, n+turn)
					for i := range all {
						all[i] = i
					}
					return all
				})...)
			}
			slices.Sort(got)
			if asked != 1 || len(got) != n+turn || len(slices.Compact(got)) != n+turn {
				t.Errorf("%d things in round %d: asked %d times, got %d", n+turn, turn, asked, len(got))
			}
		}
	}
}
