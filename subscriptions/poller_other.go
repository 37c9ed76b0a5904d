//go:build !linux

package subscriptions

import (
	"errors"
	"net"
	"syscall"
)

// poller is none: on this system each socket waits in a goroutine.
type poller struct{}

func newPoller() (*poller, error) { return nil, errors.ErrUnsupported }

func systemFile(net.Conn) syscall.RawConn { return nil }

func (*poller) watch(*socket) error { return errors.ErrUnsupported }
func (*poller) forget(*socket)      {}
func (*poller) run()                {}
func (*poller) close()              {}
