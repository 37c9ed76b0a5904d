package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// heapFloor is how large the heap may grow before it is collected at all. What
// lives long is a few megabytes while nobody has a socket here, and a page of
// history leaves half a megabyte behind: with GOGC=100 every twentieth request
// would collect (what that costs: bench/README.md).
const heapFloor = 64 << 20

// collectRarely lets the heap grow to heapFloor, and to twice what lives where
// that is more: a large heap is collected as Go does by itself. It sets GOGC
// anew after each collection, until the process ends; a GOGC of the operator's
// is left alone, and GOMEMLIMIT is kept by the runtime in any case.
func collectRarely() {
	if _, set := os.LookupEnv("GOGC"); !set {
		retune()
	}
}

// retune sets GOGC for what lives now and has itself called after the next
// collection: that is when an object which nobody holds is cleaned up.
func retune() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetGCPercent(percentFor(live[0].Value.Uint64()))
	runtime.AddCleanup(new([16]byte), func(struct{}) { retune() }, struct{}{})
}

// percentFor is by how many percent a heap may grow beyond what lives.
func percentFor(live uint64) int {
	const smallest = 4 << 20 // Go's own smallest heap
	live = max(live, smallest)
	return max(100, int((heapFloor-min(live, heapFloor))*100/live))
}
