package subscriptions

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
)

// poller watches files with epoll: one goroutine waits for all.
type poller struct {
	file *os.File // the epoll itself, for which Go's own poller waits
	wait syscall.RawConn

	mu       sync.Mutex
	watched  map[int32]*socket
	watching map[*socket]int32
	last     int32
}

// pollerBatch is how many sockets one look finds at most.
const pollerBatch = 256

func newPoller() (*poller, error) {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := syscall.SetNonblock(fd, true); err != nil { // so that Go waits for it
		_ = syscall.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	file := os.NewFile(uintptr(fd), "epoll")
	wait, err := file.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &poller{file: file, wait: wait, watched: make(map[int32]*socket), watching: make(map[*socket]int32)}, nil
}

// systemFile is the connection's file, where epoll can wait for it: bytes that a
// layer such as TLS holds are none of the file's.
func systemFile(c net.Conn) syscall.RawConn {
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

// watch has the socket awake once: when something has come.
func (p *poller) watch(s *socket) error {
	p.mu.Lock()
	id, again := p.watching[s]
	if !again {
		for p.last++; p.watched[p.last] != nil; p.last++ { // ids are used anew after four thousand million
		}
		id = p.last
		p.watched[id], p.watching[s] = s, id
	}
	p.mu.Unlock()
	op := syscall.EPOLL_CTL_ADD
	if again {
		op = syscall.EPOLL_CTL_MOD
	}
	event := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | syscall.EPOLLONESHOT, Fd: id}
	return p.control(s, op, &event)
}

func (p *poller) control(s *socket, op int, event *syscall.EpollEvent) error {
	var ofPoller, ofSocket, ofSystem error
	ofPoller = p.wait.Control(func(epoll uintptr) {
		ofSocket = s.raw.Control(func(fd uintptr) { ofSystem = syscall.EpollCtl(int(epoll), op, int(fd), event) })
	})
	return errors.Join(ofPoller, ofSocket, ofSystem)
}

// forget stops watching a socket, before its file is closed: the number may soon
// be another's.
func (p *poller) forget(s *socket) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.watched, p.watching[s])
	delete(p.watching, s)
}

// run wakes sockets until close.
func (p *poller) run() {
	events := make([]syscall.EpollEvent, pollerBatch)
	for {
		var n int
		err := p.wait.Read(func(fd uintptr) bool {
			n, _ = syscall.EpollWait(int(fd), events, 0) // fails for no epoll alone
			return n > 0
		})
		if err != nil {
			return // closed
		}
		for _, e := range events[:n] {
			if s := p.socket(e.Fd); s != nil {
				s.start(s.awake)
			}
		}
	}
}

func (p *poller) socket(id int32) *socket {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.watched[id]
}

func (p *poller) close() { _ = p.file.Close() }
