package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"time"
)

// swarm is all clients: plain sockets behind one epoll, driven by whoever calls
// pump, without a goroutine or a buffer for each, so that the load costs little
// beside what it measures.
type swarm struct {
	speaks  speech
	resumes bool // a socket that comes back is told what it has missed
	address netip.AddrPort
	poll    poller
	sockets []socket
	buffer  []byte

	next, opening, live int            // of sockets: the next to be opened, those on their way, those subscribed
	faults              map[string]int // what ended sockets that were to stay, or came wrongly
	faulty              int            // how many
	bytes               int64          // of events' frames
	onEvent             func(number int)
}

// socket is one client.
type socket struct {
	at     int // its place in the swarm
	member *member
	fd     int
	stage  stage
	held   []byte // of a frame or a head that is not whole yet
	cursor []byte // of the last event
	seen   int    // events of its person, up to the last that came
}

type stage int

const (
	closed stage = iota
	connecting
	upgrading
	greeted
	subscribed
)

// member is who a socket signs in as.
type member struct {
	token string
	told  int // events of this person that were published
}

// atOnce is how many sockets are on their way at a time: fewer than any server
// lets wait to be accepted, so that no handshake is dropped and tried again a
// second later.
const atOnce = 400

func newSwarm(address string, speaks speech, resumes bool, members []*member) (*swarm, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	poll, err := newPoller()
	if err != nil {
		return nil, err
	}
	w := &swarm{speaks: speaks, resumes: resumes, address: to, poll: poll, sockets: make([]socket, len(members)), buffer: make([]byte, 256<<10),
		faults: make(map[string]int), next: len(members)}
	for i, m := range members {
		w.sockets[i] = socket{at: i, member: m}
	}
	return w, nil
}

// close cuts all connections.
func (w *swarm) close() {
	w.hangUp()
	w.poll.close()
}

// hangUp cuts all connections without a word, as a network that goes away. The
// cursors stay.
func (w *swarm) hangUp() {
	for i := range w.sockets {
		w.drop(&w.sockets[i])
	}
	w.opening, w.live, w.next = 0, 0, len(w.sockets)
}

// drop resets a connection: nothing of it lingers in the kernel.
func (w *swarm) drop(s *socket) {
	if s.stage != closed {
		_ = syscall.SetsockoptLinger(s.fd, syscall.SOL_SOCKET, syscall.SO_LINGER, &syscall.Linger{Onoff: 1})
		_ = syscall.Close(s.fd) // epoll forgets it
	}
	s.stage, s.held = closed, nil
}

// openAll opens all sockets and returns when each is subscribed or has failed;
// what is still on its way when patience ends has failed too.
func (w *swarm) openAll(ctx context.Context, patience time.Duration) (took time.Duration, err error) {
	began := time.Now()
	w.next = 0
	for i := range w.sockets {
		if s := &w.sockets[i]; len(s.cursor) == 0 || !w.resumes {
			s.seen = s.member.told // what came until now is not told
		}
	}
	err = w.pump(ctx, patience, func() bool { return w.next == len(w.sockets) && w.opening == 0 })
	took = time.Since(began)
	if !errors.Is(err, errPatience) {
		return took, err
	}
	for ; w.next < len(w.sockets); w.next++ {
		w.fault("%v", errPatience)
	}
	for i := range w.sockets {
		if s := &w.sockets[i]; s.stage != closed && s.stage != subscribed {
			w.fail(s, errPatience)
		}
	}
	return took, nil
}

// waitTime is how long pump sleeps at most before it asks again whether it is done.
const waitTime = 10 * time.Millisecond

// rest reads for some time.
func (w *swarm) rest(ctx context.Context, d time.Duration) error {
	err := w.pump(ctx, d, func() bool { return false })
	if errors.Is(err, errPatience) {
		return nil
	}
	return err
}

// during reads until do has returned.
func (w *swarm) during(ctx context.Context, do func() error) (err error) {
	done := make(chan error, 1)
	go func() { done <- do() }()
	for over := false; !over; {
		if fault := w.pump(ctx, patience, func() bool {
			select {
			case err = <-done:
				over = true
			default:
			}
			return over
		}); fault != nil && !errors.Is(fault, errPatience) {
			return errors.Join(fault, <-done)
		}
	}
	return err
}

// errPatience: what was waited for did not come.
var errPatience = errors.New("it took too long")

// pump reads until done, at most for some time.
func (w *swarm) pump(ctx context.Context, patience time.Duration, done func() bool) error {
	for end := time.Now().Add(patience); !done(); {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Now().After(end):
			return errPatience
		}
		for w.opening < atOnce && w.next < len(w.sockets) {
			w.open(w.next)
			w.next++
		}
		woken, err := w.poll.wait(waitTime)
		if err != nil {
			return err
		}
		for _, i := range woken {
			s := &w.sockets[i]
			if err := w.ready(s); err != nil {
				w.fail(s, err)
			}
		}
	}
	return nil
}

