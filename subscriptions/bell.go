package subscriptions

import "comptesante/domain"

// Bell carries chimes between nodes. It may lose, double and reorder them. It
// is an interface because tests need one that loses on purpose (MemoryBell);
// NATSBell is the other.
type Bell interface {
	// Ring tells the nodes that listen. It returns once the chimes have left, or
	// with an error where they may not have.
	Ring(chimes []domain.Chime) error
	// Listen makes Chimes carry those of a feed, until the returned function is
	// called. It starts no goroutine.
	Listen(key domain.FeedKey) (stop func(), err error)
	// Chimes carries what was heard.
	Chimes() <-chan domain.Chime
}
