package main

import "testing"

func TestPercentFor(t *testing.T) {
	const mb = 1 << 20
	for _, row := range []struct {
		why  string
		live uint64
		want int
	}{
		{"before the first collection nothing is known", 0, 1500},
		{"less than Go's smallest heap", mb, 1500},
		{"a server without sockets grows to the floor", 16 * mb, 300},
		{"half the floor: twice what lives is the floor", 32 * mb, 100},
		{"more: as Go does by itself", 48 * mb, 100},
		{"the floor itself", 64 * mb, 100},
		{"many sockets", 4096 * mb, 100},
	} {
		if got := percentFor(row.live); got != row.want {
			t.Errorf("%s: %d, want %d", row.why, got, row.want)
		}
	}
}
