//go:build !linux

package cluster

import "syscall"

// tie does nothing: who kills the parent ends the others by hand.
func tie(*syscall.SysProcAttr) {}
