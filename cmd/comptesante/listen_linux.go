package main

import (
	"syscall"
	"time"
)

// peerSilence is how long a peer may leave what was sent to it unacknowledged before
// its connection counts as broken: as long as a silent socket may live. Without it
// the system tries for a quarter of an hour, and an event stream, on which the client
// says nothing, would hold its place as long.
const peerSilence = 50 * time.Second

// tcpUserTimeout is TCP_USER_TIMEOUT (RFC 5482, tcp(7)), in milliseconds, which
// package syscall does not name.
const tcpUserTimeout = 0x12

// boundSilence sets peerSilence on a socket that listens; what it accepts inherits
// it.
func boundSilence(_, _ string, c syscall.RawConn) (err error) {
	failed := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(peerSilence.Milliseconds()))
	})
	if failed != nil {
		return failed
	}
	return err
}
