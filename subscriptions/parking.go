package subscriptions

import (
	"net"
	"sync"
)

// parking is where sockets wait for their clients to send something. Sockets
// with a file of the system's wait all together in its poller, where it has one
// that we know; any other, such as one over TLS, waits in a goroutine.
type parking struct {
	running sync.WaitGroup // the poller's goroutine

	mu     sync.Mutex
	poller *poller // nil until a socket needs it
	closed bool
}

// park has the socket awake once something has come, or the connection has
// ended.
func (p *parking) park(s *socket) error {
	if s.raw == nil {
		s.start(func() {
			_, _ = s.reader.Peek(1) // its error comes again
			s.awake()
		})
		return nil
	}
	poller, err := p.open()
	if err != nil {
		return err
	}
	err = poller.watch(s)
	if s.isOver() { // end may have forgotten it before it was watched
		poller.forget(s)
	}
	return err
}

func (p *parking) open() (*poller, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, net.ErrClosed
	case p.poller != nil:
		return p.poller, nil
	}
	made, err := newPoller()
	if err != nil {
		return nil, err
	}
	p.poller = made
	p.running.Go(made.run)
	return made, nil
}

// forget lets go of a socket that is over; its connection is still open.
func (p *parking) forget(s *socket) {
	p.mu.Lock()
	poller := p.poller
	p.mu.Unlock()
	if poller != nil && s.raw != nil {
		poller.forget(s)
	}
}

// close ends the poller; nobody parks any more.
func (p *parking) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed = true; p.poller != nil {
		p.poller.close()
		p.running.Wait()
	}
}
