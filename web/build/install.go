package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

const lockFile = "package-lock.json"

// errNoNpm says what is missing and where it comes from.
var errNoNpm = errors.New("npm is not on the PATH, and the playground's packages have to be installed: " +
	"npm comes with Node.js (Debian: apt-get install npm; macOS: brew install node; others: https://nodejs.org)")

// install runs npm ci where node_modules is missing or older than the lock
// file. No package's scripts run.
func install(playground string) error {
	if fresh(playground) {
		return nil
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return errNoNpm
	}
	cmd := exec.Command(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir, cmd.Stdout, cmd.Stderr = playground, os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("npm ci in %s: %w", playground, err)
	}
	return nil
}

// fresh tells whether the packages were installed since the lock file changed.
// npm writes its own copy of the lock file as the last step of an installation,
// so that an interrupted one does not count.
func fresh(playground string) bool {
	lock, err := os.Stat(filepath.Join(playground, lockFile))
	if err != nil {
		return false
	}
	installed, err := os.Stat(filepath.Join(playground, "node_modules", ".package-lock.json"))
	return err == nil && !installed.ModTime().Before(lock.ModTime())
}
