package cluster

import "syscall"

// tie has the kernel kill the process when the thread that started it ends.
func tie(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
