//go:build !linux

package main

import (
	"errors"
	"net/netip"
	"time"
)

// Elsewhere the bench refuses to run (process.CanMeasure); this lets it compile.

type poller struct{}

func newPoller() (poller, error)                               { return poller{}, errors.ErrUnsupported }
func (*poller) close()                                         {}
func (*poller) dial([4]byte, netip.AddrPort, int) (int, error) { return 0, errors.ErrUnsupported }
func (*poller) established(int, int) error                     { return errors.ErrUnsupported }
func (*poller) wait(time.Duration) ([]int, error)              { return nil, errors.ErrUnsupported }
