//go:build !linux

package main

import (
	"errors"
	"syscall"
	"time"
)

// Elsewhere the bench refuses to run (canMeasure); this lets it compile.

type usage struct {
	cpu time.Duration
	rss int64
}

func treeUsage(int) (usage, error)   { return usage{}, errors.ErrUnsupported }
func ownGroup() *syscall.SysProcAttr { return nil }
func askGroup(int)                   {}
func killGroup(int)                  {}
