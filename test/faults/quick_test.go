package faults

import (
	"cmp"
	"testing"
)

// TestQuick plays the rows that every test run has, one after the other on one
// installation.
func TestQuick(t *testing.T) {
	w := openWorld(t)
	for _, row := range quick {
		t.Run(row.id, func(t *testing.T) { w.play(t, row, 1) })
	}
}

// play plays a row and tells its figures.
func (w *world) play(t *testing.T, row row, seed uint64) figures {
	r := w.begin(t, seed, cmp.Or(row.devices, devices))
	row.do(r)
	f := r.end()
	t.Logf("%s: %s\n%s", row.id, row.why, f)
	return f
}
