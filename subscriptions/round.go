package subscriptions

// round goes through many things again and again, a part at a time, so that the
// work of a second does not come all at once.
type round[T any] struct {
	left []T
	size int // of a part
	part int // which comes next
}

const (
	roundParts   = 10
	smallestPart = 100 // as few as one statement reads as quickly as one
)

// next gives the next part; the first of a round asks for all there are.
func (r *round[T]) next(all func() []T) []T {
	if r.part == 0 {
		r.left = all()
		r.size = max(smallestPart, (len(r.left)+roundParts-1)/roundParts)
	}
	r.part = (r.part + 1) % roundParts
	n := min(r.size, len(r.left))
	part := r.left[:n]
	r.left = r.left[n:]
	return part
}
