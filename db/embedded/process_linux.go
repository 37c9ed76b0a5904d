package embedded

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// maxSocketPath is the room in sockaddr_un less the byte that ends it.
const maxSocketPath = 107

// tie has the kernel send a signal to the process when the thread that started
// it ends. The starting goroutine must hold its thread (runtime.LockOSThread)
// as long as the process is to live.
func tie(attr *syscall.SysProcAttr, signal syscall.Signal) { attr.Pdeathsig = signal }

// alive tells whether a process runs. One that has ended and that its parent
// has not asked after (as in a container whose first process is not an init)
// does not run.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return signalable(pid) // /proc may be hidden from us
	}
	// The line is `pid (name) state …`, and the name may hold anything.
	rest := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	return len(rest) == 0 || (rest[0][0] != 'Z' && rest[0][0] != 'X')
}
