package process

import "syscall"

// ownGroup keeps the terminal's Ctrl-C from the process, which is ended in
// order instead, and ends it when the bench is killed.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// The group may have ended already, which is as good.

func askGroup(pid int)  { _ = syscall.Kill(-pid, syscall.SIGTERM) }
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
