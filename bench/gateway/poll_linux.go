package main

import (
	"errors"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// poller tells which of many sockets can be read.
type poller struct {
	fd     int
	events []syscall.EpollEvent
	woken  []int
}

func newPoller() (poller, error) {
	const most = 256 // woken at a time
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	return poller{fd: fd, events: make([]syscall.EpollEvent, most), woken: make([]int, 0, most)}, os.NewSyscallError("epoll_create1", err)
}

func (p *poller) close() { _ = syscall.Close(p.fd) }

// bindWithoutPort leaves the choice of the port to connect, which can use one
// again for another server (IP_BIND_ADDRESS_NO_PORT of ip(7)).
const bindWithoutPort = 24

// dial begins a connection, and waits for it under a name.
func (p *poller) dial(from [4]byte, to netip.AddrPort, name int) (fd int, err error) {
	fd, err = syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_IP, bindWithoutPort, 1) // without it ports are only scarcer
	err = os.NewSyscallError("bind", syscall.Bind(fd, &syscall.SockaddrInet4{Addr: from}))
	if err == nil {
		if err = syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}); errors.Is(err, syscall.EINPROGRESS) {
			err = nil
		}
		err = os.NewSyscallError("connect", err)
	}
	if err == nil {
		err = p.watch(syscall.EPOLL_CTL_ADD, fd, syscall.EPOLLOUT, name)
	}
	if err != nil {
		_ = syscall.Close(fd)
	}
	return fd, err
}

// established waits for what is to be read, now that the connection stands.
func (p *poller) established(fd, name int) error {
	failed, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
	if err == nil && failed != 0 {
		err = syscall.Errno(failed)
	}
	if err != nil {
		return os.NewSyscallError("connect", err)
	}
	return p.watch(syscall.EPOLL_CTL_MOD, fd, syscall.EPOLLIN, name)
}

func (p *poller) watch(how, fd int, what uint32, name int) error {
	return os.NewSyscallError("epoll_ctl", syscall.EpollCtl(p.fd, how, fd, &syscall.EpollEvent{Events: what, Fd: int32(name)}))
}

// wait gives the names of those that are ready; they are good until the next
// call.
func (p *poller) wait(most time.Duration) ([]int, error) {
	n, err := syscall.EpollWait(p.fd, p.events, int(most/time.Millisecond))
	if err != nil && err != syscall.EINTR {
		return nil, os.NewSyscallError("epoll_wait", err)
	}
	p.woken = p.woken[:0]
	for _, e := range p.events[:max(n, 0)] {
		p.woken = append(p.woken, int(e.Fd))
	}
	return p.woken, nil
}
