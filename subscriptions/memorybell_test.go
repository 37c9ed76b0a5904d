package subscriptions

import (
	"sync"

	"comptesante/domain"
)

// MemoryBell is a bell within one process that loses chimes when it is told to.
type MemoryBell struct {
	mu       sync.Mutex
	deaf     bool
	listened map[domain.FeedKey]int
	heard    chan domain.Chime
}

// NewMemoryBell makes a bell that loses nothing until Lose is called.
func NewMemoryBell() *MemoryBell {
	return &MemoryBell{listened: make(map[domain.FeedKey]int), heard: make(chan domain.Chime, 1024)}
}

// Lose makes the bell lose all chimes, or none.
func (b *MemoryBell) Lose(all bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.deaf = all
}

// Ring implements Bell.
func (b *MemoryBell) Ring(chimes []domain.Chime) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range chimes {
		if b.deaf || b.listened[c.FeedKey] == 0 {
			continue
		}
		select {
		case b.heard <- c:
		default: // lost, as a bell may
		}
	}
	return nil
}

// Listen implements Bell.
func (b *MemoryBell) Listen(key domain.FeedKey) (stop func(), err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.listened[key]++
	return sync.OnceFunc(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.listened[key]--; b.listened[key] == 0 {
			delete(b.listened, key)
		}
	}), nil
}

// Chimes implements Bell.
func (b *MemoryBell) Chimes() <-chan domain.Chime { return b.heard }
