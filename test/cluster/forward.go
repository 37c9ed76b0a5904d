package cluster

import (
	"context"
	"io"
	"net"
	"sync"
)

// Forwarder takes TCP connections and passes each on to a connection of its
// own, byte by byte. Where one end closes, so does the other.
type Forwarder struct {
	listener net.Listener
	dial     func() (net.Conn, error)
	running  sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool // nil once closed
}

// Forward listens on an address and passes connections on to what dial gives.
func Forward(address string, dial func() (net.Conn, error)) (*Forwarder, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	f := &Forwarder{listener: l, dial: dial, conns: make(map[net.Conn]bool)}
	f.running.Go(f.accept)
	return f, nil
}

// Address is where it listens.
func (f *Forwarder) Address() string { return f.listener.Addr().String() }

func (f *Forwarder) accept() {
	for {
		client, err := f.listener.Accept()
		if err != nil {
			return // Close
		}
		f.running.Go(func() { f.pass(client) })
	}
}

func (f *Forwarder) pass(client net.Conn) {
	defer func() { _ = client.Close() }() // once more does no harm
	server, err := f.dial()
	if err != nil {
		return // the client sees its connection closed
	}
	defer func() { _ = server.Close() }()
	if !f.keep(client, server) {
		return
	}
	defer f.forget(client, server)
	ended := make(chan struct{}, 2)
	one := func(to, from net.Conn) {
		_, _ = io.Copy(to, from) // whatever ends it ends both
		ended <- struct{}{}
	}
	go one(server, client)
	go one(client, server)
	<-ended
	_, _ = client.Close(), server.Close()
	<-ended
}

func (f *Forwarder) keep(conns ...net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conns == nil {
		return false
	}
	for _, c := range conns {
		f.conns[c] = true
	}
	return true
}

func (f *Forwarder) forget(conns ...net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range conns {
		delete(f.conns, c)
	}
}

// Close ends it and its connections.
func (f *Forwarder) Close() {
	_ = f.listener.Close()
	f.mu.Lock()
	for c := range f.conns {
		_ = c.Close()
	}
	f.conns = nil
	f.mu.Unlock()
	f.running.Wait()
}

// freeAddress is one of this machine on which nobody listens. What takes it is
// started at once.
func freeAddress() (string, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
