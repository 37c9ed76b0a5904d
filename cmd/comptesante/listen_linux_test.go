package main

import (
	"net"
	"syscall"
	"testing"
)

// TestPeerSilence: an accepted connection has the bound that the listener was
// given.
func TestPeerSilence(t *testing.T) {
	l, err := listen("COMPTESANTE_LISTEN", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = accepted.Close() }()
	raw, err := accepted.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var bound int
	failed := raw.Control(func(fd uintptr) { bound, err = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout) })
	if failed != nil || err != nil || bound != int(peerSilence.Milliseconds()) {
		t.Errorf("%d ms, %v, %v", bound, failed, err)
	}
}