// fail ends a socket that was to stay.
func (w *swarm) fail(s *socket, err error) {
	switch s.stage {
	case closed:
	case subscribed:
		w.live--
	default:
		w.opening--
	}
	w.drop(s)
	w.fault("%v", err)
}

// fault counts what should not be.
func (w *swarm) fault(format string, args ...any) {
	const kinds = 20
	w.faulty++
	if text := fmt.Sprintf(format, args...); len(w.faults) < kinds || w.faults[text] > 0 {
		w.faults[text]++
	}
}

// sources is how many loopback addresses the clients come from, so that no cap
// on sockets of one address meets them all.
const sources = 250

// open begins the i-th connection.
func (w *swarm) open(i int) {
	s := &w.sockets[i]
	fd, err := w.poll.dial([4]byte{127, 0, 1, byte(1 + i%sources)}, w.address, i)
	if err != nil {
		w.fault("%v", err)
		return
	}
	s.fd, s.stage = fd, connecting
	w.opening++
}

// ready goes on with a socket that can be read, or whose connection stands or
// has failed.
func (w *swarm) ready(s *socket) error {
	switch s.stage {
	case closed:
		return nil
	case connecting:
		return w.upgrade(s)
	}
	for {
		n, err := syscall.Read(s.fd, w.buffer)
		switch {
		case err == syscall.EAGAIN:
			return nil
		case err == syscall.EINTR:
			continue
		case err != nil:
			return err
		case n == 0:
			return errors.New("closed without a word")
		}
		if err := w.take(s, w.buffer[:n]); err != nil || n < len(w.buffer) {
			return err
		}
	}
}

// upgrade asks for a WebSocket on a connection that stands.
func (w *swarm) upgrade(s *socket) error {
	s.stage = upgrading
	if err := w.poll.established(s.fd, s.at); err != nil {
		return err
	}
	request := fmt.Appendf(nil, "GET /graphql HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", w.address)
	if p := w.speaks.subprotocol(); p != "" {
		request = fmt.Appendf(request, "Sec-WebSocket-Protocol: %s\r\n", p)
	}
	return s.write(append(request, "\r\n"...))
}

// write sends a whole message: so little always fits into the kernel's buffer.
func (s *socket) write(b []byte) error {
	n, err := syscall.Write(s.fd, b)
	if err == nil && n < len(b) {
		err = errors.New("the server does not read")
	}
	return err
}

// take reads what came: the answer to the upgrade, then frames.
func (w *swarm) take(s *socket, b []byte) error {
	if len(s.held) > 0 {
		b = append(s.held, b...)
		s.held = nil
	}
	if s.stage == upgrading {
		head, rest, whole := bytes.Cut(b, []byte("\r\n\r\n"))
		if !whole {
			s.held = bytes.Clone(b)
			return nil
		}
		if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) {
			return fmt.Errorf("%.100s", head)
		}
		s.stage, b = greeted, rest
		if err := s.write(appendFrame(nil, opText, w.speaks.greet(s.member))); err != nil {
			return err
		}
	}
	for len(b) > 0 {
		op, payload, rest, ok, err := nextFrame(b)
		if err != nil {
			return err
		}
		if !ok {
			s.held = bytes.Clone(b)
			return nil
		}
		if err := w.frame(s, op, payload); err != nil {
			return err
		}
		b = rest
	}
	return nil
}

// frame takes one frame.
func (w *swarm) frame(s *socket, op byte, payload []byte) error {
	switch op {
	case opPing:
		return s.write(appendFrame(nil, opPong, payload))
	case opPong:
		return nil
	case opClose:
		return fmt.Errorf("closed: %.2x %.100s", payload[:min(2, len(payload))], payload[min(2, len(payload)):])
	}
	if cursor := lastCursor(payload); cursor != nil {
		s.cursor = append(s.cursor[:0], cursor...)
	}
	if number, nth, rest, ok := nextEvent(payload); ok {
		w.bytes += int64(len(payload))
		for ok {
			w.event(s, number, nth)
			number, nth, rest, ok = nextEvent(rest)
		}
		if !bytes.Contains(payload, pingBeside) {
			return nil
		}
	}
	answer, live, err := w.speaks.hear(s, payload)
	if err == nil && answer != nil {
		err = s.write(appendFrame(nil, opText, answer))
	}
	if err == nil && live && s.stage == greeted {
		s.stage = subscribed
		w.opening--
		w.live++
	}
	return err
}

// event counts one event, which must be the next of its person.
func (w *swarm) event(s *socket, number, nth int) {
	switch {
	case nth <= s.seen:
		w.fault("an event that came before")
	case nth > s.seen+1:
		w.fault("a gap of %d events", nth-s.seen-1)
	}
	s.seen = max(s.seen, nth)
	if w.onEvent != nil {
		w.onEvent(number)
	}
}
