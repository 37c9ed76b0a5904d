package subscriptions

import (
	"sync"

	"comptesante/domain"
)

// MemoryBell is a bell within one process that loses chimes when it is told to.
type MemoryBell struct {
	mu    sync.Mutex
	deaf  bool
	heard chan []domain.Chime
}

// NewMemoryBell makes a bell that loses nothing until Lose is called.
func NewMemoryBell() *MemoryBell { return &MemoryBell{heard: make(chan []domain.Chime, 1024)} }

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
	if b.deaf {
		return nil
	}
	select {
	case b.heard <- chimes:
	default: // lost, as a bell may
	}
	return nil
}

// Chimes implements Bell.
func (b *MemoryBell) Chimes() <-chan []domain.Chime { return b.heard }
