package subscriptions

import "comptesante/domain"

// Bell carries chimes between nodes. It may lose, double and reorder them. It
// is an interface because tests need one that loses on purpose (MemoryBell);
// NATSBell is the other.
type Bell interface {
	// Ring tells all nodes, as well as it can, and waits for none. The error is for
	// the log: who is not told polls.
	Ring(chimes []domain.Chime) error
	// Chimes carries what was heard, in the batches in which it was rung. Every
	// node hears all: a chime is some twenty bytes, and to sort out the few that
	// concern a node costs less than to tell the bus which those are.
	Chimes() <-chan []domain.Chime
}
